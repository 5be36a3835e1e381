"""A real Prometheus beside the service, for a test: started, asked, ended."""

import contextlib
import json
import math
import re
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from monitoring.watch import HOST, configuration, prometheus
from tests.support.serving import PATIENCE_S
from tests.support.tools import tool

Labels = tuple[tuple[str, str], ...]


class Prometheus:
    """Its answers; see `started`."""

    def __init__(self, port: int) -> None:
        self.address = f"http://{HOST}:{port}"

    def get(self, path: str, **parameters: str) -> Any:
        url = f"{self.address}{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
            return json.loads(answer.read())["data"]

    def values(self, expr: str) -> dict[Labels, float]:
        """The answer to an expression now: labels -> number; what is not a number is no answer."""
        found = self.get("/api/v1/query", query=expr)
        series = found["result"] if found["resultType"] == "vector" else [{"metric": {}, "value": found["result"]}]
        numbers = {tuple(sorted(one["metric"].items())): float(one["value"][1]) for one in series}
        return {labels: number for labels, number in numbers.items() if not math.isnan(number)}

    def value(self, expr: str) -> float | None:
        """The one number that is the answer, or None."""
        found = list(self.values(expr).values())
        return found[0] if len(found) == 1 else None

    def rules(self) -> list[dict[str, Any]]:
        return [rule for group in self.get("/api/v1/rules")["groups"] for rule in group["rules"]]

    def evaluated(self) -> None:
        """Wait until every group was evaluated twice more: by then rules on rules know all that was scraped."""
        before = self._evaluations()
        until(lambda: all(now >= before.get(group, 0) + 2 for group, now in self._evaluations().items()))

    def _evaluations(self) -> dict[str, float]:
        """How often each group was evaluated, by its name."""
        with urllib.request.urlopen(f"{self.address}/metrics", timeout=PATIENCE_S) as answer:
            text = answer.read().decode()
        counts = re.findall(
            r'^prometheus_rule_evaluations_total\{rule_group="[^"]*;([^"]+)"\} (\S+)$', text, re.MULTILINE
        )
        sizes = {group["name"]: len(group["rules"]) for group in self.get("/api/v1/rules")["groups"]}
        return {name: float(count) / sizes[name] for name, count in counts}


def until(condition: Callable[[], Any], patience_s: float = PATIENCE_S) -> None:
    """Ask again until `condition` holds; Prometheus tells nobody when it has scraped."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, condition
        time.sleep(0.1)


@contextlib.contextmanager
def started(folder: Path, jobs: Mapping[str, str], interval: str = "1s") -> Iterator[Prometheus]:
    """Start a Prometheus with our rules that scrapes each job's target, and wait until it has done so once."""
    tool("prometheus")
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    folder.mkdir(exist_ok=True)
    child = subprocess.Popen(prometheus(folder, port, configuration(jobs, interval)), stderr=subprocess.PIPE)
    try:
        made = Prometheus(port)
        until(lambda: answers(made, child))
        until(lambda: made.value("count(up == 1)") == len(jobs))
        yield made
    finally:
        child.terminate()
        child.communicate(timeout=PATIENCE_S)


def answers(made: Prometheus, child: "subprocess.Popen[bytes]") -> bool:
    assert child.poll() is None, child.stderr and child.stderr.read()
    try:
        urllib.request.urlopen(f"{made.address}/-/ready", timeout=PATIENCE_S).close()
    except (urllib.error.URLError, ConnectionError):
        return False
    return True
