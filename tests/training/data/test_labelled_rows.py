from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from app.bundle import reader as contract
from app.bundle.manifest import Manifest
from app.errors import SlipwayError
from app.features.number import Number
from app.sources.cells import CellFault, Distinct
from app.sources.rules import ColumnRule, DateForm, Rules
from training.data.labelled_rows import Reading, open_examples

HEAD = "id,size,weight,color,city,old,sold\n"
ROW = "7,48.5,2,red,city 1,TRUE,yes\n"


@pytest.fixture(scope="module")
def manifest(bundle_folder: Path) -> Manifest:
    return contract.read(bundle_folder).manifest


def opened(manifest: Manifest, folder: Path, text: str = HEAD + ROW) -> Reading:
    path = folder / "new.csv"
    path.write_text(text)
    return open_examples(path, manifest)


def trained(manifest: Manifest, **facts: Any) -> Manifest:
    """The manifest of a model whose training knew more."""
    return msgspec.structs.replace(manifest, training={**manifest.training, **facts})


def told(column: Distinct) -> list[Any]:
    """What stands in each row; a fault as its text."""
    values = [str(value) if isinstance(value, CellFault) else value for value in column.values]
    return [values[at] for at in column.of_row.tolist()]


def test_rows_count_alike_and_each_by_itself_unless_training_named_a_column(manifest: Manifest, tmp_path: Path) -> None:
    batch = pa.record_batch({"size": [1.0, 2.0]})
    for facts in ({}, {"weights": "count", "split": {"way": "group", "column": "shop", "type": "category"}}):
        reading = opened(trained(manifest, **facts), tmp_path)
        assert (told(reading.weights(batch)), told(reading.units(batch))) == ([1.0, 1.0], [None, None])
        assert reading.numbered([None, None]) is None


def test_weights_are_numbers_of_zero_or_more(manifest: Manifest, tmp_path: Path) -> None:
    reading = opened(trained(manifest, weights="count"), tmp_path, f"count,{HEAD}1,{ROW}")
    batch = pa.record_batch({"count": ["2", "0", None, "-1", "heavy", "2"]})
    missing, negative, word = told(reading.weights(batch))[2:5]
    assert told(reading.weights(batch)) == [2.0, 0.0, missing, negative, word, 2.0]
    assert missing == "`count`: expected a value, for it was never missing in training. Received: nothing."
    assert negative == "`count`: expected a weight of zero or more. Received: '-1'."
    assert word == "`count`: expected a weight of zero or more. Received: 'heavy'."


@pytest.mark.parametrize(("column", "values"), [("shop", ["a", "b", None, "a"]), ("city", ["a", "b", None, "a"])])
def test_rows_are_drawn_together_by_a_feature_or_another_column(
    manifest: Manifest, tmp_path: Path, column: str, values: list[str | None]
) -> None:
    split = {"way": "group", "column": column, "type": "category"}
    reading = opened(trained(manifest, split=split), tmp_path, f"shop,{HEAD}1,{ROW}")
    units = told(reading.units(pa.record_batch({column: values})))
    assert units == values
    numbered = reading.numbered(units)
    assert numbered is not None
    assert numbered[0] == numbered[3] != numbered[1]


DATES = [
    (pa.array(["2024-02-29 13:05", None, "2024-03-01 00:00"]), None),
    (pa.array(["29.02.2024 13:05", "soon", "01.03.2024"]), ColumnRule(date=DateForm(order="dmy"))),
    (pa.array([1_709_211_900, None, 1_709_251_200], pa.timestamp("s")), None),
]


@pytest.mark.parametrize(("dates", "rule"), DATES)
def test_a_date_becomes_the_parts_that_the_model_takes(
    manifest: Manifest, tmp_path: Path, dates: pa.Array, rule: ColumnRule | None
) -> None:
    parts = [
        Number(name=f"when_{part}", type="number", tensor="numeric", column=place, optional=True, missing_share=0.1)
        for place, part in enumerate(("year", "weekday", "hour"))
    ]
    rules = None if rule is None else Rules(columns={"when": rule})
    dated = msgspec.structs.replace(manifest, features=tuple(parts), reading=rules)
    reading = opened(dated, tmp_path, "when,sold\n2024-02-29,yes\n")
    found = reading.with_parts(pa.record_batch({"when": dates}))
    assert found.select([part.name for part in parts]).to_pylist() == [
        {"when_year": 2024.0, "when_weekday": 4.0, "when_hour": 13.0},
        {"when_year": None, "when_weekday": None, "when_hour": None},
        {"when_year": 2024.0, "when_weekday": 5.0, "when_hour": 0.0},
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<html></html>", "a web page"),
        ("town,größe\nKöln,1\n", "--encoding cp1252"),
        ("size,weight,color,city,old\n1,2,red,a,true\n", "expected the target 'sold' to judge by"),
    ],
)
def test_what_is_no_table_of_the_model_is_refused(
    manifest: Manifest, tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "new.csv"
    path.write_bytes(content.encode("cp1252"))
    with pytest.raises(SlipwayError, match=message):
        open_examples(path, manifest)
