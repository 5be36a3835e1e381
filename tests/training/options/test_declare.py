from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from training.options.declare import declared, names, option, text, units


@dataclass(frozen=True, kw_only=True)
class Tracks:
    title: ClassVar[str] = "Tracks"
    most_points: int = option(64, "Points that are read of a track.", unit="points", low=1)
    file: Path | None = option(None, "A file.", name="tracks_from", place=True)
    smooth: bool = option(True, "Smooth it.")
    scales: tuple[int, ...] = option((1, 2), "Scales.", read=units)


MOST, FILE, SMOOTH, SCALES = declared(Tracks)


def test_a_field_says_all_that_there_is_to_say() -> None:
    assert (MOST.name, MOST.flag, MOST.type, MOST.default, MOST.words.low) == (
        "most_points",
        "--most-points",
        int,
        64,
        1,
    )
    assert (FILE.name, FILE.field, FILE.words.place, FILE.words.learned) == ("tracks_from", "file", True, True)
    assert Tracks().most_points == 64


def test_a_value_is_written_as_it_is_read() -> None:
    assert MOST.flags(7) == ["--most-points", "7"]
    assert (SMOOTH.flags(True), SMOOTH.flags(False)) == (["--smooth"], ["--no-smooth"])
    assert SCALES.value(SCALES.flags((3, 4))[1]) == (3, 4)
    assert FILE.value("some/where") == Path("some/where")
    assert FILE.value(None) is None


def test_what_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected positive numbers divided by commas\. Received: '1,x'"):
        SCALES.value("1,x")


def test_lists_are_divided_by_commas() -> None:
    assert names(" a, b c,,") == ("a", "b c")
    assert text(("a", "b c")) == "a,b c"
