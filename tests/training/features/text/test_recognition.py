"""Which columns hold texts, and which look so and are names, addresses, keys or categories."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from training.data.survey import survey
from training.options.rooms import DataOptions

ROWS = 300
SENTENCES = ("The screen broke after a week.", "I love it, it works very well!", "not worth the money at all")
WORDS = ("the", "phone", "was", "slow", "and", "battery", "never", "lasted", "a", "day", "so", "returned")
FIRST, LAST = ("Anna", "Owen", "Maria", "Karl", "Jean"), ("Harris", "Meyer", "de Souza", "O'Neill", "Futrelle")
HAN = "我们的手机质量很好但是电池不行送货太慢了服务态度一般价格便宜屏幕清楚声音大小合适"
STREETS, CITIES = ("Main Street", "Oak Avenue", "Elm Road"), ("Springfield", "Salem", "Dover")

random = np.random.default_rng(0)


def of(*words: tuple[str, ...] | str) -> str:
    return " ".join(str(random.choice(list(each))) for each in words)


def han(least: int, most: int) -> str:
    return "".join(random.choice(list(HAN), int(random.integers(least, most))))


TEXTS = {
    "reviews": lambda row: f"{of(*[WORDS] * 9)}, {row}!",
    "short, in small letters": lambda row: f"{of(WORDS, WORDS, WORDS)} {WORDS[row % 12]}{WORDS[row // 12 % 12]}",
    "shouted": lambda row: f"{of(*[WORDS] * 9)} {row}".upper(),
    "headlines": lambda row: of(*[WORDS] * 7).title() + " of the",
    "long, with numbers": lambda row: f"{of(*[WORDS] * 20)} {row} {row + 1} {row + 2}",
    "chinese": lambda row: han(14, 60),
    "short chinese with stops": lambda row: f"{han(4, 8)}\uff0c{han(3, 6)}。",
    "thai": lambda row: "".join(random.choice(list("กขคงจฉชซญดตถทนบปผฝพฟมยรลวสหอฮ"), 60)),
    "korean": lambda row: of(*[("배터리가", "정말", "빨리", "닳아요", "화면은", "좋은데", "가격이")] * 7),
    "arabic": lambda row: of(*[("الهاتف", "جيد", "جدا", "لكن", "البطارية", "سيئة", "والشحن")] * 7),
}
OTHERS = {
    "names": lambda row: f"{of(LAST)}, Mr. {of(FIRST)} {of(FIRST)} {of(LAST)} Jr. {of(LAST)}",
    "short names": lambda row: of(FIRST, LAST, LAST),
    "chinese names": lambda row: han(2, 4),
    "addresses": lambda row: f"{row} {of(STREETS)}, {of(CITIES)}, IL {60000 + row}",
    "chinese addresses": lambda row: f"{han(6, 9)}路{row}号{row % 7}栋{row % 9}单元{row}室",
    "keys": lambda row: f"ab-{row:05}-ef",
    "uuids": lambda row: "".join(random.choice(list("0123456789abcdef"), 32)),
    "urls": lambda row: f"https://example.com/a/b/{row}?q=the+phone+was+slow",
    "mac addresses": lambda row: " ".join(f"{each:02x}" for each in random.integers(0, 256, 6)),
    "numbers in a row": lambda row: " ".join(map(str, random.integers(0, 1000, 12))),
    "products": lambda row: f"Galaxy S{row} Ultra 5G {row}GB black edition",
    "categories that are sentences": lambda row: SENTENCES[row % 3],
    "sentences that come again and again": lambda row: f"a note of the customer number {row % 100} about nothing",
}


def type_of(values: list[str], folder: Path) -> str | None:
    path = folder / "rows.csv"
    pd.DataFrame({"c": values, "y": np.arange(len(values)) % 2}).to_csv(path, index=False)
    return survey(DataOptions(path=path), lambda _: None, for_training=False).types["c"]


@pytest.mark.parametrize("name", TEXTS)
def test_texts_are_texts(name: str, tmp_path: Path) -> None:
    assert type_of([TEXTS[name](row) for row in range(ROWS)], tmp_path) == "text"


@pytest.mark.parametrize("name", OTHERS)
def test_others_are_not(name: str, tmp_path: Path) -> None:
    assert type_of([OTHERS[name](row) for row in range(ROWS)], tmp_path) == "category"


def test_few_rows_say_nothing(tmp_path: Path) -> None:
    assert type_of([TEXTS["reviews"](row) for row in range(19)], tmp_path) == "category"


def test_what_stands_behind_the_first_thousand_rows_counts(tmp_path: Path) -> None:
    """Files are often sorted: the length is that of all cells."""
    values = ["ok", "fine", "no", "yes it is"] * 300 + [TEXTS["reviews"](row) for row in range(2000)]
    assert type_of(values, tmp_path) == "text"
