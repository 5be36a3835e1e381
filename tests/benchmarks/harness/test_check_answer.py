import json
from pathlib import Path

import pytest

from benchmarks.harness.check_answer import Reply, body_of, fault
from benchmarks.harness.models import Model
from benchmarks.harness.peers import PEERS

MODEL = Model("m", Path(), Path(), rows=[[1.0, 2.0], [3.0, 4.0]], answers=[[0.25, 0.75], [0.5, 0.5]])
RIGHT = {
    "slipway": {"predictions": [{"label": "b", "probabilities": {"a": 0.25, "b": 0.75}}]},
    "naive": {"predictions": [[0.25, 0.75]]},
    "bentoml": [[0.25, 0.75]],
    "triton": {"outputs": [{"shape": [1, 2], "data": [0.25, 0.75]}]},
    "empty": {},
}


@pytest.mark.parametrize("peer", RIGHT)
def test_every_dialect_of_the_right_answer_is_understood(peer: str) -> None:
    assert fault(PEERS[peer], MODEL, Reply(200, json.dumps(RIGHT[peer]).encode())) is None


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500, b"{}"),
        Reply(200, b"not JSON"),
        Reply(200, b'{"error":"no"}'),
        Reply(200, b'{"predictions":[[0.25,0.76]]}'),
        Reply(200, b'{"predictions":[[0.25]]}'),
        Reply(200, b'{"predictions":[[0.25,0.75],[0.5,0.5]]}'),
    ],
)
def test_a_wrong_answer_is_a_fault(reply: Reply) -> None:
    assert fault(PEERS["naive"], MODEL, reply)


def test_a_body_repeats_the_golden_rows_and_carries_the_peers_dialect() -> None:
    assert json.loads(body_of(PEERS["mosec"], MODEL, rows=3)) == {"instances": [[1, 2], [3, 4], [1, 2]]}
    tensor = json.loads(body_of(PEERS["mlserver"], MODEL, rows=2))["inputs"][0]
    assert (tensor["shape"], tensor["data"]) == ([2, 2], [1, 2, 3, 4])
