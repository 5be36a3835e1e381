"""What a caller is told: msgspec's words become a path, an expectation and the value received."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BodyTooLarge, InvalidInput, Path
from app.features.json_errors import explain

NAMES = ["age", "hours-per-week", "member", "level"]


def explained(message: str, body: bytes) -> str:
    return str(explain(msgspec.ValidationError(message), body, NAMES))


@pytest.mark.parametrize(
    ("message", "body", "expected"),
    [
        ("Expected `object`, got `array`", b"[1]", "Invalid body: expected an object. Received: [1]."),
        (
            "Expected `float`, got `str` - at `$.a`",
            b'{"a":"x"}',
            'Invalid `a`: expected a finite number. Received: "x".',
        ),
        (
            "Expected `float | null`, got `str` - at `$.a[1].b`",
            b'{"a":[0,{"b":"x"}]}',
            'Invalid `a[1].b`: expected a finite number or null. Received: "x".',
        ),
        (
            "Expected `bool`, got `int` - at `$.a[0].x.y[0]`",
            b'{"a":[{"x.y[0]":7,"x":1}]}',
            "Invalid `a[0].x.y[0]`: expected true or false. Received: 7.",
        ),
        (
            "Object missing required field `b` - at `$.a`",
            b'{"a":{"c":1.50}}',
            'Invalid `a`: expected the key `b`. Received: {"c":1.5}.',
        ),
        ("Something new - at `$.a`", b'{"a":1}', "Invalid `a`: something new. Received: 1."),
    ],
)
def test_a_message_is_translated(message: str, body: bytes, expected: str) -> None:
    """Path, expectation, value; words that are not known pass through."""
    said = explained(message, body)
    assert said == expected.replace("something new", "expected something new")


@pytest.mark.parametrize("path", ["$.b", "$.a[9]", "$.a.b", "$.a[0].c.d", "$.a[x]"])
def test_a_path_that_leads_nowhere(path: str) -> None:
    """Nothing is invented: the message says that there is something else."""
    assert explained(f"Expected `bool`, got `int` - at `{path}`", b'{"a":[{"c":1}]}').endswith(
        "Received: something else."
    )


@pytest.mark.parametrize(
    ("place", "body", "path"),
    [
        ("$.a[1].b", b'{"a":[0,{"b":1}]}', ("a", 1, "b")),
        ("$.a.b[0]", b'{"a.b[0]":1}', ("a.b[0]",)),
        ("$.a.b[0]", b'{"a":1', ("a", "b", 0)),
        ("$.a[...].b", b'{"a":{"x":{"b":1}}}', ("a", ..., "b")),
        ("$.b[2]", b"{}", ("b", 2)),
        ("$[4]", b"[]", (4,)),
    ],
)
def test_a_place_becomes_a_path(place: str, body: bytes, path: Path) -> None:
    """The body says whether a dot or a bracket belongs to a key; where it does not, they divide."""
    error = explain(msgspec.ValidationError(f"Expected `int`, got `str` - at `{place}`"), body, NAMES, ("at",))
    assert error.path == ("at", *path)


def test_an_unknown_key_with_a_near_neighbour() -> None:
    """The name that was meant is suggested, from far not."""
    near = explained("Object contains unknown field `hours_per_week` - at `$.instances[0]`", b"{}")
    assert near.endswith("Received: `hours_per_week`. Did you mean `hours-per-week`?")
    assert "Did you mean" not in explained("Object contains unknown field `zzz` - at `$.instances[0]`", b"{}")


def test_a_long_list_of_features_is_shortened() -> None:
    """A thousand names do not fill the log."""
    names = [f"feature-{n}" for n in range(1000)]
    error = explain(msgspec.ValidationError("Object contains unknown field `x` - at `$.instances[0]`"), b"{}", names)
    assert len(str(error)) < 600


def test_too_many_rows_is_another_status() -> None:
    """413, with both numbers where they are known."""
    message = "Expected `array` of length <= 2 - at `$.instances`"
    error = explain(msgspec.ValidationError(message), b'{"instances":[1,2,3]}', NAMES)
    assert isinstance(error, BodyTooLarge)
    assert str(error) == "Invalid `instances`: expected at most 2 rows. Received: 3."
    assert str(explain(msgspec.ValidationError(message), b'{"instances":[1,2,3', NAMES)).endswith("Received: more.")


def test_numbers_are_shown_as_they_were_sent() -> None:
    """One that no 64-bit float holds as well."""
    said = explained("Number out of range - at `$.a`", b'{"a":-1.50e+400}')
    assert said.endswith("Received: -1.50e+400.")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values, st.text(), st.text())
def test_explaining_never_fails(value: Any, message: str, path: str) -> None:
    """Whatever was said of whatever body, the caller gets one short sentence."""
    body = json.dumps(value).encode()
    for error in (
        msgspec.ValidationError(f"{message} - at `$.{path}`"),
        msgspec.DecodeError(message),
        UnicodeDecodeError("utf-8", b"x", 0, 1, "reason"),
        RecursionError(),
    ):
        for some in (body, body[:-1], b"\xff" + body):
            explained = explain(error, some, NAMES)
            assert isinstance(explained, InvalidInput | BodyTooLarge)
