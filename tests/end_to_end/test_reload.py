"""A real process under load while its versions come and go: no request fails, and every answer is a version's own."""

import http.client
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.app.bad_requests import GOOD, JSON, body_of
from tests.app.repository.test_watch import spoil
from tests.app.server.test_workers import workers_of
from tests.support import serving, tiny

CLIENTS = 6
SWITCHES = 6


class Versions:
    """The folder of a model whose versions all answer differently."""

    def __init__(self, root: Path) -> None:
        self._made = root / "made"
        self.models = root / "models"
        self.right: dict[int, list[float]] = {}  # version -> the probabilities of `GOOD`

    def write(self, version: int, spoilt: Callable[[Path], None] | None = None) -> Path:
        """Move a whole version in."""
        knobs = tiny.Tiny(version=version, shift=version / 4)
        made = tiny.write(self._made, knobs)
        if spoilt is None:
            self.right[version] = tiny.run(made / "model.onnx", tiny.tensors(knobs, [GOOD]))[0].tolist()
        else:
            spoilt(made)
        folder = self.models / knobs.name / str(version)
        folder.parent.mkdir(parents=True, exist_ok=True)
        return made.rename(folder)


class Load:
    """Clients on kept connections, each of which asks as soon as it is answered; `wrong` must stay empty."""

    def __init__(self, port: int, versions: Versions) -> None:
        self._port = port
        self._versions = versions
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(CLIENTS)]
        self.wrong: list[str] = []
        self.answered: dict[int, int] = {}

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(serving.PATIENCE_S)

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=serving.PATIENCE_S)
        try:
            while not self._over.is_set():
                connection.request("POST", "/predict", body_of(GOOD), JSON)
                response = connection.getresponse()
                self._judge(response.status, response.read())
        except (OSError, http.client.HTTPException) as error:
            self.wrong.append(repr(error))
        connection.close()

    def _judge(self, status: int, body: bytes) -> None:
        answer: dict[str, Any] = json.loads(body)
        if status != 200:
            self.wrong.append(f"{status} {answer}")
            return
        found = list(answer["predictions"][0]["probabilities"].values())
        if found != pytest.approx(self._versions.right[answer["version"]], abs=1e-6):
            self.wrong.append(f"{answer}")
        self.answered[answer["version"]] = self.answered.get(answer["version"], 0) + 1

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + serving.PATIENCE_S
        while not condition() and not self.wrong:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def until_answered_by(self, version: int) -> None:
        before = self.answered.get(version, 0)
        self.until(lambda: self.answered.get(version, 0) > before)


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    """With the first in its place."""
    made = Versions(tmp_path)
    made.write(1)
    return made


def flip(folder: Path) -> None:
    """Change one bit of the graph; its hash is wrong then."""
    content = bytearray((folder / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.onnx").write_bytes(content)


@pytest.mark.parametrize("run_on", ["loop", "thread"])
def test_no_request_fails_while_versions_are_switched(run_on: str, versions: Versions, tmp_path: Path) -> None:
    """By the watch, by hand and back again; a bad version is offered twice and never answers."""
    options = ["--watch-s", "0.05", "--run-on", run_on]
    options += ["--admin-keys-file", str(serving.operators(tmp_path))]
    with serving.process(versions.models, tmp_path, *options) as process, Load(process.port, versions) as load:
        http = httpx.Client(base_url=process.address, headers=serving.OPERATOR)
        load.until_answered_by(1)
        for version in range(2, SWITCHES + 2):
            versions.write(version)
            load.until_answered_by(version)
            shutil.rmtree(versions.models / "tiny" / str(version - 1))
            if version in (3, 5):
                bad = versions.write(100 + version, spoil if version == 3 else flip)
                load.until(lambda: {"failed"} == states(http, 100 + version))  # noqa: B023
                shutil.rmtree(bad)
                load.until(lambda: states(http, 100 + version) == set())  # noqa: B023
        last = SWITCHES + 1
        for verb, answers in (("rollback", last - 1), ("rollback", last), (f"load?version={last}", last)):
            assert http.post(f"/admin/models/tiny/{verb}").json()["answers"] == answers
            load.until_answered_by(answers)
        assert http.get("/health/ready").status_code == 200
        http.close()
    assert load.wrong == []
    assert set(load.answered) == set(range(1, SWITCHES + 2))


def states(http: httpx.Client, version: int) -> set[str]:
    return {model["state"] for model in http.get("/models").json()["models"] if model["version"] == version}


def test_a_hangup_is_a_reload(versions: Versions, tmp_path: Path) -> None:
    """Of one process that does not watch, several times in a row; nobody notices."""
    with (
        serving.process(versions.models, tmp_path, "--watch-s", "0") as process,
        Load(process.port, versions) as load,
    ):
        load.until_answered_by(1)
        for version in (2, 3):
            versions.write(version)
            for _ in range(3):
                process.popen.send_signal(signal.SIGHUP)
            load.until_answered_by(version)
        assert process.popen.poll() is None
    assert load.wrong == []


def until_said(process: serving.Process, text: str, times: int) -> None:
    """Wait until the workers of a process have logged `text` so often."""
    deadline = time.monotonic() + serving.PATIENCE_S
    while process.complaints().count(text) < times:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def pair(versions: Versions, tmp_path: Path) -> Iterator[serving.Process]:
    """Two workers that do not watch, and have both loaded the first version."""
    options = ("--workers", "2", "--watch-s", "0", "--admin-keys-file", str(serving.operators(tmp_path)))
    with serving.process(versions.models, tmp_path, *options) as started:
        until_said(started, "Loaded tiny/1", 2)
        yield started


@pytest.mark.parametrize("by", ["signal", "route"])
def test_a_hangup_reaches_every_worker(by: str, pair: serving.Process, versions: Versions) -> None:
    """From the supervisor, or from the worker that was asked; none of them ends."""
    before = workers_of(pair)
    versions.write(2)
    if by == "signal":
        pair.popen.send_signal(signal.SIGHUP)
    else:
        assert httpx.post(f"{pair.address}/admin/reload", headers=serving.OPERATOR).json() == {"asked": 2}
    until_said(pair, "Serving tiny/2 instead of tiny/1.", 2)
    assert workers_of(pair) == before
    for _ in range(20):
        assert httpx.post(f"{pair.address}/predict", content=body_of(GOOD), headers=JSON).json()["version"] == 2


def test_a_hangup_that_comes_too_early_waits(pair: serving.Process) -> None:
    """A worker that is just starting must not be killed by it."""
    os.kill(workers_of(pair)[0], signal.SIGKILL)
    deadline = time.monotonic() + serving.PATIENCE_S
    while pair.complaints().count("Loaded tiny/1") < 3:
        pair.popen.send_signal(signal.SIGHUP)
        time.sleep(0.01)
        assert time.monotonic() < deadline
    assert pair.complaints().count("Worker ") == 1
