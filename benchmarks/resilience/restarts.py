"""Restarts under load: `python -m benchmarks.resilience.restarts [--restarts 100] [--drain-delay-s 2] [--callers 4]`.

Two replicas behind HAProxy take turns in being ended by SIGTERM and started anew while callers ask without pause.
Ends with 1 if a request was lost or a process did not exit with 0. With `--drain-delay-s 0` requests are lost, which
shows what the delay is for. HAProxy needs to be installed (Debian: apt install haproxy); all of it is on 127.0.0.1.
"""

import argparse
import asyncio
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from benchmarks.harness.behind_proxy import FALL, INTER_MS, Outcome, restart

ROOT = Path(__file__).parents[2]
PAUSE_S = 0.002  # of each caller between two requests, so that the load leaves the restarts some of two cores


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.resilience.restarts", description=__doc__)
    parser.add_argument("--restarts", type=int, default=100)
    parser.add_argument("--drain-delay-s", type=float, default=2.0)
    parser.add_argument("--callers", type=int, default=4, help="of each kind: keep-alive, and a connection a request")
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    options = parser.parse_args()
    golden = sorted(options.models.glob("*/*/golden.json"))[-1]
    body = json.dumps({"instances": json.loads(golden.read_text())["instances"][:1]}).encode()
    outcome = asyncio.run(
        restart(
            options.models,
            body,
            *("--drain-delay-s", str(options.drain_delay_s)),
            restarts=options.restarts,
            callers=options.callers,
            pause_s=PAUSE_S,
            report=True,
        )
    )
    print(json.dumps(figures(outcome, options), indent=1))
    sys.exit(1 if outcome.lost or any(code for code, _ in outcome.ends) else 0)


def figures(outcome: Outcome, options: argparse.Namespace) -> dict[str, Any]:
    """Return what was seen."""
    seen = outcome.seen
    return {
        "restarts": len(outcome.ends),
        "drain_delay_s": options.drain_delay_s,
        "proxy": f"HAProxy, GET /health/ready every {INTER_MS} ms, fall {FALL}, retries 0",
        "seconds": round(outcome.seconds),
        "requests": outcome.answered + outcome.lost,
        "requests_per_s": round((outcome.answered + outcome.lost) / outcome.seconds),
        "answered": dict(seen.answered),
        "lost": dict(seen.lost),
        "examples": seen.examples[:3],
        "exit_codes": sorted({code for code, _ in outcome.ends}),
        "sigterm_to_exit_s": round(statistics.median([seconds for _, seconds in outcome.ends]), 2),
    }


if __name__ == "__main__":
    main()
