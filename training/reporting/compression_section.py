"""Report of compression: measured candidates -> the tables of the card."""

from collections.abc import Mapping

from training.compression.selection import Choice
from training.rendering.markdown import table
from training.tasks.base import Metrics

PLOT = "compression.png"
NOTES = (
    "Times are medians through the serving engine on one thread of the training machine, all graphs in turns; load is "
    "the making of a session from the file.\n"
    "Points lost are those of the worst budget metric on the validation split, by which the choice is made; "
    "the test split was touched after it.\n"
    "*Moves* is how far a row's answer moves with the rows beside it; a graph that moves does not ship.\n"
    "Weights of int8 have 7 bits, or 8 without a sign (`-u8`), because processors without VNNI saturate with 8 signed "
    "ones (`-8bit`); those are measured and do not ship.\n"
    "`fp16` keeps weights in 16 bits and computes in 32: a smaller file, no shorter time."
)


def section(choice: Choice, test: Mapping[str, Metrics]) -> str:
    """Say what was chosen and why, with every candidate's cost and quality; `test` are test metrics by candidate."""
    validation = differences_table(choice, {candidate.name: candidate.validation for candidate in choice.candidates})
    return (
        f"{choice.reason}\n\n{costs_table(choice)}\n\n{NOTES}\n\n"
        f"On the validation split, with the difference to fp32:\n\n{validation}\n\n"
        f"On the test split, with the difference to fp32:\n\n{differences_table(choice, test)}"
    )


def costs_table(choice: Choice) -> str:
    """One line a candidate: size, times, what it loses and whether it might ship."""
    batches = list(choice.chosen.latency_us)
    times = [f"µs at batch {rows}" for rows in batches]
    rows = (
        [
            _marked(choice, candidate.name),
            f"{candidate.bytes:,}",
            f"{candidate.load_ms:.1f}",
            *(f"{candidate.latency_us[batch]:.0f}" for batch in batches),
            f"{candidate.loss_points:+.2f}",
            f"{candidate.batch_effect:.1g}",
            choice.verdicts[candidate.name],
        ]
        for candidate in choice.candidates
    )
    return table(["graph", "bytes", "load, ms", *times, "points lost", "moves", "verdict"], rows)


def differences_table(choice: Choice, metrics: Mapping[str, Metrics]) -> str:
    """One line a candidate, one column a metric; in brackets what it differs from fp32 by."""
    before = metrics[choice.candidates[0].name]

    def cells(found: Metrics) -> list[str]:
        return [f"{value:.4f} ({value - before[name]:+.4f})" for name, value in found.items()]

    rows = ([_marked(choice, one.name), *cells(metrics[one.name])] for one in choice.candidates)
    return table(["graph", *before], rows)


def without_candidates(choice: Choice, scores: Mapping[str, Metrics]) -> dict[str, Metrics]:
    """Return the metrics of all models but the compressed ones, which have tables of their own."""
    tried = {candidate.name for candidate in choice.candidates[1:]}
    return {model: found for model, found in scores.items() if model not in tried}


def _marked(choice: Choice, name: str) -> str:
    return f"**{name}**" if name == choice.chosen.name else name
