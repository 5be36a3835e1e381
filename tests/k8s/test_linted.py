"""The rules that kube-linter applies by default, for every workload of every composition.

kube-linter itself is a Go program that no package index carries; its rules are short, so they stand here in our words.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.k8s.rendered import NAMES, Manifest, everything, of_kind, pods

every_composition = pytest.mark.parametrize("name", NAMES)


def runtimes(manifests: tuple[Manifest, ...]) -> Iterator[Manifest]:
    """Containers that another controller makes into pods."""
    for manifest in of_kind(manifests, "ServingRuntime"):
        yield from manifest["spec"]["containers"]


def containers(template: Manifest) -> Iterator[Manifest]:
    yield from template["spec"].get("initContainers", [])
    yield from template["spec"]["containers"]


@every_composition
def test_nothing_of_the_node_is_shared(name: str) -> None:
    """host-network, host-pid, host-ipc, sensitive-host-mounts, docker-sock, unsafe-sysctls."""
    for template in pods(everything()[name]):
        spec = template["spec"]
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        assert not [volume for volume in spec.get("volumes", []) if "hostPath" in volume]
        assert "sysctls" not in spec["securityContext"]


def parts(manifests: tuple[Manifest, ...]) -> Iterator[Manifest]:
    for template in pods(manifests):
        yield from containers(template)


def check_container(part: Manifest, context: dict[str, Any]) -> None:
    own = context | part["securityContext"]
    assert own["runAsNonRoot"] is True  # run-as-non-root
    assert own["runAsUser"] > 10_000
    assert own["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own["readOnlyRootFilesystem"] is True  # no-read-only-root-fs
    assert own["allowPrivilegeEscalation"] is False  # privilege-escalation-container
    assert not own.get("privileged")  # privileged-container
    assert own["capabilities"] == {"drop": ["ALL"]}  # drop-net-raw-capability
    for bound in ("requests", "limits"):  # unset-cpu-requirements, unset-memory-requirements
        assert part["resources"][bound].keys() == {"cpu", "memory", "ephemeral-storage"}
    assert part["resources"]["requests"]["memory"] == part["resources"]["limits"]["memory"]
    assert re.search(r":[^:/]+$", part["image"]), "latest-tag"
    assert not part["image"].endswith(":latest")


@every_composition
def test_each_container_is_bounded_and_may_do_nothing(name: str) -> None:
    """Security context, resources and tag, of init containers too."""
    for template in pods(everything()[name]):
        for part in containers(template):
            check_container(part, template["spec"]["securityContext"])


def test_a_serving_runtime_is_held_to_the_same() -> None:
    """KServe makes it into a pod as it is."""
    [part] = runtimes(everything()["k8s/kserve"])
    check_container(part, {})


@every_composition
def test_no_secret_is_in_a_variable(name: str) -> None:
    """env-var-secret, env-value-from, duplicate-env-var: secrets are files."""
    for part in parts(everything()[name]):
        variables = [variable["name"] for variable in part.get("env", [])]
        assert len(variables) == len(set(variables))
        sources = [variable["valueFrom"] for variable in part.get("env", []) if "valueFrom" in variable]
        assert all(source.keys() == {"fieldRef"} for source in sources)  # what the pod itself is called
        assert all("secretRef" not in source for source in part.get("envFrom", []))


@every_composition
def test_ports_are_named_and_probes_find_them(name: str) -> None:
    """liveness-port, readiness-port, startup-port, ssh-port, invalid-target-ports; a Job is not asked how it is."""
    jobs = [part for job in of_kind(everything()[name], "Job") for part in containers(job["spec"]["template"])]
    for part in parts(everything()[name]):
        ports = {port["name"]: port["containerPort"] for port in part.get("ports", [])}
        assert 22 not in ports.values()
        assert len(ports) == len(set(ports.values()))
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if ports and part not in jobs:
                assert part[probe]["httpGet"]["port"] in ports


@every_composition
def test_the_service_account_exists_and_its_token_stays_away(name: str) -> None:
    """non-existent-service-account, deprecated-service-account-field; a Job takes the base's."""
    accounts = {account["metadata"]["name"] for account in of_kind(everything()[name], "ServiceAccount")} or {"slipway"}
    for template in pods(everything()[name]):
        assert template["spec"]["serviceAccountName"] in accounts
        assert "serviceAccount" not in template["spec"]
        assert template["spec"]["automountServiceAccountToken"] is False


@every_composition
def test_what_lies_on_volumes_fits_the_pods_bound(name: str) -> None:
    """An emptyDir counts as the pod's own storage; a pod above its limit is evicted. (A rule of ours.)"""
    for template in pods(everything()[name]):
        volumes = [volume["emptyDir"] for volume in template["spec"].get("volumes", []) if "emptyDir" in volume]
        main, first = (
            [bytes_of(part["resources"]["limits"]["ephemeral-storage"]) for part in template["spec"].get(kind, [])]
            for kind in ("containers", "initContainers")
        )
        assert sum(bytes_of(volume["sizeLimit"]) for volume in volumes) <= max([sum(main), *first])


def bytes_of(quantity: str) -> int:
    return int(quantity[:-2]) * {"Mi": 2**20, "Gi": 2**30}[quantity[-2:]]


@every_composition
def test_selectors_find_pods_and_services_find_ports(name: str) -> None:
    """mismatching-selector, dangling-service, and the ports that services, policies and budgets name."""
    manifests = everything()[name]
    deployments = of_kind(manifests, "Deployment")
    labels = [template["metadata"]["labels"] for template in pods(manifests)]
    for deployment in deployments:
        wanted = deployment["spec"]["selector"]["matchLabels"]
        assert wanted.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    for service in of_kind(manifests, "Service"):
        assert len([found for found in labels if service["spec"]["selector"].items() <= found.items()]) == 1
        ports = {port["name"] for part in parts(manifests) for port in part.get("ports", [])}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    for budget in of_kind(manifests, "PodDisruptionBudget"):
        assert (
            len([found for found in labels if budget["spec"]["selector"]["matchLabels"].items() <= found.items()]) == 1
        )


@every_composition
def test_budgets_never_hold_a_drain_up(name: str) -> None:
    """pdb-max-unavailable, pdb-min-available, pdb-unhealthy-pod-eviction-policy."""
    for budget in of_kind(everything()[name], "PodDisruptionBudget"):
        assert budget["spec"]["maxUnavailable"] == 1
        assert "minAvailable" not in budget["spec"]
        assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


@every_composition
def test_replicas_are_spread(name: str) -> None:
    """no-anti-affinity asks it of Deployments with a number of replicas; here an autoscaler has the number."""
    for deployment in of_kind(everything()[name], "Deployment"):
        spread = deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert {part["topologyKey"] for part in spread} == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}


@every_composition
def test_jobs_end_and_are_cleared_away(name: str) -> None:
    """job-ttl-seconds-after-finished, and an end of their own."""
    for job in of_kind(everything()[name], "Job"):
        assert job["spec"]["ttlSecondsAfterFinished"] > 0
        assert job["spec"]["activeDeadlineSeconds"] > 0
        assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"


@every_composition
def test_no_api_is_on_its_way_out(name: str) -> None:
    """no-extensions-v1beta; the one beta is KServe's own name for its stable kind."""
    for manifest in everything()[name]:
        assert "beta" not in manifest["apiVersion"] or manifest["kind"] == "InferenceService"
