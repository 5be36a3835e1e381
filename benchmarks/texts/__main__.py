"""`python -m benchmarks.texts`: texts beside the obvious scikit-learn pipeline; writes `texts.md` and `texts.json`.

    python -m benchmarks.texts table [--sets uci,sms] [--seeds 2] [--quick]      how good, how small, how quick to fit
    python -m benchmarks.texts serve [--models FOLDER]        what an answer costs to serve, and whether odd texts agree
    python -m benchmarks.texts triton [--models FOLDER]       whether Triton gives the service's answers to odd texts
    python -m benchmarks.texts beside --tweets FILE --birds FILE [--seeds 3]      a text and columns in one network, and
                                                                                  each alone
    python -m benchmarks.texts encoder --folder FOLDER [--seeds 2]  what an encoder adds, folded and whole

The sets are files of `--data`; what is not there is left out, and said. Those named by `--sets` are measured anew, the
others stand on the page as they were. Opponents and bundles are kept under
`build/bench/texts`, by their rows and by the commit.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from benchmarks.harness import install
from benchmarks.harness.models import BUILD
from benchmarks.harness.peers import PEERS
from benchmarks.texts import beside as columns_beside
from benchmarks.texts import encoders, odd, opponent, ours, serving
from benchmarks.texts.ours import Trained
from benchmarks.texts.report import Pair, page, serving_page, triton_page
from benchmarks.texts.sets import FIT_SET, SETS
from benchmarks.training.page import FOLDER, ROOT, commit, write
from training.cli import environment
from training.cli.train import parse
from training.data.prepare import prepare

KEPT = BUILD / "texts"
QUICK = ("uci", "sms")
ODD_TEXTS = 1000

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command()
def table(
    sets: Annotated[str, typer.Option(help="Sets by name and comma; left out: all.")] = "",
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, from 0 on.")] = 2,
    data: Annotated[Path, typer.Option(help="Folder of the sets.")] = ROOT / "../shared/data",
    quick: Annotated[
        bool, typer.Option("--quick", help="The two smallest sets, one seed; nothing is written.")
    ] = False,
    only_opponents: Annotated[bool, typer.Option("--only-opponents", help="Train nothing of ours.")] = False,
) -> None:
    """Measure, write the page and its figures, and show it."""
    environment.silence_loggers()
    names = sets.split(",") if sets else QUICK if quick else tuple(SETS)
    there = [name for name in names if (data / SETS[name].file).is_file()]
    if absent := [name for name in names if name not in there]:
        print(f"Left out, not in {data}: {', '.join(absent)}.")
    runs = {name: [pair(name, seed, data, only_opponents) for seed in range(1 if quick else seeds)] for name in there}
    fit = fit_cpu(data) if FIT_SET in there and not only_opponents else None
    if quick or only_opponents:
        print(page(runs, fit))
        return
    before = kept_figures()
    found = {**{name: before.runs[name] for name in SETS if name in before.runs and name not in runs}, **runs}
    found = {name: found[name] for name in SETS if name in found}
    figures = {name: [asdict(one) for one in pairs] for name, pairs in found.items()}
    write("texts", page(found, fit or before.fit), {"runs": figures, "fit": fit or before.fit})


@dataclass(frozen=True)
class Figures:
    """What was measured before: sets may be measured one by one."""

    runs: Mapping[str, Sequence[Pair]]
    fit: Mapping[str, float] | None


def kept_figures() -> Figures:
    """Read what stands in `texts.json`."""
    if not (FOLDER / "texts.json").is_file():
        return Figures({}, None)
    there = json.loads((FOLDER / "texts.json").read_text())
    return Figures({name: [_pair(one) for one in pairs] for name, pairs in there["runs"].items()}, there["fit"])


def _pair(one: Mapping[str, Any]) -> Pair:
    return Pair(
        one["seed"], opponent.Fitted(**one["opponent"]), None if one["ours"] is None else Trained(**one["ours"])
    )


@app.command()
def serve(
    data: Annotated[Path, typer.Option(help="Folder of the sets.")] = ROOT / "../shared/data",
    models: Annotated[Path | None, typer.Option(help="Folder of one bundle; left out: trained on `uci`.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each server.")] = 5,
    seconds: Annotated[float, typer.Option(min=1, help="Of each turn.")] = 3.0,
) -> None:
    """Measure what an answer costs, and write the page."""
    file = data / SETS["uci"].file
    if models is None:
        models = KEPT / "models" / commit() / "uci-0"
        ours.train([*words_of("uci", data), "--seed", "0"], models)
    rows = pd.read_csv(file)
    (graph,) = models.glob("*/*/model.onnx")
    texts = rows["text"].tolist()
    with serving.seats(models, texts, rows["label"].tolist()) as seats:
        points = serving.measure(seats, texts, rounds, seconds)
        seats[0].server.thaw()
        unequal = odd.differing(graph, seats[0], odd.texts(ODD_TEXTS))
    figures = {"points": [asdict(one) for one in points], "unequal": unequal}
    write("texts_serving", serving_page(points, unequal, rounds, seconds), figures)


@app.command()
def triton(
    models: Annotated[Path, typer.Option(help="Folder of one bundle.")] = ROOT / "examples/models",
) -> None:
    """Ask Triton for the answers of a bundle's graph, beside the service, and write the page."""
    (graph,) = models.glob("*/*/model.onnx")
    asked = odd.texts(ODD_TEXTS)
    with serving.beside_triton(models.resolve(), graph.resolve()) as seats:
        unequal = odd.differing_in_triton(graph, *seats, asked)
    found = {"asked": len(asked), "unequal": unequal}
    write("texts_triton", triton_page(graph, found, install.versions(PEERS["triton"])), found)


