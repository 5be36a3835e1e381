"""Many observations at once count like many one by one."""

import prometheus_client
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter

from app.metrics.histogram import Histogram, Recorder

BUCKETS = (0.5, 1.0, 2.0)
VALUES = st.lists(st.sampled_from([0.0, 0.5, 0.50001, 1.0, 1.5, 2.0, 2.1, 1e9]) | st.floats(-5, 5), max_size=50)


def samples_of(registry: CollectorRegistry) -> dict[str, float]:
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in registry.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


@given(VALUES)
def test_all_at_once_equals_one_by_one(values: list[float]) -> None:
    """Buckets, sum and count agree with the client's own `observe`, on the bounds too."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    fast = Histogram("seconds", "x", ("a",), buckets=BUCKETS, registry=ours).labels("1")
    slow = prometheus_client.Histogram("seconds", "x", ("a",), buckets=BUCKETS, registry=theirs).labels("1")
    if values:
        fast.observe_all(values)
    for value in values:
        slow.observe(value)
    assert samples_of(ours) == pytest.approx(samples_of(theirs))


def recorder(*, counted: bool) -> tuple[CollectorRegistry, Recorder]:
    registry = CollectorRegistry()
    histogram = Histogram("seconds", "x", ("a",), buckets=BUCKETS, registry=registry).labels("1")
    counter = Counter("answers", "x", registry=registry) if counted else None
    return registry, Recorder(histogram, counter)


def count(registry: CollectorRegistry) -> float:
    return registry.get_sample_value("seconds_count", {"a": "1"}) or 0


@pytest.mark.parametrize("counted", [True, False])
def test_values_wait_until_they_are_folded(counted: bool) -> None:
    """Nothing is counted before, everything once after."""
    registry, waiting = recorder(counted=counted)
    waiting.add(1.0)
    waiting.extend([2.0, 3.0])
    assert count(registry) == 0
    for _ in range(2):
        waiting.fold()
        assert count(registry) == 3
    assert registry.get_sample_value("seconds_sum", {"a": "1"}) == 6
    assert registry.get_sample_value("answers_total") == (3 if counted else None)


@pytest.mark.parametrize(("value", "bound"), [(0.2, "0.5"), (0.5, "0.5"), (1.5, "2.0"), (9.0, "+Inf")])
def test_an_example_stands_at_its_bucket(value: float, bound: str) -> None:
    """And is not counted: its value is, elsewhere."""
    registry = CollectorRegistry()
    histogram = Histogram("seconds", "x", ("a",), buckets=BUCKETS, registry=registry)
    histogram.labels("1").exemplify(value, {"trace_id": "abc"})
    (family,) = registry.collect()
    examples = {sample.labels["le"]: sample.exemplar for sample in family.samples if sample.exemplar}
    assert [(le, example.labels, example.value) for le, example in examples.items()] == [
        (bound, {"trace_id": "abc"}, value)
    ]
    assert count(registry) == 0
