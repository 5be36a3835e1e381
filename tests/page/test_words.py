"""Numbers as people read them: near their ends, huge, tiny, and none at all."""

# ruff: noqa: RUF001 - real signs of minus and times are what is tested
from collections.abc import Mapping
from typing import Any

from tests.page.javascript import evaluate

NUMBERS = {
    "25760.4": "25,760", "3.14159": "3.142", "8.18895213037032": "8.189", "999.96": "1,000", "-5.5": "−5.5",
    "-0": "0", "0.00012": "0.00012", "1.2e-7": "1.2 × 10⁻⁷", "-1e-9": "−1 × 10⁻⁹", "1.234e21": "1.234 × 10²¹",
    "NaN": "not a number", "-Infinity": "−∞", "null": "missing", "undefined": "missing",
}  # fmt: skip
PERCENTS = {
    "0": "0 %", "1e-9": "< 0.01 %", "0.00012": "0.01 %", "0.0012": "0.1 %", "0.01": "1 %", "0.82": "82 %",
    "0.989": "99 %", "0.995": "99.5 %", "0.9996": "99.96 %", "1 - 1e-9": "> 99.99 %", "1": "100 %",
    "1.0000001": "100 %", "-1e-9": "0 %", "NaN": "not a number",
}  # fmt: skip
SCORES = {"0": "0", "1e-9": "< 0.0001", "0.82": "0.82", "0.9": "0.90", "0.9996": "0.9996", "1": "1"}
POINTS = {"0.21": "+21 points", "-0.0032": "−0.32 points", "1": "+100 points", "-0": "±0 points", "1e-9": "±0 points"}
BRIEF = {
    "Math.fround(0.7)": 0.7, "Math.fround(-118.49)": -118.49, "0.1234567890123": 0.1234567890123, "16777217": 16777217,
    "Math.fround(16777216)": 16777216, "0": 0, "'0.7'": "0.7", "null": None,
}  # fmt: skip
WITHIN = {
    "25761.3, 2134": ["25,760", "2,100"], "1234567, 2100": ["1,234,600", "2,100"], "2004.36, 2.5": ["2,004.4", "2.5"],
    "2.13721, 0.423": ["2.137", "0.42"],
    "-3.14e-7, 2e-8": ["−3.14 × 10⁻⁷", "2 × 10⁻⁸"], "-0.2, 900": ["0", "900"], "5, 0": ["5", "0"],
}  # fmt: skip


def test_numbers_are_told_as_people_read_them() -> None:
    """As many digits as say something; all or nothing only where it is so; differences of shares in points."""
    wanted: dict[str, Mapping[str, Any]] = {
        "number": NUMBERS,
        "percent": PERCENTS,
        "score": SCORES,
        "points": POINTS,
        "within": WITHIN,
        "brief": BRIEF,
    }
    calls = ", ".join(f"{f'{name}({given})'!r}: m.{name}({given})" for name, cases in wanted.items() for given in cases)
    found = evaluate("words.js", f"{{{calls}}}")
    for name, cases in wanted.items():
        for given, text in cases.items():
            said = found[f"{name}({given})"]
            assert (said.replace("\u00a0", " ") if isinstance(said, str) else said) == text, f"{name}({given})"


def test_a_score_beside_another_has_no_digits_that_say_nothing() -> None:
    """A baseline that guesses has an R² of almost 0; a sentence begins with a capital letter."""
    calls = "[m.scoreBeside(-0.000126, 0.79), m.scoreBeside(0.638, 0.79), m.scoreBeside(0.0001, 0.0002)]"
    assert evaluate("words.js", calls) == ["0", "0.638", "0.0001"]
    assert evaluate("scores.js", "m.metricTitle('accuracy')") == "Accuracy"
    assert evaluate("words.js", "[-0.0001, 0.79, -0.5].map(m.alike([0.79, -0.0001, -0.5], 3))") == [
        "0.000",
        "0.790",
        "−0.500",
    ]
