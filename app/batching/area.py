"""How much one run may hold where rows differ in size, and the graph pads all of them to the largest.

    row of 10,000 characters, row of 40, …   ─ Area.take ─>   rows x the largest <= RUN_ELEMENTS, or one row alone
    spans(elements, rows)                    all rows, in runs that keep to that

Nothing is refused for it: what does not fit waits for the next run. It knows neither types nor queues.
"""

from collections.abc import Iterator, Sequence

# Of one run: 270 texts of 60 characters. To make words of a character takes about a microsecond and some hundred bytes.
RUN_ELEMENTS = 2**14


class Area:
    """What one run holds so far."""

    def __init__(self) -> None:
        self._rows = 0
        self._largest = 0

    def take(self, elements: Sequence[int], start: int, room: int) -> int:
        """Add rows from `start` on, at most `room`, as many as fit, and return how many; one fits always."""
        taken = 0
        while taken < room and start + taken < len(elements):
            largest = max(self._largest, elements[start + taken])
            if self._rows and (self._rows + 1) * largest > RUN_ELEMENTS:
                break
            self._rows, self._largest = self._rows + 1, largest
            taken += 1
        return taken


def spans(elements: Sequence[int], rows: int) -> Iterator[range]:
    """Cut rows into runs of at most so many `rows`."""
    start = 0
    while start < len(elements):
        taken = Area().take(elements, start, rows)
        yield range(start, start + taken)
        start += taken
