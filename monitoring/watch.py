"""`make watch`: the service, a real Prometheus with our rules, and a gentle load, on this machine until Ctrl-C.

    python -m monitoring.watch --port 8000 --prometheus-port 9090 --models models --data examples/adult.csv.gz

Prometheus keeps what it learns in a temporary folder, which goes when it ends. If one of the three ends, so do all.
"""

import argparse
import contextlib
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
RULES = ROOT / "monitoring" / "rules.yaml"
DASHBOARD = ROOT / "k8s" / "components" / "grafana-dashboard" / "slipway.json"
HOST = "127.0.0.1"
READY_S = 60  # until a process that does not answer counts as failed
STOP_S = 15


def configuration(jobs: Mapping[str, str], interval: str = "5s", rules: Path = RULES) -> str:
    """Write Prometheus' configuration; JSON is YAML.

    Args:
        jobs: name -> host:port of the one target that it has.
        interval: between scrapes, and between evaluations of the rules.
        rules: a rule file.
    """
    every = {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval}
    scrapes = [{"job_name": job, "static_configs": [{"targets": [target]}]} for job, target in jobs.items()]
    return json.dumps({"global": every, "rule_files": [str(rules)], "scrape_configs": scrapes})


def prometheus(folder: Path, port: int, config: str) -> list[str]:
    """Write the configuration and return the command that runs Prometheus on it.

    Raises:
        SystemExit: Prometheus is not installed.
    """
    program = shutil.which("prometheus")
    if program is None:
        raise SystemExit("Prometheus is not installed. On Debian: apt install prometheus")
    (folder / "prometheus.yml").write_text(config)
    return [
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={HOST}:{port}",
        "--log.level=warn",
    ]


class Children:
    """Processes that live and end together."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: list[str], *, quiet: bool = False) -> None:
        """Start one in a session of its own: Ctrl-C reaches this process alone, which then ends them in order."""
        out = subprocess.DEVNULL if quiet else None
        self._running[name] = subprocess.Popen(command, cwd=ROOT, stdout=out, start_new_session=True)

    def ended(self) -> str | None:
        """Name one that has ended, if one has."""
        return next((name for name, child in self._running.items() if child.poll() is not None), None)

    def stop(self) -> None:
        """End all: the last that came first; who does not listen is killed."""
        for child in reversed(self._running.values()):
            child.terminate()
            try:
                child.wait(STOP_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def wait_until(url: str, children: Children, stop: threading.Event) -> None:
    """Wait until `url` answers 200.

    Raises:
        SystemExit: a child ended, or nothing answered in time.
    """
    for _ in range(READY_S * 10):
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(url, timeout=5).close()
            return
        if (name := children.ended()) is not None:
            raise SystemExit(f"{name} has ended; what it said is above.")
        if stop.wait(0.1):
            raise SystemExit(0)
    raise SystemExit(f"Expected an answer at {url} within {READY_S} s. Received: none.")


@contextlib.contextmanager
def together() -> Iterator[tuple[Children, Path]]:
    """Give a place for processes and a folder; both are cleared away at the end."""
    children = Children()
    with tempfile.TemporaryDirectory(prefix="slipway-watch-") as folder:
        try:
            yield children, Path(folder)
        finally:
            children.stop()


def main() -> None:
    """Start the three, tell where they are, and wait."""
    given = _options()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    service, watcher = f"http://{HOST}:{given.port}", f"http://{HOST}:{given.prometheus_port}"
    with together() as (children, folder):
        command = prometheus(folder, given.prometheus_port, configuration({"slipway": f"{HOST}:{given.port}"}))
        python = [sys.executable, "-m"]
        serve = [*python, "app", "--host", HOST, "--port", str(given.port), "--models", str(given.models)]
        serve += ["--log-level", "error"]  # the load's mistakes are meant
        children.start("The service", serve, quiet=True)
        children.start("Prometheus", command)
        wait_until(f"{service}/health/ready", children, stop)
        wait_until(f"{watcher}/-/ready", children, stop)
        load = [*python, "monitoring.load", service, "--models", str(given.models), "--data", str(given.data)]
        children.start(
            "The load", [*load, "--rate", str(given.rate), *(["--shift", given.shift] if given.shift else [])]
        )
        print(_addresses(service, watcher), flush=True)
        while not stop.wait(0.5):
            if (name := children.ended()) is not None:
                raise SystemExit(f"{name} has ended; what it said is above.")
    print("Everything has ended.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m monitoring.watch", description="Service, Prometheus and a load.")
    parser.add_argument("--port", type=int, default=8000, help="the service's")
    parser.add_argument("--prometheus-port", type=int, default=9090)
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    parser.add_argument("--data", type=Path, default=ROOT / "examples" / "adult.csv.gz", help="rows to ask with")
    parser.add_argument("--rate", type=float, default=40.0, help="requests a second")
    parser.add_argument("--shift", help="feature=deviations: move a number, to see it drift")
    return parser.parse_args()


def _addresses(service: str, watcher: str) -> str:
    return f"""
Service      {service}/docs     (metrics: {service}/metrics)
Prometheus   {watcher}/graph
  rules      {watcher}/rules
  alerts     {watcher}/alerts
  targets    {watcher}/targets
Dashboard    {DASHBOARD.relative_to(ROOT)}: import it into a Grafana that reads {watcher},
             or see all of it with `docker compose --profile load up --build`
Ctrl-C ends everything.
"""


if __name__ == "__main__":
    main()
