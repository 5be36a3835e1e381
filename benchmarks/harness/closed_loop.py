"""Closed-loop load by wrk: N connections, each of which sends its next request when it has the answer to the last.

bodies ─> a Lua script ─> wrk, pinned to a core ─> one line of JSON ─> Load
"""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

JSON = {"content-type": "application/json"}
WRK_GRACE_S = 30.0

DONE = """
function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format(
    '\\nRESULT {"requests":%d,"seconds":%f,"p50_ms":%f,"p99_ms":%f,"p999_ms":%f,"max_ms":%f,' ..
    '"status_errors":%d,"socket_errors":%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    latency:percentile(99.9) / 1e3, latency.max / 1e3, e.status, e.connect + e.read + e.write + e.timeout))
end
"""
ONE = """
wrk.method, wrk.body = "POST", BODIES[1]
for name, value in pairs(HEADERS) do wrk.headers[name] = value end
"""
SEVERAL = """
local requests, turn = {}, 0
function init(args)
  for i, body in ipairs(BODIES) do
    requests[i] = wrk.format("POST", nil, HEADERS, body)
  end
end
function request()
  turn = turn % #requests + 1
  return requests[turn]
end
"""


@dataclass(frozen=True)
class Load:
    """What a run of wrk saw."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    status_errors: int
    socket_errors: int

    @property
    def rps(self) -> float:
        return self.requests / self.seconds if self.seconds else 0.0

    @property
    def errors(self) -> int:
        return self.status_errors + self.socket_errors


def write_script(path: Path, bodies: Sequence[bytes], headers: Mapping[str, str] = JSON) -> Path:
    """Write the Lua script that sends `bodies` in turn; one alone costs wrk no call a request."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = f"BODIES = {{ {', '.join(map(_lua, bodies))} }}\n"
    names = [f'["{name}"] = {_lua(value.encode())}' for name, value in headers.items()]
    path.write_text(table + f"HEADERS = {{ {', '.join(names)} }}\n" + (ONE if len(bodies) == 1 else SEVERAL) + DONE)
    return path


def run(url: str, script: Path, *, connections: int, seconds: float, core: int | None) -> Load:
    """Load `url` and return what wrk saw; wrk takes whole seconds, so a fraction is rounded up."""
    whole = max(1, -int(-seconds // 1))
    pin = [] if core is None else ["taskset", "-c", str(core)]
    wrk = shutil.which("wrk") or "wrk"
    options = ["-t1", f"-c{connections}", f"-d{whole}s", "--timeout", f"{whole + 10}s", "-s", str(script)]
    done = subprocess.run(
        [*pin, wrk, *options, url], capture_output=True, text=True, timeout=whole + WRK_GRACE_S, check=True
    )
    return parse(done.stdout)


def parse(text: str) -> Load:
    """Read the line that the script wrote.

    Raises:
        ValueError: when there is none.
    """
    lines = [line for line in text.splitlines() if line.startswith("RESULT ")]
    if not lines:
        raise ValueError(f"Invalid output of wrk: expected a line RESULT. Received: {text[-200:]!r}.")
    return Load(**json.loads(lines[-1].removeprefix("RESULT ")))


def _lua(data: bytes) -> str:
    """Quote bytes for Lua: every one by its number, if they are no plain text."""
    if data.isascii() and data.decode().isprintable():
        return f"[==[{data.decode()}]==]"
    return '"' + "".join([f"\\{byte:03d}" for byte in data]) + '"'
