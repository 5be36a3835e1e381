"""Shapley values: those of the definition, adding up, and with an error that is true."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import pytest

from tests.page.javascript import evaluate

Row = dict[str, float]
MANY = 14


def answer(row: Row) -> float:
    """Return what a model with interactions of three features says."""
    numbers = [row[name] for name in sorted(row)]
    waves = sum(math.sin(3 * number + place) for place, number in enumerate(numbers))
    triples = zip(numbers, numbers[1:], numbers[2:], strict=False)
    return waves + sum(2 * one * two * three for one, two, three in triples)


def rows(count: int) -> tuple[list[str], Row, Row]:
    names = [f"x{place:03}" for place in range(count)]
    return names, {name: 0.3 + place / count for place, name in enumerate(names)}, dict.fromkeys(names, -0.2)


Case = tuple[list[str], Row, Row]
Explained = list[tuple[dict[str, Any], list[dict[str, Any]]]]


def explained(*cases: Case, seeds: tuple[int, ...] = (1,)) -> Explained:
    """Return plan and shares of each case and seed."""
    asked = [[*case, seed] for case in cases for seed in seeds]
    plans = evaluate("shapley.js", "given.map(([n, r, t, seed]) => m.plan(n, r, t, m.seeded(seed)))", asked)
    answered = [[plan, [answer(mixture) for mixture in plan["rows"]]] for plan in plans]
    return list(zip(plans, evaluate("shapley.js", "given.map((one) => m.shares(...one))", answered), strict=True))


def by_definition(names: list[str], of: Callable[[frozenset[str]], float]) -> dict[str, float]:
    """Return the mean of what each name adds over all orders."""
    added = dict.fromkeys(names, 0.0)
    orders = list(itertools.permutations(names))
    for order in orders:
        for place, name in enumerate(order):
            added[name] += of(frozenset(order[: place + 1])) - of(frozenset(order[:place]))
    return {name: total / len(orders) for name, total in added.items()}


def test_shares_of_few_features_are_those_of_the_definition() -> None:
    names, row, reference = rows(5)
    [(_, found)] = explained((names, row, reference))
    wanted = by_definition(names, lambda taken: answer({n: (row if n in taken else reference)[n] for n in names}))
    assert {one["names"][0]: one["share"] for one in found} == pytest.approx(wanted, abs=1e-12)
    assert all(one["error"] == 0 for one in found)


def test_shares_add_up_however_many_features_differ() -> None:
    cases = [rows(count) for count in (1, 2, 10, 11, MANY, 30)]
    for (names, row, reference), (plan, found) in zip(cases, explained(*cases), strict=True):
        assert sum(one["share"] for one in found) == pytest.approx(answer(row) - answer(reference), abs=1e-6)
        assert sorted(itertools.chain.from_iterable(one["names"] for one in found)) == names
        assert len(plan["rows"]) <= 1100
        assert (plan["walks"] is None) == (len(names) <= 10)


def test_features_that_do_not_differ_have_no_share() -> None:
    names, row, reference = rows(MANY)
    row |= {name: reference[name] for name in names[5:]}
    [(plan, found), (_, none)] = explained((names, row, reference), (names, reference, reference))
    assert {one["names"][0] for one in found} == set(names[:5])
    assert len(plan["rows"]) == 2**5
    assert none == []


def test_drawn_shares_are_off_by_about_their_error() -> None:
    names, row, reference = rows(11)
    exact = exactly(names, row, reference)
    runs = explained((names, row, reference), seeds=tuple(range(8)))
    off = [(one["share"] - exact[one["names"][0]]) / one["error"] for _, found in runs for one in found]
    assert 0.6 < math.sqrt(sum(one * one for one in off) / len(off)) < 1.5


def exactly(names: list[str], row: Row, reference: Row) -> dict[str, float]:
    """Return the shares by all sets, which are few enough here."""
    count = len(names)
    values = {
        taken: answer({name: (row if name in taken else reference)[name] for name in names})
        for size in range(count + 1)
        for taken in map(frozenset, itertools.combinations(names, size))
    }
    return {
        name: sum(
            (values[taken | {name}] - value) / (count * math.comb(count - 1, len(taken)))
            for taken, value in values.items()
            if name not in taken
        )
        for name in names
    }
