"""With a certificate everything that points at a pod speaks TLS: what is left out answers nobody.

probes, the two Services, gRPC, Prometheus by its operator and by annotations, routes to release and canary
"""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.k8s.rendered import COMPONENTS, K8S, MOST, NEEDS, Manifest, component, composed, everything, of_kind, render
from tests.k8s.test_dropped import values

PLAIN = {"http", "kubernetes.io/h2c", "HTTP"}
SCHEMES = {"appProtocol", "scheme", "prometheus.io/scheme"}
BEFORE = {"prometheus-operator", "gateway", "canary-argo"}  # what stands before `tls`, as its first lines say
ALONE = [name for name in COMPONENTS if name not in (*MOST, "canary")]
WITH_TLS = [
    *((*NEEDS.get(name, ()), name, "tls") for name in ALONE),
    (*MOST, "gateway", "tls"),
    ("tls", *MOST, "gateway"),
]


def ordered(names: tuple[str, ...]) -> tuple[str, ...]:
    """`tls` once, where it stands last or first, but after what it changes and before what changes it."""
    last = names[-1] == "tls"
    others = [name for name in names if name != "tls"]
    first = [name for name in others if name in BEFORE]
    after = [name for name in others if name not in BEFORE]
    return (
        (*first, *(name for name in after if name != "mutual-tls"), "tls", "mutual-tls")
        if last
        else (*first, "tls", *after)
    )


def plain(manifest: Manifest) -> Iterator[tuple[Any, ...]]:
    """The places that name a scheme, or ought to, and not TLS."""
    for path, value in values(manifest):
        key = path[-1] if path else ""
        if key in SCHEMES and value in PLAIN:
            yield path
        if key == "httpGet" and value.get("scheme") != "HTTPS":
            yield path
        if manifest["kind"] == "ServiceMonitor" and path[-2:-1] == ("endpoints",) and value.get("scheme") != "https":
            yield path


def routes(manifests: tuple[Manifest, ...]) -> Iterator[tuple[str, int]]:
    for route in of_kind(manifests, "HTTPRoute"):
        for rule in route["spec"]["rules"]:
            yield from ((backend["name"], backend["port"]) for backend in rule["backendRefs"])


def ports(manifests: tuple[Manifest, ...]) -> dict[str, set[int]]:
    services = of_kind(manifests, "Service")
    return {one["metadata"]["name"]: {port["port"] for port in one["spec"]["ports"]} for one in services}


def check(manifests: tuple[Manifest, ...]) -> None:
    found = {(one["kind"], one["metadata"]["name"]): places for one in manifests if (places := list(plain(one)))}
    assert not found
    served = ports(manifests)
    for name, port in routes(manifests):
        assert served["slipway"] == served.get("slipway-canary", served["slipway"])
        assert port in served.get(name, served["slipway"]), "a route to a port that no Service has"


@pytest.mark.parametrize("names", WITH_TLS, ids=lambda names: f"{names[0]}-{names[-1]}")
def test_nothing_speaks_plain_to_a_pod_that_speaks_tls(names: tuple[str, ...]) -> None:
    check(composed(ordered(names)))


def test_neither_does_a_canary_or_the_way_to_it() -> None:
    """Around both releases."""
    manifests = composed(("grpc", "tls"), K8S / "overlays" / "canary")
    check(manifests)
    assert {port for _, port in routes(manifests)} == {443}


def test_without_a_certificate_nothing_speaks_tls() -> None:
    """So the test above looks in the right places: without `tls` there are some of them, all plain."""
    for manifests in (render(), component("gateway"), component("prometheus-annotations"), component("grpc")):
        assert any(list(plain(one)) for one in manifests)
        schemes = {value for one in manifests for path, value in values(one) if path and path[-1] in SCHEMES}
        assert schemes <= PLAIN


def test_every_route_leads_to_a_port_that_is_there() -> None:
    """Of every composition, with a certificate or without."""
    for manifests in everything().values():
        served = ports(manifests)
        for name, port in routes(manifests):
            assert port in served.get(name, served["slipway"])


def test_all_components_were_tried() -> None:
    assert set(itertools.chain(*WITH_TLS)) == set(COMPONENTS) - {"canary"}
