"""Front: what stands before Keras for texts, in NumPy and as an ONNX graph, with the same bits."""

from training.features.text.front.beside import Beside
from training.features.text.front.front import Front, smaller
from training.features.text.front.integers import NARROW_BITS, WIDE_BITS

__all__ = ["NARROW_BITS", "WIDE_BITS", "Beside", "Front", "smaller"]
