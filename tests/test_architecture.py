"""The architecture page is the house: every room is named, in the order of the import rules."""

import ast
import re
import subprocess
import tomllib
from itertools import chain
from pathlib import Path

import grimp
import pytest

from tests.support.faces import FacesContract

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


@pytest.mark.parametrize("program", ["app", "training"])
def test_a_room_says_of_itself_what_the_page_says(program: str) -> None:
    """The first line of its `__init__.py`, but for the capital and the full stop."""
    table = PAGE[PAGE.index(f"`{program}/` | one idea |") :].partition("\n\n")[0]
    page = dict(re.findall(r"^\| `(\w+)/` \| (.*) \|$", table, re.MULTILINE))
    assert page
    for room, idea in page.items():
        doc = ast.get_docstring(ast.parse((ROOT / program / room / "__init__.py").read_text())) or ""
        assert doc.partition("\n")[0].rstrip(".").lower() == idea.lower(), room


def test_nobody_reaches_past_a_face(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The contract itself: what a room's `__all__` does not name is broken into, and the rest is not."""
    modules = {
        "house/__init__.py": "",
        "house/room/__init__.py": '__all__ = ["front"]',
        "house/room/front.py": "from house.room import back",
        "house/room/back.py": "",
        "house/good.py": "from house.room import front",
        "house/bad.py": "from house.room.back import anything",
    }
    for name, text in modules.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    graph = grimp.build_graph("house", cache_dir=None)
    check = FacesContract("faces", {}, {}).check(graph, verbose=False)
    assert check.metadata["found"] == [("house.bad", "house.room.back")]
    assert not check.kept


def test_every_folder_of_the_repository_is_named() -> None:
    """Of what is committed; a folder of one's own beside it does not matter."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("no repository here")
    folders = {f"{name.partition('/')[0]}/" for name in done.stdout.splitlines() if "/" in name and name[0] != "."}
    assert folders == set(chain(*named("beside them"))) | {"app/", "training/"}


def test_ten_questions_have_an_answer() -> None:
    table = PAGE[PAGE.index("| I want to") :].partition("\n\n")[0]
    assert len(table.splitlines()) == 2 + 10
