"""A canary is its release again: whatever is true of the one is true of the other.

    a release = an overlay x components ─> rendered with its canary beside it ─> objects paired by name ─> equal

Otherwise a release that asks for keys has a second door that does not.
"""

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.k8s.rendered import (
    COMPONENTS,
    K8S,
    MOST,
    NEEDS,
    Manifest,
    composed,
    of_kind,
    render,
    with_canary,
    write,
)
from tests.support.tools import tool

# What there is once, for both: of the namespace, of whoever watches, of the number of pods, of the way in.
ONCE = {
    "Namespace", "ResourceQuota", "LimitRange", "PersistentVolumeClaim", "HorizontalPodAutoscaler", "ScaledObject",
    "ServiceMonitor", "PrometheusRule", "HTTPRoute", "Rollout", "AnalysisTemplate",
}  # fmt: skip
DASHBOARD = "slipway-dashboard"
OVERLAYS = [K8S, *(K8S / "overlays" / name for name in ("dev", "staging", "production"))]
HAS = {  # what an overlay has already, which kustomize refuses to add twice
    "staging": {"prometheus-operator", "grafana-dashboard", "api-keys"},
    "production": {"prometheus-operator", "grafana-dashboard", "api-keys"},
}
AFTER_TWO_RELEASES = {  # refused beside a canary, by name: what there is already, and what takes one image from one pod
    "canary", "gateway", "grafana-dashboard", "model-init-container", "prometheus-operator",
}  # fmt: skip


def combinations() -> Iterator[tuple[Path, tuple[str, ...]]]:
    for overlay in OVERLAYS:
        has = HAS.get(overlay.name, set())
        yield overlay, ()
        yield overlay, tuple([name for name in MOST if name not in has])
        alone = {"k8s": COMPONENTS, "production": sorted(set(COMPONENTS) - set(MOST))}.get(overlay.name, [])
        for name in [name for name in alone if name != "canary"]:
            yield overlay, (*(need for need in NEEDS.get(name, ()) if need not in has), name)


def identify(manifest: Manifest) -> tuple[str, str]:
    """Kind and name, without the hash of a generated one."""
    name = manifest["metadata"]["name"]
    generated = manifest["kind"] == "ConfigMap" and name != DASHBOARD
    return manifest["kind"], name.rpartition("-")[0] if generated else name


def as_the_release(canary: tuple[Manifest, ...], names: dict[str, str]) -> dict[tuple[str, str], Manifest]:
    """The objects under the names of the release; the number of pods is the one thing that may differ."""
    text = json.dumps(canary)
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf'"{re.escape(name)}"', f'"{names[name]}"', text)
    found = {(manifest["kind"], manifest["metadata"]["name"]): manifest for manifest in json.loads(text)}
    for manifest in found.values():
        manifest["metadata"].setdefault("labels", {}).pop(
            "app.kubernetes.io/instance", None
        )  # which some components leave out
        if manifest["kind"] == "Deployment":
            manifest["spec"].pop("replicas", None)
    return found


def is_canary(manifest: Manifest) -> bool:
    return identify(manifest)[1].endswith("-canary")


def check(manifests: tuple[Manifest, ...]) -> None:
    """Each object of the release has its equal, or is there once."""
    canary = tuple(manifest for manifest in manifests if is_canary(manifest))
    release = tuple(
        manifest
        for manifest in manifests
        if not is_canary(manifest) and manifest["kind"] not in ONCE and identify(manifest)[1] != DASHBOARD
    )
    plain = {manifest["metadata"]["name"]: identify(manifest)[1] for manifest in release}
    suffixed = {manifest["metadata"]["name"]: identify(manifest)[1].removesuffix("-canary") for manifest in canary}
    ours, theirs = as_the_release(release, plain), as_the_release(canary, suffixed | {"slipway-canary": "slipway"})
    assert theirs.keys() == ours.keys()
    for key, manifest in ours.items():
        assert theirs[key] == manifest, key


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.name)
def test_whatever_is_true_of_a_release_is_true_of_its_canary(overlay: Path) -> None:
    """Keys, certificates, settings, bounds, probes, rights, volumes, grace, policy: with each component, and most."""
    for on, components in combinations():
        if on == overlay:
            check(with_canary(components, on))


def test_the_overlay_asks_for_a_key_on_both_sides() -> None:
    """What the Gateway sends to the canary is no way around the keys."""
    manifests = render(K8S / "overlays" / "canary")
    check(manifests)
    settings = [one["data"] for one in of_kind(manifests, "ConfigMap") if "SLIPWAY_PORT" in one.get("data", {})]
    assert len(settings) == 2
    assert all(one["SLIPWAY_API_KEYS_FILE"] for one in settings)


@pytest.mark.parametrize("name", [name for name in COMPONENTS if name not in AFTER_TWO_RELEASES])
def test_a_component_on_top_of_both_holds_for_both(name: str) -> None:
    """Whether it stands in the release or around the two."""
    check(composed((*(need for need in NEEDS.get(name, ()) if need == "tls"), name), K8S / "overlays" / "canary"))


@pytest.mark.parametrize("name", sorted(AFTER_TWO_RELEASES))
def test_what_cannot_be_added_to_both_is_refused(name: str, tmp_path: Path) -> None:
    """Loudly: what reached one of the two alone would be the hole again."""
    write(tmp_path, [K8S / "overlays" / "canary"], (name,))
    done = subprocess.run([tool("kubectl"), "kustomize", str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert name in done.stderr or "found" in done.stderr


def test_the_order_of_components_does_not_matter() -> None:
    """Keys that are named after the canary are its keys too."""
    names = ("api-keys", "admin-keys", "verify-key", "grpc", "tls", "mutual-tls")
    assert composed((*names, "canary")) == composed(("canary", *names))


def test_to_end_a_canary_takes_nothing_of_the_release() -> None:
    """`kubectl delete -k next` deletes by name: each name must be the canary's own."""
    for overlay in OVERLAYS:
        with tempfile.TemporaryDirectory() as folder:
            following = Path(folder) / "next"
            write(following, [overlay], ("canary",))
            assert all(is_canary(manifest) for manifest in render.__wrapped__(following))
    assert all(is_canary(manifest) for manifest in composed(("gateway", "model-claim", "keda", "canary")))
