"""Bundles that a page must bear: real graphs, written in milliseconds, whose answers depend on every feature.

    write_all(folder)    each of them ─> folder/<name>/1
    write(folder, name, version=2, shift=1.0)    one of them, changed: another version, another answer …

`training` of their manifests holds what training would write there, in round numbers.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.support import tiny
from tests.support.tiny import Tiny

ODD = ("[a].[b].vel", "$", "__proto__", "constructor", "x" * 120)
ODD_WORDS = ("<img src=x onerror=alert(1)>", "дорого")
COUNTRIES = tuple(f"place {place:05}" for place in range(50_000))

BUNDLES = {
    one.name: replace(one, profiled=True, format=2)
    for one in (
        # A year moves the sum by 0.1 like any number; the shift puts the usual rows about the middle.
        Tiny("binary", dates=("since",), shift=-204.5),
        Tiny("classes", labels=("setosa", "versicolor", "virginica", "other"), scale=0.2),
        Tiny("value", task="regression", dates=("since",), shift=-200),
        Tiny("labels", task="multilabel", labels=("art", "law", "tax"), thresholds=(0.5, 0.3, 0.7), scale=0.1),
        Tiny("thousand-labels", labels=[f"label {place}" for place in range(1000)], scale=0.01),
        Tiny("large-vocabulary", words=COUNTRIES, scale=0.3, shift=-0.5),
        Tiny("wide", task="regression", numbers=[f"sensor_{place:02}" for place in range(60)],
             booleans=[f"flag_{place}" for place in range(6)], strings=[f"kind_{place}" for place in range(7)],
             optional=("sensor_03", "kind_2")),
        Tiny("texts", numbers=("stars",), booleans=(), strings=(), texts=("review", "reply"), optional=("reply",),
             longest=60, scale=2.0, shift=-2.0),
        Tiny("odd-names", numbers=ODD, booleans=("Да?",), strings=("Цена", "a/b?c#d&e"), optional=("$", "Цена"),
             labels=("<b>no</b>", "__proto__"), words=ODD_WORDS, scale=0.3, shift=-1),
    )
}  # fmt: skip


def write_all(folder: Path) -> None:
    """Write each bundle."""
    for name in BUNDLES:
        write(folder, name)


def write(folder: Path, name: str, **changes: Any) -> Path:
    """Write one of the bundles, with fields of `Tiny` changed, and return its folder."""
    one = replace(BUNDLES[name], **changes)
    return tiny.write(folder, one, lambda manifest: manifest.update(_judged(one)))


def _judged(one: Tiny) -> dict[str, Any]:
    """Return what training writes into a manifest about the quality of a model."""
    value = one.task == "regression"
    main = {"regression": "rmse", "multilabel": "micro_f1"}.get(one.task, "roc_auc")
    scores = {"baseline": 0.5, "linear": 0.8, "hist_gradient_boosting": 0.9, "keras": 0.91, "shipped": 0.9}
    if value:
        scores = {way: round(10 - 9 * score, 3) for way, score in scores.items()}
    names = [*one.numbers, *one.booleans, *one.strings, *one.dates, *one.texts]
    lost = {name: [0.3 / place, 0.2 / place, 0.4 / place] for place, name in enumerate(names, 1)}
    training: dict[str, Any] = {
        "rows": {"read": 2000, "train": 1400, "validation": 300, "test": 300},
        "temperature": None if value else 1.1,
        "judged_by": {"metric": main, "errors": ["rmse"] if value else []},
        "importances": {"metric": main, "lost": lost},
        "slices": _slices(main, names[0], names[-1]),
        **({"residuals": _residuals()} if value else {"reliability": _reliability(one.labels[-1])}),
    }
    return {"training": training, "metrics": {way: {main: score} for way, score in scores.items()}}


def _slices(metric: str, first: str, last: str) -> dict[str, Any]:
    worst = [
        {"feature": first, "value": "5 to 6", "rows": 40, "score": 0.7, "low": 0.6, "high": 0.8},
        {"feature": last, "value": "low", "rows": 31, "score": 0.75, "low": 0.6, "high": 0.85},
    ]
    return {"metric": metric, "overall": 0.9, "judged": 40, "worse": 2, "worst": worst}


def _residuals() -> dict[str, Any]:
    quantiles = {"0.025": -2.4, "0.1": -1.5, "0.25": -0.7, "0.5": 0.1, "0.75": 0.8, "0.9": 1.6, "0.975": 2.6}
    return {"level": 0.95, "half_width": 2.5, "quantiles": quantiles, "rows": 300}


def _reliability(label: str) -> dict[str, Any]:
    bins = [[place / 10 + 0.05, place / 10 + 0.04, 30] for place in range(10)]
    return {"of": f"the probability of {label}", "bins": bins}
