import pytest
from markdown_it import MarkdownIt

from training.rendering.markdown import code, code_block, number, plain, prose, table

READER = MarkdownIt("commonmark").enable("table")
AWKWARD = [
    "plain words",
    "hours_per_week",
    "_hidden_",
    "a|b",
    "a\\|b",
    "`tick",
    "a `b` c",
    "**bold**",
    "<b>x</b>",
    "&amp;",
    "[a](b)",
    "~~old~~",
]


def texts(markdown: str) -> list[str]:
    """What a reader sees, piece by piece; anything but text and code fails."""
    inline = [token for token in READER.parse(markdown) if token.type == "inline"]
    assert {child.type for token in inline for child in token.children or ()} <= {"text", "code_inline"}
    return ["".join(child.content for child in token.children or ()) for token in inline]


@pytest.mark.parametrize("name", AWKWARD)
def test_a_name_is_read_as_it_is_in_text_code_and_tables(name: str) -> None:
    assert texts(f"of {plain(name)}.") == [f"of {name}."]
    assert texts(f"of {code(name)}.") == [f"of {name}."]
    assert texts(table(["name", plain(name)], [[plain(name), "1"]])) == ["name", name, name, "1"]


@pytest.mark.parametrize("name", AWKWARD)
def test_sentences_keep_their_code_and_nothing_else(name: str) -> None:
    said = prose(f"{code(name)} holds '{name.replace('`', '')}' twice")
    assert texts(said) == [f"{name} holds '{name.replace('`', '')}' twice"]


def test_a_line_break_in_a_name_does_not_break_a_row() -> None:
    assert plain("a\nb") == "a b"
    assert code("a\n\nb") == "`a b`"


def test_a_name_inside_a_word_stays_readable_in_the_source() -> None:
    assert plain("hours_per_week") == "hours_per_week"


def test_lines_of_code_may_hold_a_fence() -> None:
    [block] = READER.parse(code_block("one\n```\ntwo"))
    assert block.content == "one\n```\ntwo\n"


def test_a_bar_in_a_name_does_not_break_a_table() -> None:
    assert table(["a|b", "c"], [["1", "2"]]).splitlines()[0] == "| a\\|b | c |"


@pytest.mark.parametrize(
    ("value", "text"), [(0.91234, "0.9123"), (-3.0, "-3.0000"), (537.2152, "537.2"), (47341.58, "47,342")]
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value) == text
