"""What one body costs that was made to cost much: memory for each of its bytes, and how long the loop stands still.

    python -m benchmarks.micro.hostile_bodies [--megabytes 16] [--only WORD] [--packed] [--models models]

    each shape of `SHAPES`, in a process of its own
        service in process, no network ─> handle(body) ─> the answer
        the peak of the process's memory (VmHWM) above rest; the longest turn of the loop, in CPU milliseconds

Bytes are those of the body once it is unpacked; with `gzip` it comes packed. A plain body itself is counted in the
peak, for somebody has to hold it. Longer turns than some tens of milliseconds make others wait.
"""

import argparse
import asyncio
import ctypes
import gzip
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.errors import Headers
from app.http.handler import Head
from app.main import Slipway, create_app
from app.settings import Settings

ROOT = Path(__file__).parents[2]
PREDICT, V1, V2 = "/predict", "/v1/models/adult-income:predict", "/v2/models/adult-income/infer"
CLASSIFY = "/v1/models/adult-income:classify"
ROWS = (b'{"instances":[', b"]}")
COLUMNS = (b'{"inputs":{"numeric":[[1]],"categorical":', b"}}")
STRINGS = (b'{"inputs":[{"name":"categorical","datatype":"BYTES","shape":[4,8],"data":', b"}]}")
NUMBERS = (b'{"inputs":[{"name":"numeric","datatype":"FP32","shape":[4,6],"data":', b"}]}")
GOLDEN = json.loads((ROOT / "models" / "adult-income" / "1" / "golden.json").read_text())
ROW = json.dumps(GOLDEN["instances"][0]).encode() + b","


