"""The document: every address says its version."""

import re

import pytest

from app.page.assets import Assets
from app.page.shell import shell


def written(prefix: str = "") -> str:
    return shell(Assets().now(), prefix).plain.decode()


@pytest.mark.parametrize(("prefix", "at"), [("", ""), ("/team/slipway", "/team/slipway/")])
def test_all_addresses_say_the_version_and_are_absolute_where_the_prefix_is_known(prefix: str, at: str) -> None:
    text, digest = written(prefix), Assets().now().digest
    files = [name for name in re.findall(r'(?:src|href)="([^"#]+)"', text) if "page" in name]
    assert sorted(name.rpartition("/")[2] for name in files) == ["mark.svg", "mark.svg", "page.css", "page.js"]
    assert all(name.startswith(f"{at}page/{digest}/") for name in files)
    assert written() == text.replace(f'"{at}page', '"page')


def test_nothing_is_inline() -> None:
    """The policy would refuse it."""
    text = written()
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|javascript:", text)
    assert "//" not in text.replace("http-equiv", "")
