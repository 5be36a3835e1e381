"""`python -m benchmarks`: the service beside its peers and its limits, and what else is claimed of it.

python -m benchmarks                everything below, then the report     (about 25 minutes; --quick about 6)
python -m benchmarks compare        side by side with the peers; with --against COMMIT, beside that commit's service
python -m benchmarks sweep          open loop, up to twice the capacity
python -m benchmarks start          start-up time and memory
python -m benchmarks soak           200,000 requests: does anything grow?
python -m benchmarks profile        where a request's time goes
python -m benchmarks report         tables and plots of the newest results into README.md
python -m benchmarks install        the peers' environments alone
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from benchmarks.comparison import commits
from benchmarks.comparison import compare as comparing
from benchmarks.comparison import profile as profiling
from benchmarks.comparison import report as reporting
from benchmarks.comparison import soak as soaking
from benchmarks.comparison import startup as starting
from benchmarks.comparison import sweep as sweeping
from benchmarks.comparison.compare import Plan, Tell
from benchmarks.harness import install as installing
from benchmarks.harness import results_store
from benchmarks.harness.check_answer import NotServingError
from benchmarks.harness.models import NAMES, Model, build
from benchmarks.harness.peers import PEERS, Peer

QUIET_LOAD = 0.5  # load average above which the machine is not quiet

app = typer.Typer(add_completion=False, no_args_is_help=False, help="The service beside its peers and its limits.")
console = Console()

Quick = Annotated[bool, typer.Option("--quick", help="One short round of each: about 6 minutes.")]
Only = Annotated[str, typer.Option(help=f"Servers, by name and comma: {', '.join(PEERS)}.")]
Models = Annotated[str, typer.Option(help=f"Models, by name and comma: {', '.join(NAMES)}.")]
Server = Annotated[str, typer.Option(help="Which door of the service: slipway or slipway-asgi.")]


@dataclass(frozen=True)
class Length:
    """How much of each measurement."""

    rounds: int
    seconds: float
    connections: tuple[int, ...]
    sweep_rounds: int
    sweep_seconds: float
    starts: int
    soak_requests: int


FULL = Length(3, 2, (1, 8, 32, 128), 2, 3, 5, 200_000)
QUICK = Length(1, 1, (1, 32, 128), 1, 2, 3, 40_000)


@app.callback(invoke_without_command=True)
def everything(context: typer.Context, quick: Quick = False, only: Only = "", models: Models = "") -> None:
    """Measure everything, keep the results, and write the report."""
    if context.invoked_subcommand is not None:
        if quick or only or models:
            raise typer.BadParameter(
                f"Expected them behind `{context.invoked_subcommand}`, which has options of its own."
            )
        _prepare()
        return
    _prepare()
    length = QUICK if quick else FULL
    chosen = _models(models)
    sections = _compare(length, only, chosen)
    if not only or "slipway" in only.split(","):
        sections |= (
            _sweep(length, "slipway", chosen) | _start(length, "slipway") | _soak(length.soak_requests, "slipway")
        )
    path = results_store.path_of(_tag(quick, only, models))
    _finish(path, sections, full=not (quick or only or models))


@app.command()
def compare(
    quick: Quick = False,
    only: Only = "",
    models: Models = "",
    against: Annotated[str, typer.Option(help="A commit: compare its service with this one, by turns.")] = "",
    pairs: Annotated[int, typer.Option(min=1, help="With --against: pairs of processes.")] = 15,
) -> None:
    """Measure the servers side by side, or two commits of this one."""
    if against:
        _against(against, models, pairs, QUICK.seconds if quick else FULL.seconds)
        return
    sections = _compare(QUICK if quick else FULL, only, _models(models))
    _finish(results_store.path_of(_tag(quick, only, models)), sections, full=not (quick or only or models))


@app.command()
def sweep(quick: Quick = False, models: Models = "", server: Server = "slipway") -> None:
    """Offer fixed rates up to twice the capacity."""
    _finish(results_store.path_of("quick" if quick else ""), _sweep(QUICK if quick else FULL, server, _models(models)))


@app.command()
def start(quick: Quick = False, server: Server = "slipway") -> None:
    """Time the start, and weigh the ready process."""
    _finish(results_store.path_of("quick" if quick else ""), _start(QUICK if quick else FULL, server))


@app.command()
def soak(requests: int = FULL.soak_requests, server: Server = "slipway") -> None:
    """Send many requests of mixed sizes, and see whether anything grows."""
    tag = "" if requests >= FULL.soak_requests else "quick"
    _finish(results_store.path_of(tag), _soak(requests, server))


@app.command()
def profile(
    models: Models = "tabular,wide",
    connections: int = 32,
    seconds: float = 3,
    functions: Annotated[bool, typer.Option("--functions", help="List the costliest functions, too.")] = False,
) -> None:
    """Show where a request's time goes, by stage."""
    chosen = _models(models)
    with _progress(2 * len(chosen)) as tell:
        found = [
            profiling.profile(
                PEERS["slipway"], model, tell, connections=connections, seconds=seconds, functions=functions
            )
            for model in chosen
        ]
    for one in found:
        console.print(_profile_table(one))
        console.print(one["functions"], markup=False, highlight=False)


