"""Which way options ask for, and what does not go together."""

from pathlib import Path

import pytest

from training.data.ways.registry import WAYS, way_class
from training.errors import DataError
from training.options import Options


def asked(**chosen: object) -> str:
    return way_class(Options.of(data=Path("rows.csv"), target="y", **chosen).data).name


@pytest.mark.parametrize(
    ("chosen", "way"),
    [
        ({}, "random"),
        ({"time_column": "a"}, "time"),
        ({"group_column": "a"}, "group"),
        ({"split_column": "a"}, "column"),
        ({"split": "time"}, "time"),
        ({"split": "time", "gap": "7d"}, "time"),
        ({"weights": "a"}, "random"),
    ],
)
def test_a_column_that_is_named_asks_for_its_way(chosen: dict[str, str], way: str) -> None:
    assert asked(**chosen) == way
    assert way in WAYS


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"time_column": "a", "group_column": "b"}, "`--time-column` and `--group-column`. Say --split time|group"),
        ({"split": "time", "group_column": "b"}, "`--group-column`: expected --split group .* Received: --split time"),
        ({"split": "random", "time_column": "b"}, "`--time-column`: expected --split time"),
        ({"split": "group"}, "`--split`: expected --group-column NAME"),
        ({"split": "column"}, "`--split`: expected --split-column NAME"),
        ({"gap": "7d"}, "`--gap`: expected --split time beside it. Received: --split random"),
        ({"split": "time", "gap": "-3"}, "`--gap`: expected a time such as 7d"),
    ],
)
def test_what_does_not_go_together_is_refused(chosen: dict[str, str], message: str) -> None:
    with pytest.raises(DataError, match=message.replace("|", r"\|")):
        asked(**chosen)
