"""`make deploy`: which manifests go to which cluster, what is waited for, and what is said where it cannot be."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.k8s.rendered import K8S, ROOT, everything, write
from tests.support.tools import tool

_spec = importlib.util.spec_from_file_location("deploy", K8S / "deploy" / "deploy.py")
assert _spec is not None
assert _spec.loader is not None
script = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(script)

CLUSTER = """#!{python}
# Stands for a cluster that accepts everything: writes down what it was asked, renders with the real kubectl, and gives
# each object one status of those in `told` after the other, the last for ever.
import json, pathlib, subprocess, sys

import yaml

folder = pathlib.Path(__file__).parent
verb, *words = sys.argv[1:]
with (folder / "asked").open("a") as log:
    print(verb, *words, file=log)
if verb == "config":
    print("kind-mine")
if verb == "apply":
    text = subprocess.run(["{kubectl}", "kustomize", words[1]], stdout=subprocess.PIPE, check=True).stdout
    (folder / "asked.yaml").write_bytes(text)
if verb == "get":
    told = json.loads((folder / "told").read_text())
    objects = [one for one in yaml.load_all((folder / "asked.yaml").read_text(), yaml.CSafeLoader)]
    if words[0] != "-k":
        kind = words[2].partition(".")[0]
        objects = [one for one in objects if (one["kind"].lower(), one["metadata"]["name"]) == (kind, words[3])]
        objects = objects or told.get(kind, [])
    for one in objects:
        left = told.get(one["kind"].lower() + "/" + one["metadata"]["name"], [])
        one["status"] = (left.pop(0) if len(left) > 1 else left[0]) if left else one.get("status", {{}})
    (folder / "told").write_text(json.dumps(told))
    print(json.dumps({{"kind": "List", "items": objects}} if words[0] == "-k" or kind in told else objects[0]))
