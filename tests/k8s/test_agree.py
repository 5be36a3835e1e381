"""The manifests agree with the code, with the image, and with one another."""

import re
import tomllib
from typing import Any

import pytest

from app.routes import router
from app.settings import Settings
from tests.dockerfile import stages
from tests.k8s.rendered import K8S, ROOT, container, environment, only, pod

SPARE_S = 5  # for the process to end after its own timeout, and for a slow kubelet
KNOWN = {f"SLIPWAY_{name.upper()}" for name in Settings.model_fields}
IMAGE = stages()["serve"]


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings as a pod has them: the image's environment, and the manifests' over it."""
    for name, value in (IMAGE.pairs("ENV") | environment()).items():
        if name.startswith("SLIPWAY_"):
            monkeypatch.setenv(name, value)
    return Settings()


def test_only_settings_that_exist_are_set(settings: Settings) -> None:
    """A misspelt variable would be ignored in silence; a value out of bounds would keep the pod from starting."""
    given = {name for name in environment() if name.startswith("SLIPWAY_")}
    assert given
    assert given <= KNOWN


@pytest.mark.parametrize("page", ["docs/deploying.md", "k8s/base/settings.env", "k8s/base/deployment.yaml"])
def test_only_settings_that_exist_are_spoken_of(page: str) -> None:
    """Comments and pages name real settings too."""
    assert set(re.findall(r"SLIPWAY_[A-Z_]+", (ROOT / page).read_text())) <= KNOWN


def test_the_settings_are_those_of_the_generated_config_map() -> None:
    """Its name holds a hash, so that a changed setting rolls the pods."""
    name = only("ConfigMap")["metadata"]["name"]
    assert re.fullmatch(r"slipway-[a-z0-9]{10}", name)
    assert container()["envFrom"] == [{"configMapRef": {"name": name}}]


@pytest.mark.parametrize(
    ("probe", "path"),
    [("startupProbe", "/health/startup"), ("livenessProbe", "/health/live"), ("readinessProbe", "/health/ready")],
)
def test_each_probe_asks_the_route_made_for_it(probe: str, path: str) -> None:
    """A liveness probe that asks for readiness would restart what is only busy or finishing."""
    ask = container()[probe]["httpGet"]
    assert ask == {"path": path, "port": "http"}
    assert path in {getattr(route, "path", None) for route in router.routes}


def test_one_port_from_the_service_to_the_socket(settings: Settings) -> None:
    """Service, policy, container, image and settings mean the same port."""
    assert {port["name"]: port["containerPort"] for port in container()["ports"]} == {"http": settings.port}
    assert str(settings.port) == IMAGE.only("EXPOSE")
    assert settings.host == "0.0.0.0"
    [served] = only("Service")["spec"]["ports"]
    assert served["targetPort"] == "http"
    [admitted] = only("NetworkPolicy")["spec"]["ingress"]
    assert [port["port"] for port in admitted["ports"]] == ["http"]


def test_no_service_can_replace_a_setting() -> None:
    """A Service called slipway would otherwise set SLIPWAY_PORT to an address."""
    assert only("Service")["metadata"]["name"] == "slipway"
    assert pod()["enableServiceLinks"] is False
    assert "SLIPWAY_PORT" in environment()


def test_the_grace_period_covers_the_whole_shutdown(settings: Settings) -> None:
    """preStop, then what was accepted, then something to spare; else the kubelet kills what was still answering."""
    pre_stop = container()["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod()["terminationGracePeriodSeconds"] >= pre_stop + settings.shutdown_timeout_s + SPARE_S
    assert settings.shutdown_timeout_s > settings.timeout_ms / 1000, "a request may still wait for its timeout"


def test_readiness_is_looked_at_while_pre_stop_sleeps() -> None:
    """A proxy with no list of endpoints, only health checks, has time to see a probe or two."""
    pre_stop = container()["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pre_stop >= container()["readinessProbe"]["periodSeconds"]


def test_a_slow_start_is_not_a_failed_rollout() -> None:
    """The startup probe gives up before the Deployment does."""
    probe, spec = container()["startupProbe"], only("Deployment")["spec"]
    assert (
        spec["progressDeadlineSeconds"] > probe["periodSeconds"] * probe["failureThreshold"] + spec["minReadySeconds"]
    )


def test_connections_idle_longer_here_than_in_the_proxy(settings: Settings) -> None:
    """The side that closes first must be the one that sends requests."""
    assert settings.keep_alive_s > 60


def test_image_and_manifests_name_the_same_user() -> None:
    """Files of the image are readable to the user of the pod."""
    context = pod()["securityContext"]
    assert IMAGE.only("USER") == f"{context['runAsUser']}:{context['runAsGroup']}"


def test_the_version_is_the_projects() -> None:
    """The tag and the label follow pyproject.toml."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert container()["image"] == f"slipway:{version}"
    assert only("Deployment")["metadata"]["labels"]["app.kubernetes.io/version"] == version


def test_every_selector_finds_the_pods() -> None:
    """Service, budget, policy, spread and Deployment select the labels that the pods have; versions are in none."""
    labels = only("Deployment")["spec"]["template"]["metadata"]["labels"]
    selectors: list[dict[str, Any]] = [
        only("Deployment")["spec"]["selector"]["matchLabels"],
        only("Service")["spec"]["selector"],
        only("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        only("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        *(spread["labelSelector"]["matchLabels"] for spread in pod()["topologySpreadConstraints"]),
    ]
    for selector in selectors:
        assert selector == {key: labels[key] for key in ("app.kubernetes.io/name", "app.kubernetes.io/instance")}


def test_the_autoscaler_owns_the_replicas() -> None:
    """It points at the Deployment, which names no number of its own, and at the container that does the work."""
    deployment, scaler = only("Deployment"), only("HorizontalPodAutoscaler")["spec"]
    assert "replicas" not in deployment["spec"]
    assert scaler["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    [metric] = scaler["metrics"]
    assert metric["containerResource"]["container"] == container()["name"]


def test_a_drained_node_is_never_held_up() -> None:
    """The budget lets one pod go, and there are always two."""
    assert only("PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    assert only("HorizontalPodAutoscaler")["spec"]["minReplicas"] >= 2


def test_no_manifest_names_a_registry() -> None:
    """Where images come from is the operator's choice."""
    for path in K8S.rglob("*.yaml"):
        assert not re.search(r"image: \S+/", path.read_text()), path
