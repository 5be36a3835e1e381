"""`python -m app drift data.csv`: the table of drift that the dashboard would show, for the rows of a file.

drift(settings)    load the model ─> score the file ─> judge ─> print ─> exit code
score(model, …)    rows ─> the model's own run ─> Counts, by the code that counts traffic
judge(model, …)    Counts ─> a Verdict for each feature and the prediction, those that moved most first
"""

import itertools
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TextIO

import msgspec
from pydantic import Field
from pydantic_settings import CliPositionalArg, SettingsConfigDict

from app.bins.layout import MISSING, UNSEEN
from app.bundle import reader as bundles
from app.drift.counts import DRIFTED, MIN_ROWS, MOVED, Column, Counts, psi
from app.drift.sampling import Watch
from app.errors import BundleError
from app.features.rows import Rows
from app.printable import bounded, json_text, listed
from app.runtime.model import Model, load
from app.settings import Settings
from app.sources.errors import SourceError

if TYPE_CHECKING:
    from app.sources.table import Line, Table

FAULTS_SHOWN = 3
NOT_FINITE = ": expected a finite answer of the model. Received: another."
STEP_S = 0.2  # between two lines of progress
WRONG = 2


class Drift(Settings):
    """Compare the rows of a file with the data that a model learned from.

    Exits with 0 when nothing drifted or there are too few rows to say, 1 when something did, 2 when the settings, the
    model or the file are wrong.
    """

    model_config = SettingsConfigDict(cli_shortcuts={"as-json": "json"})

    data: CliPositionalArg[Path] = Field(
        description="Table with a column for each feature: CSV, Parquet, JSON lines, Arrow, Excel."
    )
    model: str | None = Field(None, description="Whose features; may be left out where the folder holds one model.")
    version: int | None = Field(None, ge=1, description="Which version; left out: the newest.")
    bundle: Path | None = Field(None, description="Folder of the version, `<name>/<version>`, instead of the two.")
    as_json: bool = Field(False, description="Write one JSON document instead of a table.")


@dataclass
class Score:
    """What became of the rows of a file."""

    counts: Counts
    refused: int = 0  # lines that the service would refuse, or could not answer
    faults: list[str] = field(default_factory=list)  # why, the first of them


@dataclass(frozen=True)
class Verdict:
    """How far one feature, or the prediction, has moved."""

    kind: str
    feature: str
    psi: float
    verdict: str
    missing: float | None  # shares of the rows; None where there is no such thing
    unseen: float | None
    out_of_range: float | None
    bins: dict[str, dict[str, float]]  # bin -> the shares of training and of the rows


def drift(settings: Drift) -> int:
    """Print the table, and return the exit code."""
    try:
        model = load(_folder(settings), settings.model_copy(update={"drift": True}))
        watch = _watch(model)
        table = _open(settings.data, model)
        scored = score(model, watch, table, sys.stderr)
        if not scored.counts.rows:
            reasons = " ".join(scored.faults) or "The file has no rows."
            raise SourceError(f"{settings.data}: expected rows that the model can answer. {reasons}")
    except (BundleError, SourceError) as error:
        print(error, file=sys.stderr)
        return WRONG
    verdicts = judge(watch, scored.counts)
    if settings.as_json:
        document = msgspec.json.encode(_document(settings, model, scored, verdicts))
        print(json_text(msgspec.json.format(document, indent=2).decode()))
    else:
        print(_text(settings, model, table, scored, verdicts))
    return 1 if any(found.verdict == "drifted" for found in verdicts) else 0


def score(model: Model, watch: Watch, table: "Table", progress: TextIO) -> Score:
    """Run every row, and count as the service does."""
    scored = Score(watch.table.empty())
    shown = monotonic()
    remaining = table.lines()
    while lines := list(itertools.islice(remaining, watch.rows_max)):
        _count(model, watch, table, lines, scored)
        if progress.isatty() and monotonic() - shown > STEP_S:
            shown = monotonic()
            print(f"\r{table.read_share:4.0%}  {scored.counts.rows:,} rows", end="", file=progress, flush=True)
    if progress.isatty():
        print("\r\033[K", end="", file=progress, flush=True)
    return scored


def judge(watch: Watch, counts: Counts) -> list[Verdict]:
    """Say how far each feature has moved; the prediction first, then those that moved most."""
    features = [_verdict(each, counts, float(counts.out_of_range[at])) for at, each in enumerate(watch.table.features)]
    prediction = [_verdict(watch.table.prediction, counts, 0.0)] if counts.predictions else []
    return [*prediction, *sorted(features, key=lambda found: -found.psi)]


def _folder(settings: Drift) -> Path:
    """Find the version's folder; raises `SourceError`, saying what to choose from."""
    if settings.bundle is not None:
        return settings.bundle.absolute()
    root = settings.models
    names = sorted([entry.name for entry in root.iterdir() if entry.is_dir()]) if root.is_dir() else []
    name = settings.model or settings.default_model or (names[0] if len(names) == 1 else None)
    if name is None or name not in names:
        expected = f"expected one of {listed(names)}" if names else f"expected a model in {root}"
        raise SourceError(f"Invalid `--model`: {expected}. Received: {'nothing' if name is None else f'`{name}`'}.")
    versions = bundles.versions(root / name)
    version = settings.version or (versions[-1] if versions else None)
    if version is None or version not in versions:
        expected = listed(versions, f"a version in {root / name}")
        raise SourceError(f"Invalid `--version`: expected one of {expected}. Received: {version or 'nothing'}.")
    return root / name / str(version)


