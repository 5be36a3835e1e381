import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import REPOSITORY


def learned(count: int, data_file: Path) -> dict[str, Any]:
    """Logical devices are set before TensorFlow does anything, so each number of them has its own process."""
    command = [sys.executable, "-m", "tests.training.trainer.mirrored", str(count), str(data_file)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_two_devices_learn_what_one_learns(data_file: Path) -> None:
    one, two = learned(1, data_file), learned(2, data_file)
    assert (one["copies"], two["copies"]) == (1, 2)
    assert two["losses"] == pytest.approx(one["losses"], rel=1e-4)
    assert two["answers"] == pytest.approx(one["answers"], rel=1e-4)