@dataclass(frozen=True)
class Shape:
    """A body: a beginning, a unit again and again, an end."""

    path: str
    around: tuple[bytes, bytes]
    unit: bytes
    first: bytes = b""  # before the units
    headers: dict[bytes, bytes] = field(default_factory=dict)

    def body(self, size_bytes: int) -> bytes:
        beginning, end = self.around
        units = self.unit * (size_bytes // len(self.unit))
        return beginning + self.first + units.removesuffix(b",") + end


def _shapes() -> dict[str, Shape]:
    """Return every unit in every place where a protocol takes one."""
    units: dict[str, tuple[bytes, bytes]] = {
        "brackets": (b"[", b""),
        "empty lists": (b"[],", b""),
        "empty objects": (b"{},", b""),
        "nested lists": (b"[[[[]]]],", b""),
        "numbers": (b"1,", b""),
        "strings of a letter": (b'"a",', b""),
        "lists of a letter": (b'["a"],', b""),
        "escapes": (b"\\u0000", b'"'),
        "one string": (b"a", b'"'),
        "one wide string": ("\U0001f600".encode(), b'"'),
        "one number": (b"1", b""),
        "blanks": (b" ", b""),
        "objects of a key": (b'{"a":1},', b""),
        "depth of objects": (b'{"a":', b""),
        "nulls": (b"null,", b""),
        "rows": (ROW, b""),
        "one odd row first": (ROW, b"[1],"),
        "an odd row between": (ROW * 4000 + b"[1],", b""),
        "keys of one object": (b'"a":1,', b"{"),
    }
    places = {"predict": (PREDICT, ROWS), "v1 rows": (V1, ROWS), "classify": (CLASSIFY, (b'{"examples":[', b"]}"))}
    listed = {"v1 columns": (V1, COLUMNS), "v2 strings": (V2, STRINGS), "v2 numbers": (V2, NUMBERS)}
    found = {}
    for unit_name, (unit, first) in units.items():
        for place, (path, around) in places.items():
            found[f"{place}: {unit_name}"] = Shape(path, around, unit, first)
        for place, (path, (beginning, end)) in listed.items():
            found[f"{place}: {unit_name}"] = Shape(path, (beginning + b"[", b"]" + end), unit, first)
    found["predict: one long key"] = Shape(PREDICT, (b'{"instances":[{"', b'":1}]}'), b"a")
    found["v1 columns: one long key"] = Shape(V1, (b'{"inputs":{"', b'":1}}'), b"a")
    found["v2: one long name"] = Shape(V2, (b'{"inputs":[{"name":"', b'","datatype":"FP32","shape":[1]}]}'), b"a")
    found["predict: blanks before all"] = Shape(PREDICT, (b"", b'{"instances":[]}'), b" ")
    found["predict: another key"] = Shape(PREDICT, (b'{"instances":[],"a":[', b"]}"), b"[],")
    found["v2: outputs"] = Shape(V2, (b'{"inputs":[],"outputs":[', b"]}"), b'{"name":"a"},')
    found["v2: inputs"] = Shape(V2, (b'{"inputs":[', b"]}"), b'{"name":"a","datatype":"","shape":[]},')
    found["v2: shape"] = Shape(V2, (b'{"inputs":[{"name":"a","datatype":"","shape":[', b"]}]}"), b"1,")
    found["v2: parameters"] = Shape(V2, (b'{"inputs":[],"parameters":{', b"}}"), b'"a":1,')
    found |= {
        "v2: strings behind JSON": _binary(b"\x01\x00\x00\x00a"),
        "v2: empty strings": _binary(b"\x00\x00\x00\x00"),
    }
    return found


def _binary(unit: bytes) -> Shape:
    """Strings as bytes behind the JSON, as many as fit into 16 MiB."""
    count, size = 2**24 // len(unit), 2**24 // len(unit) * len(unit)
    about = {"name": "categorical", "datatype": "BYTES", "shape": [count, 1], "parameters": {"binary_data_size": size}}
    text = json.dumps({"inputs": [about]}).encode()
    return Shape(V2, (text, b""), unit, headers={b"inference-header-content-length": b"%d" % len(text)})


SHAPES = _shapes()


class Watched(asyncio.SelectorEventLoop):
    """A loop that knows the CPU of its longest turn."""

    longest_s = 0.0

    def _run_once(self) -> None:
        began = time.thread_time()
        super()._run_once()  # type: ignore[misc]
        self.longest_s = max(self.longest_s, time.thread_time() - began)


class Asked:
    """A request without a network."""

    arrived = 0.0

    def __init__(self, body: bytes, headers: dict[bytes, bytes]) -> None:
        self.head, self.body, self.size_bytes = Head(b"", [*headers.items()]), body, len(body)
        self.answered = asyncio.get_running_loop().create_future()

    def respond(self, status: int, body: bytes, headers: Headers, logged: str = "") -> None:
        self.answered.set_result((status, body[:160].decode(errors="replace")))


async def measure(shape: Shape, size_bytes: int, models: Path, *, packed: bool) -> dict[str, Any]:
    """Answer one body, after one of a few bytes."""
    loop: Any = asyncio.get_running_loop()
    app = create_app(Settings(models=models, log_level="error", max_body_bytes=2**24 + 4096, timeout_ms=600_000))
    async with app.router.lifespan_context(app):
        await app.state.registry.finished.wait()
        await ask(app, shape, shape.body(64), {})
        body, headers = shape.body(min(size_bytes, 2**24) - 2048), dict(shape.headers)
        plain = len(body)
        if packed:
            body, headers[b"content-encoding"] = gzip.compress(body, 9), b"gzip"
        await asyncio.sleep(0)  # so that making the body is of another turn
        rest = _at_rest() - len(body)
        loop.longest_s, began = 0.0, time.process_time()
        status, said = await ask(app, shape, body, headers)
        took_s = time.process_time() - began
        return {
            "bytes": plain,
            "factor": (_status("VmHWM") - rest) / plain,
            "turn_ms": loop.longest_s * 1e3,
            "cpu_ms": took_s * 1e3,
            "status": status,
            "said": said,
        }


async def ask(app: Slipway, shape: Shape, body: bytes, headers: dict[bytes, bytes]) -> tuple[int, str]:
    asked = Asked(body, headers)
    handler = app.hot.find(shape.path.encode())
    assert handler is not None
    ticket = handler.handle(asked, asked.respond)
    found: tuple[int, str] = await asked.answered
    del ticket
    return found


def _at_rest() -> int:
    """Return the process's memory, and let its peak be that of what follows."""
    ctypes.CDLL(None).malloc_trim(0)  # or what making the body has left free would hide what reading it takes
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(key: str) -> int:
    text = Path("/proc/self/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith(key)).split()[1]) * 1024


def compare(names: list[str], options: argparse.Namespace, tell: Callable[[str], None]) -> None:
    """Print the table, a process a line."""
    tell("| body | bytes of memory a byte | longest turn, CPU ms | all, CPU ms | answer |\n|---|---|---|---|---|")
    for name in names:
        for packed in (False, True) if options.packed else (False,):
            command = [sys.executable, "-m", __spec__.name, "--shape", name, "--megabytes", str(options.megabytes)]
            command += ["--models", str(options.models), *(["--packed"] if packed else [])]
            done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
            if done.returncode:
                tell(f"| {name}{', gzip' if packed else ''} | failed: {done.stderr[-300:]} |")
                continue
            found = json.loads(done.stdout.splitlines()[-1])
            tell(
                f"| {name}{', gzip' if packed else ''} | {found['factor']:.1f} | {found['turn_ms']:.0f} | "
                f"{found['cpu_ms']:.0f} | {found['status']} {found['said'][:90]} |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=16)
    parser.add_argument("--only", default="", help="shapes whose names hold this")
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    parser.add_argument("--shape", choices=[*SHAPES], help="this one, in this process")
    parser.add_argument("--packed", action="store_true", help="compressed; without --shape: too")
    options = parser.parse_args()
    if options.shape is None:
        compare([name for name in SHAPES if options.only in name], options, lambda line: print(line, flush=True))
        return
    size = int(options.megabytes * 2**20)
    with asyncio.Runner(loop_factory=Watched) as runner:
        print(json.dumps(runner.run(measure(SHAPES[options.shape], size, options.models, packed=options.packed))))


if __name__ == "__main__":
    main()
