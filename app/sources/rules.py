"""The rules by which a file is read: found once, kept in the manifest, used for every further file.

    Rules ─┬─ how the file divides cells, writes letters, says "missing"
           └─ columns: name ─> ColumnRule ─ how its numbers, or its dates, are written

They are plain data; `app.sources.tally` finds them, `app.sources.source` and the readers of columns use them.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

Order = Literal["ymd", "dmy", "mdy"]


class NumberForm(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a column writes numbers; the default is what `float()` takes."""

    decimal: Annotated[str, msgspec.Meta(pattern=r"^[.,]\Z")] = "."
    thousands: Annotated[str, msgspec.Meta(max_length=1)] = (
        ""  # what stands between groups of three digits; "": nothing does
    )
    affix: Annotated[str, msgspec.Meta(max_length=16)] = (
        ""  # a currency or unit before or behind, in some cells or in all
    )
    percent: bool = False  # every cell ends in a per cent sign

    @property
    def is_plain(self) -> bool:
        return self == PLAIN


class DateForm(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a column writes dates; the default is as in ISO 8601."""

    order: Order = "ymd"


class ColumnRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the cells of a column become values, where it is not the usual way."""

    number: NumberForm | None = None
    date: DateForm | None = None


class Rules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a file was read."""

    format: str = "csv"
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'  # "": a quote is a letter as any other
    escape: str = ""  # what stands before a quote within quotes; "": it is doubled
    missing: tuple[str, ...] = ()  # words beyond the usual ones
    columns: Mapping[str, ColumnRule] = {}  # those that are not read in the usual way


PLAIN = NumberForm()
