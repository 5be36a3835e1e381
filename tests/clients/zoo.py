"""Real models that nobody here made, out of the packages in `.venv/zoo`, and inputs that fit them.

    names()                    every model, as `MODELS` has them
    path(name)                 its .onnx file
    inputs(name, rows, seed)   random arrays by input name; the same seed gives the same arrays
    python -m tests.clients.zoo    a table of what the files say of themselves

The packages' code never runs: they are only folders in which the files lie.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

ROOT = Path(__file__).parent.parent.parent
ENVIRONMENT = ROOT / ".venv" / "zoo"

Array = np.ndarray[Any, Any]
Draw = Callable[[np.random.Generator, int], dict[str, Array]]


def _file_kind(random: np.random.Generator, rows: int) -> dict[str, Array]:
    return {"bytes": random.integers(0, 257, (rows, 2048), np.int32)}  # 256 stands for "no byte here"


def _picture(height: int, width: int) -> Draw:
    """Make noise; pixels are scaled to -1 … 1."""
    return lambda random, rows: {"x": random.uniform(-1, 1, (rows, 3, height, width)).astype(np.float32)}


def _page(random: np.random.Generator, rows: int) -> dict[str, Array]:
    """Make white pages of 64 x 128 with a band of black blocks: in mere noise the detector finds nothing but zeros."""
    blocks = random.choice([-1.0, 1.0], (rows, 1, 6, 32))
    page = random.uniform(0.9, 1.0, (rows, 3, 64, 128))
    page[:, :, 23:41, 16:112] *= blocks.repeat(3, axis=2).repeat(3, axis=3)
    return {"x": page.astype(np.float32)}


def _sound(*, rate: bool) -> Draw:
    """32 ms of 16 kHz sound with 4 ms of what came before, and the state, whose rows are its second dimension."""

    def draw(random: np.random.Generator, rows: int) -> dict[str, Array]:
        samples = random.uniform(-1, 1, (rows, 576)).astype(np.float32)
        arrays = {"input": samples, "state": random.normal(0, 0.1, (2, rows, 128)).astype(np.float32)}
        return arrays | ({"sr": np.array(16000, np.int64)} if rate else {})

    return draw


def _sound_sequence(random: np.random.Generator, rows: int) -> dict[str, Array]:
    samples = random.uniform(-1, 1, (rows, 576)).astype(np.float32)
    state = {name: random.normal(0, 0.1, (1, 1, 128)).astype(np.float32) for name in ("h", "c")}
    return {"input": samples} | state


# By name: where the file lies below site-packages, and what draws its inputs. The comments say what `rows` may be.
MODELS: dict[str, tuple[str, Draw]] = {
    "magika": ("magika/models/standard_v3_3/model.onnx", _file_kind),  # any, each for itself
    "ocr_detector": ("rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx", _page),  # any
    "ocr_recogniser": ("rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx", _picture(48, 160)),  # any
    "ocr_classifier": ("rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx", _picture(48, 192)),  # any
    "vad": ("silero_vad/data/silero_vad.onnx", _sound(rate=True)),  # any, but the state's rows come second
    "vad_op15": ("silero_vad/data/silero_vad_16k_op15.onnx", _sound(rate=True)),  # as vad
    "vad_half": ("silero_vad/data/silero_vad_half.onnx", _sound(rate=False)),  # as vad
    "vad_op18": ("silero_vad/data/silero_vad_op18_ifless.onnx", _sound(rate=True)),  # as vad
    "vad_fixed": ("silero_vad/data/silero_vad_openvino_16k.onnx", _sound(rate=False)),  # 1 alone
    "vad_sequence": ("silero_vad/data/silero_vad_16k_sequence.onnx", _sound_sequence),  # any: one sound, not many
}


def names() -> list[str]:
    return list(MODELS)


def path(name: str) -> Path:
    """Return the model's file.

    Raises:
        FileNotFoundError: `.venv/zoo` is not there, or its packages keep the file elsewhere now.
    """
    found = sorted(ENVIRONMENT.glob(f"lib/python*/site-packages/{MODELS[name][0]}"))
    if not found:
        raise FileNotFoundError(f"No {MODELS[name][0]} in {ENVIRONMENT}: `make .venv/zoo/.done` makes it.")
    return found[0]


def inputs(name: str, rows: int = 1, seed: int = 0) -> dict[str, Array]:
    """Return random arrays for every input; those that have rows have `rows` of them."""
    return MODELS[name][1](np.random.default_rng(seed), rows)


def session(file: Path) -> ort.InferenceSession:
    """Open a file with ONNX Runtime alone, its warnings about other people's graphs switched off."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def run(name: str, arrays: dict[str, Array]) -> dict[str, Array]:
    """Run the graph by itself, with none of the service's code between; outputs by name."""
    opened = session(path(name))
    outputs = [output.name for output in opened.get_outputs()]
    return dict(zip(outputs, opened.run(outputs, arrays), strict=True))


def describe(name: str) -> str:
    """Return what the file says of itself, one line for each input and output."""
    import onnx

    opened, model = session(path(name)), onnx.load(path(name))
    opsets = ", ".join(f"{opset.domain or 'ai.onnx'} {opset.version}" for opset in model.opset_import)
    lines = [f"{name}: {path(name).name}, {path(name).stat().st_size} bytes, {opsets}, IR {model.ir_version}"]
    lines += [f"    in   {tensor.name}  {tensor.type}  {tensor.shape}" for tensor in opened.get_inputs()]
    lines += [f"    out  {tensor.name}  {tensor.type}  {tensor.shape}" for tensor in opened.get_outputs()]
    return "\n".join(lines)


if __name__ == "__main__":
    print("\n".join(describe(name) for name in names()))
