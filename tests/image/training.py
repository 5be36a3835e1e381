"""The target `training`: its size, and a small training whose bundle the serving image then serves."""

import gzip
import json
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from tests.image.podman import HARDENED, HERE, Container, inspect, podman
from tests.image.service import free_port

ROWS = 2_000
NAME = "small-adult"
# What the Job of k8s/jobs grants: a folder to write to, and /tmp.
GRANTED = ["--memory", "4g", "--memory-swap", "4g", "--cpus", "2", "--tmpfs", "/tmp:rw,size=1g"]


def checks(image: str, serving: str, base: str, examples: Path, scratch: Path) -> list[tuple[str, Callable[[], str]]]:
    """Return the checks of this page in order."""
    return [
        ("training: size beside the base", lambda: size(image, base)),
        ("training: a small run", lambda: train(image, examples, scratch)),
        ("training: its bundle is served", lambda: served(serving, scratch / "models")),
    ]


def size(image: str, base: str) -> str:
    config = inspect(image)["Config"]
    assert config["Entrypoint"] == ["python", "-m", "training"], config["Entrypoint"]
    assert config["User"] == "65532:65532", config["User"]
    return f"{(inspect(image)['Size'] - inspect(base)['Size']) / 1e6:,.0f} MB unpacked"


def train(image: str, examples: Path, scratch: Path) -> str:
    """Two epochs on the first rows of Adult, read-only but for the models folder and /tmp."""
    data, models = scratch / "data", scratch / "models"
    data.mkdir(mode=0o755)
    models.mkdir()
    models.chmod(0o777)
    scratch.chmod(0o755)
    with gzip.open(examples / "adult.csv.gz", "rt") as file:
        (data / "adult.csv").write_text("".join(islice(file, ROWS + 1)))
    words = ["/data/adult.csv", "--target", "income", "--name", NAME, "--models", "/models", "--epochs", "2"]
    mounts = ["--volume", f"{data}:/data:ro", "--volume", f"{models}:/models"]
    began = time.monotonic()
    podman("run", "--rm", *HERE, *HARDENED, *GRANTED, *mounts, image, *words)
    manifest = json.loads((models / NAME / "1" / "manifest.json").read_text())
    assert manifest["name"] == NAME
    return f"{ROWS:,} rows, 2 epochs, in {time.monotonic() - began:.0f} s"


def served(image: str, models: Path) -> str:
    """It passes its golden rows there, or it would not be ready."""
    with Container(image, free_port(), models=models) as container:
        container.wait_for(200)
        [model] = json.loads(container.status("/models")[1])["models"]
    assert (model["name"], model["state"]) == (NAME, "ready"), model
    return f"{NAME}/{model['version']} is ready"
