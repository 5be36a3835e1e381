"""`make deploy`: apply a kustomization, wait for everything in it that runs, and say what did not come up.

    kubectl apply -k FOLDER ─> the objects as the cluster has them ─> every 2 s: up, down, or not yet ─> 0 or 1
                                                                       │ down
                                                                       └─> its pods and their warnings

What runs: Deployments, StatefulSets, DaemonSets, Jobs, Argo's Rollouts, KServe's InferenceServices. Each has an end of
its own (a progress deadline, a Job's deadline); the rest are given up after half an hour. The standard library alone;
what it knows of the cluster is what kubectl says.
"""

import json
import subprocess
import sys
import time
from typing import Any

LOOK_S = 2.0
UNATTENDED_S = 60.0  # an object that no controller has said anything of
GIVE_UP_S = 1800.0  # a Rollout takes ten minutes for its steps
PODS_MAX = 3  # that are told of
Object = dict[str, Any]


class Cluster:
    """kubectl, and its current cluster."""

    def __init__(self, kubectl: str) -> None:
        self._kubectl = kubectl

    def apply(self, folder: str) -> bool:
        return subprocess.run([self._kubectl, "apply", "-k", folder], check=False).returncode == 0  # noqa: S603

    def applied(self, folder: str) -> list[Object]:
        return self._objects("-k", folder)

    def again(self, found: Object) -> Object:
        [now] = self._objects("-n", found["metadata"]["namespace"], of_kind(found), found["metadata"]["name"])
        return now

    def pods(self, found: Object) -> list[Object]:
        labels = (found["spec"].get("selector") or {}).get("matchLabels") or found["spec"]["template"]["metadata"][
            "labels"
        ]
        chosen = ",".join(f"{key}={value}" for key, value in labels.items())
        return self._objects("-n", found["metadata"]["namespace"], "pods", "-l", chosen)

    def warnings(self, pod: Object) -> list[str]:
        one = f"type=Warning,involvedObject.name={pod['metadata']['name']}"
        events = self._objects("-n", pod["metadata"]["namespace"], "events", "--field-selector", one)
        return list(dict.fromkeys(event["message"] for event in events))[-3:]

    def _objects(self, *what: str) -> list[Object]:
        command = [self._kubectl, "get", *what, "-o", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise SystemExit(f"The cluster does not say what was applied: {done.stderr.strip()}")
        told = json.loads(done.stdout)
        found: list[Object] = told["items"] if told["kind"] == "List" else [told]
        return found


def of_kind(found: Object) -> str:
    """The kind with its group, which two of a name differ by."""
    group = found["apiVersion"].rpartition("/")[0]
    return f"{found['kind']}.{group}".lower().rstrip(".")


def name_of(found: Object) -> str:
    """As kubectl writes it."""
    return f"{found['kind'].lower()}/{found['metadata']['name']}"


def condition(found: Object, kind: str) -> Object:
    """Return a condition that says True or False; empty where it says neither."""
    told = found.get("status", {}).get("conditions", [])
    return next((one for one in told if one["type"] == kind and one["status"] in ("True", "False")), {})


def deployment(found: Object) -> tuple[bool | None, str]:
    """As `kubectl rollout status` decides it."""
    status, wanted = found.get("status", {}), found["spec"].get("replicas", 1)
    new, all_of_them, ready = (status.get(key, 0) for key in ("updatedReplicas", "replicas", "availableReplicas"))
    told = f"{min(new, ready)} of {wanted} pods are new and ready"
    if condition(found, "Progressing").get("reason") == "ProgressDeadlineExceeded":
        return False, told
    if condition(found, "ReplicaFailure").get("status") == "True":
        told += f"; {condition(found, 'ReplicaFailure')['message']}"
    seen = status.get("observedGeneration", 0) >= found["metadata"].get("generation", 0)
    return (seen and new >= wanted and all_of_them <= new <= ready) or None, told


def stateful_set(found: Object) -> tuple[bool | None, str]:
    """Every pod is of the newest revision, and ready."""
    status, wanted = found.get("status", {}), found["spec"].get("replicas", 1)
    new, ready = status.get("updatedReplicas", 0), status.get("readyReplicas", 0)
    return min(new, ready) >= wanted or None, f"{min(new, ready)} of {wanted} pods are new and ready"


def daemon_set(found: Object) -> tuple[bool | None, str]:
    """Likewise, on every node that is meant."""
    status = found.get("status", {})
    wanted, new = status.get("desiredNumberScheduled", 1), status.get("updatedNumberScheduled", 0)
    ready = min(new, status.get("numberAvailable", 0))
    return ready >= wanted or None, f"{ready} of {wanted} pods are new and ready"


def job(found: Object) -> tuple[bool | None, str]:
    """It has ended, well or not."""
    status = found.get("status", {})
    if failed := condition(found, "Failed"):
        return False, failed.get("message", "it failed")
    done, wanted = status.get("succeeded", 0), found["spec"].get("completions", 1)
    return bool(condition(found, "Complete")) or None, f"{done} of {wanted} pods are done"


def rollout(found: Object) -> tuple[bool | None, str]:
    """As Argo Rollouts says it."""
    phase = found.get("status", {}).get("phase", "not begun")
    return {"Healthy": True, "Degraded": False}.get(
        phase
    ), f"{phase} {found.get('status', {}).get('message', '')}".strip()


def inference_service(found: Object) -> tuple[bool | None, str]:
    """As KServe says it."""
    told = condition(found, "Ready")
    return told.get("status") == "True" or None, told.get("message") or told.get("reason") or "not ready yet"


WAITED_FOR = {
    "Deployment": deployment,
    "StatefulSet": stateful_set,
    "DaemonSet": daemon_set,
    "Job": job,
    "Rollout": rollout,
    "InferenceService": inference_service,
}


def limit_s(found: Object) -> float:
    """When to give up. A Job ends by itself, and its deadline says when at the latest."""
    if found["kind"] != "Job":
        return GIVE_UP_S
    return float(found["spec"].get("activeDeadlineSeconds", GIVE_UP_S)) + UNATTENDED_S


def judge(found: Object, waited_s: float) -> tuple[bool | None, str]:
    """Return whether it is up, None while it may still come, and how far it is."""
    up, told = WAITED_FOR[found["kind"]](found)
    if up is None and not found.get("status") and waited_s > UNATTENDED_S:
        return False, "nothing in the cluster acts on it; is its controller installed?"
    return (False if up is None and waited_s > limit_s(found) else up), told


def wait(cluster: Cluster, waiting: list[Object]) -> list[Object]:
    """Look until each is up or down; return what is down."""
    begun = time.monotonic()
    down: list[Object] = []
    last: dict[str, str] = {}
    while waiting:
        left: list[Object] = []
        for found in waiting:
            up, told = judge(found, time.monotonic() - begun)
            if last.get(name_of(found)) != told:
                print(f"{name_of(found)}: {told}", flush=True)
                last[name_of(found)] = told
            (left if up is None else [] if up else down).append(found)
        if left:
            time.sleep(LOOK_S)
        waiting = [cluster.again(found) for found in left]
    return down


def misled(found: list[Object]) -> list[str]:
    """Routes to a port that their Service does not have, as when `gateway` stands after `tls`: they answer nobody."""
    services = {one["metadata"]["name"]: one["spec"]["ports"] for one in found if one["kind"] == "Service"}
    ports = {name: [port["port"] for port in its] for name, its in services.items()}
    routes = [one for one in found if one["kind"].endswith("Route")]
    return [
        f"{name_of(route)} leads to port {backend.get('port')} of {backend['name']}, which has {ports[backend['name']]}"
        for route in routes
        for rule in route["spec"].get("rules", [])
        for backend in rule.get("backendRefs", [])
        if backend["name"] in ports and backend.get("port") not in ports[backend["name"]]
    ]


def why(cluster: Cluster, pod: Object) -> list[str]:
    """What the pod and its containers wait for, and what the cluster warned of."""
    told = pod.get("status", {})
    states = [one.get("state", {}) for one in told.get("initContainerStatuses", []) + told.get("containerStatuses", [])]
    held = [state["waiting"] for state in states if "waiting" in state]
    reasons = [": ".join(filter(None, (one.get("reason"), one.get("message")))) for one in held]
    scheduled = condition(pod, "PodScheduled")
    return [*([scheduled["message"]] if scheduled.get("status") == "False" else []), *reasons, *cluster.warnings(pod)]


def explain(cluster: Cluster, found: Object) -> None:
    """Print what did not come up, and what its pods wait for."""
    print(f"Did not come up: {name_of(found)}: {WAITED_FOR[found['kind']](found)[1]}.")
    if "template" not in found["spec"]:
        return
    unready = [pod for pod in cluster.pods(found) if condition(pod, "Ready").get("status") != "True"]
    for pod in unready[:PODS_MAX]:
        for reason in why(cluster, pod) or [pod.get("status", {}).get("phase", "unknown")]:
            print(f"  {pod['metadata']['name']}: {reason}")
    if unready:
        print(f"  kubectl -n {found['metadata']['namespace']} logs {unready[0]['metadata']['name']} says more.")


def main(kubectl: str, folder: str) -> int:
    """Return the status that the process ends with."""
    cluster = Cluster(kubectl)
    if not cluster.apply(folder):
        return 1
    applied = cluster.applied(folder)
    runs = [found for found in applied if found["kind"] in WAITED_FOR]
    wrong, down = misled(applied), wait(cluster, runs)
    for found in down:
        explain(cluster, found)
    for text in wrong:
        print(f"Does not fit: {text}.")
    if not down:
        print(f"Up: {', '.join(map(name_of, runs)) or 'nothing here runs'}.")
    return 1 if down or wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
