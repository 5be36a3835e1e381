"""Near-equal texts: those whose letters are the same, whatever else stands between them.

    "Great phone!!"  "great phone"  "GREAT  PHONE :-) 10/10"   ─ letters, small, composed as NFKC ─> "greatphone"
    "Order 4711 is late"  "Order 12 is late"                                                     ─> "orderislate"

A model that learned one by heart knows the others, so they never stand on two sides of a split. A text without letters
is equal to itself alone.
It knows nothing about splits or features.
"""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.sources.tally import hash_texts
from training.columns.hashes import Alike

TELLING_LETTERS = 9  # fewer, as in "ok" or "thanks", are no copy of another text
NO_LETTERS = r"[^\p{L}\p{M}]+|[\x{20D0}-\x{20FF}\x{FE00}-\x{FE0F}]+"  # marks are vowels, but for those of emoji


def alike(cells: NDArray[Any]) -> Alike:
    """Say which texts are nearly equal, and which are long enough to be copies of each other: (rows,)."""
    encoded = pc.dictionary_encode(pa.array(cells, pa.string()))
    texts, of_row = encoded.dictionary, encoded.indices.to_numpy()
    folded = pc.utf8_lower(pc.utf8_normalize(texts, form="NFKC"))
    letters = pc.replace_substring_regex(folded, NO_LETTERS, "")
    telling = pc.greater_equal(pc.utf8_length(letters), TELLING_LETTERS).to_numpy(zero_copy_only=False)
    return Alike(hash_texts(pc.if_else(pc.equal(letters, ""), texts, letters))[of_row], telling[of_row])
