"""Usage: the first line of a command's help, with the names of arguments as its messages have them: DATA.

Typer 0.29 writes `{data}`, which reads like a template that nobody filled in.
It knows nothing about what the commands do.
"""

from typing import Any

from typer.core import TyperCommand


class Command(TyperCommand):
    """A command whose arguments are all required."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [piece[1:-1].upper() if piece.startswith("{") else piece for piece in super().collect_usage_pieces(ctx)]
