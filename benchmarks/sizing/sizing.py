"""How much a rate takes, calculated from what was measured.

    python -m benchmarks.sizing.sizing                                       the tables of docs/sizing.md
    python -m benchmarks.sizing.sizing --write                               put them into the page
    python -m benchmarks.sizing.sizing --rate 20000 --model adult            the same for a rate of your own
    python -m benchmarks.sizing.sizing --rate 20000 --cpu-us 300 --request-bytes 9000 --answer-bytes 400

    newest full run of the benchmark ──┐
    benchmarks/sizing.json ────────────┼─> formulas, one a function ─> tables
    k8s/base: requests, limits, HPA ───┘

Nothing here is measured anew, and no price is known. What is a kernel's or a cluster's default is named as such.
"""

import argparse
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.comparison.claims import median
from benchmarks.comparison.report import table
from benchmarks.harness import results_store
from benchmarks.sizing import measure_inputs

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "sizing.md"
BEGIN, END = "<!-- sizing: begin (written by python -m benchmarks.sizing.sizing --write) -->", "<!-- sizing: end -->"
ROWS = {"tabular": "5 numbers", "adult": "14 named features", "images": "784 numbers", "wide": "512 numbers, 21 MB"}
CONNECTIONS = 128
RATES = (1_000, 1_000_000)

SEGMENT_BYTES = 1448  # of a TCP segment's content, with 1500 bytes on the wire
SCRAPE_S = 15  # of the ServiceMonitor
# Defaults of Linux and of kube-proxy (maxPerCore 32768, at least 131072): look at your nodes' own.
PORTS = 60999 - 32768 + 1  # net.ipv4.ip_local_port_range
TIME_WAIT_S = 60  # for which a closed connection keeps its caller's port
CONNTRACK, CONNTRACK_S = 131_072, 120  # entries of a node of 4 cores; nf_conntrack_tcp_timeout_time_wait
NODE_BITS_PER_S = 10e9  # a common network card


@dataclass(frozen=True)
class Model:
    """What one request costs."""

    name: str
    cpu_us: float
    request_bytes: int
    answer_bytes: int

    @property
    def per_core(self) -> float:
        """Requests a second of a whole core: 10^6 / CPU µs a request."""
        return 1e6 / self.cpu_us


@dataclass(frozen=True)
class Pod:
    """What the manifests grant one pod, and at what use of it the autoscaler wants another."""

    request_cpu: float
    limit_cpu: float
    memory_mib: int
    target: float  # share of the request
    least: int
    most: int
    quota_cpu: float

    @property
    def used_cpu(self) -> float:
        """Cores that a pod uses when the autoscaler is content: request x target."""
        return self.request_cpu * self.target

    def pods(self, busy: float) -> int:
        """busy cores / (request x target), and never less than the autoscaler's minimum."""
        return max(self.least, math.ceil(round(busy / self.used_cpu, 6)))


def base() -> Pod:
    """Read the base."""
    folder = ROOT / "k8s" / "base"
    [pod] = yaml.safe_load((folder / "deployment.yaml").read_text())["spec"]["template"]["spec"]["containers"]
    hpa = yaml.safe_load((folder / "hpa.yaml").read_text())["spec"]
    quota = next(yaml.safe_load_all((folder / "quota.yaml").read_text()))["spec"]["hard"]
    [metric] = [one["containerResource"] for one in hpa["metrics"] if one["type"] == "ContainerResource"]
    memory = pod["resources"]["requests"]["memory"]
    assert memory.endswith("Mi"), memory
    return Pod(
        request_cpu=cores(pod["resources"]["requests"]["cpu"]),
        limit_cpu=cores(pod["resources"]["limits"]["cpu"]),
        memory_mib=int(memory.removesuffix("Mi")),
        target=metric["target"]["averageUtilization"] / 100,
        least=hpa["minReplicas"],
        most=hpa["maxReplicas"],
        quota_cpu=cores(quota["requests.cpu"]),
    )


def cores(text: str | int) -> float:
    """`500m` is half a core."""
    words = str(text)
    return float(words.removesuffix("m")) / 1000 if words.endswith("m") else float(words)


