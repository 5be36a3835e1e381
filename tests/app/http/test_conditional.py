"""Which answers a client has already."""

import pytest

from app.http.conditional import is_known


@pytest.mark.parametrize(
    ("named", "known"),
    [
        (None, False),
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ("*", True),
        ('"b"', False),
        ("a", False),
        ('"a', False),
        ("", False),
    ],
)
def test_a_tag_is_known_where_it_is_named(named: str | None, known: bool) -> None:
    assert is_known('"a"', {} if named is None else {"if-none-match": named}) is known
