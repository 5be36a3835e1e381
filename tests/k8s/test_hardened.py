"""The pod passes the `restricted` profile, has bounds, and may do nothing that it does not need."""

from tests.k8s.rendered import container, only, pod


def test_the_namespace_enforces_the_restricted_profile() -> None:
    """Another pod in the namespace is held to it as well."""
    labels = only("Namespace")["metadata"]["labels"]
    assert {labels[f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "audit", "warn")} == {"restricted"}


def test_the_pod_keeps_to_the_restricted_profile() -> None:
    """The rules of the Pod Security Standards, one by one."""
    context, own = pod()["securityContext"], container()["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] > 10_000
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own["allowPrivilegeEscalation"] is False
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert "privileged" not in own
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod().keys()
    assert not [port for port in container()["ports"] if "hostPort" in port]


def test_nothing_can_be_written() -> None:
    """The root file system is read-only and no volume is writable."""
    assert container()["securityContext"]["readOnlyRootFilesystem"] is True
    assert "volumes" not in pod()


def test_there_is_no_token() -> None:
    """The service account has none, and the pod asks for none."""
    account = only("ServiceAccount")
    assert account["automountServiceAccountToken"] is False
    assert pod()["automountServiceAccountToken"] is False
    assert pod()["serviceAccountName"] == account["metadata"]["name"]


def test_every_resource_has_a_bound() -> None:
    """Memory is not overcommitted; the CPU limit is whole, so that the process counts whole CPUs."""
    requests, limits = container()["resources"]["requests"], container()["resources"]["limits"]
    assert requests.keys() == limits.keys() == {"cpu", "memory", "ephemeral-storage"}
    assert requests["memory"] == limits["memory"]
    assert limits["cpu"].isdigit()


def test_the_network_is_closed_but_for_the_door() -> None:
    """Both directions are governed; nothing may go out, for no rule of that direction lets anything."""
    policy = only("NetworkPolicy")["spec"]
    assert sorted(policy["policyTypes"]) == ["Egress", "Ingress"]
    assert "egress" not in policy


def test_a_rollout_never_takes_a_pod_before_there_is_another() -> None:
    """The new one is ready, and has been for a while, before an old one goes."""
    spec = only("Deployment")["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert spec["minReadySeconds"] > 0


def test_telemetry_is_off() -> None:
    """Whatever image is put in."""
    assert {"name": "ORT_DISABLE_TELEMETRY", "value": "1"} in container()["env"]