def benchmark() -> results_store.Results:
    """Read the full run that was made last."""
    runs = [results_store.load(path) for path in results_store.FOLDER.glob("*.json")]
    return max((run for run in runs if run["full"]), key=lambda run: str(run["date"]))


def model(name: str, run: results_store.Results, inputs: dict[str, Any]) -> Model:
    """Take the cost of a request from the run, and its bytes from the inputs."""
    cpu_us = median(run, "slipway", name, CONNECTIONS, "cpu_us")
    assert cpu_us is not None, f"{name} was not measured"
    sizes = inputs["bytes"][name]
    return Model(name, cpu_us, sizes["request"], sizes["answer"])


# ── formulas ──


def packets(one: Model, *, new_connection: bool) -> int:
    """Segments of the request and of the answer and one acknowledgement; 7 more open and close a connection."""
    segments = math.ceil(one.request_bytes / SEGMENT_BYTES) + math.ceil(one.answer_bytes / SEGMENT_BYTES)
    return segments + 1 + (7 if new_connection else 0)


def memory_bound_mib(process_mib: float, connections: int, under_way_mib: float, body_mib: float) -> float:
    """What a process takes at its most: itself, its connections, all bodies as they are read, and one being read.

    The factors are of the worst bodies that were found, by `python -m benchmarks.micro.hostile_bodies`: 3.5 bytes for
    each byte of those that wait with their rows, 11 for the one whose turn it is.
    """
    return process_mib + connections * 8 / 1024 + 3.5 * under_way_mib + 11 * body_mib


def fleet(one: Model, rate: float, pod: Pod, inputs: dict[str, Any]) -> dict[str, str]:
    """What a rate takes, by name; every line is one formula of the page."""
    busy = rate * one.cpu_us / 1e6
    pods = pod.pods(busy)
    whole = Pod(1.0, 1.0, pod.memory_mib, pod.target, pod.least, pod.most, pod.quota_cpu)
    proxy, series = inputs["proxy_cpu_us"], inputs["scrape"]["series"]
    return {
        "busy cores": number(busy),
        f"pods of the base ({pod.request_cpu:g} CPU, {pod.target:.0%})": f"{pods:,}",
        "CPU requested by them": number(pods * pod.request_cpu),
        "memory requested by them, GiB": number(pods * pod.memory_mib / 1024),
        f"pods with a whole CPU requested ({pod.target:.0%})": f"{whole.pods(busy):,}",
        "CPU requested by those": number(whole.pods(busy) * 1.0),
        "core-hours a day, busy": number(busy * 24),
        "network in / out, Mbit/s": f"{number(rate * one.request_bytes * 8 / 1e6)} / "
        f"{number(rate * one.answer_bytes * 8 / 1e6)}",
        "packets a second, connections kept": f"{rate * packets(one, new_connection=False):,.0f}",
        "packets a second, a connection a request": f"{rate * packets(one, new_connection=True):,.0f}",
        "HAProxy in front, cores, connections kept": number(rate * proxy["keep-alive"] / 1e6),
        "HAProxy in front, cores, a connection a request": number(rate * proxy["new connection"] / 1e6),
        "Prometheus series": f"{pods * series:,}",
        "samples a second": f"{pods * series / SCRAPE_S:,.0f}",
    }


def breaks(one: Model, pod: Pod, inputs: dict[str, Any]) -> list[tuple[float, str, str]]:
    """What is full at how many requests a second, the first first: rate, what, formula."""
    a_pod = pod.used_cpu * one.per_core
    proxy = inputs["proxy_cpu_us"]
    return sorted(
        [
            (
                PORTS / TIME_WAIT_S,
                "a caller that opens a connection a request to one address: its ports",
                "ports / 60 s",
            ),
            (CONNTRACK / CONNTRACK_S, "a connection a request: the conntrack table of a node", "entries / 120 s"),
            (1e6 / proxy["new connection"], "a connection a request: one core of HAProxy", "10^6 / CPU µs"),
            (1e6 / proxy["keep-alive"], "one core of HAProxy, connections kept", "10^6 / CPU µs"),
            (pod.limit_cpu * one.per_core, "one pod at its CPU limit", "limit x requests a core"),
            (
                pod.most * a_pod,
                f"the autoscaler's {pod.most} pods, at its target",
                "pods x request x target x requests a core",
            ),
            (
                pod.most * pod.limit_cpu * one.per_core,
                f"the same {pod.most} pods at their limits",
                "pods x limit x requests a core",
            ),
            (pod.quota_cpu / pod.request_cpu * a_pod, "the namespace's quota of CPU", "quota / request x a pod's rate"),
            (NODE_BITS_PER_S / (one.request_bytes * 8), "10 Gbit/s into one node", "bits / bits of a request"),
        ]
    )


