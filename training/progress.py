"""Reading: how far a large file has been read, on a terminal.

It knows nothing about what is read; it stands apart from `training/console.py`, which needs TensorFlow.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn


@contextmanager
def reading_bar(console: Console, name: str) -> Iterator[Callable[[float], None]]:
    """Show which share of a file has been read, from when the first is told until all has been."""
    if not console.is_terminal:
        yield lambda _share: None
        return
    columns = (TextColumn("[bold]{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(name, total=1.0, visible=False)
        yield lambda share: bar.update(task, completed=share, visible=share < 1)
