"""What a run of the ten clients gave: a line for each, a table, and the page that keeps the last one.

Result   a client on one way      Run   all of them      table(run), page(run)   Markdown
"""

import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.harness.results_store import commit, machine
from tests.clients.foreign.clients import Seen
from tests.clients.foreign.plan import ROUND

ON_WAYS = {"HAProxy": ("haproxy", "-v"), "nginx": ("nginx", "-v"), "OpenSSL": ("openssl", "version")}


@dataclass(frozen=True)
class Result:
    """A client on one way."""

    client: str
    seen: Seen
    again: int  # lines in the log of the services beyond one a request
    seconds: float

    @property
    def good(self) -> bool:
        return self.seen.right == self.seen.sent and not self.again

    @property
    def cell(self) -> str:
        """Return what the table shows: how many were right, and whatever was not."""
        others = {"wrong": self.seen.wrong, "lost": self.seen.lost, "again": self.again}
        others["without a line"] = -self.again - self.seen.lost
        return ", ".join([f"{self.seen.right:,}", *(f"**{n:,} {word}**" for word, n in others.items() if n > 0)])

    def __str__(self) -> str:
        return f"{self.client}, {self.seen.way}: {self.cell} of {self.seen.sent:,} right in {self.seconds:.1f} s"


@dataclass(frozen=True)
class Run:
    """All clients on all ways."""

    requests: int
    results: list[Result]
    versions: dict[str, str]
    reloads: int

    @property
    def good(self) -> bool:
        return self.reloads > 0 and all(result.good for result in self.results)


def table(run: Run) -> str:
    """Return a row for each client, a column for each way."""
    ways = list(dict.fromkeys(result.seen.way for result in run.results))
    lines = [["client", "version", *ways, "HTTP", "retries"], ["---", "---", *["---:"] * len(ways), "---", "---"]]
    lines += [_row(run, client) for client in run.versions]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _row(run: Run, client: str) -> list[str]:
    own = [result for result in run.results if result.client == client]
    spoken = sorted({word for result in own for word in result.seen.spoken.split()})
    counted = [result.seen.retries for result in own if result.seen.retries is not None]
    retries = str(sum(counted)) if counted else "not told"
    return [client, run.versions[client], *(result.cell for result in own), ", ".join(spoken) or "not told", retries]


def page(run: Run) -> str:
    """Return the page of a run."""
    sent = sum(result.seen.sent for result in run.results)
    right = sum(result.seen.right for result in run.results)
    again = sum(result.again for result in run.results)
    return PAGE.format(
        command=f"python -m tests.clients.foreign --requests {run.requests} --write benchmarks/clients.md",
        date=datetime.now(UTC).date(),
        commit=commit(),
        machine=f"{machine()['cpu']}, {machine()['cores']} cores, Python {platform.python_version()}",
        proxies=", ".join(f"{name} {_said(*command)}" for name, command in ON_WAYS.items()),
        sent=f"{sent:,}",
        right=f"{right:,}",
        others=f"{sent - right:,}",
        again=f"{again:,}",
        asks=min(run.requests, ROUND),
        reloads=f"{run.reloads:,}",
        table=table(run),
    )


PAGE = """# Clients that others wrote

`{command}`, {date}, commit {commit}.
{machine}; {proxies}.

Ten clients, each a program in its own language, asked alone, through HAProxy and through nginx, without and with TLS.
With TLS every side has a certificate: the service asks for one, of clients and of proxies.
While they asked, a new version of the model was loaded every second.
Each client compared every answer with the text that is right for the version that gave it.
No two predictions of {asks} requests in turn are the same; one request in ten is a probe.
They go to `/predict`, TensorFlow Serving and Open Inference, with one row to 1,500 and up to 1.1 MB.
Bodies have a length or come in chunks; four connections are used at a time, and new ones after {asks} requests.

**{sent} requests, {right} right answers, {others} wrong or lost.**
{again} were answered more than once, by the services' own count; {reloads} versions were loaded meanwhile.

{table}

A cell is the number of right answers; what was wrong, lost or answered again would stand beside it.
HTTP is what the client says that it spoke: 2 with a proxy, agreed on by ALPN, otherwise 1.1.
The service speaks 1.1 and ignores `Upgrade: h2c`, which Java and `curl --http2` offer.
Retries are those that the client itself can count.
"""


def _said(program: str, option: str) -> str:
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin"}
    done = subprocess.run([program, option], capture_output=True, text=True, env=path, check=False)
    words = (done.stdout + done.stderr).replace("/", " ").split()
    return next((word for word in words if word[0].isdigit()), "?")
