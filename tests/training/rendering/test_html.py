import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from app.bundle import reader as contract
from training.rendering import pictures as plots
from training.rendering.html import Fact, page

VOID = {"meta", "br", "hr", "img", "link", "input"}


class Reading(HTMLParser):
    """What a browser finds: ids, places jumped to, whatever would be fetched, and tags that are not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.jumps: list[str] = []
        self.fetched: list[str] = []
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(str(value))
            elif name in {"href", "xlink:href"}:
                (self.jumps if str(value).startswith("#") else self.fetched).append(str(value))
            elif name in {"src", "srcset", "action", "data"}:
                self.fetched.append(str(value))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)


def made(markdown: str, **changes: object) -> str:
    curves = plots.learning_curves([1.0, 0.5], [1.1, 0.7], 2).svg
    given = {
        "title": "goods",
        "kind": "binary",
        "facts": [Fact("roc_auc", "0.9", "95%")],
        "plots": {"curves.png": ("Second", curves)},
        "footer": "the end",
        **changes,
    }
    return page(markdown=markdown, **given)  # type: ignore[arg-type]


TEXT = "A summary.\n\n## First\n\nText.\n\n### Part\n\n| a | b |\n| --- | ---: |\n| x | **1** |\n\n## Second\n\nMore."


def test_each_title_is_in_the_contents_and_leads_there() -> None:
    read = Reading(made(TEXT))
    assert [jump for jump in read.jumps if not jump.startswith("#curves-")] == ["#first", "#part", "#second"]
    assert {"first", "part", "second"} <= set(read.ids)
    assert len(read.ids) == len(set(read.ids))


def test_a_plot_stands_in_its_section_or_in_one_made_for_it() -> None:
    assert made(TEXT).index('id="second"') < made(TEXT).index("<figure>")
    other = made(TEXT, plots={})
    assert "<figure>" not in other
    curves = plots.learning_curves([1.0], [1.1], 1).svg
    assert '<h2 id="others">Others</h2>' in made(TEXT, plots={"curves.png": ("Others", curves)})


def test_what_comes_from_the_data_is_escaped() -> None:
    evil = "<script>alert(1)</script>"
    text = made(f"{evil}\n\n## {evil}\n\n| {evil} |\n| --- |\n| {evil} |\n", title=evil, kind=evil, footer=evil)
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 7
    drawn = plots.residuals(np.arange(9.0), np.arange(9.0) + [0, 1, 0] * 3, evil).svg
    assert "<script" not in made(TEXT, plots={"residuals.png": ("First", drawn)})


@pytest.fixture(scope="module")
def report(bundle_folder: Path) -> str:
    return (bundle_folder / "report.html").read_text()


def test_the_report_needs_nothing_else(report: str, bundle_folder: Path) -> None:
    read = Reading(report)
    assert all(what.startswith("data:image/png;base64,") for what in read.fetched)
    assert not {"script", "link", "iframe", "object"} & read.tags
    assert "default-src 'none'" in report
    assert not re.search(r"url\((?!#)", report)
    assert {jump[1:] for jump in read.jumps} <= set(read.ids)
    assert len(read.ids) == len(set(read.ids))
    assert "report.html" in contract.read(bundle_folder).manifest.files  # so the service takes it


def test_the_report_has_every_part_and_every_plot(report: str, bundle_folder: Path) -> None:
    titles = re.findall(r"<h2 id=.*?>(.*?)</h2>", report)
    for title in ("How good it is", "What compression cost", "The data", "How it was trained", "Limits"):
        assert title in titles
    assert titles[-1] == "How to repeat it"
    labels = set(re.findall(r'aria-label="(.*?)"', report))
    drawn = {name.removesuffix(".png").replace("_", " ") for name in contract.read(bundle_folder).manifest.files}
    assert {"curves", "confusion", "roc pr", "reliability"} <= labels & drawn


def test_the_report_says_how_to_repeat_the_run(report: str, bundle_folder: Path) -> None:
    training = contract.read(bundle_folder).manifest.training
    assert training["data_sha256"] in report
    assert training["command"] in report
    for library in ("tensorflow", "keras", "onnxruntime", "scikit-learn"):
        assert f"<td>{library}</td>" in report
