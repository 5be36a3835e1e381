"""The image as it runs: read-only, no capabilities, 256 MB, one CPU; from `podman run` to the end.

ready ─> limits seen ─> golden rows ─> health check ─> load ─> SIGTERM, then also during the start
mounted models instead of those inside · a damaged bundle, which readiness and the health check name
"""

import http.client
import json
import shutil
import socket
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.image.podman import Container, inspect

SMALL_REQUESTS, SMALL_CALLERS = 6_000, 16
LARGE_REQUESTS, LARGE_CALLERS, LARGE_ROWS = 64, 8, 10_000
Json = dict[str, Any]


def checks(image: str, models: Path, scratch: Path) -> list[tuple[str, Callable[[], str]]]:
    """Return the checks of this page in order."""
    bundle = sorted(models.glob("*/*/manifest.json"))[-1].parent
    return [
        ("podman run to ready", lambda: ready(image)),
        ("user, capabilities, limits", lambda: limits(image)),
        ("golden rows", lambda: golden(image, bundle)),
        ("health check", lambda: health(image)),
        ("memory", lambda: memory(image, bundle)),
        ("SIGTERM to the end", lambda: ending(image)),
        ("SIGTERM during the start", lambda: ending_early(image)),
        ("models on a volume", lambda: mounted(image, bundle, scratch)),
        ("a damaged bundle", lambda: damaged(image, bundle, scratch)),
    ]


def started(image: str, *words: str, models: Path | None = None) -> Container:
    return Container(image, free_port(), *words, models=models)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def ready(image: str) -> str:
    """From the command to the first 200 of readiness, three times; a figure, because what else runs is in it."""
    seconds, cpu = [], []
    for _ in range(3):
        with started(image) as container:
            seconds.append(container.wait_for(200))
            cpu.append(container.cpu_s())
            log = container.log()
            assert "Warning" not in log, log
            assert "Traceback" not in log, log
    return f"{spoken(seconds)} s, of which the process computes {spoken(cpu)} s"


def spoken(values: list[float]) -> str:
    return ", ".join(f"{one:.2f}" for one in values)


def limits(image: str) -> str:
    """What the kernel says of the process, and what the process says of its limits."""
    with started(image) as container:
        container.wait_for(200)
        assert container.process("Uid").split() == ["65532"] * 4, container.process("Uid")
        assert int(container.process("CapEff"), 16) == 0, container.process("CapEff")
        assert container.process("NoNewPrivs") == "1"
        metrics = container.status("/metrics")[1]
    seen = {line.split()[0]: float(line.split()[1]) for line in metrics.splitlines() if line and line[0] != "#"}
    assert seen["slipway_effective_cpus"] == 1.0, seen["slipway_effective_cpus"]
    assert seen["slipway_memory_limit_bytes"] == 256 * 2**20, seen["slipway_memory_limit_bytes"]
    return "65532, none, and the process knows of 1 CPU and 256 MB"


def golden(image: str, bundle: Path) -> str:
    """The answers are the trainer's, within the tolerance of the bundle."""
    recorded = json.loads((bundle / "golden.json").read_text())
    with started(image) as container:
        container.wait_for(200)
        status, answer = post(container.port, json.dumps({"instances": recorded["instances"]}).encode())
    assert status == 200, answer
    [rows] = recorded["outputs"].values()
    given = [numbers(prediction) for prediction in json.loads(answer)["predictions"]]
    pairs = [(a, b) for one, other in zip(given, rows, strict=True) for a, b in zip(one, other, strict=True)]
    worst = max(abs(a - b) for a, b in pairs)
    assert all(abs(a - b) <= recorded["atol"] + recorded["rtol"] * abs(b) for a, b in pairs), worst
    return f"{len(rows)} rows, 200, largest difference {worst:.0e}"


def numbers(prediction: Json) -> list[float]:
    """Return the probabilities in the order of the labels, or the value alone."""
    found = prediction.get("probabilities")
    return [float(prediction["value"])] if found is None else [float(value) for value in found.values()]


def health(image: str) -> str:
    """The HEALTHCHECK of the image, run in the container as docker would; and where nobody listens."""
    test = inspect(image)["Config"].get("Healthcheck") or inspect(image)["Healthcheck"]
    command = test["Test"]
    assert command[0] == "CMD", command
    with started(image) as container:
        container.wait_for(200)
        code, seconds, said = container.execute(*command[1:])
        assert code == 0, said
        wrong, _, said = container.execute("env", f"SLIPWAY_PORT={free_port()}", *command[1:])
        assert wrong == 1, said
    return f"passes in {seconds:.2f} s (with podman's own part); fails where nobody listens"


