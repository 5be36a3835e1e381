"""Dates as people write them: which form a column is in, and the moments that its cells say.

"07-Nov-2022 3:05 PM" ─ fits, read by a DateForm ─> "2022-11-07T15:05:00"
cells ─ Evidence, over all chunks ─> the DateForm that all of them fit
"""

from app.sources.dates.evidence import Evidence
from app.sources.dates.reading import fits, read, read_compact
from app.sources.dates.shapes import is_compact

__all__ = ["Evidence", "fits", "is_compact", "read", "read_compact"]
