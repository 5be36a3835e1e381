"""The terminal of who trains: what a file holds is shown, and never obeyed.

    Terminal()      rich's console, which escapes all that it is given and that is not its own
    escape(text)    a name or a cell for rich's markup: neither a tag in it is one, nor a line break

It knows nothing of what is said.
"""

from collections.abc import Iterable

from rich import markup
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from app.printable import printable


class Terminal(Console):
    """A console; its own colours and moves of the cursor are no text, and stay."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text, keep="\n"))


def escape(text: str) -> str:
    """Return what rich shows as `text` in one line."""
    return markup.escape(printable(text))
