from pathlib import Path

import msgspec
import pandas as pd
import pytest

from app.bundle import reader as contract
from app.bundle.manifest import Manifest
from app.errors import SlipwayError
from app.features.number import Number
from app.sources.table import Line
from training.data.labelled_rows import Example, open_examples


@pytest.fixture(scope="module")
def manifest(bundle_folder: Path) -> Manifest:
    return contract.read(bundle_folder).manifest


def read(path: Path, manifest: Manifest) -> list[Line | Example]:
    return [line for chunk in open_examples(path, manifest).chunks() for line in chunk]


HEAD = "id,size,weight,color,city,old,sold\n"


def test_a_line_becomes_what_a_caller_sends_and_what_was_true(manifest: Manifest, tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text(HEAD + "7,48.5,?,red,city 1,TRUE,yes\n8,,2.5,,city 2,0,no\n9,1,2.5,red,city 2,0,\n")
    refused, second, unlabelled = read(path, manifest)
    assert isinstance(refused, Line)
    assert refused.fault.startswith(", `weight`: expected a value, for it was never missing in training.")
    assert open_examples(path, manifest).table.place(refused).startswith("line 2, `weight`: expected a value")
    assert isinstance(second, Example)
    assert (second.line.row, second.instance, second.truth) == (
        2,
        {"weight": 2.5, "city": "city 2", "old": False},
        "no",
    )
    assert isinstance(unlabelled, Line)
    assert not unlabelled.fault


def test_parquet_holds_the_same_examples(frame: pd.DataFrame, manifest: Manifest, tmp_path: Path) -> None:
    csv, parquet = tmp_path / "new.csv", tmp_path / "new.parquet"
    frame.to_csv(csv, index=False)
    frame.assign(old=frame["old"] == "true").to_parquet(parquet)
    wanted = [line for line in read(csv, manifest) if isinstance(line, Example)]
    found = [line for line in read(parquet, manifest) if isinstance(line, Example)]
    assert len(found) == len(frame)
    assert [(row.instance, row.truth) for row in found] == [(row.instance, row.truth) for row in wanted]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_date_becomes_the_parts_that_the_model_takes(manifest: Manifest, tmp_path: Path, ending: str) -> None:
    parts = [
        Number(name=f"when_{part}", type="number", tensor="numeric", column=place, optional=True, missing_share=0.1)
        for place, part in enumerate(("year", "weekday", "hour"))
    ]
    dated = msgspec.structs.replace(manifest, features=tuple(parts))
    path = tmp_path / f"new.{ending}"
    rows = pd.DataFrame({"when": ["2024-02-29 13:05", None, "2024-03-01 00:00"], "sold": ["yes", "no", "yes"]})
    rows.to_csv(path, index=False) if ending == "csv" else rows.to_parquet(path)
    first, second, third = read(path, dated)
    assert isinstance(first, Example)
    assert isinstance(second, Example)
    assert isinstance(third, Example)
    assert first.instance == {"when_year": 2024.0, "when_weekday": 4.0, "when_hour": 13.0}
    assert second.instance == {}
    assert third.instance == {"when_year": 2024.0, "when_weekday": 5.0, "when_hour": 0.0}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<html></html>", "a web page"),
        ("town,größe\nKöln,1\n", "--encoding cp1252"),
        ("size,weight,color,city,old\n1,2,red,a,true\n", "expected the target 'sold' to judge by"),
        ("size,color,city,old,sold\n1,red,a,true,yes\n", "weight, which the model needs"),
    ],
)
def test_what_is_no_table_of_the_model_is_refused(
    manifest: Manifest, tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "new.csv"
    path.write_bytes(content.encode("cp1252"))
    with pytest.raises(SlipwayError, match=message):
        read(path, manifest)
