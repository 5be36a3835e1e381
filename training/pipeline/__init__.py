"""The stages in order, over one state: `train` turns options into a bundle."""

from training.pipeline.run import default_name
from training.pipeline.train import train

__all__ = ["default_name", "train"]
