"""Rows of a further file are drawn together as the bundle's split says, where the file has the column."""

import dataclasses
import os
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from tests.training.data.ways.tables import table
from training.cli import bundles
from training.evaluation import evaluate_bundle
from training.evaluation.served_bundle import Served, load
from training.options import Options
from training.pipeline import train


def trained(folder: Path, **chosen: object) -> Served:
    path = folder / "rows.csv"
    table().to_csv(path, index=False)
    quick: dict[str, object] = {"epochs": 1, "hidden": (4,), "drop": ("sold",), "models": folder / "models"}
    with Path(os.devnull).open("w") as nowhere:
        return load(train(Options.of(data=path, target="price", **quick, **chosen), Console(file=nowhere)))


@pytest.fixture(scope="module")
def grouped(tmp_path_factory: pytest.TempPathFactory) -> Served:
    return trained(tmp_path_factory.mktemp("grouped"), group_column="customer")


def written(frame: pd.DataFrame, folder: Path) -> Path:
    path = folder / "new.csv"
    frame.to_csv(path, index=False)
    return path


def test_groups_are_drawn_whole(grouped: Served, tmp_path: Path) -> None:
    new = table(400, seed=1)
    found = evaluate_bundle.answer(grouped, written(new, tmp_path))
    assert (found.drawn_by, found.lacks_units) == ("customer", None)
    assert found.rows.units is not None
    expected = pd.factorize(new["customer"])[0]
    assert len(pd.DataFrame({"one": found.rows.units, "other": expected}).drop_duplicates()) == 40
    one = evaluate_bundle.judge(grouped, found)
    assert not one.remarks


def test_few_groups_are_said_beside_each_metric(grouped: Served, tmp_path: Path) -> None:
    new = table(400, seed=1).assign(customer=lambda frame: np.arange(len(frame)) % 7)
    found = evaluate_bundle.judge(grouped, evaluate_bundle.answer(grouped, written(new, tmp_path)))
    assert set(found.remarks) == set(found.metrics)
    assert found.remarks["r2"] == "7 groups of rows that belong together: too few to trust"


def test_a_file_without_the_column_is_judged_row_by_row_and_said(
    grouped: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(table(400, seed=1).drop(columns="customer"), tmp_path)
    found = evaluate_bundle.answer(grouped, path)
    assert (found.drawn_by, found.lacks_units) == (None, "customer")
    assert found.rows.units is None
    bundles._print_account(Console(width=200), found)
    assert "The file lacks customer, by which training divided rows" in capsys.readouterr().out


def test_the_card_of_the_bundle_says_how_rows_were_split(grouped: Served) -> None:
    split = grouped.manifest.training["split"]
    assert (split["way"], split["column"], split["type"]) == ("group", "customer", "category")
    assert sum(split["groups"].values()) == 40


def test_neighbours_in_time_are_drawn_together_in_any_order_of_the_file(grouped: Served, tmp_path: Path) -> None:
    """As of a bundle whose rows were split by a feature."""
    facts = {**grouped.manifest.training, "split": {"way": "time", "column": "day", "type": "date"}}
    manifest = msgspec.structs.replace(grouped.manifest, training=facts)
    served = dataclasses.replace(grouped, bundle=msgspec.structs.replace(grouped.bundle, manifest=manifest))
    new = table(343, seed=1).sample(frac=1, random_state=0)
    found = evaluate_bundle.answer(served, written(new, tmp_path))
    assert found.drawn_by == "day"
    place = np.argsort(np.argsort(new["day"].to_numpy()))
    np.testing.assert_array_equal(found.rows.units, place // 7)
