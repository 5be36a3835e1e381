"""Every kustomization renders to what each supported Kubernetes accepts, unknown fields refused."""

import os
import re
from pathlib import Path

import pytest
from kubernetes_validate import latest_version, validate

from tests.k8s.rendered import K8S, ROOT, render

OLDEST = 30  # nothing in the base is newer than on by default in 1.30
MINORS = range(OLDEST, int(latest_version().split(".")[1]) + 1)
FOLDERS = sorted(path.parent for path in K8S.rglob("kustomization.yaml"))


@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(K8S.parent)))
def test_each_object_keeps_to_the_schema(folder: Path, minor: int) -> None:
    """The schemas are those of the Kubernetes API itself."""
    for manifest in render(folder):
        validate(manifest, f"1.{minor}", strict=True)


def test_k8s_is_the_base() -> None:
    """`kubectl apply -k k8s/` and `-k k8s/base` are the same for now."""
    assert render(K8S) == render(K8S / "base")


def test_no_file_is_left_out() -> None:
    """Each manifest in base/ is in the rendering: a forgotten line would drop an object in silence."""
    files = {path.name for path in (K8S / "base").iterdir()} - {"kustomization.yaml"}
    listed = (K8S / "base" / "kustomization.yaml").read_text()
    assert all(f"- {name}" in listed for name in files)


def test_no_custom_resources() -> None:
    """A bare cluster knows every kind."""
    groups = {manifest["apiVersion"].rpartition("/")[0] for manifest in render()}
    assert groups <= {"", "apps", "autoscaling", "policy", "networking.k8s.io"}


def test_every_object_is_in_the_namespace() -> None:
    """Nothing lands in `default`."""
    for manifest in render():
        named = manifest["metadata"]["name" if manifest["kind"] == "Namespace" else "namespace"]
        assert named == "slipway", manifest["kind"]


def test_the_overlay_of_the_page_renders(tmp_path: Path) -> None:
    """What a reader pastes works, and changes what the page says."""
    [example] = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "deploying.md").read_text(), re.DOTALL)
    base = os.path.relpath(K8S, tmp_path.resolve())
    (tmp_path / "kustomization.yaml").write_text(example.replace("../slipway/k8s", base))
    objects = render(tmp_path)
    for manifest in objects:
        validate(manifest, f"1.{OLDEST}", strict=True)
    [settings] = [manifest["data"] for manifest in objects if manifest["kind"] == "ConfigMap"]
    assert settings["SLIPWAY_LOG_LEVEL"] == "warning"
    assert settings["SLIPWAY_PORT"] == "8000"
    [pod] = [manifest["spec"]["template"]["spec"] for manifest in objects if manifest["kind"] == "Deployment"]
    assert pod["containers"][0]["image"] == "your-registry/slipway:2026.1"
    assert pod["containers"][0]["envFrom"][0]["configMapRef"]["name"].startswith("slipway-")
    assert pod["volumes"][0]["name"] == "models"