@app.command()
def report(
    results: Annotated[Path | None, typer.Argument(help="A file of results; the newest if left out.")] = None,
) -> None:
    """Write tables and plots into README.md, and print the claims."""
    path = results or results_store.newest()
    if path is None:
        raise typer.BadParameter("There are no results yet: python -m benchmarks")
    found = results_store.load(path)
    reporting.write(found)
    console.print(Markdown(reporting.claims_table(found)))
    console.print(f"{reporting.README} is drawn from {path}")


@app.command()
def install(only: Only = "") -> None:
    """Make the environments of the peers."""
    with _progress(len(PEERS)) as tell:
        for peer in _peers(only):
            tell(f"installing {peer.name}", 0)
            _install(peer)
            tell(f"installed {peer.name}", 1)


# ── the measurements ──


def _compare(length: Length, only: str, models: list[Model]) -> dict[str, Any]:
    peers = _peers(only)
    plan = Plan(peers, models, length.connections, length.rounds, length.seconds)
    with _progress(plan.points) as tell:
        outcome = comparing.compare(plan, tell)
    for failure in outcome.failures:
        console.print(f"[yellow]{failure['peer']}, {failure['model'] or 'every model'}:[/] {failure['reason']}")
    versions = {peer.name: installing.versions(peer) for peer in peers}
    return {"compare": asdict(outcome), "versions": versions, "length": asdict(length)}


def _against(before: str, models: str, pairs: int, seconds: float) -> None:
    """Compare two commits, and write what was found as JSON and as Markdown."""
    names = tuple(model.name for model in _models(models or "tabular,wide,adult"))
    plan = commits.Plan(before, names, pairs, seconds)
    try:
        with _progress(plan.points) as tell:
            outcome = commits.compare(plan, tell)
    except (NotServingError, installing.NotInstalledError) as error:
        raise typer.BadParameter(str(error)) from error
    path = results_store.FOLDER / "against" / f"{outcome.after}-{outcome.before}.json"
    results_store.save(path, {"against": asdict(outcome), "ratios": commits.ratios(outcome)}, full=False)
    page = commits.markdown(outcome)
    path.with_suffix(".md").write_text(page)
    console.print(Markdown(page))
    console.print(f"raw results: {path}")


def _sweep(length: Length, server: str, models: list[Model]) -> dict[str, Any]:
    chosen = [model for model in models if model.name in ("tabular", "wide")]
    with _progress(len(chosen) * length.sweep_rounds * len(sweeping.FRACTIONS)) as tell:
        found = sweeping.sweep(PEERS[server], chosen, tell, rounds=length.sweep_rounds, seconds=length.sweep_seconds)
    return {"sweep": found}


