"""The manifests as `kubectl apply -k` would send them."""

import functools
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.tools import tool

ROOT = Path(__file__).parents[2]
K8S = ROOT / "k8s"
Manifest = dict[str, Any]


@functools.cache
def render(folder: Path = K8S) -> tuple[Manifest, ...]:
    """Render a kustomization; a warning of kubectl is an error."""
    done = subprocess.run([tool("kubectl"), "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return tuple(yaml.safe_load_all(done.stdout))


def only(kind: str) -> Manifest:
    """Return the one object of a kind."""
    [found] = [manifest for manifest in render() if manifest["kind"] == kind]
    return found


def pod() -> Manifest:
    spec: Manifest = only("Deployment")["spec"]["template"]["spec"]
    return spec


def container() -> Manifest:
    [found] = pod()["containers"]
    assert isinstance(found, dict)
    return found


def environment() -> dict[str, str]:
    """What the container is given on top of what the image says."""
    data: dict[str, str] = only("ConfigMap")["data"]
    return data | {variable["name"]: variable["value"] for variable in container()["env"]}
