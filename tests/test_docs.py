"""The tables of the documents say what the code does; `python -m tests.test_docs` writes them anew."""

from pathlib import Path

from pydantic.fields import FieldInfo

from app.settings import Settings

ROOT = Path(__file__).parent.parent
API = ROOT / "docs" / "api.md"


def settings_table() -> str:
    rows = [
        f"| `SLIPWAY_{name.upper()}` | {'' if _is_empty(knob) else f'`{knob.default}`'} | {knob.description} |"
        for name, knob in Settings.model_fields.items()
    ]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def _is_empty(knob: FieldInfo) -> bool:
    return knob.default is None or knob.default_factory is not None


def with_tables(text: str) -> str:
    start = text.index("\n", text.index("<!-- settings: begin")) + 1
    return f"{text[:start]}{settings_table()}\n{text[text.index('<!-- settings: end') :]}"


def test_the_api_page_lists_every_setting() -> None:
    """The table is what the code says, to the letter; metrics have a page and a test of their own."""
    text = API.read_text()
    assert "SLIPWAY_PORT" in text
    assert text == with_tables(text), "write them anew with: python -m tests.test_docs"


if __name__ == "__main__":
    API.write_text(with_tables(API.read_text()))
