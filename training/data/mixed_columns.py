"""Mixed: columns of numbers in which some cells are text.

    "12", "15", "unknown", "9"  ─>  refused: it would be a column of names, each number one of them

It knows nothing about features or targets.
"""

from collections.abc import Mapping, Sequence

from app.sources.source import Source, line_of
from app.sources.tally import WORDS, Tally, Verdict
from training.errors import DataError
from training.rendering.markdown import code

REFUSED_SHARE = 0.9  # of numbers among the values: the rest is no category but a fault of the file
SAID_SHARE = 0.5
FEW_VALUES = 10  # different; so few are categories though most look like numbers: 0, 1, 2, 3+
SHOWN = 5  # columns in a message
SHOWN_CHARS = 40


def examine(tallies: Sequence[Tally], verdicts: Mapping[str, Verdict], source: Source) -> list[str]:
    """Return what should be said of columns of numbers and text.

    Raises a DataError naming the columns that are numbers but for a few cells, with how many and one of them.
    """
    refused, said = [], []
    for tally in tallies:
        share = _share(tally) if verdicts[tally.name].kind == WORDS else 0.0
        if share >= REFUSED_SHARE:
            refused.append(_remark(tally, source))
        elif share >= SAID_SHARE:
            said.append(_remark(tally, source))
    if refused:
        more = f"; and {len(refused) - SHOWN} more columns" if len(refused) > SHOWN else ""
        raise DataError(
            f"`DATA`: expected columns of numbers or of text. Received both in {'; '.join(refused[:SHOWN])}{more}. "
            "If these cells mean that a value is missing, say --missing WORD; if all values are names, "
            "--type NAME=category (of the target: --task multiclass); or --drop NAME."
        )
    return said


def _share(tally: Tally) -> float:
    """Return the share of numbers, where some cells are text and there are too many values for a category."""
    few = tally.different <= FEW_VALUES or tally.first_text is None
    return 0.0 if few else tally.number_cells / max(tally.present, 1)


def _remark(tally: Tally, source: Source) -> str:
    assert tally.first_text is not None
    example, row = tally.first_text
    file, line = line_of(source, row)
    where = f"line {line}" if len(source.files) == 1 else f"line {line} of {file}"
    texts = tally.present - tally.number_cells
    return (
        f"{code(tally.name)}: {texts:,} of {tally.present:,} cells are text, such as {example[:SHOWN_CHARS]!r} in row "
        f"{row:,} ({where})"
    )
