"""What an operator may say about versions."""

import pytest
from pydantic import ValidationError

from app.version_policy import Canary, Policy, Shadow


@pytest.mark.parametrize(
    ("text", "found", "chosen"),
    [
        ("latest", [1, 2, 10], {10}),
        ("latest", [], set()),
        ("all", [1, 2, 10], {1, 2, 10}),
        ("2", [1, 2, 10], {2}),
        ("1, 3", [1, 2], {1, 3}),  # what is asked for by number is wanted although it is not there
        ('{"one": [1, 2], "two": "all"}', [1, 2, 3], {1, 2}),
        ('{"two": "all"}', [1, 2, 3], {3}),
        ('{"one": "latest"}', [1, 2, 3], {3}),
    ],
)
def test_which_versions_are_loaded(text: str, found: list[int], chosen: set[int]) -> None:
    """Of the model `one`."""
    assert Policy(text).choose("one", found) == chosen


def test_only_the_latest_passes_over() -> None:
    """A version that is held back is not the latest; where all are asked for, it is loaded all the same."""
    assert Policy("latest").choose("one", [1, 2, 3], {3}) == {2}
    assert Policy("latest").choose("one", [1], {1}) == set()
    assert Policy("all").choose("one", [1, 2, 3], {3}) == {1, 2, 3}


@pytest.mark.parametrize(
    "text", ["", "newest", "0", "1,", "1,,2", "-1", "1.5", "²", '{"one": 1}', '{"one": [0]}', '{"one": []}', "{", "[1]"]
)
def test_nonsense_is_refused(text: str) -> None:
    """Before anything is loaded."""
    with pytest.raises(ValueError, match=r"expected|Expecting"):
        Policy(text)


@pytest.mark.parametrize(
    "rule", [{}, {"version": 0}, {"version": 1, "share": 1.5}, {"version": 1, "share": -1}, {"version": 1, "shares": 1}]
)
def test_a_rule_of_nonsense_is_refused(rule: dict[str, float]) -> None:
    """A misspelt key must not be a canary without traffic."""
    for kind in (Canary, Shadow):
        with pytest.raises(ValidationError):
            kind.model_validate(rule)
