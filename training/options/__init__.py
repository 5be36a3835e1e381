"""The choices of a run: declared once by the room that reads them, and kept together."""

from training.options.options import Options, by_name, facts, flags
from training.options.rooms import (
    OPTIMIZERS,
    CompressName,
    CompressOptions,
    DataOptions,
    EvaluationOptions,
    FamilyName,
    FitOptions,
    Forced,
    HalfName,
    MixedPrecision,
    NetworkOptions,
    OptimizerName,
    Precision,
    RunOptions,
    ScheduleName,
    TuneOptions,
)

__all__ = [
    "OPTIMIZERS",
    "CompressName",
    "CompressOptions",
    "DataOptions",
    "EvaluationOptions",
    "FamilyName",
    "FitOptions",
    "Forced",
    "HalfName",
    "MixedPrecision",
    "NetworkOptions",
    "OptimizerName",
    "Options",
    "Precision",
    "RunOptions",
    "ScheduleName",
    "TuneOptions",
    "by_name",
    "facts",
    "flags",
]