def _watch(model: Model) -> Watch:
    if model.watch is None:
        where = f"{model.name}/{model.version}"
        expected = f"the distribution of its training data in {bundles.PROFILE}"
        advice = "Train it anew, or compare with a version that has one."
        raise SourceError(f"{where}: expected {expected}. Received: none. {advice}")
    return model.watch


def _open(path: Path, model: Model) -> "Table":
    """Open the file by the rules by which the training file was read; raises `SourceError`."""
    try:
        from app.sources.table import Wanted, open_table  # noqa: PLC0415 - a service needs no reader of tables
    except ModuleNotFoundError as error:
        raise SourceError(f"{error}. Files are read with the extra `score`: pip install 'slipway[score]'") from error
    features = model.features
    assert features is not None  # a model that is watched has some
    wanted = [Wanted(each.name, each.optional, features.text_reader(each.name)) for each in features.features]
    return open_table(path, wanted, model.bundle.manifest.reading if model.bundle else None)


def _count(model: Model, watch: Watch, table: "Table", lines: "list[Line]", scored: Score) -> None:
    for line in lines:
        if line.instance is None:
            _refuse(scored, table, line)
    good = [line for line in lines if line.instance is not None]
    rows = model.row_reader.rows([line.instance for line in good if line.instance is not None])
    if good and not _run(model, rows):
        for place, line in enumerate(good):
            if not _run(model, rows[place : place + 1]):
                _refuse(
                    scored, table, replace(line, fault=": expected a finite answer of the model. Received: another.")
                )
    counts = watch.take()
    if counts is not None:
        scored.counts.add(counts)


def _run(model: Model, rows: Rows) -> bool:
    """Run rows together, as the service does; False when one of the answers is not finite: nothing is counted then."""
    try:
        model.run([rows])
    except FloatingPointError:
        return False
    return True


def _refuse(scored: Score, table: "Table", line: "Line") -> None:
    scored.refused += 1
    if len(scored.faults) < FAULTS_SHOWN:
        scored.faults.append(table.place(line))


def _verdict(column: Column, counts: Counts, out_of_range: float) -> Verdict:
    found = counts.values[column.place]
    rows = float(found.sum())
    training = dict(zip(column.layout.names, column.layout.shares, strict=True))
    shares = dict(zip(training, (found / rows).tolist(), strict=True))
    index = psi(column.layout.shares, found)
    feature = column.kind == "feature"
    return Verdict(
        kind=column.kind,
        feature=column.name,
        psi=index,
        verdict=_word(index, rows),
        missing=shares.get(MISSING) if feature else None,
        unseen=shares.get(UNSEEN) if feature else None,
        out_of_range=out_of_range / rows if feature and column.layout.ranged else None,
        bins={name: {"training": share, "rows": shares[name]} for name, share in training.items()},
    )


def _word(index: float, rows: float) -> str:
    if rows < MIN_ROWS:
        return "too few rows"
    return "drifted" if index > DRIFTED else "moved" if index >= MOVED else "steady"


def _document(settings: Drift, model: Model, scored: Score, verdicts: list[Verdict]) -> dict[str, Any]:
    return {
        "data": str(settings.data),
        "model": model.name,
        "version": model.version,
        "rows": scored.counts.rows,
        "refused": scored.refused,
        "faults": scored.faults,
        "features": verdicts,
    }


def _text(settings: Drift, model: Model, table: "Table", scored: Score, verdicts: list[Verdict]) -> str:
    notes = [f"{settings.data}: {scored.counts.rows:,} rows against the training data of {model.name}/{model.version}."]
    if scored.refused:
        notes.append(f"{scored.refused:,} lines are left out, because the service would refuse them:")
        notes += [f"  {fault}" for fault in scored.faults]
    if table.absent:
        notes.append(f"Without a column, hence missing in each row: {listed(table.absent)}.")
    if scored.counts.rows < MIN_ROWS:
        notes.append(f"Too few rows to judge: chance alone moves the index. Expected at least {MIN_ROWS:,}.")
    width = max([len(_name(found)) for found in verdicts])
    head = f"{'feature':{width}}  {'PSI':>7}  {'missing':>8}  {'unseen':>8}  {'out of range':>12}  verdict"
    lines = [
        f"{_name(found):{width}}  {found.psi:7.4f}  {_share(found.missing):>8}  {_share(found.unseen):>8}  "
        f"{_share(found.out_of_range):>12}  {found.verdict}"
        for found in verdicts
    ]
    return "\n".join([bounded(line) for line in (*notes, "", head, *lines)])


def _name(found: Verdict) -> str:
    name = bounded(found.feature)
    return f"{name} (prediction)" if found.kind == "prediction" else name


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.2%}"
