"""The document: every address says its version, and every module that the page takes at its start is asked for."""

import re
from pathlib import PurePosixPath

import pytest

from app.page.assets import Asset, Assets, Version
from app.page.shell import imports, preloaded, shell

NAMED = re.compile(r"""(?:from|import)\s*["'](\.[^"']+)["']""")  # wherever it stands in a module


def written(prefix: str = "") -> str:
    return shell(Assets().now(), prefix).plain.decode()


def test_each_module_at_the_start_is_asked_for_at_once() -> None:
    """All but those of types: a file that is in no list would be asked for only when another has come."""
    version = Assets().now()
    listed = preloaded(version)
    assert listed[0] == "main.js"
    assert len(listed) == len(set(listed))
    for path in listed:
        for name in NAMED.findall(version.files[path].plain.decode()):
            assert str(PurePosixPath(path).parent.joinpath(name)).replace("sections/../", "") in listed, (path, name)
    links = re.findall(r'<link rel="modulepreload" href="page/[0-9a-f]{16}/([^"]+)">', written())
    assert links == listed


def test_imports_are_found_in_every_form() -> None:
    text = """// import "./no.js"
import { a,
  b } from "../one.js";
import * as two from './two.js';
import "./three.js";
export * from "./four.js";
const five = await import("./five.js"), six = "import './six.js'";
"""
    version = Version("x", {"folder/a.js": Asset.of(text.encode(), ".js")})
    assert imports(version, "folder/a.js") == ["one.js", "folder/two.js", "folder/three.js", "folder/four.js"]


@pytest.mark.parametrize(("prefix", "at"), [("", ""), ("/team/slipway", "/team/slipway/")])
def test_all_addresses_say_the_version_and_are_absolute_where_the_prefix_is_known(prefix: str, at: str) -> None:
    text, digest = written(prefix), Assets().now().digest
    files = [name for name in re.findall(r'(?:src|href)="([^"#]+)"', text) if "page" in name]
    assert len(files) > 5
    assert all(name.startswith(f"{at}page/{digest}/") for name in files)
    assert written() == text.replace(f'"{at}page', '"page')


def test_nothing_is_inline() -> None:
    """The policy would refuse it."""
    text = written()
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|javascript:", text)
    assert "//" not in text.replace("http-equiv", "")
