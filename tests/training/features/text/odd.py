"""Odd strings: what people, programs and attackers send as a text."""

import numpy as np

ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz ",
    "ABC 019 _'\u2019“”.,!?-",
    "äßçéøİıſﬁǅ" + "e\u0301\u0308\u0332 ",  # letters that fold oddly, combining marks
    "שלום عليكم\u200f\u202b ",  # right to left, and the marks of it
    "你好 好吗。\uff01カタカナｶﾅひらがな한국어ไทย",
    "😀👍🏽👩‍👩‍👧❤️🇩🇪 \U0001f9d1\U000e0067",
    "\x00\x01\x02\x03\x1f\x7f\x85 \t\r\n",  # the Tokenizer's own marks among them
    "\u00a0\u3000\u2028\u200b\ufeff\ufffd\uffff\ue000\U0010ffff ",
)
BEGINNINGS = ("", "\x02", "\x03", "\x02\x03", " ", "\ufffd", "\x00")


def odd_strings(count: int, seed: int = 0) -> list[str]:
    """Return strings of one alphabet or of several, some of them empty, blank, long, or with a mark at their ends."""
    random = np.random.default_rng(seed)
    return [_odd(random) for _ in range(count)]


def _odd(random: np.random.Generator) -> str:
    alphabets = random.choice(len(ALPHABETS), size=random.integers(1, 4))
    letters = list("".join(ALPHABETS[place] for place in alphabets))
    length = int(random.choice((0, 1, 2, 5, 20, 60, 400), p=(0.04, 0.05, 0.06, 0.2, 0.35, 0.27, 0.03)))
    beginning = BEGINNINGS[random.integers(len(BEGINNINGS))] if random.random() < 0.2 else ""
    return beginning + "".join(random.choice(letters, size=length))
