"""The architecture page is the house: every room is named, in the order of the import rules."""

import re
import subprocess
import tomllib
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text()
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


def named(title: str) -> list[list[str]]:
    """What the first column of a table names, row by row."""
    table = PAGE[PAGE.index(title) :].partition("\n\n")[0]
    return [re.findall(r"`([^`]+)`", row.split("|")[1]) for row in table.splitlines()[2:]]


def rooms(program: str) -> set[str]:
    """Folders with code, and modules beside them."""
    folder = ROOT / program
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    return modules | {f"{path.parent.name}/" for path in folder.glob("*/__init__.py")}


@pytest.mark.parametrize("program", ["app", "training"])
def test_every_room_is_named_and_exists(program: str) -> None:
    listed = list(chain(*named(f"`{program}/` | one idea |")))
    assert sorted(listed) == sorted(rooms(program))


@pytest.mark.parametrize("program", ["app", "training"])
def test_the_rooms_stand_in_the_order_of_the_contracts(program: str) -> None:
    """A room may import what stands below it: the layers of import-linter, from top to bottom."""
    [contract] = [each for each in CONTRACTS if each.get("containers") == [program]]
    layer = {name.strip(): at for at, names in enumerate(contract["layers"]) for name in re.split("[|:]", names)}
    order = [layer[name.rstrip("/")] for name in chain(*named(f"`{program}/` | one idea |"))]
    assert order == sorted(order)


def test_every_folder_of_the_repository_is_named() -> None:
    """Of what is committed; a folder of one's own beside it does not matter."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("no repository here")
    folders = {f"{name.partition('/')[0]}/" for name in done.stdout.splitlines() if "/" in name and name[0] != "."}
    assert folders == set(chain(*named("beside them"))) | {"app/", "training/"}


def test_ten_questions_have_an_answer() -> None:
    assert len(PAGE[PAGE.index("| I want to") :].strip().splitlines()) == 2 + 10
