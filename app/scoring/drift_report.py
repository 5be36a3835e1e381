"""`python -m app drift data.csv`: the table of drift that the dashboard would show, for the rows of a file.

drift(settings)    load the model ─> score the file ─> judge ─> print ─> exit code
score(scorer, …)   chunks of the file ─> Scorer ─> a tally, by the code that counts traffic
"""

import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TextIO

import msgspec
from pydantic import Field
from pydantic_settings import CliPositionalArg, SettingsConfigDict

from app.bundle import reader as bundles
from app.drift.counts import MIN_ROWS
from app.drift.verdicts import Verdict
from app.errors import BundleError
from app.printable import bounded, json_text, listed
from app.runtime.model import Model, load
from app.scoring.choice import folder_of
from app.settings import Settings
from app.sources.errors import SourceError

if TYPE_CHECKING:
    from app.scoring.scored_file import ScoredFile
    from app.scoring.scorer import Scorer
    from app.sources.source import Source

FAULTS_SHOWN = 3
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


def drift(settings: Drift) -> int:
    """Print the table, and return the exit code."""
    try:
        name = settings.model or settings.default_model
        model = _profiled(load(folder_of(settings.models, name, settings.version, settings.bundle), settings))
        scorer, source = _open(settings.data, model)
        scored = score(scorer, source, sys.stderr)
        if not scored.tally.rows:
            reasons = " ".join(scored.faults) or "The file has no rows."
            raise SourceError(f"{settings.data}: expected rows that the model can answer. {reasons}")
    except (BundleError, SourceError) as error:
        print(error, file=sys.stderr)
        return WRONG
    verdicts = scorer.tallying.verdicts(scored.tally)
    if settings.as_json:
        document = msgspec.json.encode(_document(settings, model, scored, verdicts))
        print(json_text(msgspec.json.format(document, indent=2).decode()))
    else:
        print(_text(settings, model, scored, verdicts))
    return 1 if any(found.verdict == "drifted" for found in verdicts) else 0


def score(scorer: "Scorer", source: "Source", progress: TextIO) -> "ScoredFile":
    """Score every row, and count as the service does."""
    from app.scoring.scored_file import ScoredFile  # noqa: PLC0415 - a service needs no Arrow

    scored, shown, share = ScoredFile(source, FAULTS_SHOWN), monotonic(), 0.0

    def seen(read: float) -> None:
        nonlocal share
        share = read

    for _ in scored.score(scorer, seen):
        if progress.isatty() and monotonic() - shown > STEP_S:
            shown = monotonic()
            print(f"\r{share:4.0%}  {scored.tally.rows:,} rows", end="", file=progress, flush=True)
    if progress.isatty():
        print("\r\033[K", end="", file=progress, flush=True)
    return scored


def _profiled(model: Model) -> Model:
    if model.bundle is None or model.bundle.profile is None:
        where = f"{model.name}/{model.version}"
        expected = f"the distribution of its training data in {bundles.PROFILE}"
        advice = "Train it anew, or compare with a version that has one."
        raise SourceError(f"{where}: expected {expected}. Received: none. {advice}")
    return model


def _open(path: Path, model: Model) -> "tuple[Scorer, Source]":
    """Open the file by the rules by which the training file was read; raises `SourceError`."""
    try:
        from app.scoring.scorer import Scorer  # noqa: PLC0415 - a service needs no reader of tables
        from app.sources.source import open_source  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SourceError(f"{error}. Files are read with the extra `score`: pip install 'slipway[score]'") from error
    return Scorer(model), open_source(path, rules=model.bundle.manifest.reading if model.bundle else None)


def _document(settings: Drift, model: Model, scored: "ScoredFile", verdicts: list[Verdict]) -> dict[str, Any]:
    return {
        "data": str(settings.data),
        "model": model.name,
        "version": model.version,
        "rows": scored.tally.rows,
        "refused": scored.refused,
        "faults": scored.faults,
        "features": verdicts,
    }


def _text(settings: Drift, model: Model, scored: "ScoredFile", verdicts: list[Verdict]) -> str:
    notes = [f"{settings.data}: {scored.tally.rows:,} rows against the training data of {model.name}/{model.version}."]
    if scored.refused:
        notes.append(f"{scored.refused:,} lines are left out, because the service would refuse them:")
        notes += [f"  {fault}" for fault in scored.faults]
    if scored.absent:
        notes.append(f"Without a column, hence missing in each row: {listed(scored.absent)}.")
    if scored.tally.rows < MIN_ROWS:
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
