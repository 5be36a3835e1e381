"""Whether the card's 95 % interval holds what it promises: tables drawn from processes whose truth can be drawn too.

    python -m benchmarks.training.honesty [--tables 100] [--kinds group,time,weights,rare] [--seed 0] [--store FILE]

    table    one file of a process (`benchmarks/training/processes.py`), read, divided, fitted and judged by a way:
             right (`--group-column`, `--split time`, `--weights`, the rarer label), or wrong (random, unweighted, the
             other label)
    card     the interval of the main metric, by the code that the card's is made with, of the network as it is fitted
             and calibrated; a compressed graph is judged in the same way
    truth    the metric of the same network on 20,000 fresh rows of the process
    verdict  the interval holds the truth of 90 to 98 in 100 tables by the right way, of 60 at most by the wrong one

Beside it, weights and repeated rows: the same answers are judged alike, and fits differ no more than seeds do.
The page goes into `benchmarks/honesty.md`, all figures into `benchmarks/honesty.json`.
"""

import importlib.metadata
import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from benchmarks.training import page
from benchmarks.training.judged_tables import FRESH_ROWS, Judged, judged
from benchmarks.training.processes import KINDS, RIGHT, WRONG
from benchmarks.training.repeated_rows import SEEDS, TOLERANCE, Repeated, weights_and_repeated_rows
from training.cli import environment as quiet
from training.options import Options, flags

LEAST, MOST, MOST_WRONG = 0.90, 0.98, 0.60  # share of the tables whose interval holds the truth
ENOUGH = 50  # tables, for a share of them to say something


@dataclass(frozen=True)
class Row:
    """All tables of a kind by a way."""

    kind: str
    way: str
    tables: int
    holds: int

    @property
    def verdict(self) -> str:
        if self.tables < ENOUGH:
            return "too few tables to say"
        share = self.holds / self.tables
        fits = LEAST <= share <= MOST if self.way == RIGHT else share <= MOST_WRONG
        return "holds" if fits else "missed"


def laid_out(found: Sequence[Judged], repeated: Repeated, words: str) -> str:
    """Lay the page out."""
    libraries = {name: importlib.metadata.version(name) for name in page.LIBRARIES}
    lines = [
        "# Whether the card is honest",
        "",
        page.made_by(words, libraries),
        "Tables are drawn from processes whose truth can be drawn too: the metric of the network, as it is fitted and",
        f"calibrated, on {FRESH_ROWS:,} fresh rows. The card's 95 % interval of the main metric should hold it in",
        f"{100 * LEAST:.0f} to {100 * MOST:.0f} of 100 tables by the right way, and does in at most "
        f"{100 * MOST_WRONG:.0f} by the wrong one.",
        "",
        "| kind | way | metric | tables | interval holds the truth | | value | interval | truth | too few | CPU s |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *(_line(kind, way, found) for kind in KINDS for way in (RIGHT, WRONG) if any(j.kind == kind for j in found)),
        "",
        "Value, interval and truth are means over the tables; *too few* counts tables whose card says that groups or",
        "rows are too few to trust the interval; CPU seconds are the median of one table by one way.",
        "",
        *(f"* {kind.name}: {kind.told}." for kind in KINDS.values()),
        "",
        "## Weights and repeated rows",
        "",
        f"The same answers differ by at most {repeated.apart:.1g} in any metric (wanted: {TOLERANCE:g}).",
        f"Fits of {SEEDS} seeds have an R² of {_spread(repeated.weighted)} with weights, and of",
        f"{_spread(repeated.repeated)} with repeated rows: the means differ by {repeated.gap:.4f}, and seeds by up to",
        f"{repeated.noise:.4f}: {'holds' if repeated.holds else 'missed'}.",
    ]
    return "\n".join(lines) + "\n"


def _line(kind: str, way: str, found: Sequence[Judged]) -> str:
    of = [one for one in found if (one.kind, one.way) == (kind, way)]
    row = Row(kind, way, len(of), sum(one.holds for one in of))
    value, low, high, truth = (
        statistics.fmean(getattr(one, key) for one in of) for key in ("value", "low", "high", "truth")
    )
    return (
        f"| {kind} | {way}: {_options(kind, way)} | {KINDS[kind].metric} | {row.tables} | {row.holds} | {row.verdict} "
        f"| {value:.3f} | {low:.3f} to {high:.3f} | {truth:.3f} | {sum(bool(one.few) for one in of)} "
        f"| {statistics.median(one.seconds for one in of):.1f} |"
    )


def _options(kind: str, way: str) -> str:
    given = KINDS[kind].ways[way]
    written = " ".join(flags(Options.of(data=Path("d"), **given)))
    return f"`{written}`" if written else "defaults"


def _spread(values: Sequence[float]) -> str:
    return f"{min(values):.4f} to {max(values):.4f}"


def tables(kind: str, seeds: Sequence[int], store: Path | None) -> list[Judged]:
    """Judge tables of a process, or take them from the store where they stand there."""
    lines = store.read_text().splitlines() if store is not None and store.exists() else []
    there = [Judged(**json.loads(line)) for line in lines]
    found = [one for one in there if one.kind == kind and one.seed in seeds]
    done = {one.seed for one in found if one.way == WRONG}  # the way that is judged last
    for seed in track([seed for seed in seeds if seed not in done], kind):
        new = list(judged(kind, seed))
        found = [one for one in found if one.seed != seed] + new
        if store is not None:
            with store.open("a") as file:
                file.writelines(json.dumps(asdict(one)) + "\n" for one in new)
    return found


def main(
    count: Annotated[int, typer.Option("--tables", help="Tables of each kind.")] = 100,
    kinds: Annotated[str, typer.Option(help="By comma.")] = ",".join(KINDS),
    seed: Annotated[int, typer.Option(help="Of the first table; the others follow.")] = 0,
    store: Annotated[
        Path | None, typer.Option(help="A line a table and way; what stands there is not repeated.")
    ] = None,
) -> None:
    """Draw tables, judge them, and write the page; of fewer kinds it is only shown."""
    quiet.silence_loggers()
    seeds = range(seed, seed + count)
    found = [one for kind in kinds.split(",") for one in tables(kind, seeds, store)]
    repeated = weights_and_repeated_rows(seed)
    text = laid_out(found, repeated, f"honesty --tables {count} --kinds {kinds} --seed {seed}")
    if set(kinds.split(",")) == set(KINDS):
        page.write("honesty", text, {"tables": [asdict(one) for one in found], "repeated": asdict(repeated)})
    else:
        print(text)


if __name__ == "__main__":
    typer.run(main)
