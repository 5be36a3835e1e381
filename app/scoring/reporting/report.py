"""The report: what became of all rows, from the markers of all parts; the same bytes from whoever writes it.

    finish(job)    markers ─> one tally ─> Report ─> _report.json, _report.md

Names begin with `_`, for Spark, pandas and others read all other files of a folder as its parts.
It knows nothing of time: how fast it was is the console's to say.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from app.drift.verdicts import Verdict
from app.printable import printable
from app.scoring.errors import Unfinished
from app.scoring.parts import marker
from app.scoring.parts.job import Job
from app.scoring.parts.marker import Marker
from app.scoring.parts.plan import Stretch
from app.scoring.tally import Tally

REPORT, TEXT = "_report.json", "_report.md"
MISSING_SHOWN = 5  # stretches that are not whole
DIGITS = 6
HEAD = ["feature", "PSI", "missing", "unseen", "out of range", "verdict"]
CELL = re.compile(r"([\\|<*\[\]])")  # what Markdown would take for its own


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """How far a feature, or the prediction, has moved from the training data."""

    feature: str
    kind: str
    psi: float
    verdict: str
    missing: float | None
    unseen: float | None
    out_of_range: float | None


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """A metric as on the card."""

    metric: str
    value: float
    low: float | None  # of its 95 % interval
    high: float | None
    error: float  # that counting in bins may have cost; 0: it is exact
    card: float | None  # on the test rows of training


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the rows."""

    model: str
    version: int
    plan: str  # its sha256
    inputs: int
    parts: int
    rows: int
    answered: int
    rejected: int
    reasons: dict[str, int]  # rows set aside, by reason, the most frequent first
    bytes: int  # of the parts
    drift: list[Moved]  # none where the bundle has no profile
    judged: int  # rows whose truth stood in the data
    metrics: list[Metric]  # of these, each counted once
    card_weighs_by: str | None  # the column that says how much a row counts on the card; None: all count alike there

    @property
    def share(self) -> float:
        """Return the share of the rows that were set aside."""
        return self.rejected / self.rows if self.rows else 0.0


def finish(job: Job) -> Report:
    """Write the report; raises `Unfinished` where parts are missing, `Failed` where one is damaged."""
    markers = list(_markers(job))
    for each in markers:
        marker.check_sizes(job.place, each)
    tally = Tally()
    for each in markers:
        tally.add(Tally.from_json(each.tally))
    report = _report(job, markers, tally)
    job.place.put(REPORT, msgspec.json.format(msgspec.json.encode(report), indent=1))
    job.place.put(TEXT, text(report).encode())
    return report


def unfinished(job: Job) -> list[int]:
    """Return the stretches that are not whole; markers are believed."""
    return [stretch.number for stretch in job.plan.stretches if _of_stretch(job, stretch) is None]


def done_rows(job: Job) -> int:
    """Return the rows of parts that are done."""
    names = job.place.names(marker.FOLDER)
    found = [marker.read(job.place, job.plan, *marker.numbers_of(name)) for name in names]
    return sum(each.rows for each in found if each is not None)


def _markers(job: Job) -> Iterator[Marker]:
    missing = []
    for stretch in job.plan.stretches:
        found = _of_stretch(job, stretch)
        if found is None:
            missing.append(stretch.number)
        elif not missing:
            yield from found
    if missing:
        shown = ", ".join(map(str, missing[:MISSING_SHOWN])) + (", …" if len(missing) > MISSING_SHOWN else "")
        expected = f"{len(job.plan.stretches):,} stretches that are whole"
        raise Unfinished(f"{job.out}: expected {expected}. Received: {len(missing):,} that are not ({shown}).")


def _of_stretch(job: Job, stretch: Stretch) -> list[Marker] | None:
    """Return the markers of a stretch from its first part to its last; None where one is missing."""
    found: list[Marker] = []
    while (each := marker.read(job.place, job.plan, stretch.number, len(found))) is not None:
        found.append(each)
        if each.last:
            return found
    return None


