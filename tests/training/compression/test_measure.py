from training.compression.measure import measure
from training.compression.quantization import Draft, Kept, dynamic
from training.data.prepare import Data


def test_every_candidate_is_measured(data: Data, graph: bytes) -> None:
    said: list[str] = []
    drafts = [
        Draft("fp32", "fp32", graph),
        Draft("narrow", "int8-dynamic", dynamic(graph, Kept((), ())), portable=False),
    ]
    fp32, narrow = measure(drafts, data.task, data.validation, said.append)
    assert (fp32.name, narrow.name) == ("fp32", "narrow")
    assert fp32.loss_points == 0
    assert fp32.portable
    assert not narrow.portable
    assert (fp32.bytes, narrow.bytes) == tuple(len(draft.graph) for draft in drafts)
    assert narrow.batch_effect > fp32.batch_effect
    for found in (fp32, narrow):
        assert found.latency_us.keys() == {1, 32}
        assert min(found.load_ms, *found.latency_us.values()) > 0
        assert set(data.task.budget_metrics) <= found.validation.keys()
    assert said[:2] == ["judge fp32", "judge narrow"]
