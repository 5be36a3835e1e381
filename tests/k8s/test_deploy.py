"""`make deploy`: which manifests go to which cluster, and what is said where it cannot be."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.k8s.rendered import K8S, ROOT
from tests.support.tools import tool

CLUSTER = """#!/bin/sh
# Stands for a cluster that accepts everything: writes down what it was asked, and renders with the real kubectl.
printf '%s\\n' "$*" >> "{log}"
case "$1" in
  config) echo kind-mine ;;
  apply) "{kubectl}" kustomize "$3" > "{log}.yaml" ;;
esac
"""


def deploy(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    clean = {
        key: value for key, value in os.environ.items() if key not in ("KUBECONFIG", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
    return subprocess.run(
        ["make", "deploy", *arguments], cwd=ROOT, env=clean | environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def cluster(tmp_path: Path) -> Path:
    """A kubectl whose cluster accepts everything; beside it, what it was asked."""
    file = tmp_path / "kubectl"
    file.write_text(CLUSTER.format(log=tmp_path / "asked", kubectl=tool("kubectl")))
    file.chmod(0o755)
    return file


@pytest.mark.parametrize(
    ("overlay", "folder"),
    [("", "k8s"), ("dev", "k8s/overlays/dev"), ("k8s/overlays/canary/next", "k8s/overlays/canary/next")],
)
def test_it_applies_an_overlay_and_waits(overlay: str, folder: str, cluster: Path) -> None:
    """A name, a folder, or nothing for the base; the cluster is named before anything is sent."""
    done = deploy(f"KUBECTL={cluster}", f"OVERLAY={overlay}")
    assert done.returncode == 0, done.stderr
    assert f"To kind-mine: {folder}\n" in done.stdout
    assert (cluster.parent / "asked").read_text().splitlines() == [
        "config current-context",
        f"apply -k {folder}",
        "-n slipway rollout status deployment/slipway --timeout 300s",
    ]
    assert "kind: Deployment" in (cluster.parent / "asked.yaml").read_text()


def test_an_overlay_that_is_not_there_is_refused_with_those_that_are(cluster: Path) -> None:
    """And nothing is sent."""
    done = deploy(f"KUBECTL={cluster}", "OVERLAY=prod")
    names = " ".join(sorted(path.name for path in (K8S / "overlays").iterdir()))
    assert (
        f"Invalid OVERLAY: expected a folder with a kustomization.yaml, or one of: {names}. Received: prod."
        in done.stdout
    )
    assert done.returncode == 2
    assert not (cluster.parent / "asked").exists()


def test_no_kubectl_is_a_sentence() -> None:
    done = deploy("KUBECTL=no-such-kubectl")
    assert (done.returncode, done.stdout) == (
        2,
        "No kubectl here. Install it, or say where: make deploy KUBECTL=path\n",
    )


def test_no_cluster_is_a_sentence(tmp_path: Path) -> None:
    """The real kubectl, with a configuration that names none."""
    done = deploy(f"KUBECTL={tool('kubectl')}", KUBECONFIG=str(tmp_path / "none"))
    assert done.returncode == 2
    assert done.stdout == "kubectl has no current cluster. Choose one: kubectl config use-context NAME\n"
