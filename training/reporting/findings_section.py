"""Report of findings: what judging found -> the blocks of the card that say how far to trust it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from training.evaluation.findings import (
    Findings,
    Folds,
    Importance,
    Interval,
    Intervals,
    Selection,
    ShownMistake,
    Slices,
)
from training.rendering.markdown import code, number, plain, prose, table

if TYPE_CHECKING:
    from training.tasks.base import Task

MOST_SLICES = 10


def blocks(findings: Findings, task: "Task") -> list[str]:
    """Return titles, text and tables of all that was found."""
    found: list[str] = []
    if findings.intervals is not None:
        found += _intervals(findings.intervals, task.title_of(findings.intervals.opponent))
    if findings.folds is not None:
        found += _folds(findings.folds, findings.scores["shipped"])
    if findings.slices is not None and findings.slices.slices:
        found += _slices(findings.slices, task)
    if findings.importances:
        found += _importances(findings.importances, findings.importance_metric)
    if findings.selection is not None:
        found.append(selected(findings.selection))
    return found


def mistakes(found: Sequence[ShownMistake]) -> list[str]:
    """Return the title, text and table of the answers that are surest and wrong."""
    if not found:
        return []
    names = list(found[0].values)
    rows = [
        [
            *(plain(one.values[name]) for name in names),
            plain(one.mistake.truth),
            plain(one.mistake.answer),
            number(one.mistake.sure),
        ]
        for one in found
    ]
    return [
        "## Sure, and wrong",
        "Validation rows whose answers differ from the target though the graph is surest of them.\n"
        "Look at them: some of these targets are wrong.",
        table([*map(plain, names), "target", "answer", "probability"], rows),
    ]


def doubts(findings: Findings) -> list[str]:
    """Say whether anything was learned, and which metrics go by too few rows to be trusted."""
    found = {} if findings.intervals is None else findings.intervals.doubts
    unproven = [f"**{findings.unproven}.**"] if findings.unproven else []
    return unproven + [f"{prose(remark)} {', '.join(metrics)}." for remark, metrics in found.items()]


def span(interval: Interval) -> str:
    """Write the two ends."""
    return f"{number(interval.low)} to {number(interval.high)}"


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


def folded(folds: Folds, metric: str) -> str:
    """Say in a sentence what the folds gave."""
    return (
        f"{metric} over {len(folds.scores)} folds of the training and validation rows: "
        f"{number(folds.mean(metric))}, standard deviation {number(folds.spread(metric))}"
    )


def _intervals(found: Intervals, opponent: str) -> list[str]:
    share = f"{found.level:.0%} interval"
    remarks = [found.remarks.get(name, "") for name in found.shipped] if found.remarks else []
    rows = [
        [name, number(shipped.value), span(shipped), f"{beside.value:+.4g}", span(beside)]
        for (name, shipped), beside in zip(found.shipped.items(), found.difference.values(), strict=True)
    ]
    head = ["metric", "shipped", share, f"less {opponent}", share]
    if remarks:
        head, rows = [*head, "remark"], [[*row, prose(remark)] for row, remark in zip(rows, remarks, strict=True)]
    return [
        "### How sure that is",
        table(head, rows),
        f"Test rows drawn anew {found.resamples:,} times (percentile bootstrap); {opponent} answers the same draws, so "
        "an interval without zero is a difference that the choice of test rows does not explain.\n"
        "That another seed would have fitted another network is not in it.",
    ]


def _importances(found: Sequence[Importance], metric: str) -> list[str]:
    rows = ([plain(i.feature), f"{i.loss.value:+.4f}", span(i.loss), "" if i.is_needed else "no"] for i in found)
    return [
        "## What it goes by",
        f"How much {metric} the shipped graph loses on validation rows when a feature's values are dealt out anew "
        "among them.\n"
        "Features that say the same stand in for one another, and each looks less needed than it is.\n"
        "It says what the graph goes by, and nothing about causes.",
        table(["feature", f"{metric} lost", "95 % interval", "told from useless"], rows),
    ]


def _folds(folds: Folds, scores: Mapping[str, float]) -> list[str]:
    rows = (
        [name, *map(number, (folds.mean(name), folds.spread(name), min(values), max(values), shipped))]
        for name, shipped in scores.items()
        if (values := folds.values(name))
    )
    return [
        "### On other divisions of the rows",
        f"The same training {len(folds.scores)} times on the training and validation rows, each time judged on another "
        "part of them (Keras, as fitted and calibrated); the test rows had no part in it.\n"
        "A fold learns from fewer rows than the shipped model, and should be a little worse for it.",
        table(["metric", "mean", "standard deviation", "lowest", "highest", "shipped, test rows"], rows),
    ]


def _slices(found: Slices, task: "Task") -> list[str]:
    worse = sum(one.is_worse for one in found.slices)
    rows = []
    for one in found.slices[:MOST_SLICES]:
        value, remark = number(one.metric.value), "yes" if one.is_worse else ""
        rows.append([plain(one.feature), plain(one.values), f"{one.rows:,}", value, span(one.metric), remark])
    return [
        "### Where it is worst",
        f"Test rows with something in common; on all of them {found.metric} is {number(found.whole)}.\n"
        f"Of {len(found.slices)} slices, {worse} have an interval that lies on the worse side of that; by chance alone "
        f"{len(found.slices) / 40:.0f} would.\n" + task.about_slices(),
        table(["feature", "values", "rows", found.metric, "95 % interval", "worse than the whole"], rows),
    ]
