"""The Job that scores: what its pods are told is what `score` understands, and what its exits mean to the cluster."""

from typing import Any

import pytest

from app import __main__ as app
from app.scoring.engines.registry import ENGINES
from tests.k8s.rendered import K8S, Manifest, named, of_kind, render

SCORING = ("scoring", "scoring-s3")


def job(folder: str = "scoring") -> Any:
    return named(render(K8S / "jobs" / folder), "Job", "slipway-scoring")["spec"]


def container_of(spec: Any) -> Any:
    [container] = spec["template"]["spec"]["containers"]
    return container


def variables(folder: str) -> dict[str, str]:
    """What the pod's container finds in its environment, as far as the manifests say it."""
    settings: dict[str, str] = named(render(K8S / "jobs" / folder), "ConfigMap", "slipway-scoring")["data"]
    own = {one["name"]: one.get("value", "") for one in container_of(job(folder))["env"]}
    return settings | own


@pytest.mark.parametrize("folder", SCORING)
def test_each_pod_knows_its_share(folder: str) -> None:
    """Kubernetes says which pod it is and not how many there are: with another number, stretches would be left out."""
    assert job(folder)["completionMode"] == "Indexed"
    assert variables(folder)["JOB_COMPLETIONS"] == str(job(folder)["completions"])
    assert job(folder)["parallelism"] <= job(folder)["completions"]


@pytest.mark.parametrize("folder", SCORING)
def test_the_command_understands_its_words(folder: str) -> None:
    """A misspelt option would end every pod with 2."""
    words = container_of(job(folder))["args"]
    known = {name for names, _, _ in app.options("score") for name in names}
    assert words[0] == "score"
    assert {word for word in words if word.startswith("--")} <= known
    assert words[words.index("--engine") + 1] in ENGINES


@pytest.mark.parametrize("folder", SCORING)
def test_every_variable_of_the_command_is_set(folder: str) -> None:
    """`$(WORD)` that nobody sets would stay as it is, and be a folder of that name."""
    words = [word for word in container_of(job(folder))["args"] if "$(" in word]
    known = variables(folder)
    assert words
    for word in words:
        for name in known:
            word = word.replace(f"$({name})", known[name])  # noqa: PLW2901
        assert "$(" not in word


def test_what_is_read_and_written_lies_on_the_claims() -> None:
    """Data is only read; answers are on a volume that outlives the pod."""
    mounts = {mount["mountPath"]: mount for mount in container_of(job())["volumeMounts"]}
    known = variables("scoring")
    assert mounts[known["DATA"]]["readOnly"] is True
    assert "readOnly" not in mounts[known["OUT"]]
    volumes = {volume["name"]: volume for volume in job()["template"]["spec"]["volumes"]}
    assert {name for name, volume in volumes.items() if "persistentVolumeClaim" in volume} == {"data", "answers"}


def test_buckets_need_no_claim_and_a_way_out() -> None:
    """Keys are files of a Secret, whose place the environment says; only names and TLS are asked for."""
    spec = job("scoring-s3")["template"]["spec"]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert not [volume for volume in volumes.values() if "persistentVolumeClaim" in volume]
    [keys] = [mount for mount in container_of(job("scoring-s3"))["volumeMounts"] if "secret" in volumes[mount["name"]]]
    assert variables("scoring-s3")["AWS_SHARED_CREDENTIALS_FILE"].startswith(keys["mountPath"] + "/")
    policy = named(render(K8S / "jobs" / "scoring-s3"), "NetworkPolicy", "slipway-scoring")["spec"]
    assert {port["port"] for rule in policy["egress"] for port in rule["ports"]} == {53, 443}


def test_what_cannot_succeed_is_not_tried_again() -> None:
    """2: cannot; 3: too many rows set aside. All else is one index's own, and tried again."""
    [fail, ignore] = job()["podFailurePolicy"]["rules"]
    assert fail["action"] == "FailJob"
    assert fail["onExitCodes"] == {
        "containerName": container_of(job())["name"],
        "operator": "In",
        "values": [2, 3],
    }
    assert ignore == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    assert job()["backoffLimitPerIndex"] > 0
    assert job()["template"]["spec"]["restartPolicy"] == "Never"  # both of them ask for it


def test_the_nightly_one_is_the_same_job() -> None:
    """Nothing is written twice, so nothing differs; one night at a time."""
    manifests = render(K8S / "jobs" / "scoring-nightly")
    cron = named(manifests, "CronJob", "slipway-scoring")["spec"]
    assert cron["jobTemplate"] == {"spec": job()}
    assert cron["concurrencyPolicy"] == "Forbid"
    assert not of_kind(manifests, "Job")
    assert named(manifests, "ConfigMap", "slipway-scoring") == named(
        render(K8S / "jobs" / "scoring"), "ConfigMap", "slipway-scoring"
    )


def test_settings_are_found_by_their_name() -> None:
    """A hash in it would not reach the Job within the CronJob."""
    for folder in (*SCORING, "scoring-nightly"):
        manifests = render(K8S / "jobs" / folder)
        [settings] = of_kind(manifests, "ConfigMap")
        [source] = container_of(_spec(manifests))["envFrom"]
        assert source == {"configMapRef": {"name": settings["metadata"]["name"]}}


def _spec(manifests: tuple[Manifest, ...]) -> Any:
    [found] = of_kind(manifests, "Job", "CronJob")
    return found["spec"].get("jobTemplate", found)["spec"]
