"""What an operator says about versions: which to load, and which get a part of the traffic or a copy of it.

    Policy(text).choose(name, found)   latest | all | 1,3 | {"model": "latest" | "all" | [1, 3]}
    Canary, Shadow                     a version beside the one that answers

It knows neither the folder nor what is loaded.
"""

import json
from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

EXPECTED = 'latest, all, versions such as 1,3, or {"model": "latest" | "all" | [1, 3]}'
Choice = Literal["latest", "all"] | frozenset[int]


class Policy:
    """Which versions of each model to load; raises `ValueError` for a text that is nothing that `EXPECTED` names."""

    def __init__(self, text: str) -> None:
        self._named: dict[str, Choice] = {}
        self._others: Choice = "latest"
        if text.lstrip().startswith("{"):
            self._named = {name: _choice(value) for name, value in json.loads(text).items()}
        else:
            self._others = _choice([_number(part) for part in text.split(",")] if text[:1].isdigit() else text)

    def choose(self, name: str, found: Collection[int], passed_over: Collection[int] = ()) -> set[int]:
        """Return the versions of `name` to load; those that are `passed_over` are not taken for the latest."""
        choice = self._named.get(name, self._others)
        if choice == "all":
            return set(found)
        if choice == "latest":
            return set(sorted(set(found) - set(passed_over))[-1:])
        return set(choice)

    def names_numbers(self, name: str) -> bool:
        """Whether somebody asks for versions of `name` by number, and so for no others."""
        return isinstance(self._named.get(name, self._others), frozenset)


def _choice(value: object) -> Choice:
    if value == "latest" or value == "all":  # noqa: PLR1714  (the type checker follows only this)
        return value
    if isinstance(value, list) and value and all(type(item) is int and item > 0 for item in value):
        return frozenset(value)
    raise ValueError(f"expected {EXPECTED}")


def _number(text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError(f"expected {EXPECTED}")
    return int(text)


def _check(text: str) -> str:
    Policy(text)
    return text


PolicyText = Annotated[str, AfterValidator(_check)]


class Canary(BaseModel, frozen=True, extra="forbid"):
    """A version that answers a part of the requests that name no version."""

    version: int = Field(ge=1, description="The version.")
    share: float = Field(0.0, ge=0, le=1, description="Of the requests that no rule below decides.")
    key: str = Field("", max_length=128, description="Header naming a caller, who stays on one side; empty: chance.")
    match: dict[str, str] = Field({}, max_length=16, description="Headers and values with which a request goes to it.")


class Shadow(BaseModel, frozen=True, extra="forbid"):
    """A version that runs on a copy of the requests and answers nobody."""

    version: int = Field(ge=1, description="The version.")
    share: float = Field(1.0, ge=0, le=1, description="Of the requests that are copied, while there is time for them.")
