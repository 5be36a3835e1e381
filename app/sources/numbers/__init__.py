"""Numbers as people write them: which notation a column is in, and the numbers that its cells say.

"1.992,41 €" ─ fits, read by a NumberForm ─> 1992.41
cells ─ Evidence, over all chunks ─> the NumberForm that all of them fit
"""

from app.sources.numbers.affixes import holds_number
from app.sources.numbers.evidence import Evidence, Reading
from app.sources.numbers.example import form_of_example, shown
from app.sources.numbers.notation import fits, plain, read, read_if_plain, read_plain

__all__ = [
    "Evidence",
    "Reading",
    "fits",
    "form_of_example",
    "holds_number",
    "plain",
    "read",
    "read_if_plain",
    "read_plain",
    "shown",
]
