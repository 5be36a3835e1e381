"""Each component, overlay and Job agrees with the base, with the code, and with what it is to work with."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.settings import Settings
from tests.image.dockerfile import stages
from tests.k8s.rendered import (
    COMPONENTS,
    K8S,
    NAMES,
    ROOT,
    Manifest,
    component,
    container,
    environment,
    everything,
    main_container,
    named,
    of_kind,
    only,
    render,
)
from tests.k8s.test_agree import KNOWN, check_end
from tests.support.serving import app_of, running
from tests.support.tiny import write
from tests.support.tools import tool
from training.__main__ import options

IMAGE = stages()["serve"]
KSERVE = (("ServingRuntime", "slipway"), ("InferenceService", "adult-income"))
UNITS = {"m": 1e-3, "Mi": 2**20, "Gi": 2**30, "": 1}


def number(quantity: Any) -> float:
    digits, unit = re.fullmatch(r"(\d+)(m|Mi|Gi|)", str(quantity)).groups()  # type: ignore[union-attr]
    return int(digits) * UNITS[unit]


def asked(spec: Manifest, bound: str, resource: str) -> float:
    """What a pod counts as: its containers together, or an init container that wants more."""
    main, first = (
        [number(part["resources"][bound][resource]) for part in spec.get(kind, [])]
        for kind in ("containers", "initContainers")
    )
    return max([sum(main), *first])


def of_job(job: Manifest, bound: str, resource: str) -> float:
    return float(job["spec"].get("parallelism", 1) * asked(job["spec"]["template"]["spec"], bound, resource))


@pytest.mark.parametrize("name", NAMES)
def test_the_quota_admits_the_most_pods_a_canary_and_a_job(name: str) -> None:
    """A quota below the autoscaler's most would refuse pods just when they are needed."""
    manifests = everything()[name]
    quotas, scalers = of_kind(manifests, "ResourceQuota"), of_kind(manifests, "HorizontalPodAutoscaler", "ScaledObject")
    if not quotas or not scalers:
        return
    [training] = of_kind(render(K8S / "jobs" / "training-fetched"), "Job")
    [scoring] = of_kind(render(K8S / "jobs" / "scoring"), "Job")
    most = scalers[0]["spec"].get("maxReplicas") or scalers[0]["spec"]["maxReplicaCount"]
    pods = most + max(1, round(most / 4)) + 2  # a rollout's surge, of 1 or 25 %, and a canary with its own
    spec = named(manifests, "Deployment")["spec"]["template"]["spec"]
    hard = quotas[0]["spec"]["hard"]
    assert number(hard["pods"]) >= pods + scoring["spec"]["parallelism"]
    for bound in ("requests", "limits"):
        for resource in ("cpu", "memory", "ephemeral-storage"):
            beside = max(of_job(training, bound, resource), of_job(scoring, bound, resource))
            needed = pods * asked(spec, bound, resource) + beside
            assert number(hard[f"{bound}.{resource}"]) >= needed, (bound, resource)


def test_keda_scales_as_the_autoscaler_did() -> None:
    """The same bounds, the same pace, the same CPU; only the queue is new."""
    with_keda, scaler = component("keda"), only("HorizontalPodAutoscaler")["spec"]
    assert not of_kind(with_keda, "HorizontalPodAutoscaler")
    spec = named(with_keda, "ScaledObject")["spec"]
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (scaler["minReplicas"], scaler["maxReplicas"])
    assert spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"] == scaler["behavior"]
    cpu = scaler["metrics"][0]["containerResource"]
    assert spec["triggers"][1]["metadata"] == {
        "value": str(cpu["target"]["averageUtilization"]),
        "containerName": cpu["container"],
    }
    assert spec["fallback"]["replicas"] >= spec["minReplicaCount"]


def test_the_adapter_serves_the_metric_that_the_autoscaler_asks_for() -> None:
    """One name in both files; the rule keeps it, for it names no other."""
    _, metric = named(component("hpa-custom-metrics"), "HorizontalPodAutoscaler")["spec"]["metrics"]
    [rule] = yaml.safe_load((K8S / "components/hpa-custom-metrics/adapter-values.yaml").read_text())["rules"]["custom"]
    assert rule["seriesQuery"].startswith(metric["pods"]["metric"]["name"] + "{")
    assert "name" not in rule


