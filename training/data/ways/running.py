"""Running columns: those that never fall, or never rise, down the file, and whose values are nearly all different.

    places of each chunk ─ add ─> rises, falls ─ runs ─> a column that the rows are in the order of

Rows in such an order may have come one after the other. It knows nothing about how they are divided.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from training.data.accounts import Account

DIFFERENT_SHARE = 0.9  # of the cells: some may have come twice
PRESENT_SHARE = 0.9  # of the rows
MIN_ROWS = 20  # below, an order may be chance


class Running:
    """Follows the columns that have an order while rows pass by."""

    def __init__(self, accounts: Mapping[str, Account]) -> None:
        self._accounts = {name: account for name, account in accounts.items() if account.type.has_order}
        self._last = dict.fromkeys(self._accounts, np.nan)
        self._may_rise, self._may_fall = set(self._accounts), set(self._accounts)

    def add(self, frame: pd.DataFrame) -> None:
        """Take in some rows."""
        for name in self._may_rise | self._may_fall:
            self._follow(name, self._accounts[name], frame)

    def _follow(self, name: str, account: Account, frame: pd.DataFrame) -> None:
        places = account.type.places(frame[name].to_numpy(), account.all)
        known = places[~np.isnan(places)]
        if not len(known):
            return
        steps = np.diff(known, prepend=self._last[name])
        self._last[name] = known[-1]
        if (steps < 0).any():
            self._may_rise.discard(name)
        if (steps > 0).any():
            self._may_fall.discard(name)

    @property
    def found(self) -> tuple[str, ...]:
        """The columns that run with the rows; dates before numbers, then in the order of the file."""
        names = [name for name in self._accounts if name in self._may_rise | self._may_fall and self._is_told(name)]
        return tuple(sorted(names, key=lambda name: not self._accounts[name].type.measures_time))

    def _is_told(self, name: str) -> bool:
        """Say whether nearly every row has a value of its own."""
        content = self._accounts[name].content
        present = content.of.present
        return (
            present >= max(MIN_ROWS, PRESENT_SHARE * content.of.rows) and content.different >= DIFFERENT_SHARE * present
        )
