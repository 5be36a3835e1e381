"""HTML: the card's Markdown, more of it, and plots -> one page that needs nothing else.

No network, no scripts; light and dark as the reader's screen is; for a telephone and for paper.
Whatever comes from the data is escaped: in Markdown by markdown-it, which is not let through any HTML, elsewhere by
jinja2, in plots by matplotlib. It knows nothing about models.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import jinja2
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from training.rendering.svg import inline

TEMPLATE = "report.html.j2"


@dataclass(frozen=True)
class Fact:
    """A number to see first."""

    name: str
    value: str
    note: str = ""


@dataclass
class Section:
    """What stands under one title; of the smaller titles in it, its parts, no more than their names is kept."""

    id: str
    title: str
    body: Markup = field(default_factory=Markup)
    parts: list["Section"] = field(default_factory=list)
    plots: list[Markup] = field(default_factory=list)


def page(
    title: str, kind: str, facts: Sequence[Fact], markdown: str, plots: Mapping[str, tuple[str, bytes]], footer: str
) -> str:
    """Write the page.

    The first of the `facts` is marked. Before the first `##` of the Markdown stands the summary, then sections.
    `plots` are name -> the title of the section that it stands in, and the SVG; a section that is not there is made.
    """
    summary, sections = _sections(markdown)
    by_title = {section.title: section for section in sections}
    for name, (place, svg) in plots.items():
        if place not in by_title:
            by_title[place] = Section(_slug(place), place)
            sections.append(by_title[place])
        picture = inline(svg, name.partition(".")[0].replace("_", " "))
        by_title[place].plots.append(Markup(picture))  # noqa: S704 - an XML writer has escaped what stands in it
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True)
    return environment.get_template(TEMPLATE).render(
        title=title, kind=kind, facts=facts, summary=summary, sections=sections, footer=footer
    )


def _sections(markdown: str) -> tuple[Markup, list[Section]]:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    reader.add_render_rule("table_open", lambda *_: '<div class="scroll" tabindex="0"><table>')
    reader.add_render_rule("table_close", lambda *_: "</table></div>")
    summary, sections = Markup(), []
    for title, tokens in _pieces(reader.parse(markdown)):
        parts = _parts(tokens)
        body = Markup(reader.renderer.render(tokens, reader.options, {}))  # noqa: S704 - markdown-it has escaped it
        if title is None:
            summary = body
        else:
            sections.append(Section(_slug(title), title, body, parts))
    return summary, sections


def _pieces(tokens: Sequence[Token]) -> Iterator[tuple[str | None, list[Token]]]:
    """Yield each title with the tokens up to the next; the first piece has none."""
    starts = [place for place, token in enumerate(tokens) if token.tag == "h2" and token.type == "heading_open"]
    ends = [*starts, len(tokens)]
    yield None, list(tokens[: ends[0]])
    for start, end in pairwise(ends):
        yield tokens[start + 1].content, list(tokens[start + 3 : end])  # without what opens, says and closes it


def _parts(tokens: Sequence[Token]) -> list[Section]:
    """Give each smaller title a place to jump to."""
    found = []
    for opening, text in pairwise(tokens):
        if opening.type == "heading_open" and opening.tag == "h3":
            found.append(Section(_slug(text.content), text.content))
            opening.attrSet("id", found[-1].id)
    return found


def _slug(title: str) -> str:
    return re.sub(r"\W+", "-", title.lower()).strip("-")