def _report(job: Job, markers: list[Marker], tally: Tally) -> Report:
    plan = job.plan
    return Report(
        model=plan.model,
        version=plan.version,
        plan=plan.sha256,
        inputs=len(plan.inputs),
        parts=len(markers),
        rows=sum(each.rows for each in markers),
        answered=sum(each.answered for each in markers),
        rejected=sum(each.rejected for each in markers),
        reasons=dict(sorted(tally.rejected.items(), key=lambda item: (-item[1], item[0]))),
        bytes=sum(file.bytes for each in markers for file in each.files[:1]),
        drift=[_moved(found) for found in job.scorer.tallying.verdicts(tally)],
        judged=0 if tally.totals is None else tally.totals.rows,
        metrics=_metrics(job, tally),
        card_weighs_by=_weights(job),
    )


def _metrics(job: Job, tally: Tally) -> list[Metric]:
    bundle = job.scorer.model.bundle
    card = {} if bundle is None else bundle.manifest.metrics.get("shipped", {})
    return [
        Metric(
            metric=name,
            value=round(found.value, DIGITS),
            low=None if found.low is None else round(found.low, DIGITS),
            high=None if found.high is None else round(found.high, DIGITS),
            error=round(found.error, DIGITS),
            card=card.get(name),
        )
        for name, found in job.scorer.tallying.metrics(tally).items()
    ]


def _weights(job: Job) -> str | None:
    """Return the column of weights, by which totals of whole rows cannot count."""
    bundle = job.scorer.model.bundle
    named = None if bundle is None else bundle.manifest.training.get("weights")
    return None if named is None else str(named)


def _moved(found: Verdict) -> Moved:
    """Take what is shown, in digits that every machine writes alike."""
    shares = {name: getattr(found, name) for name in ("missing", "unseen", "out_of_range")}
    rounded = {name: None if share is None else round(share, DIGITS) for name, share in shares.items()}
    return Moved(feature=found.feature, kind=found.kind, psi=round(found.psi, DIGITS), verdict=found.verdict, **rounded)


def text(report: Report) -> str:
    """Write the report for people, as Markdown."""
    lines = [
        f"# {report.rows:,} rows by {report.model}/{report.version}",
        "",
        f"{report.answered:,} answered, **{report.rejected:,} set aside** ({report.share:.2%}), "
        f"in {report.parts:,} parts of {report.bytes:,} bytes.",
    ]
    if report.reasons:
        lines += ["", f"Set aside, each with its line and content in `{marker.REJECTED}/`:", ""]
        lines += _table(["rows", "reason"], [(f"{rows:,}", reason) for reason, rows in report.reasons.items()])
    if report.metrics:
        lines += ["", f"Of {report.judged:,} rows the data says what is true:", ""]
        lines += _table(["metric", "value", "95 % interval", "on the card"], [_judged(each) for each in report.metrics])
        if report.card_weighs_by is not None:
            column = CELL.sub(r"\\\1", report.card_weighs_by)
            lines += ["", f"Rows count once each here; on the card they count by {column}."]
    if report.drift:
        lines += ["", "Against the training data, what moved most first ([0, 0.1) steady, above 0.2 drifted):", ""]
        lines += _table(HEAD, [_row(found) for found in report.drift])
    return "\n".join([*lines, ""])


def _judged(found: Metric) -> tuple[str, ...]:
    error = f" ± {found.error:.4f}" if found.error else ""
    interval = "" if found.low is None or found.high is None else f"{found.low:.4f} to {found.high:.4f}"
    return (found.metric, f"{found.value:.4f}{error}", interval, "" if found.card is None else f"{found.card:.4f}")


def _row(found: Moved) -> tuple[str, ...]:
    name = f"{found.feature} (prediction)" if found.kind == "prediction" else found.feature
    shares = ["" if share is None else f"{share:.2%}" for share in (found.missing, found.unseen, found.out_of_range)]
    return (name, f"{found.psi:.4f}", *shares, found.verdict)


def _table(head: list[str], rows: list[tuple[Any, ...]]) -> list[str]:
    cells = [[CELL.sub(r"\\\1", printable(str(cell))) for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *cells]]
