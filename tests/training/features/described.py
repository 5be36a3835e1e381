"""Features of a few columns, described as preparation does it."""

from pathlib import Path

import pandas as pd

from training.features.features import Features, describe
from training.features.registry import feature_type
from training.options import Options


def described(frame: pd.DataFrame, types: dict[str, str], **options: object) -> Features:
    """Describe cells; options by their names on the command line."""
    of = {name: feature_type(type_).summary() for name, type_ in types.items()}
    for name, summary in of.items():
        summary.add(frame[name].to_numpy())
    return describe(frame, types, Options.of(data=Path("data.csv"), **options), of)
