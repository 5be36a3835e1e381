"""The command `curl`: a process asks for many URLs over one connection; one as it is, others `--http1.1` and `--http2`.

    python -m tests.clients.foreign.curl_client PLAN

    a round ─> one file of options for each of a few processes ─> bodies in files, a line a request ─> Tally

Without TLS `--http2` offers `Upgrade: h2c`; with TLS HTTP/2 is agreed on by ALPN, where the other side speaks it.
It sends a request again where a kept connection had been closed before an answer began; `retries` is not counted.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.clients.foreign.told import PATIENCE_S, Ask, Plan, Tally

OFFERS = ("", "http1.1", "http2")  # curl's default is HTTP/2 with TLS, and HTTP/1.1 without
SAID = "%{exitcode}\\t%{http_code}\\t%{http_version}\\t%header{x-slipway-version}\\t%{errormsg}\\n"

SILENT = ["?", "", "", "", "curl ended and said nothing of it"]


def options(plan: Plan, address: str, one: Ask, folder: Path, number: int, offer: str) -> str:
    """Return one request's lines in a file of options."""
    body = folder / f"{number}.in"
    body.write_text(one.body)
    lines = [f'url = "{address}{one.path}"', f'output = "{folder / str(number)}.out"', f'write-out = "{SAID}"']
    lines += [f'cacert = "{plan.told["authority"]}"', f'cert = "{plan.told["certificate"]}"']
    lines += [f'key = "{plan.told["key"]}"', f"max-time = {PATIENCE_S:.0f}", *([offer] if offer else [])]
    if one.method != "GET":
        lines += ['header = "content-type: application/json"', f'data-binary = "@{body}"']
        lines += ['header = "transfer-encoding: chunked"'] if one.how == "chunked" else []
    return "\n".join(lines)


def start(plan: Plan, address: str, asks: list[Ask], folder: Path, offer: str) -> "subprocess.Popen[str]":
    folder.mkdir()
    requests = [options(plan, address, one, folder, number, offer) for number, one in enumerate(asks)]
    (folder / "options").write_text("\nnext\n".join(requests))
    command = ["curl", "--disable", "--silent", "--config", str(folder / "options")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def judge(asks: list[Ask], folder: Path, lines: list[str], tally: Tally) -> None:
    for number, one in enumerate(asks):
        code, status, spoken, named, why = lines[number].split("\t") if number < len(lines) else SILENT
        if code != "0":
            tally.lose(f"{code} {why}")
            continue
        tally.spoken.add(spoken)
        out = folder / f"{number}.out"
        tally.judge(one, int(status), named or None, out.read_text() if out.exists() else "")


def ask_round(plan: Plan, address: str, asks: list[Ask], folder: Path, tally: Tally) -> None:
    """Divide a round among a few processes."""
    shares = [share for i in range(plan.connections) if (share := asks[i :: plan.connections])]
    running = [start(plan, address, share, folder / str(i), OFFERS[i % len(OFFERS)]) for i, share in enumerate(shares)]
    for i, (share, process) in enumerate(zip(shares, running, strict=True)):
        said, _ = process.communicate()
        judge(share, folder / str(i), said.splitlines(), tally)


def main() -> None:
    plan = Plan(Path(sys.argv[1]))
    for name, address in plan.ways:
        tally = Tally(name, plan.requests)
        for asks in plan.rounds():
            with tempfile.TemporaryDirectory(prefix="slipway-curl-") as folder:
                ask_round(plan, address, list(asks), Path(folder), tally)
        tally.say()


main()
