"""`train` as people import it; what it does is tested with the command's own run, and in a notebook."""

import ast
import importlib.util
import subprocess
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_type

import pyarrow as pa
import pytest

import slipway
from slipway import Bundle, Card, SlipwayError, load, train
from tests.support.serving import ROOT

if TYPE_CHECKING:
    import pandas as pd

HEAVY = {"numpy", "pyarrow", "onnxruntime", "pydantic", "typer", "rich", "pandas", "tensorflow", "training"}


def test_nothing_heavy_is_imported_before_it_is_called() -> None:
    code = (
        "import sys, slipway; assert 'app' not in sys.modules; from slipway import load, train; print([*sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not HEAVY & set(ast.literal_eval(done.stdout))


def test_what_can_be_imported() -> None:
    assert set(slipway.__all__) <= set(dir(slipway))
    assert all(getattr(slipway, name) is not None for name in slipway.__all__)
    with pytest.raises(AttributeError, match="module 'slipway' has no attribute 'fit'"):
        slipway.fit  # noqa: B018


def test_what_is_missing_is_named_with_the_line_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    gone = {"tensorflow", "pyarrow"}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in gone else found(name))
    with pytest.raises(ModuleNotFoundError, match=r"`slipway\.train` needs tensorflow, .* 'slipway\[train\]'"):
        train("x.csv", "y")
    with pytest.raises(ModuleNotFoundError, match=r"`slipway\.load` needs pyarrow, .* 'slipway\[score\]'"):
        load("models")


def test_a_mistake_is_one_message(tmp_path: Path) -> None:
    """Without the frames of what found it, and without what was raised before it."""
    with pytest.raises(SlipwayError, match=r"Received: 'soldd'\. Is it 'sold'") as caught:
        train(pa.table({"sold": ["a"]}), target="soldd", name="x", models=tmp_path, quiet=True)
    assert len(traceback.extract_tb(caught.value.__traceback__)) == 2
    assert caught.value.__suppress_context__
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'epoch'\. Is it 'epochs'\?"):
        train("x.csv", "y", epoch=3)  # type: ignore[call-arg]


def known_to_type_checkers(frame: "pd.DataFrame") -> None:
    """Never called: `make check` reads it as it would a person's file, and what it lets pass there is an error here."""
    made = train(frame, target=["a", "b"], name="x", epochs=3, hidden=[64], drop="c", models=Path("models"), quiet=True)
    assert_type(made, Bundle)
    assert_type(load("models/x").metrics, Mapping[str, float])
    assert_type(made.card, Card)
    assert_type(made.path, Path)
    assert_type(made.predict(frame, invalid="null"), "pd.DataFrame")
    assert_type(made.predict({"a": [1]}), dict[str, list[Any]])
    assert_type(made.predict([{"a": 1}]), list[dict[str, Any]])
    train(frame, "y", epoch=3)  # type: ignore[call-arg]
    train(frame, "y", epochs="3")  # type: ignore[arg-type]
    train(frame, "y", optimizer="magic")  # type: ignore[arg-type]
    others: Any = made.manifest.training
    assert others
