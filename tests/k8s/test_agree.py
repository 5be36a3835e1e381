"""The manifests agree with the code, with the image, and with one another."""

import re
import tomllib
from typing import Any

import pytest
import yaml

from app.routers.service import router
from app.settings import Settings
from tests.image.dockerfile import stages
from tests.k8s.rendered import (
    K8S,
    NAMES,
    ROOT,
    container,
    environment,
    environment_of,
    everything,
    main_container,
    named,
    of_kind,
    only,
    pod,
    render,
)

KNOWN = {f"SLIPWAY_{name.upper()}" for name in Settings.model_fields}
IMAGE = stages()["serve"]
SPOKEN = [ROOT / "docs" / "deploying.md", *sorted((ROOT / "docs" / "kubernetes").glob("*.md"))]
FILES = [path for path in sorted(K8S.rglob("*")) if path.suffix in (".yaml", ".env", ".md")]


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings as a pod of the base has them: the image's environment, and the manifests' over it."""
    for name, value in (IMAGE.pairs("ENV") | environment()).items():
        if name.startswith("SLIPWAY_"):
            monkeypatch.setenv(name, value)
    return Settings()


def test_the_base_sets_only_settings_that_exist(settings: Settings) -> None:
    """A misspelt variable would be ignored in silence; a value out of bounds would keep the pod from starting."""
    given = {name for name in environment() if name.startswith("SLIPWAY_")}
    assert given
    assert given <= KNOWN


def serves(name: str) -> bool:
    return any(manifest["metadata"]["name"] == "slipway" for manifest in of_kind(everything()[name], "Deployment"))


@pytest.mark.parametrize("name", NAMES)
def test_so_does_every_composition(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What components add is known, and what they name lies on a volume that is mounted there."""
    if not serves(name):
        return
    given = environment_of(everything()[name])
    mounts = tuple(mount["mountPath"] + "/" for mount in main_container(everything()[name]).get("volumeMounts", []))
    for variable, value in given.items():
        if variable.startswith("SLIPWAY_"):
            assert variable in KNOWN
            if value.startswith("/"):
                assert value.startswith(mounts), "a file that no volume brings"
            else:
                monkeypatch.setenv(variable, value)
    Settings()


@pytest.mark.parametrize("page", [*FILES, *SPOKEN], ids=lambda page: str(page.relative_to(ROOT)))
def test_only_settings_that_exist_are_spoken_of(page: Any) -> None:
    """Comments and pages name real settings too."""
    assert set(re.findall(r"SLIPWAY_[A-Z_]+\b(?!…)", page.read_text())) <= KNOWN


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
    assert container()[probe]["httpGet"] == {"path": path, "port": "http"}
    assert path in {getattr(route, "path", None) for route in router.routes}


def test_one_port_from_the_service_to_the_socket(settings: Settings) -> None:
    """Services, policy, container, image and settings mean the same ports, one for callers and one for operators."""
    ports = {port["name"]: port["containerPort"] for port in container()["ports"]}
    assert ports == {"http": settings.port, "metrics": settings.operations_port}
    assert str(settings.port) in IMAGE.values("EXPOSE")[0].split()
    assert settings.host == "::"  # both families; IPv4 alone where there is no other
    [served] = only("Service")["spec"]["ports"]
    assert served["targetPort"] == "http"
    [scraped] = named(render(), "Service", "slipway-metrics")["spec"]["ports"]
    assert (scraped["targetPort"], scraped["port"]) == ("metrics", settings.operations_port)


