"""Cards as blocks: what our own and strangers' hold, and no HTML."""

from typing import Any

from tests.page.javascript import evaluate

CARD = """# adult

Predicts `income` from **14** columns,
on *two* lines; [report](report.html) ![](roc.png) 2 * 3 * 4 \\*not\\*.

| model | accuracy |
| --- | ---: |
| a \\| b | 0.8 |
| **shipped** | 0.9 |

- one
- two `three`

```
# no heading
<b>
```
<script>alert(1)</script>
"""


def blocks(text: str) -> Any:
    return evaluate("markdown.js", "m.read(given)", text)


def test_what_a_card_holds_is_read() -> None:
    heading, paragraph, table, items, code, html = blocks(CARD)
    assert heading == {"type": "heading", "level": 1, "text": [{"text": "adult"}]}
    assert [(one["text"], one.get("as"), one.get("to")) for one in paragraph["text"]] == [
        *(("Predicts ", None, None), ("income", "code", None), (" from ", None, None), ("14", "bold", None)),
        *((" columns,\non ", None, None), ("two", "italic", None), (" lines; ", None, None)),
        *(("report", "link", "report.html"), (" ", None, None), ("", "image", "roc.png"), (" 2 * 3 * 4 ", None, None)),
        *(("*", None, None), ("not", None, None), ("*", None, None), (".", None, None)),
    ]
    assert table["head"] == [[{"text": "model"}], [{"text": "accuracy"}]]
    assert table["right"] == [False, True]
    assert table["rows"][0][0] == [{"text": "a | b"}]
    assert table["rows"][1][0] == [{"text": "shipped", "as": "bold"}]
    assert items["items"] == [[{"text": "one"}], [{"text": "two "}, {"text": "three", "as": "code"}]]
    assert code == {"type": "code", "lines": ["# no heading", "<b>"]}
    assert html == {"type": "paragraph", "text": [{"text": "<script>alert(1)</script>"}]}


def test_what_is_made_to_harm_is_text_and_bounded() -> None:
    """Marks without their ends, by the ten thousand; lines and characters without end."""
    marks = ["*" * 50_000, "[" * 50_000, "`" * 49_999, "|" * 50_000, "![](" * 20_000, "a|b\n" + "-|" * 50_000]
    found, lines, chars = evaluate(
        "markdown.js",
        "[given.marks.map((text) => m.read(text).length), m.read(given.lines).length,"
        " m.read(given.chars)[0].text[0].text.length]",
        {"marks": marks, "lines": "# x\n" * 20_000, "chars": "x" * 10**6},
    )
    assert (found, lines, chars) == ([1] * len(marks), 5000, 300_000)
