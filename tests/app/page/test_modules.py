"""Modules of types that other packages bring, by what the registries say."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.answers.registry import ANSWERS
from app.features.registry import FEATURES
from app.page import modules
from app.page.assets import Assets


@pytest.fixture
def parks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package with a type of features and one of answers in its only module, which no test may import."""
    folder = tmp_path / "parks_of_a_test"
    (folder / "page" / "features").mkdir(parents=True)
    (folder / "page" / "answers").mkdir()
    (folder / "__init__.py").touch()
    (folder / "served.py").write_text("raise RuntimeError")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(FEATURES, "path", "parks_of_a_test.served:Paths")
    monkeypatch.setitem(ANSWERS, "bench", "parks_of_a_test.served:Bench")
    yield folder
    sys.modules.pop("parks_of_a_test", None)


def test_the_service_itself_has_all_its_modules_in_one_place() -> None:
    assert modules.found() == {}


def test_a_module_is_found_by_the_name_of_its_type_alone(parks: Path) -> None:
    """And what stands beside it; both are a part of the version."""
    digest = Assets().now().digest
    (parks / "page" / "features" / "path.js").write_text('export * from "./map.js";')
    (parks / "page" / "features" / "map.js").write_text("export const input = 1;")
    (parks / "page" / "answers" / "bench.js").write_text("export const present = 1;")
    version = Assets().now()
    assert version.digest != digest
    found = {path: version.files[path].plain for path in ("features/path.js", "features/map.js", "answers/bench.js")}
    assert list(found.values()) == [
        b'export * from "./map.js";',
        b"export const input = 1;",
        b"export const present = 1;",
    ]
    standing_in = version.find("answers/path.js")
    assert standing_in is not None
    assert standing_in.plain == b'export * from "./any.js";\n'


def test_no_package_takes_the_place_of_a_module_of_the_page(parks: Path) -> None:
    (parks / "page" / "features" / "any.js").write_text("alert(1)")
    assert Assets().now().files["features/any.js"].plain != b"alert(1)"


def test_the_module_of_a_type_comes_before_a_file_beside_another(
    parks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "zoos_of_a_test" / "page" / "features"
    other.mkdir(parents=True)
    (other.parents[1] / "__init__.py").touch()
    monkeypatch.setitem(FEATURES, "cage", "zoos_of_a_test:Cages")
    (parks / "page" / "features" / "path.js").write_text("// parks")
    (other / "path.js").write_text("// zoos")
    assert Assets().now().files["features/path.js"].plain == b"// parks"


def test_a_line_without_a_module_behind_it_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FEATURES, "gone", "app.features.gone:Gone")
    assert modules.found() == {}
