"""The encoder of categories: a tensor of text -> codes, once a row -> numbers from one learned table.

It knows nothing about other types, tasks or how networks are fitted.
"""

from typing import Any

import keras

from training.features.category.category import TENSOR, CategoryColumn
from training.features.category.layers import ColumnCodes, EmbedColumns
from training.features.encoder import Columns, Encoder, Purpose
from training.features.options import CategoryOptions

CODES = "codes"  # the tensor that takes the place of the text while training
UNKNOWN = "slipway:unknown"  # Keras' name for the first index; a column may well hold its default, "[UNK]"


class CategoryEncoder(Encoder):
    """See `training.features.encoder.Encoder`."""

    def __init__(self, columns: Columns, options: CategoryOptions, purpose: Purpose) -> None:
        del purpose  # what is fitted is served
        categories = tuple(column for _, of_type in columns for column in of_type)
        self.lookup = _lookup(categories)
        self.raw = self.lookup.inputs
        self.learned = [keras.Input((len(categories),), name=CODES, dtype="int64")]
        self.vector = EmbedColumns(categories, options.embedding, name="embed_columns")(self.learned[0])


def _lookup(categories: tuple[CategoryColumn, ...]) -> Any:
    """Text -> codes: one look-up over the union of all vocabularies, then each column's own numbers."""
    union = sorted({value for category in categories for value in category.known})
    text = keras.Input((len(categories),), name=TENSOR, dtype="string")
    index = keras.layers.StringLookup(vocabulary=union, mask_token=None, oov_token=UNKNOWN, name="string_lookup")
    codes = ColumnCodes(categories, union, name="column_codes")(index(text))
    return keras.Model([text], [codes], name="lookup")
