import subprocess
import sys
from datetime import date

import pyarrow as pa
import pytest

from app.sources.tally import Tally
from training.features import registry
from training.features.registry import FEATURES, broadest, feature_type, feature_types, recognise


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        ([1, 2, 3], "number"),
        ([1.5, None], "number"),
        (["1.5", "-2e3"], "number"),
        (["1,5", "2,75"], "number"),
        (["007", "012"], "category"),
        ([True, False], "boolean"),
        (["True", "FALSE", None], "boolean"),
        (["true", "false", "maybe"], "category"),
        (["true", "false", "TRUE", "maybe"], "category"),
        (["a", "b"], "category"),
        (["1", "b"], "category"),
        (["2024-01-01", "2024-01-02 13:05Z"], "date"),
        (["2024-01-01", "soon"], "category"),
        ([date(2024, 1, 1), None], "date"),
    ],
)
def test_a_column_is_of_the_type_that_is_surest_of_all_its_values(values: list[object], type_: str) -> None:
    tally = Tally("x", is_text=True)
    for row, value in enumerate(values, 1):
        tally.add(pa.array([value]), row)
    found = recognise(tally, tally.verdict())
    assert found is not None
    assert found.name == type_


def test_what_no_type_takes_is_nobodys() -> None:
    tally = Tally("x", is_text=False)
    tally.add(pa.array([[1], [2]]), 1)
    assert recognise(tally, tally.verdict()) is None


def test_every_type_is_called_as_its_line_and_is_made_once() -> None:
    assert [feature_type(name).name for name in FEATURES] == list(FEATURES)
    assert feature_type("number") is feature_type("number")


def test_the_type_that_takes_everything_is_asked_last_whatever_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = dict(sorted(FEATURES.items()))  # category before date
    monkeypatch.setattr(registry, "FEATURES", moved)
    assert feature_types()[-1] is broadest() is feature_type("category")


def test_types_are_known_before_tensorflow_is_loaded() -> None:
    """Mistakes in the data are answered without waiting for it."""
    program = (
        "import sys; from app.sources.tally import Tally; from training.features.registry import recognise;"
        "tally = Tally('x', True); recognise(tally, tally.verdict());"
        "assert not {'tensorflow', 'keras'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