def test_only_monitoring_may_ask_for_metrics_and_verbs() -> None:
    """Callers come from anywhere to the one port; to the other, from one namespace."""
    callers, operators = only("NetworkPolicy")["spec"]["ingress"]
    assert [port["port"] for port in callers["ports"]] == ["http"]
    assert "from" not in callers
    assert [port["port"] for port in operators["ports"]] == ["metrics"]
    assert operators["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]


def test_no_service_can_replace_a_setting() -> None:
    """A Service called slipway would otherwise set SLIPWAY_PORT to an address."""
    assert only("Service")["metadata"]["name"] == "slipway"
    assert pod()["enableServiceLinks"] is False
    assert "SLIPWAY_PORT" in environment()


def end_of(values: dict[str, str]) -> tuple[float, float]:
    """Seconds until the port closes, and until everything accepted has its answer."""
    drain, finish = (Settings.model_fields[name].default for name in ("drain_delay_s", "shutdown_timeout_s"))
    return float(values.get("SLIPWAY_DRAIN_DELAY_S", drain)), float(values.get("SLIPWAY_SHUTDOWN_TIMEOUT_S", finish))


def check_end(values: dict[str, str], grace_s: int, readiness: dict[str, int]) -> None:
    """Drain, then what was accepted, then something to spare for the process to end and a slow kubelet."""
    drain_s, finish_s = end_of(values)
    timeout_s = int(values.get("SLIPWAY_TIMEOUT_MS", Settings.model_fields["timeout_ms"].default)) / 1000
    assert drain_s >= readiness["periodSeconds"], "who goes by probes alone must see one fail"
    assert finish_s > timeout_s, "a request may still wait for its timeout"
    assert grace_s >= drain_s + finish_s + 5


@pytest.mark.parametrize("name", NAMES)
def test_the_grace_period_covers_the_whole_shutdown(name: str) -> None:
    """In the base and in whatever is made of it: otherwise the kubelet kills what is still answering."""
    for deployment in of_kind(everything()[name], "Deployment"):
        template = deployment["spec"]["template"]["spec"]
        values = environment_of(everything()[name], deployment["metadata"]["name"])
        check_end(values, template["terminationGracePeriodSeconds"], template["containers"][0]["readinessProbe"])


PROBES = ("startupProbe", "livenessProbe")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_stuck_is_not_waited_for(name: str) -> None:
    """It does not hear SIGTERM: the pod's whole grace period would come on top of the probe's patience."""
    served = [one["spec"]["template"]["spec"] for one in of_kind(everything()[name], "Deployment")]
    parts = [part for spec in served for part in spec["containers"]]
    parts += [
        part for runtime in of_kind(everything()[name], "ServingRuntime") for part in runtime["spec"]["containers"]
    ]
    for part in parts:
        assert {part[probe]["terminationGracePeriodSeconds"] for probe in PROBES} == {10}
        assert "terminationGracePeriodSeconds" not in part["readinessProbe"]  # which ends nothing; the API refuses it


def test_the_page_says_when_a_stuck_container_is_gone() -> None:
    """Probes' patience, and then their grace."""
    page = (ROOT / "docs" / "deploying.md").read_text()
    startup, liveness = (container()[probe] for probe in PROBES)
    patience = [probe["periodSeconds"] * probe["failureThreshold"] for probe in (startup, liveness)]
    assert (
        f"after {patience[0]} s the container is ended, at the latest {startup['terminationGracePeriodSeconds']} s"
        in page
    )
    assert f"after {patience[1]} s the container is told to end; what is stuck is killed" in page


def test_the_drain_outlasts_two_probes_and_no_hook_comes_before_it() -> None:
    """From SIGTERM on the process itself fails readiness and ends connections; a sleep before it would only wait."""
    readiness = container()["readinessProbe"]
    drain_s, _ = end_of(environment())
    assert drain_s >= readiness["periodSeconds"] * readiness["failureThreshold"]
    assert "lifecycle" not in container()


def test_the_process_counts_the_cpus_of_its_limit(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One process is one event loop; its limit is a whole CPU, and the threads of a run follow from that alone."""
    from app.cgroup import effective_cpus

    limit = container()["resources"]["limits"]["cpu"]
    (tmp_path / "cpu.max").write_text(f"{int(limit) * 100_000} 100000\n")
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)))
    assert effective_cpus(tmp_path) == int(limit) == 1
    assert not {"SLIPWAY_THREADS", "SLIPWAY_WORKERS"} & environment().keys()


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


@pytest.mark.parametrize("name", NAMES)
def test_the_version_is_the_projects(name: str) -> None:
    """Every tag and label follows pyproject.toml."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    text = yaml.safe_dump_all(everything()[name])
    images = set(re.findall(r"image: (\S+)", text))
    assert images <= {f"{name}:{version}" for name in ("slipway", "slipway-training", "slipway-scoring")}
    assert set(re.findall(r"app.kubernetes.io/version: (\S+)", text)) <= {version}


def test_every_selector_finds_the_pods() -> None:
    """Service, budget, policy, spread and Deployment select the labels that the pods have; versions are in none."""
    labels = only("Deployment")["spec"]["template"]["metadata"]["labels"]
    selectors: list[dict[str, Any]] = [
        only("Deployment")["spec"]["selector"]["matchLabels"],
        *(service["spec"]["selector"] for service in of_kind(render(), "Service")),
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
        assert not re.search(r"(image|reference): \S+/", path.read_text()), path
