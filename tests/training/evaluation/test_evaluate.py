from pathlib import Path

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