@app.command()
def beside(
    tweets: Annotated[Path | None, typer.Option(help="A file; benchmarks/texts/beside.py says how it is made.")] = None,
    birds: Annotated[Path | None, typer.Option(help="Another one, likewise.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, from 0 on.")] = 3,
) -> None:
    """Measure what a text and other columns have beyond each alone, and write the page."""
    environment.silence_loggers()
    given = {name: file for name, file in {"tweets": tweets, "birds": birds}.items() if file}
    found = {name: [_beside(name, file, seed) for seed in range(seeds)] for name, file in given.items()}
    figures = {name: [asdict(one) for one in its] for name, its in found.items()}
    write("texts_beside", columns_beside.page(found), figures)


def _beside(name: str, file: Path, seed: int) -> columns_beside.Beside:
    folder = KEPT / "beside" / commit() / name / str(seed)
    found = columns_beside.measure(columns_beside.MIXED[name], file, seed, folder)
    print(f"{name}, seed {seed}: {asdict(found)}", file=sys.stderr, flush=True)
    return found


@app.command()
def encoder(
    folder: Annotated[Path, typer.Option(help="The encoder; benchmarks/texts/encoders.py says which.")],
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, from 0 on.")] = 2,
    data: Annotated[Path, typer.Option(help="Folder of the sets.")] = ROOT / "../shared/data",
) -> None:
    """Measure what an encoder adds to n-grams, and write the page."""
    environment.silence_loggers()
    found = {
        way: [pair(encoders.SET, seed, data, more=encoders.words_of(way, folder)) for seed in range(seeds)]
        for way in encoders.WAYS
    }
    figures = {way: [asdict(one) for one in pairs] for way, pairs in found.items()}
    write("texts_encoder", encoders.page(found, folder), figures)


def pair(name: str, seed: int, data: Path, only_opponents: bool = False, more: Sequence[str] = ()) -> Pair:
    """Measure one set with one seed, and `more` words of the command."""
    words = [*words_of(name, data), "--seed", str(seed)]
    rows = prepare(parse(words))
    kept = opponent.fitted(rows, SETS[name].metric, KEPT / "opponents")
    print(f"{name}, seed {seed}: {asdict(kept)}", file=sys.stderr, flush=True)
    if only_opponents:
        return Pair(seed, kept, None)
    bundle = ours.train([*words, *more], KEPT / "models" / commit() / f"{name}-{seed}{''.join(more[:1])}")
    rows = prepare(parse([*words, *more])) if more else rows
    trained = ours.judged(bundle, rows, list(SETS[name].claims))
    print(f"{name}, seed {seed}: {asdict(trained)}", file=sys.stderr, flush=True)
    return Pair(seed, kept, trained)


def words_of(name: str, data: Path) -> list[str]:
    """Return the words of the command, but for the seed."""
    one = SETS[name]
    return [str(data / one.file), *one.words]


def fit_cpu(data: Path) -> dict[str, float]:
    """Measure the fit in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.texts.fit_cpu", *words_of(FIT_SET, data), "--seed", "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    app()
