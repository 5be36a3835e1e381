"""Texts in bins: training's shares are what the service counts of the same texts, and others move them."""

import msgspec
import numpy as np
import pytest

from app.bins.layout import decode
from app.bins.text import CHARACTERS_MAX, WORDS_MAX, TextBins, TextCounter, text_bins
from app.drift.counts import psi

TEXTS = [f"the film number {'very ' * (at % 7)}{at} is {'good' if at % 2 else 'bad'}" for at in range(300)]
START = 3


def counted(bins: TextBins, texts: list[str]) -> dict[str, dict[str, float]]:
    layouts = bins.layouts()
    found = np.zeros(START + sum(len(layout.names) for layout in layouts.values()))
    TextCounter(bins, START).count(texts, found)
    assert not found[:START].any()
    ends = START + np.cumsum([len(layout.names) for layout in layouts.values()])
    parts = np.split(found, ends[:-1])
    parts[0] = parts[0][START:]
    return {
        side: dict(zip(layout.names, part.tolist(), strict=True))
        for (side, layout), part in zip(layouts.items(), parts, strict=True)
    }


def test_training_and_the_service_count_alike() -> None:
    bins = text_bins([*TEXTS, *[""] * 100])
    assert bins.missing == pytest.approx(0.25)
    found = counted(bins, [*TEXTS, *[""] * 100])
    for side, layout in bins.layouts().items():
        rows = sum(found[side].values())
        assert side == "words" or rows == (400 if side == "length" else 300)
        np.testing.assert_allclose(np.array([*found[side].values()]) / rows, layout.shares, atol=1e-9)
        assert psi(layout.shares, np.array([*found[side].values()])) < 1e-9


def test_bins_survive_the_way_through_the_profile() -> None:
    bins = text_bins([*TEXTS, "", "很好\u0301"])
    assert decode(msgspec.json.encode(bins), TextBins) == bins


def test_other_texts_move_the_side_that_they_differ_in() -> None:
    bins = text_bins(TEXTS)
    moved = {
        "length": [text * 5 for text in TEXTS],
        "script": ["это плохой фильм"] * 300,
        "unknown": [text.replace("i", "й") for text in TEXTS],
        "words": ["tariffs will rise"] * 300,
    }
    for side, texts in moved.items():
        found = counted(bins, texts)[side]
        assert psi(bins.layouts()[side].shares, np.array([*found.values()])) > 0.2, side


def test_where_a_text_is_counted() -> None:
    bins = text_bins(["good", "good film", "Bad"])
    found = counted(bins, ["", "bad FILM", "жизнь ы"])
    assert found["length"]["missing"] == 1
    assert (found["script"]["latin"], found["script"]["cyrillic"]) == (1, 1)
    assert (found["unknown"]["none"], found["unknown"]["more"]) == (1, 1)
    assert found["words"] == {"good": 0, "film": 1, "bad": 1, "other": 2}


def test_what_is_beyond_nine_in_ten_of_trainings_texts_is_not_looked_at() -> None:
    bins = text_bins(["good film"] * 20)
    counter = TextCounter(bins, 0)
    assert counter.longest == 10
    long = "good film" + " bad" * 1000
    assert counted(bins, [long]) == counted(bins, [long[:10]])


def test_profiles_are_bounded() -> None:
    texts = ["".join(map(chr, range(start, start + 20))) for start in range(0x100, 0xC000, 20)]
    bins = text_bins([*texts, *[f"w{at}" for at in range(1000)]])
    assert len(bins.words) == WORDS_MAX
    assert len(bins.characters) <= CHARACTERS_MAX
    assert len(msgspec.json.encode(bins)) < 100_000


def test_a_part_without_texts_has_bins_all_the_same() -> None:
    bins = text_bins(["", ""])
    bins.check()
    assert bins.missing == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"edges": (3.0, 2.0)}, "expected 1 to 9 ascending edges"),
        ({"edges": ()}, "expected 1 to 9 ascending edges"),
        ({"shares": (1.0,)}, r"expected \d+ shares and 5 unknown. Received: 1 and 5"),
        ({"unknown": (1.0,)}, "and 5 unknown"),
        ({"scripts": {"klingon": 1.0}}, "expected scripts of none, latin.* Received: klingon"),
        ({"scripts": {"latin": 0.5}}, "sum to one"),
        ({"words": {"": 1.0}}, "words that are not empty"),
        ({"words": dict.fromkeys(map(str, range(201)), 0.0)}, "expected 200 words"),
        ({"other": 0.9}, "sum to one"),
        ({"missing": 0.5}, "sum to one"),
    ],
)
def test_bins_that_cannot_be_are_refused(change: dict[str, object], message: str) -> None:
    bins = msgspec.structs.replace(text_bins(TEXTS), **change)
    with pytest.raises(ValueError, match=message):
        decode(msgspec.json.encode(bins), TextBins)
