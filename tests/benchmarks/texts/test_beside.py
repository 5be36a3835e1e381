"""A text beside a column: which rows are learned from, their parts, and the page."""

from pathlib import Path

import pandas as pd

from benchmarks.texts.beside import MIXED, PART, Beside, page, table
from training.evaluation.findings import Interval


def test_near_equal_texts_are_in_one_part_and_seeds_differ(tmp_path: Path) -> None:
    tweets = MIXED["tweets"]
    texts = [
        f"{word} great again{mark}" for word in map(str.swapcase, "abcdefghijklmnopqrstuvwxyz") for mark in ("", "!")
    ]
    rows = pd.DataFrame({"text": texts, "created_at": "2016-05-04T18:54:25Z", "source": tweets.labels[0], "id_str": 1})
    other = rows.assign(source="TweetDeck")
    early = rows.assign(created_at="2014-05-04T18:54:25Z")
    pd.concat([rows, other, early]).to_csv(tmp_path / "tweets.csv", index=False)
    found = table(tweets, tmp_path / "tweets.csv", 0)
    assert len(found) == len(rows)
    assert found.groupby(found["text"].str.rstrip("!"))[PART].nunique().eq(1).all()
    assert set(found[PART]) == {"train", "validation", "test"}
    assert found[PART].tolist() != table(tweets, tmp_path / "tweets.csv", 1)[PART].tolist()


def test_both_must_be_above_each_alone_by_more_than_chance() -> None:
    values = {"both": 0.9, "text alone": 0.8, "columns alone": 0.7}
    gained = {"text alone": Interval(0.1, 0.05, 0.15), "columns alone": Interval(0.2, 0.1, 0.3)}
    chance = {**gained, "text alone": Interval(0.1, -0.07, 0.2)}
    said = page({"birds": [Beside(0, "accuracy", values, gained), Beside(1, "accuracy", values, chance)]})
    first, second, both = said.splitlines()[-3:]
    assert first.endswith(
        "| 0.9000 | 0.8000 | 0.7000 | +0.1000 [+0.0500, +0.1500] | +0.2000 [+0.1000, +0.3000] | holds |"
    )
    assert second.endswith("| missed |")
    assert both.startswith("| mean | accuracy | 0.9000 |")
    assert both.endswith("| +0.1000 [-0.0100, +0.1750] | +0.2000 [+0.1000, +0.3000] | missed |")
