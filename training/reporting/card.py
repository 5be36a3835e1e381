"""Report: what a run found -> `card.md`, its plots and `report.html`, for people.

It knows nothing about how any of it was computed.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from training.bundle.manifest import command
from training.data.prepare import Data, repeated, streamed_note, weighing
from training.evaluation.baselines import TRIVIAL
from training.evaluation.findings import Findings
from training.rendering import html, pictures
from training.rendering.html import Fact
from training.rendering.markdown import code, code_block, number, plain, prose, table
from training.rendering.picture import Picture
from training.reporting import compression_section, findings_section, training_section
from training.reporting.plots import bars, pareto
from training.tasks.base import Metrics, Task
from training.trained_model import TrainedModel
from training.tuning import trials

CURVES, IMPORTANCE = "curves.png", "importance.png"
HTML = "report.html"
QUALITY, COMPRESSION, TRAINING = "How good it is", "What compression cost", "How it was trained"
# plot -> the section of the page that it stands in; those of a task say how good it is
PLACES = {IMPORTANCE: "What it goes by", compression_section.PLOT: COMPRESSION, CURVES: TRAINING}


def plots(model: TrainedModel, findings: Findings) -> dict[str, Picture]:
    """Draw the run, what fits the task, and what the graph goes by: file name of the PNG -> picture."""
    history, task, target = model.history, model.data.task, str(model.options.data.target)
    drawn = {
        CURVES: pictures.learning_curves(history.loss, history.validation_loss, history.best_epoch),
        compression_section.PLOT: pareto(model.choice),
        **task.plots(model.data.test, findings.outputs, model.adjustment, target),
    }
    if findings.importances:
        drawn[IMPORTANCE] = bars(findings.importances, findings.importance_metric)
    return drawn


def card(model: TrainedModel, findings: Findings, drawn: Iterable[str]) -> str:
    """Write the card; `drawn` are the files of the plots."""
    gallery = "\n".join(f"![{file.removesuffix('.png')}]({file})" for file in drawn)
    blocks = [f"# {model.name}", *_blocks(model, findings), code_block(command(model.options)), "## Plots", gallery]
    return "\n\n".join([*blocks, "## Limits", _limits(model.data)]) + "\n"


def page(model: TrainedModel, findings: Findings, facts: Mapping[str, Any], drawn: Mapping[str, Picture]) -> str:
    """Write the report as one page of HTML; `facts` are those of the manifest."""
    task = model.data.task
    repeat = ["## How to repeat it", *training_section.repeat(facts)]
    mistakes = findings_section.mistakes(
        findings.mistakes
    )  # texts of people: in the report alone, which may stay at home
    blocks = [*_blocks(model, findings), *mistakes, "## Limits", _limits(model.data), *repeat]
    libraries = facts["libraries"]
    return html.page(
        title=model.name,
        kind=f"{task.name} · {model.options.data.target} · {model.data.table.source_name}",
        facts=[*_scores(model, findings), *_costs(model)],
        markdown="\n\n".join(blocks),
        plots={name: (PLACES.get(name, QUALITY), picture.svg) for name, picture in drawn.items()},
        footer=f"Written by Slipway, {facts['created']}, with Keras {libraries['keras']} and ONNX Runtime "
        f"{libraries['onnxruntime']}. This page needs no network and runs no script.",
    )


def _blocks(model: TrainedModel, findings: Findings) -> list[str]:
    """Return what the card and the page both say, in Markdown."""
    data, scores = model.data, findings.scores
    warnings = "\n".join(f"* {prose(warning)}." for warning in data.warnings)
    return [
        _summary(model, findings),
        *(["## Warnings", warnings] if warnings else []),
        f"## {QUALITY}",
        f"Measured once on the {len(data.test):,} rows of the test split, which no training and no choice has seen.",
        metrics_table(compression_section.without_candidates(model.choice, scores)),
        *findings_section.doubts(findings),
        about_baselines(data.task, findings),
        *data.task.sections(data.test, findings.outputs),
        *findings_section.blocks(findings, data.task),
        f"## {COMPRESSION}",
        compression_section.section(model.choice, scores),
        "## The data",
        _rows_text(model),
        columns_table(data),
        *data.features.sections(),
        *model.network.sections(data.train.arrays, data.task.said),
        *filter(None, [trials.card_section(model.search).strip()]),
        f"## {TRAINING}",
        training_section.fitted(model.options, model.history),
    ]


def _scores(model: TrainedModel, findings: Findings) -> list[Fact]:
    task, intervals = model.data.task, findings.intervals
    main = task.main_metric
    note = f"{intervals.level:.0%}: {findings_section.span(intervals.shipped[main])}" if intervals else ""
    note = "; ".join(filter(None, [note, _doubt(findings, main)]))
    fitted = reversed(task.fitted_of(findings.scores))
    others = {**{one.name: one.title for one in fitted}, TRIVIAL: "trivial"}
    return [
        Fact(f"{main}, shipped", number(findings.scores["shipped"][main]), note),
        *(Fact(f"{main}, {title}", number(findings.scores[name][main])) for name, title in others.items()),
    ]


def _costs(model: TrainedModel) -> list[Fact]:
    chosen = model.choice.chosen
    rows, us = next(iter(chosen.latency_us.items()))
    return [
        Fact("size of the graph", f"{chosen.bytes / 1000:,.0f} kB", chosen.name),
        Fact(f"time of {rows} row{'s' if rows > 1 else ''}", f"{us:,.0f} µs", "one thread of the training machine"),
    ]


def metrics_table(scores: Mapping[str, Metrics]) -> str:
    """One line a model, one column a metric."""
    names = list(next(iter(scores.values())))
    marked = {model: f"**{model}**" if model == "shipped" else model for model in scores}
    rows = ([marked[model], *(number(found[name]) for name in names)] for model, found in scores.items())
    return table(["model", *names], rows)


def about_baselines(task: Task, findings: Findings) -> str:
    """Say what each model of the table is, and what was chosen for it."""
    chosen = {name: f" (chosen on validation: {said})" for name, said in findings.opponents.items()}
    models = [f"{code(one.name)} is {one.about}{chosen.get(one.name, '')}" for one in task.fitted_of(findings.scores)]
    return task.about_baselines() + (f" {'; '.join(models)}." if models else "")


def columns_table(data: Data) -> str:
    """One line a column of the file: what it holds and what became of it."""
    rows = (
        [plain(column.name), column.type, f"{column.missing_share:.1%}", f"{column.different:,}", plain(column.fate)]
        for column in data.table.columns
    )
    return table(["column", "type", "missing", "different values", "use"], rows)


def _summary(model: TrainedModel, findings: Findings) -> str:
    options, data, chosen, scores = model.options, model.data, model.choice.chosen, findings.scores
    task, main = data.task, data.task.main_metric
    doubt = _doubt(findings, main)
    fitted = reversed(task.fitted_of(scores))
    others = {**{one.name: one.sentence for one in fitted}, TRIVIAL: "the trivial baseline"}
    reached = [f"{number(scores[name][main])} of {sentence}" for name, sentence in others.items()]
    return (
        f"Predicts {code(str(options.data.target))} ({task.asked}, {task.name}) "
        f"from {len(data.features.order)} columns of {code(data.table.source_name)}.\n"
        f"On unseen rows its {main} is {number(scores['shipped'][main])}{doubt and f' ({doubt})'}; "
        f"beside it stand {', '.join(reached)}.\n"
        f"The graph ships as {chosen.name}, {chosen.bytes:,} bytes."
    )


def _doubt(findings: Findings, metric: str) -> str:
    """Say why a metric's interval is too narrow to trust; nothing, if it is not."""
    return "" if findings.intervals is None else findings.intervals.remarks.get(metric, "")


def _rows_text(model: TrainedModel) -> str:
    data = model.data
    table_, rows = data.table, data.rows
    said = (
        f"{table_.rows_read:,} rows read; {table_.rows_without_target:,} without a target, left out; "
        f"{repeated(data)}; {rows.train:,} for training, "
        f"{rows.validation:,} for validation, {rows.test:,} for test.\n"
        f"{table_.said}\n{data.task.about_target(data.train.y)}"
    )
    more = [weighing(data, model.options), "" if data.stream is None else streamed_note(data)]
    return "\n".join([said, *filter(None, more)])


def _limits(data: Data) -> str:
    required = [name for name in data.features.order if not data.optional[name]]
    missing = "Every feature may be missing." if not required else f"Must be present: {', '.join(map(code, required))}."
    return (
        "It knows what stands in its training data and nothing else; a value outside the range seen there counts as "
        f"the nearest one seen, and an unknown category as an average one.\n{missing}\n"
        "Before it decides about people, check how it errs on the groups that matter to you."
    )
