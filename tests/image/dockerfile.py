"""The Dockerfile as data: stages of instructions, for the tests that hold it to the code."""

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "Dockerfile"


@dataclass
class Stage:
    """One FROM and the instructions that follow, each as (name, value)."""

    base: str
    name: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        return [value for instruction, value in self.instructions if instruction == name]

    def only(self, name: str) -> str:
        [value] = self.values(name)
        return value

    def execs(self, name: str) -> list[str]:
        """The words of an exec form; fails on a shell form."""
        words = json.loads(self.only(name).split("CMD ", 1)[-1])
        assert isinstance(words, list)
        return words

    def pairs(self, name: str) -> dict[str, str]:
        """`ENV a=b c="d e"` and the like, of all such instructions together."""
        return dict(word.split("=", 1) for value in self.values(name) for word in shlex.split(value))

    def copied(self) -> list[str]:
        """Sources that come from the checkout, not from another stage."""
        found = [shlex.split(value) for value in self.values("COPY")]
        return [source for words in found if not words[0].startswith("--from=") for source in words[:-1]]


def instructions() -> list[tuple[str, str]]:
    """All instructions in order, without comments, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    split = (line.split(maxsplit=1) for line in lines if line.strip())
    return [(name.upper(), value) for name, value in split]


def arguments() -> dict[str, str]:
    """Build arguments with their defaults; one that a stage only takes over from the top has none."""
    return dict(value.split("=", 1) for name, value in instructions() if name == "ARG" and "=" in value)


def stages() -> dict[str, Stage]:
    """The stages by name, in order."""
    found: list[Stage] = []
    for name, value in instructions():
        if name == "FROM":
            base, _, alias = value.split()
            found.append(Stage(base, alias))
        elif found:
            found[-1].instructions.append((name, value))
    return {stage.name: stage for stage in found}
