import numpy as np
import pytest

from training.features.text.near_equal import TELLING_LETTERS, alike


def same(one: str, other: str) -> bool:
    first, second = alike(np.array([one, other], object)).hashes
    return bool(first == second)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Great phone!!", "great  phone"),
        ("Order 4711 is late", "order 12 is late"),
        ("\uff27reat \ufb01nd", "great find"),
        ("e\u0301t\u00e9", "\u00e9te\u0301"),
        ("\u5f88\u597d\u3002", "\u5f88 \u597d"),
        ("\u041f\u0420\u0418\u0412\u0415\u0422", "\u043f\u0440\u0438\u0432\u0435\u0442!"),
    ],
)
def test_texts_of_the_same_letters_are_nearly_equal(one: str, other: str) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("great phone", "great phones"),
        ("!!", "!!!"),
        ("4711", "12"),
        ("", " "),
        ("\U0001f600", "\U0001f622"),
        ("\u2764\ufe0f\U0001f697" * 9, "\U0001f494\u2600\ufe0f" * 9),  # marks that say how an emoji is drawn
        ("\u0939\u093f\u0928\u094d\u0926\u0940", "\u0939\u0928\u0926"),  # vowels that are marks
    ],
)
def test_others_are_not(one: str, other: str) -> None:
    assert not same(one, other)


def test_only_long_texts_are_copies_whatever_stands_beside_them() -> None:
    texts = ["", "ok!", "thank u", "x" * (TELLING_LETTERS - 1), "1" * 50, "x" * TELLING_LETTERS]
    assert alike(np.array(texts, object)).telling.tolist() == [False] * 5 + [True]


def test_there_may_be_none() -> None:
    assert len(alike(np.empty(0, object)).hashes) == 0