def _start(length: Length, server: str) -> dict[str, Any]:
    model = build("adult")
    if model is None:
        console.print("[yellow]models/adult-income is not there: start-up is not measured.[/]")
        return {}
    with _progress(length.starts) as tell:
        return {"starting": starting.starting(PEERS[server], model, tell, times=length.starts)}


def _soak(requests: int, server: str) -> dict[str, Any]:
    model = build("tabular")
    assert model is not None
    with _progress(requests) as tell:
        return {"soak": soaking.soak(PEERS[server], model, tell, requests=requests)}


# ── helpers ──


def _prepare() -> None:
    """Leave the server's core alone, end the servers at SIGTERM too, and say if the machine is busy."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if (os.cpu_count() or 1) < 2:
        raise typer.BadParameter("two cores are needed: one for the server, one for the load")
    if os.getloadavg()[0] > QUIET_LOAD:
        console.print(f"[yellow]The machine is busy (load {os.getloadavg()[0]:.1f}): numbers will waver.[/]")
    os.sched_setaffinity(0, {comparing.LOAD_CORE})


def _finish(path: Path, sections: dict[str, Any], *, full: bool = False) -> None:
    """Keep the results, print the claims; a full run also writes the report."""
    found = results_store.save(path, sections, full=full)
    console.print(Markdown(reporting.claims_table(found)))
    console.print(f"raw results: {path}")
    if full:
        reporting.write(found)
        console.print(f"report: {reporting.README}")


def _peers(only: str) -> list[Peer]:
    names = [name for name in only.split(",") if name] or list(PEERS)
    unknown = [name for name in names if name not in PEERS]
    if unknown:
        raise typer.BadParameter(f"expected names among {', '.join(PEERS)}. Received: {', '.join(unknown)}")
    return [PEERS[name] for name in names]


def _models(names: str) -> list[Model]:
    chosen = [name for name in names.split(",") if name] or list(NAMES)
    unknown = [name for name in chosen if name not in NAMES]
    if unknown:
        raise typer.BadParameter(f"expected names among {', '.join(NAMES)}. Received: {', '.join(unknown)}")
    built = {name: build(name) for name in chosen}
    for name, model in built.items():
        if model is None:
            console.print(f"[yellow]{name} is not there and is left out.[/]")
    return [model for model in built.values() if model is not None]


def _install(peer: Peer) -> None:
    try:
        installing.tools([peer])
        installing.peer(peer)
    except installing.NotInstalledError as error:
        console.print(f"[yellow]{peer.name}:[/] {error}")


def _tag(quick: bool, only: str, models: str) -> str:
    parts = ["quick" if quick else "", only.replace(",", "+"), models.replace(",", "+")]
    return "-".join(part for part in parts if part)


@contextmanager
def _progress(points: int) -> Iterator[Tell]:
    """Show a bar on a terminal, and a line now and then elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, refresh_per_second=2, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=points)
        done = 0

        def tell(what: str, more: int) -> None:
            nonlocal done
            done += more
            progress.update(task, description=what[:70], completed=done)
            if more and not console.is_terminal and done * 20 // points > (done - more) * 20 // points:
                print(f"{done / points:4.0%}  {what}", flush=True)

        yield tell


def _profile_table(found: dict[str, Any]) -> Table:
    lines = profiling.lines(found)
    total_us = found["loaded"]["cpu_us"]
    made = Table(title=f"{found['model']}, {found['loaded']['connections']} connections: µs of one request")
    for column in ("stage", "µs", "share", ""):
        made.add_column(column, justify="right" if column in ("µs", "share") else "left")
    for line in lines:
        share = "" if line.stage == "queue" else f"{line.us / total_us:.0%}"
        made.add_row(line.stage, f"{line.us:.1f}", share, line.note)
    return made


if __name__ == "__main__":
    app()
