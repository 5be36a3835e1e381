"""Report of findings: what judging found -> the blocks of the card that say how far to trust it.

It knows nothing about how any of it was computed, nor about the rest of the card.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from training.evaluation.findings import Findings, Folds, Importance, Interval, Intervals, Selection, Slices
from training.rendering.markdown import code, number, plain, table

if TYPE_CHECKING:
    from training.tasks.base import Task


def blocks(findings: Findings, task: "Task") -> list[str]:
    """Return titles, text and tables of all that was found."""
    found: list[str] = []
    if findings.intervals is not None:
        opponent = task.title_of(findings.intervals.opponent)
        found += [
            "### How sure that is",
            intervals_table(findings.intervals, opponent),
            _about_intervals(findings.intervals, opponent),
        ]
    if findings.folds is not None:
        found += ["### On other divisions of the rows", _about_folds(findings.folds), folds_table(findings)]
    if findings.slices is not None and findings.slices.slices:
        found += ["### Where it is worst", _about_slices(findings.slices, task), slices_table(findings.slices)]
    if findings.importances:
        found += ["## What it goes by", _about_importances(findings.importance_metric)]
        found.append(importances_table(findings.importances, findings.importance_metric))
    if findings.selection is not None:
        found.append(selected(findings.selection))
    return found


MOST_SLICES = 10


def intervals_table(intervals: Intervals, opponent: str) -> str:
    """One line a metric: the shipped graph, and its difference to the strongest baseline, each with its interval."""
    share = f"{intervals.level:.0%} interval"
    rows = (
        [name, number(shipped.value), span(shipped), f"{beside.value:+.4g}", span(beside)]
        for (name, shipped), beside in zip(intervals.shipped.items(), intervals.difference.values(), strict=True)
    )
    return table(["metric", "shipped", share, f"less {opponent}", share], rows)


def span(interval: Interval) -> str:
    """Write the two ends."""
    return f"{number(interval.low)} to {number(interval.high)}"


def _about_intervals(intervals: Intervals, opponent: str) -> str:
    return (
        f"Test rows drawn anew {intervals.resamples:,} times (percentile bootstrap); "
        f"{opponent} answers the same draws, so an interval without zero is a difference that the choice of test rows "
        "does not explain.\nThat another seed would have fitted another network is not in it."
    )


def importances_table(found: Sequence[Importance], metric: str) -> str:
    """One line a feature, the most important first."""
    rows = ([plain(i.feature), f"{i.loss.value:+.4f}", span(i.loss), "" if i.is_needed else "no"] for i in found)
    return table(["feature", f"{metric} lost", "95 % interval", "told from useless"], rows)


def _about_importances(metric: str) -> str:
    return (
        f"How much {metric} the shipped graph loses on validation rows when a feature's values are dealt out anew "
        "among them.\n"
        "Features that say the same stand in for one another, and each looks less needed than it is.\n"
        "It says what the graph goes by, and nothing about causes."
    )


def selected(found: Selection) -> str:
    """Say in a sentence what became of the features that are not needed."""
    if found.after is None:
        return "Every feature is needed, or none: nothing was left out."
    names = ", ".join(map(code, found.dropped))
    verdict = "so they stay out" if found.kept else "so all features stay"
    return (
        f"Fitted again without {names}: {found.metric} on the validation rows {number(found.after)}, "
        f"{number(found.before)} with all features; {verdict}."
    )


def folds_table(findings: Findings) -> str:
    """One line a metric: over the folds, and of the shipped graph on the test rows."""
    assert findings.folds is not None
    folds = findings.folds
    rows = (
        [name, *map(number, (folds.mean(name), folds.spread(name), min(values), max(values), shipped))]
        for name, shipped in findings.scores["shipped"].items()
        if (values := folds.values(name))
    )
    return table(["metric", "mean", "standard deviation", "lowest", "highest", "shipped, test rows"], rows)


def folded(folds: Folds, metric: str) -> str:
    """Say in a sentence what the folds gave."""
    return (
        f"{metric} over {len(folds.scores)} folds of the training and validation rows: "
        f"{number(folds.mean(metric))}, standard deviation {number(folds.spread(metric))}"
    )


def _about_folds(folds: Folds) -> str:
    return (
        f"The same training {len(folds.scores)} times on the training and validation rows, each time judged on another "
        f"part of them (Keras, as fitted and calibrated); the test rows had no part in it.\n"
        "A fold learns from fewer rows than the shipped model, and should be a little worse for it."
    )


def slices_table(found: Slices) -> str:
    """One line a slice, the worst first."""
    rows = (
        [
            plain(one.feature),
            plain(one.values),
            f"{one.rows:,}",
            number(one.metric.value),
            span(one.metric),
            _worse(one.is_worse),
        ]
        for one in found.slices[:MOST_SLICES]
    )
    return table(["feature", "values", "rows", found.metric, "95 % interval", "worse than the whole"], rows)


def _worse(is_worse: bool) -> str:
    return "yes" if is_worse else ""


def _about_slices(found: Slices, task: "Task") -> str:
    worse = sum(one.is_worse for one in found.slices)
    return (
        f"Test rows with something in common; on all of them {found.metric} is {number(found.whole)}.\n"
        f"Of {len(found.slices)} slices, {worse} have an interval that lies on the worse side of that; by chance alone "
        f"{len(found.slices) / 40:.0f} would.\n" + task.about_slices()
    )
