import numpy as np
import onnx
import pandas as pd
import pytest

from training.compression.candidates import STEPS, find
from training.compression.quantization import Draft
from training.compression.smaller_fronts import Behind, Fronted, before_loss, front_drafts, smallest
from training.data.prepare import Data, prepare
from training.export.fronts import Fronts
from training.export.onnx import export
from training.export.ort_session import Session
from training.network.architectures import rescale
from training.network.network import Network
from training.network.reparameterize import fitted, fold
from training.options import Options
from training.tasks.evaluate import evaluate

WORDS = ("good", "bad", "film", "story", "actor", "never", "always", "music", "plot", "scene", "hero", "slow")


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> Options:
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(WORDS, size=8)) for _ in range(300)]
    frame = pd.DataFrame({"review": texts, "size": random.normal(size=300)})
    frame["liked"] = np.where([text.count("good") > text.count("bad") for text in texts], "yes", "no")
    file = tmp_path_factory.mktemp("texts") / "reviews.csv"
    frame.to_csv(file, index=False)
    return Options.of(data=file, target="liked", type=("review=text",), hidden=(32, 16))


@pytest.fixture(scope="module")
def data(options: Options) -> Data:
    return prepare(options)


@pytest.fixture(scope="module")
def network(data: Data, options: Options) -> Network:
    """Not fitted: its n-grams say what chance has it."""
    learner = fitted(data.features, data.task, options)
    random = np.random.default_rng(0)
    for weight in learner.trunk.trainable_variables:
        weight.assign(random.normal(size=weight.shape) / 4)
    return fold(learner, data.features, data.task, options)


@pytest.fixture(scope="module")
def graph(network: Network) -> bytes:
    return export(network)


def front_of(graph: bytes) -> list[bytes]:
    """Return what stands before Keras."""
    there = onnx.load_model_from_string(graph).graph
    parts: list[onnx.NodeProto | onnx.TensorProto] = [*there.node, *there.initializer]
    return [one.SerializeToString() for one in parts if one.name.startswith("text/")]


def test_no_quantizer_sees_a_front(network: Network, graph: bytes, data: Data, options: Options) -> None:
    said: list[str] = []
    found = {candidate.name: candidate for candidate in find(options, data, network, graph, said.append)}
    assert len(said) <= STEPS["quick"]
    assert list(found)[:2] == ["fp32", "n-grams-int8"]
    behind = [name for name in found if name.endswith("+int8-static")]
    assert len(behind) == 1
    good = behind[0].removesuffix("+int8-static")
    assert front_of(found[behind[0]].graph) == front_of(found[good].graph)
    assert "DequantizeLinear" in {
        node.op_type for node in onnx.load_model_from_string(found[behind[0]].graph).graph.node
    }
    assert found[behind[0]].precision == "int8-static"


def test_all_graphs_take_and_give_the_same(network: Network, graph: bytes, data: Data) -> None:
    for one in front_drafts(network, graph):
        assert [tensor.name for tensor in onnx.load_model_from_string(one.draft.graph).graph.input] == [
            tensor.name for tensor in onnx.load_model_from_string(graph).graph.input
        ]
        answer = Session(one.draft.graph).predict(data.validation.arrays)
        assert np.isfinite(answer["probabilities"]).all()


def test_the_smallest_is_taken_that_is_good(network: Network, graph: bytes, data: Data) -> None:
    drafts = list(front_drafts(network, graph))
    whole = Draft("fp32", "fp32", graph)
    any_loss = smallest(whole, drafts, data.task, data.validation, np.inf)
    assert any_loss is not None
    assert len(any_loss.draft.graph) == min(len(one.draft.graph) for one in drafts)
    assert smallest(whole, drafts, data.task, data.validation, -np.inf) is None


def test_a_body_goes_back_behind_the_best_front(network: Network, graph: bytes) -> None:
    exported = Fronts.of(network)
    best = next(front_drafts(network, graph))
    body = Draft("fp16", "fp16", Behind(network, exported, None).body(graph))
    assert Behind(network, exported, None).whole(body).name == "fp16"
    assert front_of(Behind(network, exported, None).whole(body).graph) == front_of(graph)
    joined = Behind(network, exported, best).whole(body)
    assert (joined.name, joined.precision) == ("n-grams-int8+fp16", "int8-static")
    assert joined.graph == best.draft.graph


def test_the_ladder_ends_before_the_first_that_loses_more(network: Network, graph: bytes, data: Data) -> None:
    """Also where a later one loses nothing."""
    rescale(network.trunk, -1.0, 0.0)
    contrary = export(network)
    rescale(network.trunk, -1.0, 0.0)

    def quality(one: bytes) -> float:
        return evaluate(data.task, Session(one).predict, data.validation)["roc_auc"]

    worse, better = sorted((graph, contrary), key=quality)
    bad, same = (
        Fronted(Draft(name, "fp32", one), Fronts.of(network)) for name, one in (("bad", worse), ("same", better))
    )
    points = 100 * (quality(better) - quality(worse))
    for most, expected in ((0.0, [same]), (points / 2, [same]), (101.0, [same, bad, same])):
        found = before_loss(same.draft, [same, bad, same], data.task, data.validation, most)
        assert list(found) == expected, most
