"""How one version does just now, in about a kilobyte: rates, latency, rows of a run, and drift in words.

    Looks.look(model) ─> the JSON of at most a second ago ─┬─ rates: this look against one of 10 to 60 s before
                                                           └─ drift: all that was counted since the version came

Nothing is done while nobody looks: the first look has nothing to compare with, and says so by null. What requests add
is counted each second (`Metrics.fold`), so a look is up to that old.
"""

from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
import numpy as np

from app.bins.layout import Floats
from app.drift.counts import MIN_ROWS, Counts, Table
from app.drift.verdicts import Verdict, judge
from app.metrics import multiprocess as metric_files
from app.metrics.model_metrics import labels_of
from app.metrics.service_metrics import Metrics
from app.metrics.version_totals import ANSWERED, PREVIEWS, REFUSED, ROWS, RUNS, Places, Process, Workers
from app.runtime.model import Model

FRESH_S = 1.0  # that an answer is given again, to however many
JUDGED_S = 5.0  # likewise of drift, which moves slowly: of a hundred features it takes four milliseconds
WINDOW_S = 10.0  # of the rates, where there was a look so long ago
OLDEST_S = 60.0  # of a look that says anything of now
SHOWN = 8  # features, of those that moved most
TOO_FEW = "too few rows"

Json = dict[str, Any]


class Looks:
    """The versions that somebody looks at; used on the event loop alone."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._recent: WeakKeyDictionary[Model, Recent] = WeakKeyDictionary()

    def look(self, model: Model) -> bytes:
        """Return the JSON of a version."""
        recent = self._recent.get(model)
        if recent is None:
            recent = self._recent[model] = self._begin(model)
        return recent.look(monotonic())

    def _begin(self, model: Model) -> "Recent":
        made, drift, folder = self._metrics.instruments, self._metrics.drift, metric_files.folder()
        table = None if model.watch is None else model.watch.table
        places = Places([*made.latency._kwargs["buckets"], np.inf], table)
        labels = labels_of(model)
        if folder is not None:
            return Recent(labels, places, Workers(folder, labels, places).read)
        counted = (made.requests, made.previews, made.latency, made.batch_rows, drift.rows, drift.values)
        return Recent(labels, places, Process(counted, labels, places).read)


class Recent:
    """The last looks at one version."""

    def __init__(self, labels: tuple[str, str], places: Places, read: Callable[[], Floats]) -> None:
        self._about: Json = {"model": labels[0], "version": int(labels[1])}
        self._places = places
        self._read = read
        self._looks: deque[tuple[float, Floats]] = deque()  # when, and the totals without drift
        self._drift: Json | None = None
        self._judged_s = -np.inf
        self._looked_s = -np.inf
        self._json = b""

    def look(self, now_s: float) -> bytes:
        """Return the JSON, made anew if it is older than `FRESH_S`."""
        if now_s - self._looked_s >= FRESH_S:
            self._looked_s = now_s
            totals = self._read()
            found = self._about | self._rates(now_s, totals[: self._places.latency.stop])
            self._json = msgspec.json.encode(found | {"drift": self._drifted(now_s, totals)})
        return self._json

    def _rates(self, now_s: float, totals: Floats) -> Json:
        window_s, new = self._since(now_s, totals)
        bounds, answered = self._places.bounds, new[self._places.latency]
        good, refused, previews, runs, rows = map(float, new[[ANSWERED, REFUSED, PREVIEWS, RUNS, ROWS]])
        rates = {"requests": good + refused, "refused": refused, "previews": previews}
        return {
            "window_s": round(window_s, 1),
            **{f"{name}_per_s": round(count / window_s, 3) if window_s else None for name, count in rates.items()},
            "latency_ms": {f"p{at}": quantile_ms(bounds, answered, at / 100) for at in (50, 99)},
            "rows_per_batch": round(rows / runs, 2) if runs else None,
        }

    def _since(self, now_s: float, totals: Floats) -> tuple[float, Floats]:
        """Return a window in seconds and what was counted in it; 0 and nothing at the first look."""
        looks = self._looks
        while looks and now_s - looks[0][0] > OLDEST_S:
            looks.popleft()
        while len(looks) > 1 and now_s - looks[1][0] >= WINDOW_S:
            looks.popleft()
        if looks and (totals < looks[0][1]).any():  # the version's series began anew
            looks.clear()
        looks.append((now_s, totals.copy()))
        return now_s - looks[0][0], totals - looks[0][1]

    def _drifted(self, now_s: float, totals: Floats) -> Json | None:
        table = self._places.table
        if table is not None and now_s - self._judged_s >= JUDGED_S:
            self._judged_s = now_s
            self._drift = _in_words(table, self._places.counts(totals))
        return self._drift


def _in_words(table: Table, counts: Counts) -> Json:
    enough = counts.rows >= MIN_ROWS
    found = judge(table, counts) if counts.rows else []
    features = [verdict for verdict in found if verdict.kind == "feature"]
    said = [verdict.verdict for verdict in features] if enough else []
    prediction = next((verdict for verdict in found if verdict.kind == "prediction"), None)
    return {
        "rows": counts.rows,
        "enough": enough,
        **{word: said.count(word) for word in ("moved", "drifted", "steady")},
        "prediction": None if prediction is None else _said(prediction, enough=enough),
        "features": [{"name": each.feature, **_said(each, enough=enough)} for each in features[:SHOWN]],
    }


def _said(verdict: Verdict, *, enough: bool) -> Json:
    return {"psi": round(verdict.psi, 4), "verdict": verdict.verdict if enough else TOO_FEW}


def quantile_ms(bounds: Floats, counts: Floats, share: float) -> float | None:
    """Return a quantile of seconds in buckets, in milliseconds, between the bounds of its bucket as Prometheus does."""
    below = np.cumsum(counts)
    if not below[-1]:
        return None
    place = int(np.searchsorted(below, share * below[-1]))
    if place == len(bounds) - 1:  # beyond all of them
        return float(1000 * bounds[-2])
    low, before = (bounds[place - 1], below[place - 1]) if place else (0.0, 0.0)
    inside = (share * below[-1] - before) / counts[place]
    return round(float(1000 * (low + inside * (bounds[place] - low))), 3)
