from pathlib import Path

from tests.training.conftest import options_for
from training.compression.candidates import STEPS, find
from training.data.prepare import Data
from training.export.onnx import export
from training.network.network import build


def test_fp32_comes_first_and_every_kind_that_was_asked_for_is_there(binary: Data) -> None:
    options = options_for(Path("goods.csv"), "sold", compress="full", embedding=32, hidden=(32, 16))
    network = build(binary.features, binary.task, options)
    said: list[str] = []
    found = find(options, binary, network, export(network), said.append)
    names = [candidate.name for candidate in found]
    assert names[:2] == ["fp32", "fp16"]
    smaller = {f"{kind}{more}" for kind in ("pruned-50", "pruned-75", "student") for more in ("", "+int8-static")}
    assert smaller < set(names)
    assert len(names) == len(set(names))
    assert len(said) <= STEPS["full"]
    sizes = {candidate.name: candidate.bytes for candidate in found}
    assert sizes["fp32"] > sizes["pruned-50"] > sizes["pruned-75"] > sizes["student"]
