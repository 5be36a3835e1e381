"""Rows that are alike stand in one part, whatever else they hold, and are counted."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from training.data import redivision
from training.data.copies import COMMON_ROWS, linked
from training.data.prepare import Data, prepare
from training.options import Options

ROWS = 600
WORDS = ("the", "phone", "was", "slow", "and", "battery", "never", "lasted", "a", "day", "so", "returned")
STREAM = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def reviews(rows: int = ROWS) -> pd.DataFrame:
    """Each third text is the one before in other signs; each of a customer, a shop and a part of its own choice."""
    random = np.random.default_rng(0)
    words = np.array(WORDS)
    texts = [" ".join([*random.choice(words, 7), "xyz"[row % 3] + chr(97 + row % 25) * 3]) for row in range(rows)]
    for row in range(2, rows, 3):
        texts[row] = texts[row - 1].upper().replace(" ", " - ") + f"! {row}"
    return pd.DataFrame(
        {
            "review": texts,
            "price": random.normal(size=rows).round(2),
            "customer": random.choice([f"c{number}" for number in range(60)], rows),
            "part": random.choice(["train", "val", "test"], rows, p=[0.6, 0.2, 0.2]),
            "label": np.where(random.random(rows) < 0.5, "a", "b"),
        }
    )


def prepared(frame: pd.DataFrame, folder: Path, **chosen: object) -> Data:
    path = folder / "rows.csv"
    frame.sample(frac=1, random_state=0).to_csv(path, index=False)
    return prepare(Options.of(data=path, target="label", **chosen))


def letters(data: Data, rows: np.ndarray) -> set[str]:
    return set(data.table.features["review"].iloc[rows].str.lower().str.replace(r"[^a-z]", "", regex=True))


def shared(data: Data, judged: np.ndarray, *others: np.ndarray) -> set[str]:
    return letters(data, judged) & letters(data, np.concatenate(others))


@STREAM
@pytest.mark.parametrize(
    "drop", [("customer", "part"), ("customer", "part", "price")], ids=["beside a number", "alone"]
)
def test_near_equal_texts_stand_in_one_part(tmp_path: Path, drop: tuple[str, ...], stream: bool) -> None:
    data = prepared(reviews(), tmp_path, drop=drop, stream=stream)
    parts = data.parts
    assert not shared(data, parts.test, parts.train, parts.validation)
    assert not shared(data, parts.validation, parts.train)
    assert "shared_test_rows" not in data.table.split


def test_near_equal_texts_are_counted_and_those_with_another_target(tmp_path: Path) -> None:
    frame = reviews().drop(columns=["customer", "part", "price"])
    data = prepared(frame, tmp_path)
    assert data.table.split["near_equal_rows"] == ROWS // 3
    pairs = frame["label"].to_numpy().reshape(-1, 3)[:, 1:]
    contradicting = 2 * int((pairs[:, 0] != pairs[:, 1]).sum())
    assert data.table.split["contradicting_rows"] == contradicting
    assert data.warnings == (
        "200 rows are nearly equal to one before them: their texts have the same letters",
        f"{contradicting} of 600 rows ({contradicting / 600:.1%}) are nearly equal to rows with another target: some "
        "of these targets are wrong, or the texts do not tell",
    )


def test_copies_are_no_counts_however_many(tmp_path: Path) -> None:
    frame = pd.concat([reviews(60).drop(columns=["customer", "part", "price"])] * 20)
    data = prepared(frame, tmp_path, type=("review=text",))
    assert not shared(data, data.parts.test, data.parts.train, data.parts.validation)


def test_of_a_group_the_copies_of_rows_that_judge_are_left_out(tmp_path: Path) -> None:
    frame = reviews().drop(columns="part")
    data = prepared(frame, tmp_path, group_column="customer")
    parts, left_out = data.parts, data.table.split["copies_left_out"]
    assert not shared(data, parts.test, parts.train, parts.validation)
    assert not shared(data, parts.validation, parts.train)
    assert left_out == ROWS - sum(vars(data.rows).values()) > 0
    assert (
        f"{left_out} rows were left out: they have the letters of a text that another part is judged by"
        in data.warnings
    )
    assert "shared_test_rows" not in data.table.split


def test_a_published_split_stays_as_it_is_and_what_it_gives_away_is_said(tmp_path: Path) -> None:
    data = prepared(reviews().drop(columns="customer"), tmp_path, split_column="part")
    rows = data.table.split["shared_test_rows"]
    texts = letters(data, data.parts.train)
    test = data.table.features["review"].iloc[data.parts.test].str.lower().str.replace(r"[^a-z]", "", regex=True)
    assert rows == int(test.isin(texts).sum()) > 0
    assert any("or the letters of its text" in said for said in data.warnings)
    assert sum(vars(data.rows).values()) == ROWS


@pytest.mark.parametrize("chosen", [{}, {"group_column": "customer"}, {"split_column": "part"}], ids=str)
def test_folds_keep_them_together_as_well(tmp_path: Path, chosen: dict[str, str]) -> None:
    dropped = tuple({"customer", "part"} - set(chosen.values()))
    data = prepared(reviews(), tmp_path, drop=dropped, **chosen)
    for fold in redivision.folds(data, 3, seed=0):
        assert not shared(data, fold.test, fold.train, fold.validation)
        assert not shared(data, fold.validation, fold.train)


def test_what_many_rows_say_makes_no_copies_of_them(tmp_path: Path) -> None:
    frame = reviews().drop(columns=["customer", "part"])
    frame.loc[: 3 * COMMON_ROWS, "review"] = "Nothing was said by the customer."
    data = prepared(frame, tmp_path)
    said = "nothingwassaidbythecustomer"
    assert said in letters(data, data.parts.test) & letters(data, data.parts.train)
    assert shared(data, data.parts.test, data.parts.train) == {said}


def test_links_reach_over_other_rows() -> None:
    keys = np.array([1, 2, 3, 4, 1], np.uint64)
    links = [np.array([0, 7, 7, 0, 0], np.uint64), np.array([0, 0, 9, 9, 0], np.uint64)]
    assert linked(keys, links).tolist() == [1, 2, 2, 2, 1]