def memory(image: str, bundle: Path) -> str:
    """Resident memory when it is ready, and the most that it took under load."""
    rows = json.loads((bundle / "golden.json").read_text())["instances"]
    one = json.dumps({"instances": rows[:1]}).encode()
    many = json.dumps({"instances": (rows * (LARGE_ROWS // len(rows) + 1))[:LARGE_ROWS]}).encode()
    with started(image) as container:
        container.wait_for(200)
        at_rest = container.memory_mb()
        answered = load(container.port, one, SMALL_REQUESTS, SMALL_CALLERS)
        answered += load(container.port, many, LARGE_REQUESTS, LARGE_CALLERS)
        assert container.running(), f"it did not outlive the load: {container.log()[-500:]}"
        peak, after = container.memory_mb("VmHWM"), container.memory_mb()
    assert set(answered) <= {200, 429}, answered
    assert answered[200] >= SMALL_REQUESTS, answered
    large = f"{LARGE_REQUESTS} of {LARGE_ROWS:,} ({len(many) / 1e6:.1f} MB each), {LARGE_CALLERS} at once"
    sent = f"{SMALL_REQUESTS:,} requests of one row and {large}"
    return f"{at_rest:.0f} MB when ready; {after:.0f} MB after {sent}, {peak:.0f} MB at most; {dict(answered)}"


def load(port: int, body: bytes, requests: int, callers: int) -> Counter[int]:
    """Send the same body `requests` times from as many callers; return how often each status came."""
    seen: Counter[int] = Counter()
    left = iter(range(requests))
    lock = threading.Lock()

    def call() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with lock:
                if next(left, None) is None:
                    return
            connection.request("POST", "/predict", body, {"content-type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            with lock:
                seen[answer.status] += 1

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def ending(image: str) -> str:
    """Exit code 0; the image's default is no drain delay."""
    seconds = []
    for _ in range(3):
        with started(image) as container:
            container.wait_for(200)
            code, gone_s = container.terminate()
            assert code == 0, (code, container.log())
            seconds.append(gone_s)
    return f"exit code 0 in {spoken(seconds)} s"


def ending_early(image: str) -> str:
    """As soon as there is a handler, and before any model is loaded."""
    with started(image) as container:
        while not container.takes_sigterm():
            assert container.running(), container.log()
        began_s = container.seconds()
        before = container.status("/health/ready")[0]
        code, gone_s = container.terminate()
    assert before != 200, "it was ready already: nothing was shown"
    assert code == 0, code
    return f"exit code 0 in {gone_s:.2f} s, {began_s:.2f} s after the start"


def mounted(image: str, bundle: Path, scratch: Path) -> str:
    """A folder on /models takes the place of what is inside; here a graph without a manifest."""
    folder = scratch / "mounted" / "plain" / "1"
    folder.mkdir(parents=True)
    shutil.copy(bundle / "model.onnx", folder)
    scratch.chmod(0o755)
    with started(image, models=scratch / "mounted") as container:
        container.wait_for(200)
        served = [model["name"] for model in json.loads(container.status("/models")[1])["models"]]
    assert served == ["plain"], served
    return f"serves {served[0]}, and nothing of what is inside"


def damaged(image: str, bundle: Path, scratch: Path) -> str:
    """Never ready; the answer of readiness and the health check name the file."""
    folder = scratch / "damaged" / bundle.parent.name / bundle.name
    shutil.copytree(bundle, folder)
    content = bytearray((folder / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.onnx").write_bytes(content)
    scratch.chmod(0o755)
    with started(image, models=scratch / "damaged") as container:
        container.wait_for(200, "/health/live")
        while "loading" in (answer := container.status("/health/ready"))[1]:
            assert container.running(), container.log()
        code, _, said = container.execute("python", "-IS", "/opt/slipway/health.py")
    assert answer[0] == 503, answer
    assert "model.onnx" in answer[1], answer
    assert code == 1, said
    assert "model.onnx" in said, said
    return "503, live, and the health check fails; both name model.onnx"


def post(port: int, body: bytes) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/predict", body, {"content-type": "application/json"})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()
