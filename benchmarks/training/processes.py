"""Processes that make rows, and what a table of them is to be judged by.

    Process(seed) ─┬─ table()        the file of a person
                   └─ fresh(rows)    rows to come, without end: what a figure on the card is a promise about

Each has a way of judging that is right for it, and one that is wrong though nothing refuses it. It knows nothing about
how a model is fitted or judged.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

TARGET = "y"
RIGHT, WRONG = "right", "wrong"
Ways = Mapping[str, Mapping[str, Any]]  # right or wrong -> options of training


class Process(ABC):
    """What a table is drawn from; another seed is another one of its kind."""

    name: ClassVar[str]
    metric: ClassVar[str]  # the main one of the right way
    ways: ClassVar[Ways]
    told: ClassVar[str]  # what the process is, for the page
    positive: ClassVar[str | None] = None  # the label that is asked about

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    @abstractmethod
    def table(self) -> pd.DataFrame:
        """Draw the rows that a person has."""

    @abstractmethod
    def fresh(self, rows: int, way: str) -> pd.DataFrame:
        """Draw rows to come."""


class Groups(Process):
    """Customers with several rows each; what is told of the next customers is to be known."""

    name, metric = "group", "r2"
    ways: ClassVar[Ways] = {RIGHT: {"group_column": "customer"}, WRONG: {}}
    told = "200 customers with 6 to 14 rows each, who differ; truth: new customers"

    def table(self) -> pd.DataFrame:
        return self._of(200, "c")

    def fresh(self, rows: int, way: str) -> pd.DataFrame:
        return self._of(rows // 10, "new")

    def _of(self, customers: int, prefix: str) -> pd.DataFrame:
        of = np.repeat(np.arange(customers), self.random.integers(6, 15, customers))
        effect = self.random.normal(0, 1, customers)[of]
        x = self.random.normal(0, 1, len(of))
        y = x + effect + self.random.normal(0, 0.5, len(of))
        shuffled = self.random.permutation(len(of))
        return pd.DataFrame({"customer": [f"{prefix}{number}" for number in of], "x": x, TARGET: y}).iloc[shuffled]


class Drift(Process):
    """A level that walks; what is told of the period of the test part, or of the next one, is to be known."""

    name, metric = "time", "r2"
    ways: ClassVar[Ways] = {RIGHT: {"split": "time", "time_column": "day"}, WRONG: {}}
    told = "1,500 rows in order of time whose level walks; truth: the period of the test part (random: the next one)"

    ROWS, DAYS, TESTED = 1500, 300, 60

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._level = self.random.normal(0, 0.15, self.DAYS + self.TESTED).cumsum()  # of each day

    def table(self) -> pd.DataFrame:
        return self._at(np.sort(self.random.uniform(0, self.DAYS, self.ROWS)))

    def fresh(self, rows: int, way: str) -> pd.DataFrame:
        first = self.DAYS - self.TESTED if way == RIGHT else self.DAYS
        return self._at(self.random.uniform(first, first + self.TESTED, rows))

    def _at(self, days: NDArray[np.float64]) -> pd.DataFrame:
        x = self.random.normal(0, 1, len(days))
        y = x + self._level[days.astype(int)] + self.random.normal(0, 0.3, len(days))
        return pd.DataFrame({"day": days.round(4), "x": x, TARGET: y})


class Survey(Process):
    """A sample in which one part of the people is drawn more often; what is told of all of them is to be known."""

    name, metric = "weights", "r2"
    ways: ClassVar[Ways] = {RIGHT: {"weights": "people"}, WRONG: {"drop": ("people",)}}
    told = "1,500 answers, of which 30 in 100 stand for 70 in 100 of the people; truth: the people"

    ASKED, PEOPLE = 0.3, 0.7  # share of the second part in the sample, and among all

    def table(self) -> pd.DataFrame:
        frame = self._of(1500, self.ASKED)
        second = self.PEOPLE / self.ASKED, (1 - self.PEOPLE) / (1 - self.ASKED)
        return frame.assign(people=np.where(frame["part"] == "b", *second))

    def fresh(self, rows: int, way: str) -> pd.DataFrame:
        return self._of(rows, self.PEOPLE)

    def _of(self, rows: int, share: float) -> pd.DataFrame:
        second = self.random.random(rows) < share
        x = self.random.normal(0, 1, rows)
        y = x + self.random.normal(0, np.where(second, 1.2, 0.3))
        return pd.DataFrame({"part": np.where(second, "b", "a"), "x": x, TARGET: y})


class Rare(Process):
    """Few frauds among many rows; how well they are found is to be known."""

    name, metric, positive = "rare", "pr_auc", "fraud"
    ways: ClassVar[Ways] = {RIGHT: {}, WRONG: {"positive": "ok"}}
    told = "4,000 rows of which 9 in 100 are `fraud`; truth: rows to come, about `fraud`"

    def table(self) -> pd.DataFrame:
        return self._of(4000)

    def fresh(self, rows: int, way: str) -> pd.DataFrame:
        return self._of(rows)

    def _of(self, rows: int) -> pd.DataFrame:
        a, b = self.random.normal(0, 1, (2, rows))
        chance = 1 / (1 + np.exp(3.5 - 1.6 * a - b))
        said = np.where(self.random.random(rows) < chance, "fraud", "ok")
        return pd.DataFrame({"a": a, "b": b, TARGET: said})


KINDS: Mapping[str, type[Process]] = {kind.name: kind for kind in (Groups, Drift, Survey, Rare)}
