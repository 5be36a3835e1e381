"""Raw results: one JSON file a day and commit, a section for each kind of measurement."""

import json
import os
import platform
import subprocess
import time
from pathlib import Path
from typing import Any

from benchmarks.harness.models import ROOT

FOLDER = ROOT / "benchmarks" / "results"
Results = dict[str, Any]


def path_of(tag: str = "") -> Path:
    """Name the file of today and this commit; a partial run has a tag, so that it does not pass for a full one."""
    suffix = f"-{tag}" if tag else ""
    return FOLDER / f"{time.strftime('%Y-%m-%d')}-{commit()}{suffix}.json"


def newest() -> Path | None:
    """Find the file written last, full runs before partial ones."""
    files = sorted(FOLDER.glob("*.json"), key=lambda path: (json.loads(path.read_text())["full"], path.stat().st_mtime))
    return files[-1] if files else None


def load(path: Path) -> Results:
    """Read a file."""
    results: Results = json.loads(path.read_text())
    return results


def save(path: Path, sections: Results, *, full: bool) -> Results:
    """Put sections into the file, beside what is there already, and return the whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = load(path) if path.exists() else {}
    results = {"full": full, "commit": commit(), "date": time.strftime("%Y-%m-%d %H:%M"), "machine": machine()}
    results = {**before, **results, **sections, "full": full or before.get("full", False)}
    path.write_text(json.dumps(results, indent=1) + "\n")
    return results


def commit() -> str:
    """Return the short hash; `-dirty` if what is served differs from it."""
    head = _git("rev-parse", "--short", "HEAD") or "unknown"
    return f"{head}-dirty" if _git("status", "--porcelain", "app") else head


def machine() -> dict[str, Any]:
    """Describe where the numbers were made."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    memory = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gb": round(int(memory.split()[1]) / 2**20),
        "kernel": platform.release(),
        "system": _system(),
        "python": platform.python_version(),
        "wrk": _first_line("wrk", "-v"),
        "load_average": os.getloadavg()[0],
    }


def _system() -> str:
    return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())


def _first_line(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).split("\n", 1)[0].split(" Copyright")[0].strip()


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()
