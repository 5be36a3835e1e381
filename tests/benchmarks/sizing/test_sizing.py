"""The sizing page says what the script calculates, and the script calculates by the formulas that the page gives."""

import json
import math
import subprocess
import sys

import pytest

from benchmarks.sizing import measure_inputs, sizing

INPUTS = {"scrape": {"series": 500}, "proxy_cpu_us": {"keep-alive": 20.0, "new connection": 100.0}}
ONE = sizing.Model("one", cpu_us=100.0, request_bytes=1500, answer_bytes=200)
POD = sizing.Pod(request_cpu=0.5, limit_cpu=1.0, memory_mib=512, target=0.7, least=2, most=10, quota_cpu=16)


def test_the_page_has_the_tables_of_today() -> None:
    """Whoever changes what they are made of writes them anew."""
    text = sizing.PAGE.read_text()
    assert text == sizing.page(text), "write them anew with: python -m benchmarks.sizing.sizing --write"


def test_pods_are_what_the_target_leaves_room_for() -> None:
    """35,000 requests of 100 µs are 3.5 busy cores; a pod does 0.35 of them. One more request is one more pod."""
    assert sizing.fleet(ONE, 35_000, POD, INPUTS)["pods of the base (0.5 CPU, 70%)"] == "10"
    assert sizing.fleet(ONE, 35_001, POD, INPUTS)["pods of the base (0.5 CPU, 70%)"] == "11"
    assert sizing.fleet(ONE, 1, POD, INPUTS)["pods of the base (0.5 CPU, 70%)"] == "2", "never below the minimum"


def test_what_a_fleet_takes() -> None:
    """Each line by hand: 35,000 a second, ten pods."""
    found = sizing.fleet(ONE, 35_000, POD, INPUTS)
    assert found["busy cores"] == "3.5"
    assert found["CPU requested by them"] == "5"
    assert found["memory requested by them, GiB"] == "5"
    assert found["pods with a whole CPU requested (70%)"] == "5"
    assert found["network in / out, Mbit/s"] == "420 / 56"
    assert found["packets a second, connections kept"] == "140,000", "two segments, one, and an acknowledgement"
    assert found["packets a second, a connection a request"] == "385,000"
    assert found["HAProxy in front, cores, connections kept"] == "0.7"
    assert found["Prometheus series"] == "5,000"
    assert found["samples a second"] == "333"


def test_what_breaks_first_comes_first() -> None:
    """A caller's ports, then a node's conntrack; the pods at their target after one pod at its limit."""
    found = sizing.breaks(ONE, POD, INPUTS)
    rates = [rate for rate, _, _ in found]
    assert rates == sorted(rates)
    assert [math.floor(rate) for rate in rates[:2]] == [470, 1092]
    by_name = {what: rate for rate, what, _ in found}
    assert by_name["one pod at its CPU limit"] == 10_000
    assert by_name["the autoscaler's 10 pods, at its target"] == pytest.approx(35_000)
    assert by_name["the namespace's quota of CPU"] == pytest.approx(32 * 3_500)


def test_the_base_is_read_from_the_manifests() -> None:
    """What the page says in words about the base is what the manifests say."""
    pod = sizing.base()
    assert (pod.request_cpu, pod.limit_cpu, pod.target) == (0.5, 1.0, 0.7)
    assert pod.most > pod.least >= 2
    assert sizing.cores("250m") == 0.25
    assert sizing.cores(2) == 2.0


def test_the_inputs_say_where_they_come_from() -> None:
    """A measured number names its machine and its commit."""
    inputs = measure_inputs.load()
    assert {"date", "commit", "machine"} <= inputs.keys()
    assert all(value > 0 for value in inputs["proxy_cpu_us"].values())


def test_a_rate_of_ones_own() -> None:
    """The command prints the same lines for what it is given."""
    words = ["--rate", "35000", "--cpu-us", "100", "--request-bytes", "1500", "--answer-bytes", "200"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sizing.sizing", *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=sizing.ROOT,
    )
    assert json.loads(done.stdout)["busy cores"] == "3.5"
