"""A load has a time, after which ONNX Runtime ends what it does for it."""

from pathlib import Path

import pytest

from app.errors import BundleError
from app.runtime.engine import Engine
from app.runtime.load_limit import LoadLimit
from app.runtime.model import load
from app.settings import Settings
from tests.app import graphs
from tests.support import tiny


def test_a_run_that_does_not_end_is_broken_off(tmp_path: Path) -> None:
    """At the limit of the load, where it has none of its own; the reason names the setting."""
    folder = graphs.write(tmp_path, graphs.endless())
    with pytest.raises(BundleError, match=r"within 0\.27 s \(SLIPWAY_LOAD_TIMEOUT_S is longer\)"):
        load(folder, Settings(load_timeout_s=0.3))


def test_a_session_that_is_being_made_is_broken_off(tmp_path: Path) -> None:
    """Between two of its steps."""
    folder = graphs.write(tmp_path, graphs.folding())
    with LoadLimit(60) as limit:
        limit._expire()
        with pytest.raises(BundleError, match="SLIPWAY_LOAD_TIMEOUT_S"):
            Engine(folder / "model.onnx", 1, limit=limit)


def test_what_is_not_what_was_tried_is_not_loaded(tmp_path: Path) -> None:
    """Neither a bundle nor a graph: no session is made of it."""
    for folder in (tiny.write(tmp_path), graphs.write(tmp_path, graphs.one("Neg"))):
        tried = load(folder, Settings()).facts.content_sha256
        assert load(folder, Settings(), tried).facts.content_sha256 == tried
        with pytest.raises(BundleError, match="which was tried"):
            load(folder, Settings(), "0" * 64)
