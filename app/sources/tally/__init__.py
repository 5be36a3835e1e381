"""What was seen of a column over all chunks, and what it is.

chunk after chunk ─ Tally.add ─> counts, words, evidence ─ Tally.verdict ─> Verdict: a kind, a rule, remarks
"""

from app.sources.tally.different import Different, hash_numbers, hash_texts
from app.sources.tally.kinds import DATES, LISTS, NUMBERS, OTHER, TRUTHS, WORDS
from app.sources.tally.tally import Tally
from app.sources.tally.verdict import Verdict

__all__ = [
    "DATES",
    "LISTS",
    "NUMBERS",
    "OTHER",
    "TRUTHS",
    "WORDS",
    "Different",
    "Tally",
    "Verdict",
    "hash_numbers",
    "hash_texts",
]
