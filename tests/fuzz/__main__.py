"""Fuzzing guided by coverage: bodies that reach ever more lines of the decoders, made by libFuzzer through atheris.

    python -m tests.fuzz [rows tensorflow infer signature] [--cases N] [--seconds S]

Each decoder is tried in a process of its own, which begins with the good bodies of `tests/fuzz/test_fuzz.py` and keeps
those that reach new lines of `app`. A case may be taken, and is then run and answered, or refused with a `RequestError`
(a signature: with a `BundleError`). Anything else, or a case of more than `PATIENCE_S`, ends the run and is shown.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE_S = 5
LARGEST_BYTES = 2048  # of a body: what breaks a decoder fits, and the cases are many
CASES = 1_000_000  # for each decoder, unless the seconds end first
SECONDS = 60
TALLY_EVERY = 1000  # cases between two counts of what was taken
Read = Callable[[bytes], None]


def main() -> int:
    """Try the decoders one after another and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz the decoders, guided by coverage.")
    parser.add_argument("decoders", nargs="*", default=list(SEEDS), metavar="DECODER", help=", ".join(SEEDS))
    parser.add_argument("--cases", type=int, default=CASES, help="of each decoder, at most")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="for each decoder, at most")
    asked = parser.parse_args()
    if unknown := set(asked.decoders) - SEEDS.keys():
        parser.error(f"expected {', '.join(SEEDS)}. Received: {', '.join(sorted(unknown))}")
    print(f"{'decoder':12}{'cases':>10}{'taken':>10}{'seconds':>9}{'edges':>8}")
    return max([_try(decoder, asked.cases, asked.seconds) for decoder in asked.decoders])


def _try(decoder: str, cases: int, seconds: int) -> int:
    with tempfile.TemporaryDirectory(prefix="slipway-fuzz-") as name:
        folder = Path(name)
        (folder / "corpus").mkdir()
        options = [
            f"-runs={cases}",
            f"-max_total_time={seconds}",
            f"-timeout={PATIENCE_S}",
            f"-max_len={LARGEST_BYTES}",
        ]
        options += ["-print_final_stats=1", "-rss_limit_mb=2048", f"-artifact_prefix={folder}/", str(folder / "corpus")]
        command = [sys.executable, "-m", "tests.fuzz.one_decoder", decoder, name, *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
        said = done.stdout + done.stderr
        if done.returncode:
            _complain(decoder, said, folder)
            return 1
        tried = int(found[1]) if (found := re.search(r"number_of_executed_units: (\d+)", said)) else 0
        edges = max(map(int, re.findall(r"cov: (\d+)", said)), default=0)
        took_s = int(found[1]) if (found := re.search(r"in (\d+) second", said)) else 0
        taken = (folder / "taken").read_text() if (folder / "taken").exists() else "0"
        print(f"{decoder:12}{tried:>10,}{int(taken):>10,}{took_s:>9}{edges:>8,}", flush=True)
    return 0


def _complain(decoder: str, said: str, folder: Path) -> None:
    print(f"{decoder}: a case that should not be:\n{said[-4000:]}", file=sys.stderr)
    for case in folder.glob("*-*"):
        print(f"{case.name}: {case.read_bytes()!r}", file=sys.stderr)


SEEDS: dict[str, str] = {
    "rows": "PREDICT",
    "tensorflow": "TENSORFLOW",
    "infer": "INFER",
    "signature": "",
}


def seeds(decoder: str) -> dict[str, list[Any]]:
    """The good bodies of `tests/fuzz/test_fuzz.py`, by the model that they are for."""
    from tests.fuzz import test_fuzz

    found = getattr(test_fuzz, SEEDS[decoder])
    return found if isinstance(found, dict) else {"tiny": found}


if __name__ == "__main__":
    sys.exit(main())
