"""The stages of a training run, in order: `train` turns options into a bundle."""

from training.pipeline.run import default_name
from training.pipeline.train import train

__all__ = ["default_name", "train"]
