from pathlib import Path

import numpy as np
import pytest

from app.bundle import reader as contract


def test_the_manifest_has_intervals_around_every_shipped_metric(bundle_folder: Path) -> None:
    manifest = contract.read(bundle_folder).manifest
    found, shipped = manifest.training["intervals"], manifest.metrics["shipped"]
    assert (found["level"], found["resamples"]) == (0.95, 1000)
    assert found["shipped"].keys() == found["shipped_less_hist_gradient_boosting"].keys() == shipped.keys()
    for name, value in shipped.items():
        low, high = found["shipped"][name]
        assert low <= value <= high
        assert low < high
        low, high = found["shipped_less_hist_gradient_boosting"][name]
        assert low <= value - manifest.metrics["hist_gradient_boosting"][name] <= high


def test_every_baseline_stands_beside(bundle_folder: Path) -> None:
    metrics = contract.read(bundle_folder).manifest.metrics
    assert {"baseline", "linear", "hist_gradient_boosting", "keras", "fp32", "shipped"} <= metrics.keys()
    assert metrics["linear"]["roc_auc"] > metrics["baseline"]["roc_auc"] == pytest.approx(0.5)


def test_the_manifest_says_how_reliable_probabilities_are(bundle_folder: Path) -> None:
    """Every test row is in one bin; what they claim and what came true agree with the metrics of the same rows."""
    manifest = contract.read(bundle_folder).manifest
    training, rows = manifest.training, manifest.training["rows"]["test"]
    assert training["judged_by"] == {"metric": "roc_auc", "errors": ["log_loss"]}
    reliability = training["reliability"]
    assert manifest.labels is not None
    assert reliability["of"] == f"the probability of {manifest.labels[1]}"
    claimed, came_true, claims = np.array(reliability["bins"]).T
    assert claims.sum() == rows
    assert (np.diff(claimed) > 0).all()
    assert came_true @ claims / rows == pytest.approx(manifest.metrics["baseline"]["pr_auc"])  # the label's share
