"""Answers that a client has already: the entity tags that it names, against that of what would be sent.

It knows neither files nor models.
"""

from collections.abc import Mapping


def is_known(tag: str, headers: Mapping[str, str]) -> bool:
    """Say whether `If-None-Match` names a tag, however weakly (RFC 9110, section 13.1.2): 304 answers it."""
    named = [one.strip().removeprefix("W/") for one in headers.get("if-none-match", "").split(",")]
    return tag in named or named == ["*"]
