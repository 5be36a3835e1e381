"""The manifests as `kubectl apply -k` would send them.

render(folder)       a kustomization of the repository, or of a test
composed(names)      the base with components
with_canary(names)   the same, and a canary of it beside it
everything()         all of them, by name: folders, and each component on what it needs
only, pod, …         the parts of the base that many tests ask for
"""

import functools
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.support.tools import tool

ROOT = Path(__file__).parents[2]
K8S = ROOT / "k8s"
Manifest = dict[str, Any]

COMPONENTS = sorted(path.parent.name for path in (K8S / "components").glob("*/kustomization.yaml"))
FOLDERS = sorted(path.parent for path in K8S.rglob("kustomization.yaml") if path.parent.parent.name != "components")
NEEDS = {"mutual-tls": ("tls",), "canary-argo": ("prometheus-operator",)}  # what stands before a component
MOST = (  # all that get along: of models, of autoscalers and of releases one can have one kind
    "prometheus-operator", "grafana-dashboard", "prometheus-annotations", "hpa-custom-metrics", "canary-argo",
    "model-init-container", "api-keys", "admin-keys", "verify-key", "grpc", "tls", "mutual-tls",
)  # fmt: skip


def kustomize(folder: Path) -> str:
    """Render a kustomization as text; a warning of kubectl is an error."""
    done = subprocess.run([tool("kubectl"), "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@functools.cache
def render(folder: Path = K8S) -> tuple[Manifest, ...]:
    return tuple(yaml.load_all(kustomize(folder), yaml.CSafeLoader))


@functools.cache
def composed(components: tuple[str, ...], on: Path = K8S) -> tuple[Manifest, ...]:
    """Render an overlay of components on a folder."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), [on], components)
        return render.__wrapped__(Path(folder))


@functools.cache
def with_canary(components: tuple[str, ...], on: Path = K8S) -> tuple[Manifest, ...]:
    """Render a release of components on a folder, and its canary beside it, as the page says to."""
    with tempfile.TemporaryDirectory() as folder:
        release, following = Path(folder) / "release", Path(folder) / "next"
        write(release, [on], components)
        write(following, [release], ("canary",))
        write(Path(folder), [release, following])
        return render.__wrapped__(Path(folder))


def write(folder: Path, resources: list[Path], components: tuple[str, ...] = ()) -> None:
    """Write a kustomization of folders and of components of ours."""
    folder.mkdir(exist_ok=True)
    named = {"resources": resources, "components": [K8S / "components" / name for name in components]}
    paths = {key: [os.path.relpath(path.resolve(), folder.resolve()) for path in value] for key, value in named.items()}
    head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(head | paths))


NAMES = (*(str(folder.relative_to(ROOT)) for folder in FOLDERS), *(f"components/{name}" for name in COMPONENTS), "most")


def component(name: str) -> tuple[Manifest, ...]:
    return composed((*NEEDS.get(name, ()), name))


@functools.cache
def everything() -> dict[str, tuple[Manifest, ...]]:
    """Every folder, every component, and as many of them together as get along."""
    folders = {str(folder.relative_to(ROOT)): render(folder) for folder in FOLDERS}
    components = {f"components/{name}": component(name) for name in COMPONENTS}
    return folders | components | {"most": composed(MOST)}


def of_kind(manifests: tuple[Manifest, ...], *kinds: str) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def named(manifests: tuple[Manifest, ...], kind: str, name: str = "slipway") -> Manifest:
    """Return the one object of a kind and a name; a generated name counts without its hash."""
    [found] = [
        manifest
        for manifest in of_kind(manifests, kind)
        if manifest["metadata"]["name"] == name
        or (kind == "ConfigMap" and manifest["metadata"]["name"].rpartition("-")[0] == name)
    ]
    return found


def pods(manifests: tuple[Manifest, ...]) -> Iterator[Manifest]:
    """Every pod that the manifests describe, as `{"metadata": …, "spec": …}`."""
    for manifest in of_kind(manifests, "Deployment", "Job"):
        yield manifest["spec"]["template"]
    for manifest in of_kind(manifests, "CronJob"):
        yield manifest["spec"]["jobTemplate"]["spec"]["template"]


def main_container(manifests: tuple[Manifest, ...], instance: str = "slipway") -> Manifest:
    parts = named(manifests, "Deployment", instance)["spec"]["template"]["spec"]["containers"]
    [found] = [part for part in parts if part["name"] == "slipway"]
    assert isinstance(found, dict)
    return found


def environment_of(manifests: tuple[Manifest, ...], instance: str = "slipway") -> dict[str, str]:
    """What the service's container is given on top of what the image says."""
    main = main_container(manifests, instance)
    names = [source["configMapRef"]["name"] for source in main["envFrom"]]
    data: dict[str, str] = {}
    for manifest in of_kind(manifests, "ConfigMap"):
        if manifest["metadata"]["name"] in names:
            data |= manifest["data"]
    return data | {variable["name"]: variable["value"] for variable in main["env"]}


def only(kind: str) -> Manifest:
    """Return the base's object of a kind that is called slipway."""
    return named(render(), kind)


def pod() -> Manifest:
    spec: Manifest = only("Deployment")["spec"]["template"]["spec"]
    return spec


def container() -> Manifest:
    [found] = pod()["containers"]
    assert isinstance(found, dict)
    return found


def environment() -> dict[str, str]:
    return environment_of(render())
