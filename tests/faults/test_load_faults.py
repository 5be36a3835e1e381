"""A version that hangs or crashes what loads it: callers, operators and the end of the process do not notice.

Every load here is of a graph whose constants take minutes to compute while its session is made.
"""

import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.health.watchdog import EXIT_CODE
from tests.app import graphs
from tests.app.bad_requests import GOOD, JSON, body_of
from tests.support import serving, tiny
from tests.support.serving import OPERATOR, Process

HANGS = 9  # the version that does
SOON_S = 5.0  # what takes a moment, on a busy machine; the loads take minutes


class Service:
    """A process that serves `tiny`, of two versions, and is asked by an operator."""

    def __init__(self, process: Process, models: Path) -> None:
        self.process = process
        self.models = models
        self.client = httpx.Client(base_url=process.address, headers=OPERATOR, timeout=serving.PATIENCE_S)

    def hang(self, version: int = HANGS) -> Path:
        """Put a version that hangs in place, and wait until a child loads it."""
        made = graphs.write(self.models.parent / f"made-{time.monotonic_ns()}", graphs.folding())
        folder = self.models / "tiny" / str(version)
        made.rename(folder)
        self.until(lambda: self.children)
        return folder

    def until(self, condition: Any) -> None:
        deadline = time.monotonic() + serving.PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, self.process.complaints()
            time.sleep(0.02)

    @property
    def children(self) -> list[int]:
        pid = self.process.popen.pid
        return [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]

    @property
    def answers(self) -> str:
        answer = self.client.post("/predict", content=body_of(GOOD), headers=JSON)
        assert answer.status_code == 200
        return str(answer.headers["x-slipway-version"])

    def state(self, version: int) -> tuple[str, str]:
        models = self.client.get("/models").json()["models"]
        found: dict[str, str] = next(
            (each for each in models if (each["name"], each["version"]) == ("tiny", version)), {}
        )
        return found.get("state", "absent"), found.get("reason", "")

    @property
    def stuck(self) -> float:
        [value] = re.findall(r'^slipway_stuck\{what="load"\} (\S+)', self.client.get("/metrics").text, re.M)
        return float(value)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A process that has seen both versions of `tiny`, so that there is one to go back to."""
    folder = tmp_path_factory.mktemp("loads")
    models = folder / "models"
    tiny.write(models)
    options = ("--watch-s", "0.1", "--watchdog-s", "2", "--admin-keys-file", str(serving.operators(folder)))
    with serving.process(models, folder, *options, SLIPWAY_TIMEOUT_MS="500") as process:
        service = Service(process, models)
        tiny.write(folder / "made", tiny.Tiny(version=2)).rename(models / "tiny" / "2")
        service.until(lambda: service.answers == "tiny/2")
        yield service
        service.client.close()


def test_verbs_do_not_wait_for_a_load_that_hangs(service: Service) -> None:
    """They say for what they did not wait, metric and log say that it lasts; who asks is answered all the time."""
    folder = service.hang()
    assert service.state(HANGS) == ("loading", "")
    for verb in ("reload", "models/tiny/load?version=1", "models/tiny/unload?version=1"):
        answer = service.client.post(f"/admin/{verb}")
        assert answer.status_code == 409
        assert re.search(r"a load of tiny/9 has lasted \d+ s", answer.json()["error"])
    service.until(lambda: service.stuck)
    service.until(lambda: "A load of tiny/9 has lasted" in service.process.complaints())
    assert service.answers == "tiny/2"
    assert service.client.get("/health/live").status_code == 200
    assert service.client.get("/health/ready").status_code == 200
    shutil.rmtree(folder)
    service.until(lambda: service.state(HANGS)[0] == "absent")
    service.until(lambda: not service.stuck)
    assert not service.children


def test_a_new_content_takes_the_place_of_one_that_hangs(service: Service) -> None:
    """Nobody has to ask."""
    folder = service.hang(3)
    folder.rename(service.models.parent / f"bad-{time.monotonic_ns()}")
    tiny.write(service.models.parent / "good", tiny.Tiny(version=3)).rename(folder)
    service.until(lambda: service.answers == "tiny/3")
    assert not service.children
    shutil.rmtree(folder)
    service.until(lambda: service.answers == "tiny/2")


def test_a_child_that_is_killed_is_a_refusal_by_name(service: Service) -> None:
    """As the kernel does where memory is short."""
    folder = service.hang()
    [child] = service.children
    os.kill(child, signal.SIGKILL)
    service.until(lambda: service.state(HANGS)[0] == "failed")
    assert "the process that loaded it first was ended by SIGKILL" in service.state(HANGS)[1]
    assert service.answers == "tiny/2"
    shutil.rmtree(folder)
    service.until(lambda: service.state(HANGS)[0] == "absent")


def test_a_rollback_does_not_wait(service: Service) -> None:
    """It ends the load, and what hung is not tried again."""
    service.client.post("/admin/reload")  # whatever the tests before have left
    service.hang()
    before = service.answers
    began = time.monotonic()
    answer = service.client.post("/admin/models/tiny/rollback")
    assert (answer.status_code, time.monotonic() - began < SOON_S) == (200, True)
    assert service.answers != before
    service.until(lambda: not service.children)
    assert service.client.post("/admin/reload").status_code == 200
    assert not service.children


def test_the_end_of_the_process_does_not_wait(tmp_path: Path) -> None:
    """The child ends with it; whoever waits for a verb is told."""
    models = tmp_path / "models"
    tiny.write(models)
    options = ("--watch-s", "0.1", "--admin-keys-file", str(serving.operators(tmp_path)))
    with serving.process(models, tmp_path, *options) as process:
        service = Service(process, models)
        service.hang(2)
        [child] = service.children
        began = time.monotonic()
        assert process.stop() == 0
        assert time.monotonic() - began < SOON_S
        assert not Path(f"/proc/{child}").exists()
        assert "Exception in ASGI" not in process.complaints()


# ── at the start ──


@pytest.fixture
def hanging(tmp_path: Path) -> Path:
    """A folder of models whose only version hangs."""
    graphs.write(tmp_path / "models", graphs.folding(), "tiny", 2)
    return tmp_path / "models"


def test_a_load_that_hangs_at_the_start_ends_the_process(hanging: Path, tmp_path: Path) -> None:
    """It says which version, how long it took, and which setting to raise."""
    with Process(hanging, tmp_path, "--load-timeout-s", "0.5") as process:
        assert process.popen.wait(serving.PATIENCE_S) == EXIT_CODE
        said = process.complaints()
        assert re.search(r"tiny/2: expected to load within 0\.5 s \(SLIPWAY_LOAD_TIMEOUT_S is longer\)", said)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_signal_ends_a_start_that_hangs(workers: str, hanging: Path, tmp_path: Path) -> None:
    """With code 0, also of workers, none of which answers yet."""
    with Process(hanging, tmp_path, "--workers", workers) as process:
        deadline = time.monotonic() + serving.PATIENCE_S
        while process.complaints().count("Waiting for application startup") < int(workers):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.5)  # and the load has begun
        began = time.monotonic()
        assert process.stop() == 0
        assert time.monotonic() - began < SOON_S


def test_a_run_that_hangs_at_the_start_is_refused(tmp_path: Path) -> None:
    """It can be broken off, so that the process stays and says why."""
    graphs.write(tmp_path / "models", graphs.endless())
    with serving.process(tmp_path / "models", tmp_path, "--load-timeout-s", "2") as process:
        [model] = httpx.get(f"{process.address}/models").json()["models"]
        assert model["state"] == "failed"
        assert "SLIPWAY_LOAD_TIMEOUT_S" in model["reason"]
