"""Report: what a run found -> `card.md`, its plots and `report.html`, for people.

    Made, Findings ─ blocks ─┬─ and a gallery ─────────────────> card.md, to be read beside the code
                             └─ and how to repeat it ─ html.py ─> report.html, one page with everything in it

It knows nothing about how any of it was computed.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.bundle.manifest import command
from training.calibration.temperature import undone
from training.data.prepare import Data, streamed_note
from training.evaluation.findings import Findings
from training.rendering import html
from training.rendering import pictures as plots
from training.rendering.html import Fact
from training.rendering.markdown import code, code_block, number, plain, prose, table
from training.reporting import compression_section as report_compression
from training.reporting import findings_section as report_findings
from training.reporting import training_section as report_training
from training.reporting.plots import bars as importance_bars
from training.reporting.plots import pareto, reliability
from training.tasks.base import Metrics, Task
from training.tasks.classification import confusion
from training.trained_model import Made
from training.tuning import trials

CURVES, CONFUSION, RANKING, RESIDUALS = "curves.png", "confusion.png", "roc_pr.png", "residuals.png"
RELIABILITY, IMPORTANCE = "reliability.png", "importance.png"
HTML = "report.html"
MOST_LABELS = 10  # in a sentence
QUALITY, COMPRESSION, TRAINING = "How good it is", "What compression cost", "How it was trained"
PLACES = {  # plot -> the section of the page that it stands in
    **dict.fromkeys((CONFUSION, RANKING, RELIABILITY, RESIDUALS), QUALITY),
    IMPORTANCE: "What it goes by",
    report_compression.PLOT: COMPRESSION,
    CURVES: TRAINING,
}


def pictures(made: Made, findings: Findings) -> dict[str, bytes]:
    """Draw what fits the task, and what the graph goes by: file name -> PNG."""
    bars = importance_bars(findings.importances, findings.importance_metric) if findings.importances else None
    return {**_of_task(made, findings), **({IMPORTANCE: bars} if bars else {})}


def _of_task(made: Made, findings: Findings) -> dict[str, bytes]:
    history, task, y = made.history, made.data.task, made.data.test.y
    outputs = findings.outputs[task.output]  # (rows, width)
    shared = {
        CURVES: plots.learning_curves(history.loss, history.validation_loss, history.best_epoch),
        report_compression.PLOT: pareto(made.choice),
    }
    if task.labels is None:
        return {**shared, RESIDUALS: plots.residuals(y, outputs[:, 0], str(made.options.data.target))}
    return {
        **shared,
        CONFUSION: plots.confusion_matrix(confusion(y, outputs), task.labels),
        RANKING: plots.roc_and_precision_recall(y, outputs, task.labels),
        RELIABILITY: reliability(y, _probabilities(made, findings), task.labels),
    }


def _probabilities(made: Made, findings: Findings) -> dict[str, NDArray[Any]]:
    """Return the probabilities without the threshold: as fitted and, where it changed them, by the temperature."""
    raw, calm = undone(findings.outputs[made.data.task.output], made.adjustment)
    return {"as fitted": raw} if made.adjustment.temperature == 1 else {"as fitted": raw, "as calibrated": calm}


def card(made: Made, findings: Findings, drawn: Iterable[str]) -> str:
    """Write the card; `drawn` are the files of the plots."""
    blocks = [
        f"# {made.name}",
        *_blocks(made, findings),
        code_block(command(made.options)),
        "## Plots",
        "\n".join(f"![{file.removesuffix('.png')}]({file})" for file in drawn),
        "## Limits",
        _limits(made.data),
    ]
    return "\n\n".join(blocks) + "\n"


def page(made: Made, findings: Findings, facts: Mapping[str, Any]) -> str:
    """Write the report as one page of HTML; `facts` are those of the manifest."""
    with plots.as_svg():
        drawn = pictures(made, findings)
    task = made.data.task
    blocks = [
        *_blocks(made, findings),
        "## Limits",
        _limits(made.data),
        "## How to repeat it",
        *report_training.repeat(facts),
    ]
    libraries = facts["libraries"]
    return html.page(
        title=made.name,
        kind=f"{task.name} · {made.options.data.target} · {made.options.data.path.name}",
        facts=[*_scores(made, findings), *_costs(made)],
        markdown="\n\n".join(blocks),
        plots={name: (PLACES.get(name, "Plots"), svg) for name, svg in drawn.items()},
        footer=f"Written by Slipway, {facts['created']}, with Keras {libraries['keras']} and ONNX Runtime "
        f"{libraries['onnxruntime']}. This page needs no network and runs no script.",
    )


def _blocks(made: Made, findings: Findings) -> list[str]:
    """Return what the card and the page both say, in Markdown."""
    data, scores = made.data, findings.scores
    return [
        _summary(made, scores),
        *_warnings(data),
        f"## {QUALITY}",
        f"Measured once on the {len(data.test):,} rows of the test split, which no training and no choice has seen.",
        metrics_table(report_compression.without_candidates(made.choice, scores)),
        _legend(data.task),
        *report_findings.blocks(findings),
        f"## {COMPRESSION}",
        report_compression.section(made.choice, scores),
        "## The data",
        _rows_text(data),
        columns_table(data),
        *data.features.sections(),
        *filter(None, [trials.card_section(made.search).strip()]),
        f"## {TRAINING}",
        report_training.fitted(made.options, made.history),
    ]


def _scores(made: Made, findings: Findings) -> list[Fact]:
    """Return the main metric beside that of the baselines."""
    main = made.data.task.budget_metrics[0]
    intervals = findings.intervals
    note = f"{intervals.level:.0%}: {report_findings.span(intervals.shipped[main])}" if intervals else ""
    beside = {"hist_gradient_boosting": "boosting", "linear": "linear model", "baseline": "trivial"}
    return [
        Fact(f"{main}, shipped", number(findings.scores["shipped"][main]), note),
        *(Fact(f"{main}, {said}", number(findings.scores[model][main])) for model, said in beside.items()),
    ]


def _costs(made: Made) -> list[Fact]:
    chosen = made.choice.chosen
    rows, us = next(iter(chosen.latency_us.items()))
    return [
        Fact("size of the graph", f"{chosen.bytes / 1000:,.0f} kB", chosen.name),
        Fact(f"time of {rows} row{'s' if rows > 1 else ''}", f"{us:,.0f} µs", "one thread of the training machine"),
    ]


def metrics_table(scores: Mapping[str, Metrics]) -> str:
    """One line a model, one column a metric."""
    names = list(next(iter(scores.values())))
    rows = ([_marked(model), *(number(found[name]) for name in names)] for model, found in scores.items())
    return table(["model", *names], rows)


def _marked(model: str) -> str:
    return f"**{model}**" if model == "shipped" else model


def columns_table(data: Data) -> str:
    """One line a column of the file: what it holds and what became of it."""
    rows = (
        [plain(column.name), column.type, f"{column.missing_share:.1%}", f"{column.different:,}", plain(column.fate)]
        for column in data.table.columns
    )
    return table(["column", "type", "missing", "different values", "use"], rows)


def _summary(made: Made, scores: Mapping[str, Metrics]) -> str:
    options, data, chosen = made.options, made.data, made.choice.chosen
    task, main = data.task, data.task.budget_metrics[0]
    asked = f"one of {len(task.labels)} labels" if task.labels else "a number"
    return (
        f"Predicts {code(str(options.data.target))} ({asked}, {task.name}) from {len(data.features.order)} columns "
        f"of {code(options.data.path.name)}.\n"
        f"On unseen rows its {main} is {number(scores['shipped'][main])}; "
        f"scikit-learn's HistGradientBoosting reaches {number(scores['hist_gradient_boosting'][main])}, "
        f"a linear model {number(scores['linear'][main])} "
        f"and the trivial baseline {number(scores['baseline'][main])}.\n"
        f"The graph ships as {chosen.name}, {chosen.bytes:,} bytes."
    )


def _legend(task: Task) -> str:
    if task.labels is None:
        return (
            "`baseline` answers the mean of the training rows; `linear` is ridge regression. "
            "Errors are in the unit of the target."
        )
    about = code(task.labels[1]) if len(task.labels) == 2 else "each label against the rest, and their mean"
    return (
        "`baseline` answers the majority label of the training rows; `linear` is logistic regression. "
        f"Precision, recall, F1, ROC AUC and PR AUC are about {about}."
    )


def _warnings(data: Data) -> list[str]:
    if not data.warnings:
        return []
    return ["## Warnings", "\n".join(f"* {prose(warning)}." for warning in data.warnings)]


def _rows_text(data: Data) -> str:
    table_, rows = data.table, data.rows
    said = (
        f"{table_.rows_read:,} rows read; {table_.rows_without_target:,} without a target and "
        f"{table_.rows_repeated:,} repeated rows removed; {rows.train:,} for training, "
        f"{rows.validation:,} for validation, {rows.test:,} for test.\n{_target_text(data)}"
    )
    return said if data.stream is None else f"{said}\n{streamed_note(data)}"


def _target_text(data: Data) -> str:
    """Say how the target lies in the training rows."""
    y, labels = data.train.y, data.task.labels
    if labels is None:
        return f"Its target lies from {number(y.min())} to {number(y.max())}, with a mean of {number(y.mean())}."
    shares = np.bincount(y, minlength=len(labels)) / len(y)
    common = sorted(zip(labels, shares, strict=True), key=lambda pair: -pair[1])[:MOST_LABELS]
    more = f" and {len(labels) - MOST_LABELS} rarer labels" if len(labels) > MOST_LABELS else ""
    return f"Its target is {', '.join(f'{code(label)} ({share:.1%})' for label, share in common)}{more}."


def _limits(data: Data) -> str:
    required = [name for name in data.features.order if not data.optional[name]]
    missing = "Every feature may be missing." if not required else f"Must be present: {', '.join(map(code, required))}."
    return (
        "It knows what stands in its training data and nothing else; a value outside the range seen there counts as "
        f"the nearest one seen, and an unknown category as an average one.\n{missing}\n"
        "Before it decides about people, check how it errs on the groups that matter to you."
    )
