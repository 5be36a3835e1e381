"""A table far from zero is learned and served as the same table near zero is."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app.bundle.reader import Bundle
from app.features.row_reader import RowReader
from app.runtime.engine import Engine
from app.runtime.golden_check import prove
from tests.training.conftest import options_for
from tests.training.pipeline.test_train import run

FAR = 1_700_000_000_000  # milliseconds; 32-bit floats lie 131,072 apart there


def table(frame: pd.DataFrame, far: int) -> pd.DataFrame:
    """Return whole numbers, which are exact at either place, one column that stays near, and dates and booleans."""
    size, price = ((100 * frame[name]).round().astype("Int64") + far for name in ("size", "price"))
    when = pd.Series(pd.date_range("2024-01-01", periods=len(frame), freq="7h")).dt.strftime("%Y-%m-%dT%H:%M")
    return frame.drop(columns="id").assign(size=size, price=price, when=when)


def trained(frame: pd.DataFrame, far: int, folder: Path, target: str, **options: Any) -> Bundle:
    path = folder / f"{far}.csv"
    table(frame, far).to_csv(path, index=False)
    whole: dict[str, Any] = {"epochs": 20, "learning_rate": 0.01, "models": folder / str(far), **options}
    return run(options_for(path, target, **whole))[0]


@pytest.mark.parametrize(("target", "metric", "stream"), [("price", "r2", False), ("sold", "roc_auc", True)])
def test_far_is_as_good_as_near(frame: pd.DataFrame, tmp_path: Path, target: str, metric: str, stream: bool) -> None:
    near, far = (trained(frame, place, tmp_path, target, stream=stream) for place in (0, FAR))
    assert {tensor.dtype for tensor in near.manifest.inputs} == {"float32", "string"}
    assert [t.dtype for t in far.manifest.inputs if t.name == "numeric"] == ["float64"]
    assert far.manifest.outputs[0].dtype == ("float64" if target == "price" else "float32")
    for model in ("keras", "fp32", "fp16", "linear", "hist_gradient_boosting"):
        ours, theirs = (bundle.manifest.metrics[model][metric] for bundle in (far, near))
        assert ours == pytest.approx(theirs, abs=0.1 if stream else 0.02), model  # a stream is split by its content
    served(far, "value" if target == "price" else "probabilities")


def served(bundle: Bundle, output: str) -> None:
    """Load it as the service does; answers to neighbours differ, and the profile has the original units."""
    reader, engine = RowReader(bundle.features, 100), Engine(bundle.model_path, 1)
    prove(bundle, reader, engine)
    row = bundle.golden.instances[0]
    rows = [row | {"size": FAR + size} for size in range(4000, 6000, 100)]
    answers = engine.run_named(reader.rows(rows).arrays())[output][:, 0]
    assert len(np.unique(answers)) > len(rows) / 2  # a probability may be one to the last bit
    assert bundle.profile is not None
    bins = bundle.profile.features["size"]
    assert FAR < bins.minimum < bins.edges[0] < bins.edges[-1] < bins.maximum < FAR + 20_000
