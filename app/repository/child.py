"""`python -m app.repository.child`: load one version in a process that may crash or hang in the service's place.

    order on stdin ─> low priority, first to be killed, bounded memory ─> load it ─> verdict on stdout

It is started by `app.repository.child_load`, dies with it, and imports what a load needs and nothing else: no server,
no metrics. Order and verdict are lines of JSON. What anything below prints goes nowhere.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

NICENESS = 10  # a tenth of the time that the service gets on the same CPU, and on an idle one all of it
OOM_SCORE = 1000  # where memory is short the kernel ends this process first
PR_SET_PDEATHSIG = 1
LOADING = (  # the settings that a load reads
    "drift",
    "examples",
    "load_timeout_s",
    "max_batch_rows",
    "max_body_bytes",
    "max_request_rows",
    "run_on",
    "threads",
    "verify_key",
)


def main() -> None:
    """Do what the order says, and tell what became of it."""
    verdicts = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    order = json.loads(sys.stdin.readline())
    _stand_back(order["parent"])
    verdict = _load(Path(order["folder"]), order["settings"], order["room_bytes"])
    verdicts.write(json.dumps(verdict) + "\n")
    verdicts.flush()
    os._exit(0)  # what ONNX Runtime would do at the end helps nobody


def _stand_back(parent: int) -> None:
    """Take from the service neither time nor memory that it wants for itself, and do not outlive it."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    with contextlib.suppress(OSError, AttributeError):  # neither is there outside Linux
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))
    os.nice(NICENESS)
    if os.getppid() != parent:  # it was gone before this process could say that it wants to know
        os._exit(1)


def _load(folder: Path, settings: dict[str, Any], room_bytes: int | None) -> dict[str, Any]:
    from app.bundle.signature import complete  # noqa: PLC0415
    from app.errors import BundleError  # noqa: PLC0415 - at low priority
    from app.printable import bounded  # noqa: PLC0415
    from app.runtime.model import load  # noqa: PLC0415
    from app.settings import Settings  # noqa: PLC0415

    chosen = Settings(**settings)
    _bound_memory(room_bytes)
    try:
        model = load(folder, chosen)
    except BundleError as error:
        return {"refused": str(error), "complete": complete(folder, chosen.verify_key)}
    except Exception as error:
        return {"refused": bounded(f"{folder}: {type(error).__name__}: {error}"), "complete": True}
    if room_bytes is not None and model.facts.starved:  # the service would give it what it asks for, and have none
        expected = f"expected to run at load with {room_bytes} bytes of memory, which the service has to spare"
        return {"refused": f"{folder}: {expected}. Received: a run that asked for more.", "complete": True}
    return {"content_sha256": model.facts.content_sha256, "threads": model.decision.threads}


def _bound_memory(room_bytes: int | None) -> None:
    """Allow so many bytes beside what the process has already; above them memory is refused, and so is the version."""
    if room_bytes is None:
        return
    status = Path("/proc/self/status").read_text()
    data_bytes = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmData:"))
    limit = data_bytes + room_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


if __name__ == "__main__":
    main()
