"""Short names: one for each name of a module that others may see, and for each name within.

    dom.js: h            ─> a in every module              the more often it is said, the shorter
    the first name of a function ─> b in every function    what is said alike is packed well

No two names that may be seen at one place get the same one, and none gets one that a module takes from outside.
"""

import string
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product

from app.page.script.declared import KEYWORDS
from app.page.script.module import Module

# Letters that stand often in the rest come first: what is alike is packed better.
FIRST = "tenrosialcduhmpfgbywkvxjqzETSACNOLIRDMPFBUHGVWKYXJQZ_"
LATER = FIRST + string.digits


class Shorts:
    """What each name is called in the script."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self._modules = {one.path: one for one in modules}
        counts: Counter[tuple[str, str] | int] = Counter()  # of names of modules, and of places within
        for one in modules:
            counts.update({self._key(one, name): 0 for name in one.names.top if name not in one.spaces})
            for name in one.names.top.keys() - one.spaces.keys():
                counts[self._key(one, name)] += len(one.names.top[name])
            for slot, places in enumerate(one.names.within):
                counts[slot] += len(places)
        taken = KEYWORDS.union(*(one.names.free for one in modules))
        free = (short for short in _all() if short not in taken)
        self._shorts = dict(zip([key for key, _ in counts.most_common()], free, strict=False))

    def within(self, slot: int) -> str:
        """Return what the names of a slot are called."""
        return self._shorts[slot]

    def of(self, one: Module, name: str) -> str:
        """Return what a name of a module, or one that it imports, is called."""
        return self._shorts[self._key(one, name)]

    def exported(self, asking: str, path: str, name: str) -> str:
        """Return what is called so that a module exports; raises `ValueError` where it exports no such name."""
        return self._shorts[self._given(asking, path, name)]

    def _key(self, one: Module, name: str) -> tuple[str, str]:
        """Return the module that has a name, and its name there."""
        return self._given(one.path, *one.takes[name]) if name in one.takes else (one.path, name)

    def _given(self, asking: str, path: str, name: str) -> tuple[str, str]:
        given = self._modules[path].gives
        if name not in given:
            raise ValueError(f"{asking}: expected a name that {path} exports. Received: {name}.")
        return path, given[name]


def _all() -> Iterator[str]:
    for length in range(3):
        yield from ("".join(each) for each in product(FIRST, *[LATER] * length))