"""
COMING = {"replicas": 1, "updatedReplicas": 1, "observedGeneration": 1}
UP = COMING | {"availableReplicas": 1}
LATE = COMING | {"conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}


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
    file.write_text(CLUSTER.format(python=sys.executable, kubectl=tool("kubectl")))
    file.chmod(0o755)
    tell(file, {"deployment/slipway": [UP], "deployment/slipway-canary": [UP]})
    return file


def tell(cluster: Path, told: dict[str, list[Any]]) -> None:
    """Say how the objects of the cluster will be, look by look."""
    (cluster.parent / "told").write_text(json.dumps(told))


@pytest.mark.parametrize(
    ("overlay", "folder"),
    [("", "k8s"), ("dev", "k8s/overlays/dev"), ("k8s/overlays/canary/next", "k8s/overlays/canary/next")],
)
def test_it_applies_an_overlay_and_waits(overlay: str, folder: str, cluster: Path) -> None:
    """A name, a folder, or nothing for the base; the cluster is named before anything is sent."""
    done = deploy(f"KUBECTL={cluster}", f"OVERLAY={overlay}")
    assert done.returncode == 0, done.stderr
    assert f"To kind-mine: {folder}\n" in done.stdout
    asked = (cluster.parent / "asked").read_text().splitlines()
    assert asked == ["config current-context", f"apply -k {folder}", f"get -k {folder} -o json"]
    assert "kind: Deployment" in (cluster.parent / "asked.yaml").read_text()
    assert "Up: deployment/slipway" in done.stdout


def test_it_waits_for_a_canary_as_for_its_release(cluster: Path) -> None:
    """Each Deployment is asked for until its new pods are ready and the old ones are gone."""
    tell(cluster, {"deployment/slipway": [UP], "deployment/slipway-canary": [{}, COMING, UP | {"replicas": 2}, UP]})
    done = deploy(f"KUBECTL={cluster}", "OVERLAY=canary")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "deployment/slipway-canary: 0 of 1 pods are new and ready\n" in done.stdout
    assert done.stdout.endswith("Up: deployment/slipway, deployment/slipway-canary.\n")
    asked = (cluster.parent / "asked").read_text()
    assert asked.count("get -n slipway deployment.apps slipway-canary -o json") == 3


SECRET = 'MountVolume.SetUp failed for volume "api-keys": secret "slipway-api-keys" not found'
POD = {
    "kind": "Pod",
    "metadata": {"name": "slipway-canary-1", "namespace": "slipway"},
    "status": {"containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}]},
}


def test_it_says_what_did_not_come_up_and_why(cluster: Path) -> None:
    """By name, with what its pods wait for; what did come up is no reason to call it well."""
    tell(
        cluster,
        {
            "deployment/slipway": [UP],
            "deployment/slipway-canary": [LATE],
            "pods": [POD],
            "events": [{"kind": "Event", "metadata": {"name": "any"}, "message": SECRET}],
        },
    )
    done = deploy(f"KUBECTL={cluster}", "OVERLAY=canary")
    assert done.returncode != 0
    assert done.stdout.partition("Did not")[2].splitlines() == [
        " come up: deployment/slipway-canary: 0 of 1 pods are new and ready.",
        "  slipway-canary-1: ContainerCreating",
        f"  slipway-canary-1: {SECRET}",
        "  kubectl -n slipway logs slipway-canary-1 says more.",
    ]


def test_a_route_to_a_port_that_is_not_there_is_named(cluster: Path, tmp_path: Path) -> None:
    """Components in the wrong order render well and answer nobody."""
    write(tmp_path / "mine", [K8S], ("tls", "gateway"))
    done = deploy(f"KUBECTL={cluster}", f"OVERLAY={tmp_path / 'mine'}")
    assert done.returncode != 0
    assert "Does not fit: httproute/slipway leads to port 80 of slipway, which has [443].\n" in done.stdout


@pytest.mark.parametrize(("type_", "ends"), [("Complete", 0), ("Failed", 2)])
def test_it_waits_for_a_job_until_it_has_ended(type_: str, ends: int, cluster: Path) -> None:
    """Well or not; make itself says 2."""
    ended = {"conditions": [{"type": type_, "status": "True", "message": "BackoffLimitExceeded"}]}
    tell(cluster, {"job/slipway-training": [{"active": 1}, ended], "pods": []})
    done = deploy(f"KUBECTL={cluster}", "OVERLAY=k8s/jobs/training")
    assert done.returncode == ends, done.stdout + done.stderr
    assert ("Did not come up: job/slipway-training: BackoffLimitExceeded." in done.stdout) == bool(ends)


def test_each_kind_that_runs_is_waited_for() -> None:
    """Of everything that the manifests render to, what makes pods."""
    kinds = {manifest["kind"] for manifests in everything().values() for manifest in manifests}
    template = {one["kind"] for many in everything().values() for one in many if "template" in one.get("spec", {})}
    assert template <= script.WAITED_FOR.keys()
    assert kinds & {"Rollout", "InferenceService"} <= script.WAITED_FOR.keys()


@pytest.mark.parametrize(
    ("kind", "status", "up"),
    [
        ("Deployment", {}, None),
        ("Deployment", UP, True),
        ("Deployment", UP | {"observedGeneration": 0}, None),
        ("Deployment", UP | {"updatedReplicas": 0}, None),
        ("Deployment", UP | {"availableReplicas": 0}, None),
        ("StatefulSet", {"updatedReplicas": 1, "readyReplicas": 0}, None),
        ("StatefulSet", {"updatedReplicas": 1, "readyReplicas": 1}, True),
        ("DaemonSet", {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}, None),
        ("DaemonSet", {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}, True),
        ("Rollout", {"phase": "Paused"}, None),
        ("Rollout", {"phase": "Degraded"}, False),
        ("Rollout", {"phase": "Healthy"}, True),
        ("InferenceService", {"conditions": [{"type": "Ready", "status": "Unknown"}]}, None),
        ("InferenceService", {"conditions": [{"type": "Ready", "status": "True"}]}, True),
    ],
)
def test_what_is_up(kind: str, status: dict[str, Any], up: bool | None) -> None:
    assert script.judge({"kind": kind, "metadata": {"generation": 1}, "spec": {}, "status": status}, 0.0)[0] is up


def test_what_nobody_acts_on_is_not_waited_for_in_vain() -> None:
    """A Rollout without Argo's controller; and everything has its end."""
    rollout = {"kind": "Rollout", "metadata": {}, "spec": {}}
    assert script.judge(rollout, 1.0)[0] is None
    assert script.judge(rollout, 61.0) == (False, "nothing in the cluster acts on it; is its controller installed?")
    assert script.judge(rollout | {"status": {"phase": "Progressing"}}, script.GIVE_UP_S + 1)[0] is False
    job = {"kind": "Job", "spec": {"activeDeadlineSeconds": 7200}, "status": {"active": 1}}
    assert script.judge(job, 7200)[0] is None
    assert script.judge(job, 7300)[0] is False


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
