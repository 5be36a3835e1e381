"""A notebook as console: what is printed are outputs of the cell; what is going on stands in one that is replaced.

    print(…)            an output, with colours
    status(…), bar(…)   ─ shown ─> the one output that is replaced, empty in the end

rich would want ipywidgets for anything that moves, and threads, whose outputs may land under another cell. So bars move
when they are told something, as long stages do. It knows nothing of what is said.
"""

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.progress import Progress, ProgressColumn, TaskID
from rich.status import Status

from training.rendering.terminal import Terminal

STEP_S = 0.1  # between two looks of a bar
PRE = "<pre style=\"font-family:Menlo,'DejaVu Sans Mono',consolas,monospace\">{code}</pre>"


class Notebook(Terminal):
    """The console of a cell."""

    def __init__(self) -> None:
        super().__init__(force_jupyter=True)
        self._moving: list[RenderableType] = []
        self._output: Any = None  # IPython's handle of the output that is replaced

    def status(self, status: RenderableType, **_spinner: Any) -> Status:
        """Return a status that is shown for as long as its block takes."""
        return _Status(status, self)

    def bar(self, *columns: ProgressColumn | str) -> Progress:
        """Return a bar that is shown for as long as its block takes."""
        return _Bar(columns, self)

    @contextmanager
    def shown(self, renderable: RenderableType) -> Iterator[None]:
        """Show something below what else is going on."""
        self._moving.append(renderable)
        self.replace()
        try:
            yield
        finally:
            self._moving.remove(renderable)
            self.replace()

    def replace(self) -> None:
        """Show how all that is going on looks now."""
        data = _look(Group(*self._moving), self.width) if self._moving else {"text/plain": ""}
        if self._output is not None:
            self._output.update(data, raw=True)
            return
        from IPython.display import display  # noqa: PLC0415 - whoever has a notebook has it

        show: Any = display
        self._output = show(data, raw=True, display_id=True)


class _Status(Status):
    def __init__(self, status: RenderableType, notebook: Notebook) -> None:
        super().__init__(status, console=notebook)
        self._block = notebook.shown(status)

    def start(self) -> None:
        self._block.__enter__()

    def stop(self) -> None:
        self._block.__exit__(None, None, None)


class _Bar(Progress):
    def __init__(self, columns: tuple[ProgressColumn | str, ...], notebook: Notebook) -> None:
        super().__init__(*columns, console=notebook, auto_refresh=False)
        self._notebook, self._block, self._looked_s = notebook, notebook.shown(self), 0.0

    def start(self) -> None:
        self._block.__enter__()

    def stop(self) -> None:
        self._block.__exit__(None, None, None)

    def refresh(self) -> None:
        if time.monotonic() - self._looked_s >= STEP_S:
            self._looked_s = time.monotonic()
            self._notebook.replace()

    def update(self, task_id: TaskID, **changes: Any) -> None:
        super().update(task_id, **{**changes, "refresh": True})


def _look(renderable: RenderableType, width: int) -> dict[str, str]:
    """Return how it looks, in HTML and as text."""
    console = Terminal(file=io.StringIO(), record=True, width=width, force_jupyter=False, color_system="truecolor")
    console.print(renderable)
    html = console.export_html(inline_styles=True, code_format=PRE, clear=False)
    return {"text/html": html, "text/plain": console.export_text().rstrip()}


def console_here(*, quiet: bool) -> Console:
    """Return what prints where this program's output goes: a cell, a terminal, a file, or nowhere."""
    if quiet:
        return Terminal(file=io.StringIO(), force_jupyter=False)
    found = Terminal()
    return Notebook() if found.is_jupyter else found


def bar_of(console: Console, *columns: ProgressColumn | str) -> Progress:
    """Return a bar for a console; it is seen on a terminal and in a notebook."""
    if isinstance(console, Notebook):
        return console.bar(*columns)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def moves(console: Console) -> bool:
    """Say whether bars are seen."""
    return console.is_terminal or isinstance(console, Notebook)
