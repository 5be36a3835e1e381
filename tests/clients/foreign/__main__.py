"""Ten clients that nobody here wrote, on six ways, thousands of requests each, while versions of the model change.

    python -m tests.clients.foreign [--requests 2000] [--only NAME ...] [--write benchmarks/clients.md]

    two services, two proxies ─> each client on each way, one after the other ─> a line each ─> table, exit code
    a new version a second ───┘

The exit code is 1 if one answer is wrong or lost, if a request was answered twice, or if no version changed meanwhile.
It knows what a client prints, and nothing of its language.
"""

import argparse
import contextlib
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.clients.foreign import clients, plan, reloads, report, ways
from tests.clients.foreign.clients import CLIENTS, Client, Seen
from tests.clients.foreign.report import Result, Run

PATIENCE_S = 1800.0  # of a client on one way: it waits a minute for each answer, and says when one is lost
LOGGED = ("--log-requests", "1", "--log-form", "json")  # the services' own count of what they answered
WRITTEN_S = 5.0
LINE = '"logger":"slipway.requests"'


def main() -> int:
    options = _options()
    chosen = [one for one in CLIENTS if not options.only or one.name in options.only]
    absent = sorted({name for one in chosen for name in clients.missing(one)})
    if absent:
        print(f"Missing: {', '.join(absent)}. `.ci/run` names the packages; `make .venv/clients/.done` the libraries.")
        return 2
    with tempfile.TemporaryDirectory(prefix="slipway-foreign-") as made:
        run = ask_all(chosen, options.requests, Path(made))
    print("\n" + report.table(run))
    if options.write is not None:
        options.write.write_text(report.page(run))
    return 0 if run.good else 1


def ask_all(chosen: list[Client], requests: int, folder: Path) -> Run:
    """Ask with each client on each way."""
    built, models = folder / "built", folder / "models"
    plan.write(models, 1)
    results: list[Result] = []
    with clients.compiling(built) as compilers, ways.running(models, folder, *LOGGED) as running:
        clients.wait_for(compilers)
        with reloads.reloading(models) as loaded:
            total = len(chosen) * len(running.addresses)
            for one in chosen:
                for way in running.addresses:
                    results.append(ask(one, way, requests, running, folder))
                    print(f"{len(results)}/{total} {results[-1]}", flush=True)
    return Run(requests, results, {one.name: clients.version(one) for one in chosen}, len(loaded))


def ask(client: Client, way: str, requests: int, running: ways.Ways, folder: Path) -> Result:
    asks = plan.asks(min(requests, plan.ROUND))
    told = plan.Plan(running.told, [(way, running.addresses[way])], asks, requests).write(folder / "plan")
    before, began = answered(running), time.monotonic()
    seen, complaint = clients.outcome(clients.start(client, told, folder / "built"), PATIENCE_S)
    if not seen:  # it died
        seen = [Seen(way, requests, 0, 0, requests, None, "")]
    if seen[0].wrong or seen[0].lost:
        print(complaint[:2000], file=sys.stderr)
    probes = sum(one.method == "GET" for one in (asks[i % len(asks)] for i in range(requests)))
    again = written(running, before + requests - probes) - before - (requests - probes)
    return Result(client.name, seen[0], again, time.monotonic() - began)


def answered(running: ways.Ways) -> int:
    """Return how many predictions both services say they answered; probes are not in their log."""
    return sum(service.complaints().count(LINE) for service in running.services)


def written(running: ways.Ways, expected: int) -> int:
    """Return the same, once the lines of the last answers are written: a caller may have its answer before."""
    deadline = time.monotonic() + WRITTEN_S
    while (found := answered(running)) < expected and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.clients.foreign", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--requests", type=int, default=2000, help="of each client on each way")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[one.name for one in CLIENTS], help="clients")
    parser.add_argument("--write", type=Path, help="page for the results; by default they are only printed")
    return parser.parse_args()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what it started is ended, whichever way it ends
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
    sys.exit(130)
