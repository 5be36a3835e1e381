"""What an option of training is worth, on the validation split of seeds that `benchmarks.training.quality` does not
report.

    python -m benchmarks.training.option_ablation "" "--members 8" "--network plain --sums 0" …
      [--seeds 10,11,12] [--only adult,bank]

    variant   options of training beside those of the table; "" stands for the defaults
    score     the main metric of the folded network on the validation split, which also chose its epoch
    ratio     to HistGradientBoosting on the same rows; the median over the seeds

The defaults are chosen by these figures, so that the test splits that `benchmarks.training.quality` reports have had no
say. Each run is a line in `--store`; a run that stands there is not repeated.
"""

import json
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.training.page import ROOT
from benchmarks.training.quality import CASES, find
from training.cli import environment as quiet
from training.features.options import NumberOptions

quiet.set_environment()

import keras  # noqa: E402 - it reads the environment when it is imported

from training.cli import train as cli  # noqa: E402
from training.data.prepare import Data, prepare  # noqa: E402
from training.evaluation import baselines  # noqa: E402
from training.network import reparameterize as fold  # noqa: E402
from training.network.reparameterize import calibrate  # noqa: E402
from training.options import Options  # noqa: E402
from training.tasks.evaluate import evaluate  # noqa: E402
from training.tasks.parts import BOOSTING  # noqa: E402
from training.trainer.fit import encoded, fit, seed_everything  # noqa: E402

Row = dict[str, Any]  # table, seed, variant, ratio, score, boosting, epochs, weights, seconds


def options_of(name: str, seed: int, variant: str, data: Path) -> Options:
    """Return the options of a table with those of a variant."""
    case = CASES[name]
    words = [str(find(case, data)), "--target", case.target, "--seed", str(seed)]
    return cli.parse([*words, *(["--drop", case.drop] if case.drop else []), *variant.split()])


def measure(name: str, data: Data, options: Options, boosting: float) -> Row:
    """Fit one variant and judge it on the validation split."""
    metric = str(CASES[name].main)
    keras.backend.clear_session()
    seed_everything(options.run.seed)
    started = time.monotonic()
    learner = fold.fitted(data.features, data.task, options)
    parts = encoded(learner, data.task, data.train), encoded(learner, data.task, data.validation)
    history = fit(learner.trunk, data.task, *parts, options, lambda _done, _losses: None)
    learner = fold.fold(learner, data.features, data.task, options)
    calibrate(learner, data.task, data.validation, options)
    score = evaluate(data.task, learner.predict, data.validation)[metric]
    return {
        "ratio": score / boosting,
        "score": score,
        "boosting": boosting,
        "epochs": len(history.loss),
        "weights": learner.trunk.count_params(),
        "seconds": round(time.monotonic() - started, 1),
    }


def runs(names: list[str], seeds: list[int], variants: list[str], data: Path, there: list[Row]) -> Iterator[Row]:
    """Yield each run that is not there, table by table and seed by seed."""
    done = {(row["table"], row["seed"], row["variant"]): row for row in there}
    for seed in seeds:
        for name in names:
            wanted = [variant for variant in variants if (name, seed, variant) not in done]
            before = next((row["boosting"] for row in there if (row["table"], row["seed"]) == (name, seed)), None)
            prepared: dict[Options, Data] = {}
            for variant in wanted:
                options = options_of(name, seed, variant, data)
                key = options_of(name, seed, "", data).changed(bins=options.own(NumberOptions).bins)
                if key not in prepared:
                    prepared[key] = prepare(options)
                table = prepared[key]
                if before is None:
                    fitted = baselines.fitted(table.task, table.features, table.train, seed)
                    answers = fitted[BOOSTING](table.validation)
                    before = table.task.evaluate(table.validation.y, answers)[str(CASES[name].main)]
                yield {"table": name, "seed": seed, "variant": variant, **measure(name, table, options, before)}


def summary(rows: list[Row], names: list[str], variants: list[str]) -> Table:
    """One line a variant: the median ratio on each table, and over all of them weights and seconds."""
    shown = Table("options", *names, "mean", "weights", "s", title="validation ÷ boosting, median over the seeds")
    for variant in variants:
        mine = [row for row in rows if row["variant"] == variant]
        ratios = [[row["ratio"] for row in mine if row["table"] == name] for name in names]
        medians = [statistics.median(found) if found else float("nan") for found in ratios]
        weights = statistics.median(row["weights"] for row in mine)
        seconds = statistics.median(row["seconds"] for row in mine)
        mean = statistics.mean(medians)
        shown.add_row(
            variant or "(defaults)", *(f"{m:.4f}" for m in [*medians, mean]), f"{weights:,}", f"{seconds:.0f}"
        )
    return shown


def main(
    variants: Annotated[list[str], typer.Argument(help='Options of training, each variant in quotes; "": defaults.')],
    seeds: Annotated[str, typer.Option(help="By comma.")] = "10,11,12",
    only: Annotated[str, typer.Option(help="Tables by name and comma; left out: those with a claim.")] = "",
    data: Annotated[Path, typer.Option(help="Folder of the tables that are not among the examples.")] = ROOT
    / "../shared/data",
    store: Annotated[Path, typer.Option(help="A line a run.")] = ROOT / "benchmarks" / "knobs.jsonl",
) -> None:
    """Fit variants and show what each is worth."""
    quiet.silence_loggers()
    names = only.split(",") if only else [name for name, case in CASES.items() if case.main]
    there = [json.loads(line) for line in store.read_text().splitlines()] if store.exists() else []
    with closing(store.open("a")) as file:
        for row in runs(names, [int(seed) for seed in seeds.split(",")], variants, data, there):
            file.write(json.dumps(row) + "\n")
            file.flush()
            there.append(row)
            print(f"{row['table']} {row['seed']} {row['variant']!r}: {row['ratio']:.4f} in {row['seconds']} s")
    wanted = set(map(int, seeds.split(",")))
    Console(width=160).print(summary([row for row in there if row["seed"] in wanted], names, variants))


if __name__ == "__main__":
    typer.run(main)
