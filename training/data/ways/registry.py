"""Registry of ways: the only place that names them.

options ─ way_class ─> the way that they ask for      ─ way ─> bound to the column that it goes by
"""

from collections.abc import Mapping, Sequence

from training.data.accounts import Account
from training.data.roles import Role, roles
from training.data.ways.base import Way
from training.data.ways.by_chance import ByChance
from training.data.ways.by_group import ByGroup
from training.data.ways.by_time import ByTime
from training.data.ways.published import Published
from training.errors import DataError
from training.options.rooms import DataOptions

WAYS: Mapping[str, type[Way]] = {way.name: way for way in (ByChance, ByTime, ByGroup, Published)}


def way_class(chosen: DataOptions) -> type[Way]:
    """Return the way that options ask for, by its name or by a column; a DataError names what does not go together."""
    named = {name: role for name, way in WAYS.items() if (role := roles(chosen).get(way.role or "")) is not None}
    if chosen.split is None and len(named) > 1:
        flags = " and ".join(f"`{role.flag}`" for role in named.values())
        raise DataError(f"`--split`: expected one way to split rows. Received: {flags}. Say --split {'|'.join(named)}")
    way = WAYS[chosen.split or [*named, ByChance.name][0]]
    _check(way, named, chosen)
    way.checked(chosen)
    return way


def way(chosen: DataOptions, accounts: Mapping[str, Account], running: Sequence[str]) -> Way:
    """Return the way that options ask for, bound to its column; `running` are the columns that run with the rows."""
    found = way_class(chosen)
    role = roles(chosen).get(found.role or "")
    if role is None:
        return found(chosen, found.default(accounts, running))
    if role.column not in accounts:
        raise DataError(f"`{role.flag}`: expected a column of a type that is read. Received: {role.column!r}.")
    return found(chosen, accounts[role.column])


def _check(way: type[Way], named: Mapping[str, Role], chosen: DataOptions) -> None:
    """Refuse options of one way beside another."""
    for name, role in named.items():
        if name != way.name:
            raise DataError(f"`{role.flag}`: expected --split {name} beside it. Received: --split {way.name}.")
    if chosen.gap is not None and way is not ByTime:
        raise DataError(f"`--gap`: expected --split {ByTime.name} beside it. Received: --split {way.name}.")
