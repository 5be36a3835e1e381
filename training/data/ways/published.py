"""Published: a column of the file says which part each row is in.

`train`, `validation` (or `dev`, `valid`, `val`), `test`, in any case. Where no row is for validation, some are drawn
from those for training, by the usual rules.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.data.roles import PART, part_of
from training.data.split import TRAIN, VALIDATION, Split, are_counts, taken
from training.data.ways.base import PARTS, Dealt, Undivided, Way
from training.data.ways.by_chance import chance_folds, different_keys, each_its_own
from training.errors import DataError
from training.options.rooms import DataOptions
from training.rendering.markdown import code

FLAG = "--split-column"


class Published(Way):
    """See `training.data.ways.base.Way`."""

    name = "column"
    role = PART

    @classmethod
    def checked(cls, chosen: DataOptions) -> None:
        if chosen.split_column is None:
            raise DataError(f"`--split`: expected {FLAG} NAME beside `column`. Received: no column.")

    def values(self, frame: pd.DataFrame) -> NDArray[np.int8]:
        return frame[self.column].map(part_of).to_numpy(np.int8)

    def deal(self, rows: Undivided) -> Dealt:
        part = rows.values.copy()
        for name in ("train", "test"):
            if not (part == PARTS[name]).any():
                raise DataError(f"`{FLAG}`: expected rows with {name!r} in {self.column!r}. Received: none.")
        said = f"Rows were split as {code(self.column)} says."
        facts = {"validation_drawn": not (part == VALIDATION).any()}
        if facts["validation_drawn"]:
            drawn = self._drawn(rows)
            part[drawn] = VALIDATION
            said += f" It has no rows for validation: {len(drawn):,} were drawn from those for training."
        return Dealt(part, said, facts)

    def folds(self, rows: Undivided, count: int) -> list[Split]:
        return chance_folds(rows, count)

    def _drawn(self, rows: Undivided) -> NDArray[np.int64]:
        """Return the training rows that are to validate: their usual share of all that is not tested."""
        places = np.flatnonzero(rows.values == TRAIN)
        keys, strata = rows.keys[places], rows.strata()
        if not rows.are_copies and are_counts(different_keys(keys), len(keys)):
            keys = each_its_own(len(keys), rows.seed)
        share = rows.validation / (1 - rows.test)
        its = None if strata is None else strata.take(places)
        return places[taken(keys, strata=its, share=share, seed=rows.seed)]
