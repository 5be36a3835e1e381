"""What the network must stand beside, on the same split: what the target alone says, and models of scikit-learn."""

from training.evaluation.baselines.baseline import TRIVIAL, Baseline
from training.evaluation.baselines.fitting import fitted, reference, standing

__all__ = ["TRIVIAL", "Baseline", "fitted", "reference", "standing"]