# ── tables ──


def tables() -> str:
    """All that stands between the markers of the page."""
    run, inputs, pod = benchmark(), measure_inputs.load(), base()
    where = (
        f"From the full run of {run['date']} at commit `{run['commit']}` ({run['machine']['cpu']}) and from what "
        f"`python -m benchmarks.sizing.measure_inputs` measured on {inputs['date']} ({inputs['machine']})."
    )
    some = [model(name, run, inputs) for name in ("adult", "wide")]
    parts = [where, "### One process", processes(run), "### A fleet", fleets(some, pod, inputs)]
    parts += ["### What breaks first", f"With {ROWS[some[0].name]} a request and the manifests of `k8s/base`:"]
    parts += [breaking(some[0], pod, inputs)]
    return "\n\n".join(parts)


def processes(run: results_store.Results) -> str:
    """What one process does with a core, for each model of the benchmark."""
    rows = []
    for name, what in ROWS.items():
        cpu_us, rps, memory_mb = (median(run, "slipway", name, CONNECTIONS, key) for key in ("cpu_us", "rps", "rss_mb"))
        assert cpu_us is not None
        assert rps is not None
        assert memory_mb is not None
        hours = cpu_us * 1e9 / 1e6 / 3600
        rows.append([what, f"{cpu_us:.3g}", f"{1e6 / cpu_us:,.0f}", f"{rps:,.0f}", f"{memory_mb:.0f}", f"{hours:.1f}"])
    head = ["a row is", "CPU µs a request", "requests a second a core", "seen on one core, 128 connections"]
    return table([*head, "memory, MB", "core-hours for 10^9 requests"], rows)


def fleets(some: list[Model], pod: Pod, inputs: dict[str, Any]) -> str:
    columns = [(one, rate) for one in some for rate in RATES]
    found = [fleet(one, rate, pod, inputs) for one, rate in columns]
    head = ["", *[f"{ROWS[one.name]}: {rate:,} a second" for one, rate in columns]]
    return table(head, [[name, *[column[name] for column in found]] for name in found[0]])


def breaking(one: Model, pod: Pod, inputs: dict[str, Any]) -> str:
    rows = [[f"{rate:,.0f}", what, formula] for rate, what, formula in breaks(one, pod, inputs)]
    return table(["requests a second", "what is full", "formula"], rows)


def number(value: float) -> str:
    """Three digits are more than a calculation from measurements has."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def page(text: str, content: Callable[[], str] = tables) -> str:
    """Return the page with the tables of today between its markers."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{content()}\n\n{END}{rest.split(END)[1]}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sizing.sizing")
    parser.add_argument("--write", action="store_true", help=f"write the tables into {PAGE.relative_to(ROOT)}")
    parser.add_argument("--rate", type=float, help="requests a second, at the peak")
    parser.add_argument("--model", choices=["adult", "wide"], default="adult", help="whose costs are yours")
    parser.add_argument(
        "--cpu-us", type=float, help="or: CPU µs a request, of your own model (make bench, or /metrics)"
    )
    parser.add_argument("--request-bytes", type=int, default=500)
    parser.add_argument("--answer-bytes", type=int, default=300)
    options = parser.parse_args()
    if options.write:
        PAGE.write_text(page(PAGE.read_text()))
    if options.rate is None:
        print(tables())
        return
    inputs = measure_inputs.load()
    one = model(options.model, benchmark(), inputs)
    if options.cpu_us is not None:
        one = Model("yours", options.cpu_us, options.request_bytes, options.answer_bytes)
    print(json.dumps(fleet(one, options.rate, base(), inputs), indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
