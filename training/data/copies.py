"""Copies: which rows teach the same, and so belong in one part.

    cells of the features ─ one hash for what is alike ─> a key a row ─╮
    what tells a row from all others: a long text ─────────────────────┴─ linked ─> rows with one key belong together

"Great phone!" and "great phone" are copies of each other, at whatever price. It knows no type by name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.columns.hashes import Alike, hashes
from training.data.accounts import mixed
from training.data.split import Keys
from training.features.base import FeatureType

NONE = np.uint64(0)
COMMON_SHARE = 0.01  # of the rows: what more of them have in common, such as a greeting, makes no copies of them
COMMON_ROWS = 20


@dataclass(frozen=True)
class RowKeys:
    """What rows have in common, as hashes: (rows,) each."""

    keys: Keys  # rows with one are alike in all features, or copies by what they have in common
    alike: Keys  # the first alone
    equal: Keys  # equal in all features
    whole: Keys  # equal in the target as well
    target: Keys
    are_copies: bool  # some type says what makes rows copies: then many of them are not counts

    @cached_property
    def repeated(self) -> NDArray[np.bool_]:
        """Say which rows are equal to one before them: (rows,)."""
        return _repeated(self.whole)

    @cached_property
    def near_equal(self) -> int:
        """Count the rows that are like one before them and equal to none."""
        return int(_repeated(self.alike).sum() - _repeated(self.equal).sum()) if self.are_copies else 0

    @cached_property
    def contradicting(self) -> int:
        """Count the rows that are like others with another target."""
        if not self.are_copies:
            return 0
        pairs = pd.DataFrame({"alike": self.alike, "target": self.target})
        targets = pairs.drop_duplicates()["alike"].value_counts()
        return int(pairs["alike"].isin(targets.index[targets > 1]).sum())

    @property
    def facts(self) -> dict[str, int]:
        """Return what the manifest says of them."""
        return {"near_equal_rows": self.near_equal, "contradicting_rows": self.contradicting}

    @property
    def remarks(self) -> Iterator[str]:
        """Yield what a person should know of them."""
        if self.near_equal:
            yield f"{self.near_equal:,} rows are nearly equal to one before them: their texts have the same letters"
        if other := self.contradicting:
            yield (
                f"{other:,} of {len(self.keys):,} rows ({other / len(self.keys):.1%}) are nearly equal to rows with "
                "another target: some of these targets are wrong, or the texts do not tell"
            )


class Copies:
    """Takes in rows as they pass by."""

    def __init__(self, types: Mapping[str, FeatureType], target: str, seed: int) -> None:
        self._types, self._target, self._seed = types, target, seed
        self._parts: dict[str, list[Keys]] = {}
        self._links: dict[str, list[Keys]] = {}

    def add(self, frame: pd.DataFrame) -> None:
        """Take in some rows."""
        rows, alike = len(frame), self._alike(frame)
        equal = {name: hashes(frame[name].to_numpy()) for name in self._types}
        found = {
            "equal": mixed(list(equal.values()), self._seed, rows),
            "target": hashes(frame[self._target].to_numpy()),
        }
        if alike:
            said = {name: each.hashes for name, each in alike.items()}
            found["alike"] = mixed(list({**equal, **said}.values()), self._seed, rows)
        for name, each in alike.items():
            self._links.setdefault(name, []).append(np.where(each.telling, each.hashes | np.uint64(1), NONE))
        for name, keys in found.items():
            self._parts.setdefault(name, []).append(keys)

    def keys(self) -> RowKeys:
        """Return what all rows have in common."""
        found = {name: np.concatenate(parts) for name, parts in self._parts.items()}
        equal = found.get("equal", np.empty(0, np.uint64))
        target = found.get("target", equal)
        alike = found.get("alike", equal)
        links = [_uncommon(np.concatenate(parts)) for parts in self._links.values()]
        whole = mixed([equal, target], self._seed, len(equal))
        return RowKeys(linked(alike, links) if links else alike, alike, equal, whole, target, bool(links))

    def _alike(self, frame: pd.DataFrame) -> dict[str, Alike]:
        found = {name: type_.alike(frame[name].to_numpy()) for name, type_ in self._types.items()}
        return {name: each for name, each in found.items() if each is not None}


def linked(keys: Keys, links: list[Keys]) -> Keys:
    """Return keys of rows, one for all that are linked by a key or by what they have in common, over others too."""
    from scipy.sparse import coo_array  # noqa: PLC0415 - it takes longer than a look at a file
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 - see above

    rows, nodes, edges = len(keys), len(keys), list[NDArray[np.int64]]()
    for column in (keys, *links):
        there = np.flatnonzero(column != NONE)
        codes, names = pd.factorize(column[there])
        edges.append(np.stack([there, nodes + codes]))
        nodes += len(names)
    ends = np.concatenate(edges, axis=1)
    graph = coo_array((np.ones(ends.shape[1], np.int8), tuple(ends)), shape=(nodes, nodes))
    _, of_node = connected_components(graph, directed=False)
    _, first, of_row = np.unique(of_node[:rows], return_index=True, return_inverse=True)
    found: Keys = keys[first][of_row]
    return found


def _uncommon(links: Keys) -> Keys:
    """Return what few enough rows have in common."""
    counts = pd.Series(links).value_counts()
    common = counts.index[counts > max(COMMON_ROWS, COMMON_SHARE * len(links))]
    return np.where(np.isin(links, common.to_numpy(np.uint64)), NONE, links)


def _repeated(keys: Keys) -> NDArray[np.bool_]:
    return pd.Series(keys).duplicated().to_numpy()
