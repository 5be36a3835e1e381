"""The Job of several workers: what each pod is told is what the cluster will call them."""

import json
from typing import Any

import pytest

from tests.k8s.rendered import K8S, named, render
from training.trainer.distributed import _read


def job() -> Any:
    return named(render(K8S / "jobs" / "training-workers"), "Job", "slipway-training")


def told(index: int) -> str:
    """TF_CONFIG as the pod of an index sees it."""
    [container] = job()["spec"]["template"]["spec"]["containers"]
    [text] = [variable["value"] for variable in container["env"] if variable["name"] == "TF_CONFIG"]
    return str(text).replace("$(INDEX)", str(index))


@pytest.mark.parametrize("index", [0, 1])
def test_each_pod_is_told_which_worker_it_is(index: int) -> None:
    """As training itself reads it."""
    spec = job()["spec"]
    assert spec["completionMode"] == "Indexed"
    assert _read(told(index)) == (index, spec["completions"])
    assert spec["parallelism"] == spec["completions"]  # all at once, or the first would wait for ever


def test_the_names_are_those_that_the_cluster_gives() -> None:
    """JOB-INDEX.SERVICE, the hostnames of an Indexed Job under its headless Service, and the Service's port."""
    manifests = render(K8S / "jobs" / "training-workers")
    service = named(manifests, "Service", "slipway-training-workers")
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"] is True
    assert job()["spec"]["template"]["spec"]["subdomain"] == service["metadata"]["name"]
    [port] = service["spec"]["ports"]
    assert json.loads(told(0))["cluster"]["worker"] == [
        f"{job()['metadata']['name']}-{index}.{service['metadata']['name']}:{port['port']}"
        for index in range(job()["spec"]["completions"])
    ]


def test_they_may_speak_with_each_other_alone() -> None:
    policy = named(render(K8S / "jobs" / "training-workers"), "NetworkPolicy", "slipway-training")["spec"]
    own = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "slipway-training"}}}
    assert policy["podSelector"] == own["podSelector"]
    assert [rule["from"] for rule in policy["ingress"]] == [[own]]
    assert policy["egress"][0]["to"] == [own]
    assert {port["port"] for rule in policy["egress"][1:] for port in rule["ports"]} == {53}
