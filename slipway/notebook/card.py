"""A card as Jupyter shows it: Markdown of whoever made the bundle ─> HTML that can do nothing.

No tag in it is one, no link leads to a script, and no picture comes from elsewhere: those that the bundle holds, and
that are what its manifest says, stand in the HTML itself. It knows nothing about what cards say.
"""

import base64
import html
from collections.abc import Callable
from typing import Any

PICTURE = ".png"


class Card:
    """The card of a bundle: `text` is its Markdown."""

    def __init__(self, text: str, picture: Callable[[str], bytes | None]) -> None:
        self.text = text
        self._picture = picture  # the content of a file of the bundle; None where it holds none of that name

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        try:
            from markdown_it import MarkdownIt  # noqa: PLC0415 - whoever trains has it, others may not
        except ModuleNotFoundError:
            return f"<pre>{html.escape(self.text)}</pre>"
        reader = MarkdownIt("commonmark", {"html": False}).enable("table")
        reader.add_render_rule("image", lambda _, tokens, place, *_more: self._image(tokens[place]))
        return str(reader.render(self.text))

    def _image(self, token: Any) -> str:
        name, title = str(token.attrs["src"]), html.escape(token.content)
        content = self._picture(name) if name.endswith(PICTURE) else None
        if content is None:
            return title
        return f'<img alt="{title}" src="data:image/png;base64,{base64.b64encode(content).decode()}">'
