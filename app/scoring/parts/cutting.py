"""Cutting: the chunks of a stretch, so that parts begin at the same rows whatever the size of a chunk.

    Chunk, Chunk, … ─> (part, Chunk), (part, Chunk), …     a part has exactly so many rows, the last one at most

A row that the file itself refuses is a row, too.
"""

import bisect
from collections.abc import Iterable, Iterator

from app.sources.source import Chunk


def cut(chunks: Iterable[Chunk], part_rows: int) -> Iterator[tuple[int, Chunk]]:
    """Give each chunk, or what of it belongs to one part, with the number of its part."""
    part, room = 0, part_rows
    for chunk in chunks:
        rest = chunk
        while rows := rest.columns.num_rows + len(rest.rejected):
            if not room:
                part, room = part + 1, part_rows
            taken, rest = divided(rest, min(room, rows))
            room -= min(room, rows)
            yield part, taken


def divided(chunk: Chunk, rows: int) -> tuple[Chunk, Chunk]:
    """Divide a chunk behind its first rows, good or rejected; the rejected of the second part are changed in place."""
    if rows == chunk.columns.num_rows + len(chunk.rejected):
        return chunk, Chunk(chunk.columns.slice(chunk.columns.num_rows), chunk.first_row, [])
    standing = [rejected.place + before for before, rejected in enumerate(chunk.rejected)]  # places among all rows
    bad = bisect.bisect_left(standing, rows)
    good = rows - bad
    for rejected in chunk.rejected[bad:]:
        rejected.place -= good
    first = Chunk(chunk.columns.slice(0, good), chunk.first_row, chunk.rejected[:bad])
    return first, Chunk(chunk.columns.slice(good), chunk.first_row + good, chunk.rejected[bad:])
