from training.data.prepare import Data
from training.export.ort_session import Session, latencies_us, loads_ms


def test_every_session_is_timed_at_every_batch(data: Data, graph: bytes) -> None:
    found = latencies_us({"one": Session(graph), "other": Session(graph)}, data.test.arrays, (1, 8))
    assert {name: sorted(times) for name, times in found.items()} == {"one": [1, 8], "other": [1, 8]}
    assert all(time_us > 0 for times in found.values() for time_us in times.values())


def test_loading_is_timed(graph: bytes) -> None:
    found = loads_ms({"one": graph, "other": graph})
    assert found.keys() == {"one", "other"}
    assert min(found.values()) > 0
