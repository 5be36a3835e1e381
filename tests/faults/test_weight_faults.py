"""Weights beside a graph, changed under a process that serves them: what was loaded goes on answering.

ONNX Runtime would map their file. Overwritten in place it changed answers, signed or not, with nothing in the log; cut
off it ended the process by SIGBUS.
"""

import os
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest

from app.bundle.sealed_file import LARGE_BYTES
from tests.app import graphs
from tests.app.runtime.test_external_data import WEIGHTS, as_initializer, in_a_branch
from tests.support import serving
from tests.support.signed import Keys

ZEROS = {"inputs": [{"name": "x", "shape": [1, 400], "datatype": "FP32", "data": [0.0] * 400}]}


def overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(np.full(400, 7, np.float32).tobytes())


def overwrite_and_put_back_the_time(path: Path) -> None:
    """So that the look at the folder finds nothing new."""
    status = path.stat()
    overwrite(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def cut_off(path: Path) -> None:
    os.truncate(path, 0)


CHANGES: list[Callable[[Path], None]] = [overwrite_and_put_back_the_time, overwrite, cut_off, Path.unlink]


@pytest.mark.parametrize("signed", [False, True])
def test_weights_change_under_a_process(signed: bool, tmp_path: Path) -> None:
    """Small ones, large ones, those of a branch: the answers stay, and the process lives."""
    models, options = tmp_path / "models", []
    places = [
        graphs.write(models, as_initializer("w.data"), "small") / "w.data",
        graphs.write(models, as_initializer("w.data"), "large") / "w.data",
        graphs.write(models, in_a_branch("w.data"), "branch") / "w.data",
    ]
    for place in places:
        place.write_bytes(WEIGHTS.tobytes() + bytes(LARGE_BYTES * (place.parts[-3] == "large")))
    if signed:
        keys = Keys(tmp_path)
        options = ["--verify-key", str(keys.public)]
        for place in places:
            keys.sign(place.parent)
    with serving.process(models, tmp_path, "--watch-s", "0", *options) as process:
        with httpx.Client(base_url=process.address, timeout=serving.PATIENCE_S) as client:
            for change in [lambda path: None, *CHANGES]:
                for place in places:
                    change(place)
                    answer = client.post(f"/v2/models/{place.parts[-3]}/infer", json=ZEROS)
                    assert answer.json()["outputs"][0]["data"] == WEIGHTS.tolist(), (place, change)
        assert process.stop() == 0
