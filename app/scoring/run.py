"""A run of `score`: from options to a report.

    run(settings)   source, scorer ─ checked ─> plan ─ claimed, or that which stands there ─> Job
                    Job ─ engine ─> parts ─ all there? ─> report ─> exit code

It knows nothing about how a row is read or answered.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.bundle import reader as bundles
from app.printable import listed
from app.scoring import names
from app.scoring.choice import folder_of
from app.scoring.engines.base import Failure
from app.scoring.engines.registry import ENGINES, engine_of
from app.scoring.errors import DONE, INTERRUPTED, TERMINATED, TOO_MANY, Failed, Refused
from app.scoring.output import registry as formats
from app.scoring.parts import fetching, inputs, plan
from app.scoring.parts.estimate import rows_of
from app.scoring.parts.job import Job
from app.scoring.parts.part import schema_of
from app.scoring.parts.plan import PLAN, Plan
from app.scoring.places import addresses
from app.scoring.reporting import console, dry_run, report, textfile
from app.scoring.reporting.progress import Progress
from app.scoring.scorer import Scorer, load_scorer
from app.settings import Settings
from app.sources.rules import Rules
from app.sources.source import Source, open_source

if TYPE_CHECKING:
    from app.scoring.command import Score

LIBRARIES = ("pyarrow", "onnxruntime", "numpy")  # another version may write or round otherwise
WAY = "1"  # in which parts are made; another one would give the same plan other bytes
MOST_NAMES = 5


def run(settings: "Score") -> int:
    """Score as the options say; return the exit code."""
    job, source = prepared(settings)
    console.show_plan(job, source, settings)
    if settings.dry_run:
        return dry_run.show(job, source)
    job = _claimed(job)
    total = rows_of(job.plan, list(source.files))
    progress = Progress(sys.stderr, total, report.done_rows(job), quiet=settings.quiet)
    with _signals(progress) as received:
        failures = engine_of(settings.engine).run(job, list(_numbers(job)), progress, settings.workers)
    progress.clear()
    code = _ended(job, settings, failures, progress, received)
    if settings.metrics_textfile is not None:
        textfile.write(settings.metrics_textfile, job, code, progress)
    return code


def prepared(settings: "Score") -> tuple[Job, Source]:
    """Return the job that the options ask for, and its data; everything is checked that can be before work."""
    if settings.data == "-":
        hint = "Write it to a file first: a run that was stopped reads its data again."
        raise Refused(f"`DATA`: expected files. Received: standard input. {hint}")
    if settings.engine not in ENGINES:
        raise Refused(f"`--engine`: expected one of {listed(ENGINES)}. Received: {settings.engine}.")
    folder = folder_of(settings.models, settings.model or settings.default_model, settings.version, settings.bundle)
    engine = Settings.model_construct(**{name: getattr(settings, name) for name in Settings.model_fields})
    scorer = load_scorer(folder, engine)
    bundle = scorer.model.bundle
    source, data = _opened(settings.data, None if bundle is None else bundle.manifest.reading)
    made = _plan(settings, folder, scorer, source)
    out = settings.out if addresses.is_remote(settings.out) else str(Path(settings.out).absolute())
    return Job(plan=made, data=data, out=out, bundle=str(folder.absolute()), settings=engine), source


def _opened(data: str, rules: Rules | None) -> tuple[Source, tuple[str, ...]]:
    """Open the data; return its files, as any machine may find them."""
    if addresses.is_remote(data):
        return fetching.opened(data, rules)
    source = open_source(Path(data), rules=rules)
    return source, tuple([str(path.absolute()) for path in source.files])


def _plan(settings: "Score", folder: Path, scorer: Scorer, source: Source) -> Plan:
    """Check what stands before and behind the model, and fix what is done."""
    keep = names.kept(settings.keep, source.names)
    scorer.check(source.schema, settings.data, keep)
    formats.check(settings.format, schema_of(scorer, source.schema, keep))
    return Plan(
        model=scorer.model.name,
        version=scorer.model.version,
        manifest_sha256=bundles.sha256(folder / bundles.MANIFEST),
        inputs=inputs.look(source.files),
        stretches=plan.stretches(source.groups, settings.part_rows),
        form=source.form,
        keep=keep,
        format=settings.format,
        part_rows=settings.part_rows,
        run_rows=scorer.run_rows,
        made_with={"way": WAY, **{name: version(name) for name in LIBRARIES}},
    )


def _claimed(job: Job) -> Job:
    """Put the plan into its place, or go on with the same one that stands there; raises `Refused` for another."""
    place = job.place
    names = place.names()  # before the plan is looked for: another command may begin meanwhile
    if place.get(PLAN) is None and names:
        expected = "a folder that is new or empty, or holds a plan"
        raise Refused(f"`--out`: expected {expected}. Received: {job.out} with {listed(names[:MOST_NAMES])}.")
    try:
        found = plan.decoded(place.claim(PLAN, plan.encoded(job.plan)), f"{job.out}/{PLAN}")
    except (ValueError, Failed) as error:
        raise Refused(str(error)) from error
    if other := plan.differences(job.plan, found):
        told = "; ".join(other)
        raise Refused(f"`--out`: expected a folder of the same plan. Received: {job.out}, of another: {told}.")
    return Job(plan=found, data=job.data, out=job.out, bundle=job.bundle, settings=job.settings)


def _numbers(job: Job) -> Iterator[int]:
    return (stretch.number for stretch in job.plan.stretches)


def _ended(job: Job, settings: "Score", failures: list[Failure], progress: Progress, received: list[int]) -> int:
    """Write the report where all is done, or say how to go on; return the exit code."""
    left = report.unfinished(job)
    if not left:
        return _judged(job, settings, progress)
    if failures:
        progress.note(f"{len(left):,} of {len(job.plan.stretches):,} stretches are not whole. {console.GO_ON}")
        return max(failure.exit_code for failure in failures)
    if received:
        progress.note(f"Stopped: {len(left):,} of {len(job.plan.stretches):,} stretches are not whole. {console.GO_ON}")
        return TERMINATED if received[0] == signal.SIGTERM else INTERRUPTED
    progress.note(f"This share is done; {len(left):,} of {len(job.plan.stretches):,} stretches are others' to do.")
    return DONE


def _judged(job: Job, settings: "Score", progress: Progress) -> int:
    found = report.finish(job)
    job.place.sweep()
    console.show_report(found, progress, settings)
    if found.share > settings.max_rejected:
        progress.note(
            f"`--max-rejected`: expected at most {settings.max_rejected:.2%} of the rows to be set aside. "
            f"Received: {found.share:.2%}."
        )
        return TOO_MANY
    return DONE


@contextmanager
def _signals(progress: Progress) -> Iterator[list[int]]:
    """Let a first signal end the run after the parts under way, and a second at once; give those that came."""
    received: list[int] = []

    def end(number: int, _frame: Any) -> None:
        received.append(number)
        progress.stop()
        if len(received) > 1:
            raise KeyboardInterrupt(received[0])
        progress.note("Ends after the parts under way; a second signal ends it at once.")

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    except KeyboardInterrupt:
        progress.note(f"Stopped at once. {console.GO_ON}")
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
