"""The console: the plan before the work, the report behind it."""

from typing import TYPE_CHECKING

from app.printable import bounded, printable
from app.scoring.parts.job import Job
from app.scoring.parts.plan import Plan
from app.scoring.reporting import report
from app.scoring.reporting.progress import Progress, duration
from app.scoring.reporting.report import Report
from app.sources.source import Source

if TYPE_CHECKING:
    from app.scoring.command import Score

GO_ON = "What is done stays: the same command goes on from there."


def show_plan(job: Job, source: Source, settings: "Score") -> None:
    """Say what will be done."""
    if settings.quiet and not settings.dry_run:
        return
    for line in plan_lines(job.plan, settings.workers):
        print(bounded(line))
    for remark in source.remarks:
        print(bounded(f"  {remark}"))
    if absent := job.scorer.columns.absent(source.schema):
        print(bounded(f"  without a column, hence missing in each row: {', '.join(absent)}"))
    print(f"  to {bounded(job.out)}", flush=True)


def plan_lines(plan: Plan, workers: int) -> list[str]:
    """Write a plan for people."""
    files, size = len(plan.inputs), sum(each.bytes for each in plan.inputs)
    stretches = "1 stretch" if len(plan.stretches) == 1 else f"{len(plan.stretches):,} stretches"
    rows = f"{plan.rows:,} rows" if plan.rows is not None else "as many rows as there are"
    lines = [
        f"{plan.model}/{plan.version}: {rows} in {files:,} {'file' if files == 1 else 'files'} of {size:,} bytes",
        f"  {stretches}, each read in order by one worker, in parts of {plan.part_rows:,} rows as {plan.format}",
    ]
    if len(plan.stretches) < workers:
        lines.append(f"  {len(plan.stretches)} of {workers} workers have work: {_advice(plan)}")
    return lines


def _advice(plan: Plan) -> str:
    if plan.form.kind == "parquet":
        return f"write row groups of {plan.part_rows:,} rows or fewer, each of which another worker can read"
    return f"a {plan.form.kind} file is read from its start; give several files, or Parquet"


def show_report(found: Report, progress: Progress, settings: "Score") -> None:
    """Print the report, and how fast it was."""
    if settings.quiet:
        return
    print(printable(report.text(found), keep="\n"))
    pace = progress.rows / progress.seconds if progress.seconds else 0.0
    print(f"{pace:,.0f} rows/s in {duration(progress.seconds)}; {settings.out}", flush=True)
