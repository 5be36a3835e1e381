import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from training.budget import Budget
from training.features import registry
from training.features.options import CategoryOptions, NumberOptions
from training.options import Options, by_name, facts, flags
from training.options.declare import Member, option

PLAIN = Options.of(data=Path("goods.csv"))


def test_each_value_goes_to_its_room() -> None:
    options = Options.of(data=Path("goods.csv"), hidden=(8,), network="plain", bins=4, tune=3, budget=Budget(1.0))
    assert options.data.path == Path("goods.csv")
    assert (options.network.hidden, options.network.family) == ((8,), "plain")
    assert options.own(NumberOptions) == NumberOptions(bins=4)
    assert options.own(CategoryOptions) == CategoryOptions()
    assert options.tune.trials == 3
    assert {name: options.values()[name] for name in ("bins", "embedding", "tune")} == {
        "bins": 4,
        "embedding": 8,
        "tune": 3,
    }


def test_a_value_that_is_changed_back_leaves_no_trace() -> None:
    assert PLAIN.changed(bins=4, epochs=2).changed(bins=48, epochs=100) == PLAIN
    assert PLAIN.changed(bins=4, label_smoothing=0.1) == PLAIN.changed(label_smoothing=0.1).changed(bins=4)


def test_only_what_differs_is_written_and_no_place() -> None:
    options = PLAIN.changed(models=Path("/elsewhere"), tune_store=Path("/some.log"), calibrate=False, drop=("a", "b"))
    assert flags(options) == ["--drop", "a,b", "--no-calibrate"]


def test_the_manifest_keeps_every_value_of_the_rooms_that_had_a_say() -> None:
    found = facts(PLAIN.changed(target="y", bins=4, budget=Budget(1.0, size_kb=200)), {"number", "regression"})
    assert json.loads(json.dumps(found)) == found
    assert (found["number"], found["data"]["target"]) == ({"bins": 4, "sums": 8}, ["y"])
    assert found["compress"]["budget"] == "quality=1pt,size_kb=200"
    assert not {"category", "binary"} & found.keys()
    assert not {"data", "models"} & {name for room in found.values() for name in room}


@dataclass(frozen=True, kw_only=True)
class TrackOptions:
    """Of a feature type that is made up."""

    title: ClassVar[str] = "Tracks"
    most_points: int = option(64, "Points that are read of a track.", low=1)


@dataclass(frozen=True, kw_only=True)
class Greedy:
    """It takes a name that is taken."""

    title: ClassVar[str] = "Greedy"
    epochs: int = option(1, "Mine.")


def test_a_feature_type_brings_options_by_a_line_in_its_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.FEATURES, "track", Member("", f"{__name__}:TrackOptions"))
    options = PLAIN.changed(most_points=8)
    assert options.own(TrackOptions).most_points == 8
    assert flags(options) == ["--most-points", "8"]
    assert facts(options, {"track"})["track"] == {"most_points": 8}


def test_two_rooms_with_options_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.FEATURES, "greedy", Member("", f"{__name__}:Greedy"))
    with pytest.raises(ValueError, match="Received: 'epochs', which"):
        by_name()
