"""The page on security says what the code does; `python -m tests.test_security` writes its tables anew.

    access table, settings, bundle's files ─> each is on the page          claims ─> tests that are there
    lock files, metadata of what is installed ─> package, version, licence

What needs a person (why a package, when its version was released) is kept from the page, and must not be missing.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from pydantic import FilePath

from app.bundle import reader as bundle
from app.bundle.signature import PublicKey
from app.http.access import ROUTES, Access, Audience, Port
from app.settings import Settings
from tests.support.tables import between, put_between, rows_of, table

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "security.md"
WHOM = {Audience.PUBLIC: "everybody", Audience.CALLER: "callers", Audience.OPERATOR: "operators"}
WHERE = {Port.MAIN: "main", Port.OPERATIONS: "operations", Port.BOTH: "both"}
EXTRAS = (
    "grpc",
    "signing",
    "tracing",
    "score",
    "text",
)  # each with a lock of its own: the serving set and what it adds
PIN = re.compile(r"^([a-z0-9][a-z0-9_.-]*)==([^\s;]+)[^\n]*\\\n((?:    [^\n]*\n?)*)", re.MULTILINE)


def routes_table() -> str:
    groups: dict[tuple[Audience, Port, bool], list[str]] = {}
    for route, access in ROUTES.items():
        groups.setdefault(_kind(access), []).append(f"`{route}`")
    lines = [(WHOM[whom], WHERE[where], "yes" if counted else "no", ", ".join(routes))
             for (whom, where, counted), routes in groups.items()]  # fmt: skip
    return table(("for whom", "port", "counts against a rate", "route"), lines)


def _kind(access: Access) -> tuple[Audience, Port, bool]:
    return access.audience, access.port, access.counted


@cache
def pinned(lock: str) -> dict[str, tuple[list[str], set[str]]]:
    """Return the packages of a lock file: name -> (versions, the packages that ask for it)."""
    found: dict[str, tuple[list[str], set[str]]] = {}
    for name, version, rest in PIN.findall((ROOT / "requirements" / f"{lock}.lock").read_text()):
        versions, askers = found.setdefault(name, ([], set()))
        versions.append(version)
        askers |= set(re.findall(r"#\s+(?:via )?([a-z0-9][a-z0-9_.-]*)$", rest, re.MULTILINE)) - {"via"}
    return found


def dependencies() -> Iterator[tuple[str, list[str], str, set[str]]]:
    """Each package with its versions, the set or extra that brings it, and who asks for it; the last two by `excel`."""
    serving = pinned("serve")
    for name, (versions, askers) in serving.items():
        yield name, versions, "serving", askers
    for extra in EXTRAS:
        for name, (versions, askers) in pinned(extra).items():
            if name not in serving:
                yield name, versions, extra, askers
    excel = "python-calamine"
    yield excel, pinned("dev")[excel][0], "excel", set()


def dependencies_table(page: str) -> str:
    kept = {row[0]: row for row in rows_of(between(page, "dependencies"))}
    lines = []
    for name, versions, brought_by, askers in dependencies():
        version = ", ".join(versions)
        _, was, released, said, _, why = kept.get(f"`{name}`", ("", "", "?", "", "", "?"))
        if name not in asked_for():
            why = "for " + ", ".join(f"`{one}`" for one in sorted(askers & _names()))
        lines.append((f"`{name}`", version, released if was == version else "?", licence(name, said), brought_by, why))
    return table(("package", "version", "released", "licence", "in", "why"), lines)


@cache
def _names() -> set[str]:
    return {name for lock in ("serve", *EXTRAS) for name in pinned(lock)}


@cache
def asked_for() -> set[str]:
    """The packages that pyproject.toml names itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for extra in (*EXTRAS, "excel") for line in extras[extra])]
    return {re.split(r"[\s>=<;\[]", line)[0] for line in lines}


def licence(name: str, known: str) -> str:
    """Return what a package says of itself: an SPDX expression, a short name, or a classifier.

    It was `known` before, if it is for another platform and not here.
    """
    try:
        said: Any = metadata.metadata(name).json
    except metadata.PackageNotFoundError:
        return known
    short = said.get("license", "")
    named = [one.rpartition(" :: ")[2] for one in said.get("classifier", ()) if one.startswith("License")]
    return str(said.get("license_expression") or (short if 0 < len(short) < 40 else ", ".join(named)))


def with_tables(page: str) -> str:
    page = put_between(page, "routes", routes_table())
    return put_between(page, "dependencies", dependencies_table(page))


def test_the_page_has_every_route_with_its_audience_and_every_package_of_the_locks() -> None:
    text = PAGE.read_text()
    assert text == with_tables(text), "write them anew with: python -m tests.test_security"


def test_a_person_said_why_each_package_and_when_it_was_released() -> None:
    for name, version, released, said, _, why in rows_of(between(PAGE.read_text(), "dependencies")):
        assert said, name
        assert re.fullmatch(r"\d{4}-\d\d-\d\d(, \d{4}-\d\d-\d\d)*", released), name
        assert released.count(",") == version.count(","), name
        assert len(why) > 5, name


def test_every_port_is_on_the_page() -> None:
    ports = {f"`SLIPWAY_{name.upper()}`" for name in Settings.model_fields if name.endswith("port")}
    assert len(ports) > 2
    assert {row[0] for row in rows_of(between(PAGE.read_text(), "ports"))} == ports


def _paths(annotation: Any) -> bool:
    """Whether a setting is a file or a folder."""
    return any(one in (Path, FilePath, PublicKey) for one in (annotation, *getattr(annotation, "__args__", ())))


def test_every_file_that_is_read_is_on_the_page() -> None:
    """Those that settings name, and those of a bundle."""
    named = {f"`SLIPWAY_{name.upper()}`" for name, knob in Settings.model_fields.items() if _paths(knob.annotation)}
    assert {"`SLIPWAY_VERIFY_KEY`", "`SLIPWAY_MODELS`", "`SLIPWAY_TLS_KEY`"} <= named
    kinds = {f"`{name}`" for name in (bundle.MANIFEST, *bundle.REQUIRED_FILES, bundle.SIGNATURE)}
    assert {row[0] for row in rows_of(between(PAGE.read_text(), "files"))} == named | kinds | {"further files"}


CLAIMS = rows_of(between(PAGE.read_text(), "claims"))
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@cache
def collected(path: str) -> set[str]:
    """The tests that pytest collects from a file: functions at its top, of a file that is called as a test's."""
    assert Path(path).name.startswith("test_")
    tree = ast.parse((ROOT / path).read_text())
    functions = (one for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
    return {one.name for one in functions if one.name.startswith("test_")}


@pytest.mark.parametrize(("claim", "held"), CLAIMS, ids=[re.sub(r"\W+", "-", claim)[:50] for claim, _ in CLAIMS])
def test_each_claim_is_held_by_tests_that_are_there(claim: str, held: str) -> None:
    named = TEST.findall(held)
    assert named, f"expected a test for: {claim}"
    assert not TEST.sub("", held).strip(" ,"), "expected tests alone"
    assert [name for path, name in named if name not in collected(path)] == []


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text()))