def test_the_rollout_keeps_the_deployments_word() -> None:
    """It takes the Deployment's pod; what the two say about pace must not differ."""
    manifests = component("canary-argo")
    rollout, deployment = named(manifests, "Rollout")["spec"], only("Deployment")["spec"]
    assert rollout["workloadRef"]["name"] == only("Deployment")["metadata"]["name"]
    for key in ("minReadySeconds", "progressDeadlineSeconds", "revisionHistoryLimit"):
        assert rollout[key] == deployment[key]
    canary = rollout["strategy"]["canary"]
    assert {key: canary[key] for key in ("maxSurge", "maxUnavailable")} == deployment["strategy"]["rollingUpdate"]
    assert "replicas" not in rollout
    assert named(manifests, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["kind"] == "Rollout"
    judged = [step["analysis"] for step in canary["steps"] if "analysis" in step]
    assert len(judged) == 2
    assert all(one["templates"] == [{"templateName": "slipway"}] for one in judged)


def test_the_judge_finds_the_new_pods_and_the_objective() -> None:
    """The label is one that the ServiceMonitor adds; bound and reasons are those of the objectives."""
    assert "rollouts-pod-template-hash" in named(component("canary-argo"), "ServiceMonitor")["spec"]["podTargetLabels"]
    availability, latency = judges()
    for query in (availability, latency):
        assert query.count('rollouts_pod_template_hash="{{args.hash}}"') == 2
    assert f'le="{Settings.model_fields["objective_ms"].default / 1000:g}"' in latency
    [reasons] = set(re.findall(r'reason=~"([^"]+)"', availability))
    assert f'reason=~"{reasons}"' in (ROOT / "monitoring" / "rules.yaml").read_text()


def judges() -> list[str]:
    metrics = named(component("canary-argo"), "AnalysisTemplate")["spec"]["metrics"]
    return [metric["provider"]["prometheus"]["query"] for metric in metrics]


def queries() -> list[str]:
    """All that the manifests ask of Prometheus, as Prometheus would get it."""
    adapter = yaml.safe_load((K8S / "components/hpa-custom-metrics/adapter-values.yaml").read_text())
    [rule] = adapter["rules"]["custom"]
    words = {"<<.GroupBy>>": "pod", "<<.Series>>": "slipway_queue_rows", "<<.LabelMatchers>>": 'namespace="slipway"'}
    asked = rule["metricsQuery"]
    for word, value in words.items():
        asked = asked.replace(word, value)
    keda = named(component("keda"), "ScaledObject")["spec"]["triggers"][0]["metadata"]["query"]
    return [rule["seriesQuery"], asked, keda, *(query.replace("{{args.hash}}", "abc") for query in judges())]


def test_prometheus_understands_what_it_is_asked(tmp_path: Path) -> None:
    """A real one reads every expression."""
    rules = [{"record": f"asked:{number}", "expr": query} for number, query in enumerate(queries())]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}))
    done = subprocess.run(
        [tool("promtool"), "check", "rules", str(tmp_path / "rules.yaml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


async def test_the_service_shows_what_is_asked_for(tmp_path: Path) -> None:
    """Each series is there from the start, with the labels that are asked for: an empty answer would judge nothing."""
    write(tmp_path)
    async with running(app_of(tmp_path)) as client:
        shown = (await client.get("/metrics")).text
    for series in set(re.findall(r"slipway_[a-z_]+", " ".join(queries()))) - {"slipway_queue_rows"}:
        assert re.search(rf"^{series}\{{.*version=", shown, re.MULTILINE), series
    assert re.search(r'^slipway_queue_rows\{model="tiny",version="1"\} 0', shown, re.MULTILINE)
    assert 'reason="failed"' in shown
    assert 'le="0.1"' in shown


def test_prometheus_looks_for_what_the_base_labels() -> None:
    """The ServiceMonitor's selector and port are the headless Service's."""
    spec = named(component("prometheus-operator"), "ServiceMonitor")["spec"]
    service = named(render(), "Service", "slipway-metrics")
    assert spec["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert not spec["selector"]["matchLabels"].items() <= only("Service")["metadata"]["labels"].items()
    assert [endpoint["port"] for endpoint in spec["endpoints"]] == [service["spec"]["ports"][0]["name"]]
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"] is True
    annotations = named(component("prometheus-annotations"), "Service", "slipway-metrics")["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == environment()["SLIPWAY_OPERATIONS_PORT"]


def test_the_gateway_leaves_the_deadline_to_the_service() -> None:
    """Its own comes later, and both of its backends exist where a canary stands."""
    manifests = render(K8S / "overlays" / "canary")
    [rule] = named(manifests, "HTTPRoute")["spec"]["rules"]
    assert int(rule["timeouts"]["request"].rstrip("s")) * 1000 > int(environment()["SLIPWAY_TIMEOUT_MS"])
    assert sum(backend["weight"] for backend in rule["backendRefs"]) == 100
    for backend in rule["backendRefs"]:
        service = named(manifests, "Service", backend["name"])
        assert backend["port"] in {port["port"] for port in service["spec"]["ports"]}


def test_a_canary_shares_nothing_but_the_namespace() -> None:
    """Neither Service, budget nor policy of the one finds the pods of the other."""
    manifests = render(K8S / "overlays" / "canary")
    stable, canary = (named(manifests, "Deployment", name)["spec"] for name in ("slipway", "slipway-canary"))
    labels = canary["template"]["metadata"]["labels"]
    assert not stable["selector"]["matchLabels"].items() <= labels.items()
    assert canary["selector"]["matchLabels"].items() <= labels.items()
    assert canary["replicas"] == 1
    assert len(of_kind(manifests, "Namespace", "ResourceQuota", "HorizontalPodAutoscaler")) == 3


@pytest.mark.parametrize("name", ["tls", "mutual-tls"])
def test_with_a_certificate_the_probes_speak_https(name: str) -> None:
    """The kubelet has none itself, so under mutual TLS it asks the port that wants none."""
    manifests = component(name)
    probes = [
        main_container(manifests)[probe]["httpGet"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    ]
    assert {probe["scheme"] for probe in probes} == {"HTTPS"}
    assert {probe["port"] for probe in probes} == {"http" if name == "tls" else "metrics"}
    assert named(manifests, "Service")["spec"]["ports"][0]["appProtocol"] == "https"


def test_prometheus_speaks_https_where_the_service_does() -> None:
    """With a name that the certificate can carry."""
    [endpoint] = named(everything()["most"], "ServiceMonitor")["spec"]["endpoints"]
    assert endpoint["scheme"] == "https"
    assert endpoint["tlsConfig"]["serverName"] == "slipway.slipway.svc"


def test_what_fetches_is_the_image_that_serves() -> None:
    """Whatever image an overlay puts in: a second one would be one more to trust and to update."""
    spec = named(component("model-init-container"), "Deployment")["spec"]["template"]["spec"]
    assert spec["initContainers"][0]["image"] == spec["containers"][0]["image"]


@pytest.mark.parametrize("name", [name for name in COMPONENTS if name.startswith("model-")])
def test_models_come_to_the_folder_that_is_served(name: str) -> None:
    """Read-only, in the place of those in the image."""
    [mount] = main_container(component(name))["volumeMounts"]
    assert mount["mountPath"] == IMAGE.pairs("ENV")["SLIPWAY_MODELS"]
    assert mount["readOnly"] is True


def test_the_grace_period_of_kserves_pods_covers_the_whole_shutdown() -> None:
    """The runtime has the settings, the service has the grace period."""
    runtime, service = (named(everything()["k8s/kserve"], kind, name) for kind, name in KSERVE)
    [part] = runtime["spec"]["containers"]
    values = {variable["name"]: variable["value"] for variable in part["env"]}
    check_end(values, service["spec"]["predictor"]["terminationGracePeriodSeconds"], part["readinessProbe"])


def test_kserve_asks_for_a_model_by_the_name_of_its_service() -> None:
    """The committed model has that name, so the page's example answers; ports and metrics are where they are said."""
    runtime, service = (named(everything()["k8s/kserve"], kind, name) for kind, name in KSERVE)
    assert (ROOT / "models" / service["metadata"]["name"]).is_dir()
    [part] = runtime["spec"]["containers"]
    values = {variable["name"]: variable["value"] for variable in part["env"]}
    assert values.keys() - {"ORT_DISABLE_TELEMETRY"} <= KNOWN
    assert part["ports"][0]["containerPort"] == int(values["SLIPWAY_PORT"])
    assert {part[probe]["httpGet"]["port"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")} == {8080}
    assert runtime["spec"]["annotations"]["prometheus.kserve.io/port"] == values["SLIPWAY_OPERATIONS_PORT"]
    assert service["spec"]["predictor"]["model"]["runtime"] == runtime["metadata"]["name"]
    for key in ("resources", "securityContext"):
        assert part[key].items() >= container()[key].items()


def test_a_training_job_says_what_the_command_line_understands() -> None:
    """Every option exists, and what it writes is what the service can be given."""
    [job] = of_kind(render(K8S / "jobs" / "training"), "Job")
    spec = job["spec"]["template"]["spec"]
    [part] = spec["containers"]
    told = {word for word in part["args"] if word.startswith("--")}
    assert told <= {name for names, _, _ in options("train") for name in names}
    mounts = {mount["name"]: mount["mountPath"] for mount in part["volumeMounts"]}
    assert part["args"][part["args"].index("--models") + 1] == mounts["models"]
    assert part["args"][0].startswith(mounts["data"] + "/")
    claims = {volume["name"]: volume.get("persistentVolumeClaim", {}).get("claimName") for volume in spec["volumes"]}
    assert (
        claims["models"]
        == named(component("model-claim"), "PersistentVolumeClaim", "slipway-models")["metadata"]["name"]
    )
