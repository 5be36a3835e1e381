"""Tensors through the batcher: what comes back, in what company, and what is said where nothing does."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest

from app.errors import BodyTooLarge, DeadlineExceeded, Headers, InvalidInput, ModelFailed, Overloaded, Response
from app.http.handler import Head
from app.protocols.inference import Inference, instances_of
from app.runtime.answer import Answer
from app.runtime.model import Model
from tests.app import graphs
from tests.app.graphs import Array, graph, node, tensor
from tests.clients import models
from tests.support import serving, tiny

WEIGHTS = np.arange(1, 9, dtype=np.float32).reshape(4, 2)


@contextlib.asynccontextmanager
async def serving_graph(root: Path, model: Any, **settings: Any) -> AsyncIterator[Model]:
    """Run the service with one graph, and give what it became."""
    graphs.write(root, model)
    app = serving.app_of(root, **settings)
    async with serving.running(app):
        (served,) = app.state.registry.models
        yield served


class Asked:
    """A request of tensors and what became of it; `refusing` cannot take its outputs."""

    protocol = "open-inference"

    def __init__(self, refusing: Exception | None = None) -> None:
        self._refusing = refusing
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.outcomes: list[Any] = []

    def submit(self, model: Model, arrays: dict[str, Array], patience_s: float = 30) -> Inference:
        now = monotonic()
        instances = instances_of(model, arrays)
        work = Inference(
            rows=instances,
            size=len(instances),
            submitted=now,
            deadline=now + patience_s,
            key=instances.key,
            size_bytes=8,
            endpoint=self,
            model=model,
            head=Head(b"", ()),
            asked=None,
            started=now,
            respond=self._respond,
        )
        model.batcher.submit(work)
        return work

    def write(self, model: Model, head: Head, asked: None, answer: Answer) -> Response:
        self.outcomes.append(answer)
        if self._refusing is not None:
            raise self._refusing
        return 200, b"", ()

    def _respond(self, status: int, body: bytes, headers: Headers, logged: str = "", /) -> None:
        if status != 200:
            self.outcomes.append((status, json.loads(body)["error"]))
        self._ended.set_result(None)

    async def answer(self) -> dict[str, Array]:
        async with asyncio.timeout(serving.PATIENCE_S):
            await self._ended
        outcome = self.outcomes[-1]
        if isinstance(outcome, Answer):
            return outcome.outputs
        raise {500: ModelFailed, 504: DeadlineExceeded}[outcome[0]](outcome[1])


async def ask(model: Model, **arrays: Array) -> dict[str, Array]:
    asked = Asked()
    asked.submit(model, arrays)
    return await asked.answer()


def drawn(rows: int, seed: int, columns: int = 4) -> Array:
    return np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)


@pytest.mark.parametrize("run_on", ["loop", "thread"])
async def test_each_request_gets_the_answers_to_its_rows(run_on: str, tmp_path: Path) -> None:
    """However they were put together and cut: requests larger than a run come back whole and in order."""
    async with serving_graph(tmp_path, graphs.linear(), max_batch_rows=4, run_on=run_on) as model:
        sizes = [1, 3, 9, 2, 4, 5, 1]
        answers = await asyncio.gather(*[ask(model, x=drawn(rows, rows)) for rows in sizes])
        for rows, answer in zip(sizes, answers, strict=True):
            np.testing.assert_allclose(answer["y"], drawn(rows, rows) @ WEIGHTS, rtol=1e-5)


async def test_only_requests_of_equal_trailing_shapes_share_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    double = graph([node("Add", ["x", "x"], ["y"])], [tensor("x", ["n", "k"])], [tensor("y", ["n", "k"])])
    async with serving_graph(tmp_path, double, run_on="thread", max_batch_rows=100) as model:
        assert model.signature.batched
        runs: list[list[tuple[int, ...]]] = []
        real = model.batcher._run
        monkeypatch.setattr(
            model.batcher,
            "_run",
            lambda pieces: (runs.append([piece.arrays()["x"].shape for piece in pieces]), real(pieces))[1],  # type: ignore[func-returns-value]
        )
        shapes = [(1, 3), (2, 3), (1, 5), (4, 5), (1, 3)]
        answers = await asyncio.gather(*[ask(model, x=np.ones(shape, np.float32)) for shape in shapes])
        assert [answer["y"].shape for answer in answers] == shapes
        assert all((answer["y"] == 2).all() for answer in answers)
        assert all(len({shape[1] for shape in run}) == 1 for run in runs)
        assert max(len(run) for run in runs) > 1


async def test_without_batching_each_request_is_a_run(tmp_path: Path) -> None:
    """A scalar and a fixed first dimension go through as they are."""
    async with serving_graph(tmp_path, models.scalar(), max_batch_rows=50) as model:
        assert not model.signature.batched
        answers = await asyncio.gather(*[ask(model, x=drawn(rows, rows), factor=np.array(rows)) for rows in (1, 4, 2)])
        for rows, answer in zip((1, 4, 2), answers, strict=True):
            np.testing.assert_allclose(answer["y"], drawn(rows, rows) * rows, rtol=1e-6)


async def test_a_graph_without_inputs_answers(tmp_path: Path) -> None:
    constant = graph([node("Identity", ["c"], ["y"])], [], [tensor("y", [2])], c=np.ones(2, np.float32))
    async with serving_graph(tmp_path, constant) as model:
        assert (await ask(model))["y"].tolist() == [1, 1]


async def test_a_graph_that_nothing_made_up_fitted_answers_what_fits(tmp_path: Path) -> None:
    """Nobody guessed its seven columns."""
    odd = graph(
        [node("MatMul", ["x", "w"], ["y"])], [tensor("x", ["n", "k"])], [tensor("y", ["n", 7])], w=np.eye(7, dtype="f4")
    )
    async with serving_graph(tmp_path, odd) as model:
        assert "Nothing made up for it ran" in model.facts.remark
        found = await ask(model, x=drawn(2, 0, columns=7))
        np.testing.assert_allclose(found["y"], drawn(2, 0, columns=7))
        with pytest.raises(ModelFailed):
            await ask(model, x=drawn(2, 0, columns=5))


async def test_several_outputs_come_in_the_signature_s_order(tmp_path: Path) -> None:
    async with serving_graph(tmp_path, models.add_sub("INT32")) as model:
        left, right = np.arange(16, dtype=np.int32).reshape(1, 16), np.ones((1, 16), np.int32)
        answer = await ask(model, INPUT1=right, INPUT0=left)
        assert list(answer) == ["OUTPUT0", "OUTPUT1"]
        np.testing.assert_array_equal(answer["OUTPUT1"], left - right)


async def test_a_bundle_answers_tensors_as_it_answers_rows(tmp_path: Path) -> None:
    tiny.write(tmp_path)
    named = tiny.Tiny()
    inputs = tiny.tensors(named, [tiny.instance(named, row) for row in range(3)])
    app = serving.app_of(tmp_path)
    async with serving.running(app):
        answer = await ask(app.state.registry.find(), **inputs)
    np.testing.assert_allclose(answer["probabilities"], tiny.run(tmp_path / "tiny/1/model.onnx", inputs), rtol=1e-6)


# ── what goes wrong ──


async def test_a_request_that_does_not_fit_is_refused_before_the_queue(tmp_path: Path) -> None:
    async with serving_graph(tmp_path, graphs.linear(), max_request_rows=3) as model:
        asked = Asked()
        with pytest.raises(InvalidInput, match="shape of `x`"):
            asked.submit(model, {"x": drawn(1, 0, columns=5)})
        with pytest.raises(BodyTooLarge, match=r"expected at most 3 rows. Received: 4"):
            asked.submit(model, {"x": drawn(4, 0)})
        assert (asked.outcomes, model.batcher.idle) == ([], True)


async def test_a_full_queue_refuses(tmp_path: Path) -> None:
    async with serving_graph(tmp_path, graphs.linear(), max_queue_rows=2) as model:
        first, second = Asked(), Asked()
        first.submit(model, {"x": drawn(2, 0)})
        with pytest.raises(Overloaded):
            second.submit(model, {"x": drawn(1, 0)})
        assert (await first.answer())["y"].shape == (2, 2)


async def test_one_request_that_fails_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    """An index beyond the table fails its run; the others of the batch run again, alone."""
    lookup = graph(
        [node("Gather", ["table", "x"], ["y"])],
        [tensor("x", ["n", 2], "INT64")],
        [tensor("y", ["n", 2])],
        table=np.arange(10, dtype=np.float32),
    )
    async with serving_graph(tmp_path, lookup) as model:
        assert model.signature.batched
        good, bad = np.array([[1, 2]]), np.array([[1, 20]])
        answers = await asyncio.gather(*[ask(model, x=x) for x in (good, bad, good)], return_exceptions=True)
        assert isinstance(answers[1], ModelFailed)
        for answer in (answers[0], answers[2]):
            assert isinstance(answer, dict)
            assert answer["y"].tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("trouble", "told"),
    [(ModelFailed("not finite"), "not finite"), (ValueError("a bug"), "Internal error.")],
)
async def test_outputs_that_cannot_be_written_end_as_an_error(trouble: Exception, told: str, tmp_path: Path) -> None:
    """The caller hears why, once, and the request is counted once, as failed."""
    async with serving_graph(tmp_path, graphs.linear()) as model:
        asked = Asked(refusing=trouble)
        asked.submit(model, {"x": drawn(1, 0)})
        with pytest.raises(ModelFailed, match=told):
            await asked.answer()
        assert [type(outcome) for outcome in asked.outcomes] == [Answer, tuple]


async def test_the_deadline_ends_a_wait(tmp_path: Path) -> None:
    async with serving_graph(tmp_path, graphs.linear()) as model:
        late = Asked()
        late.submit(model, {"x": drawn(1, 0)}, patience_s=-1)
        with pytest.raises(DeadlineExceeded):
            await late.answer()


async def test_a_cancelled_request_hears_nothing_more(tmp_path: Path) -> None:
    async with serving_graph(tmp_path, graphs.linear()) as model:
        left, stays = Asked(), Asked()
        ticket = left.submit(model, {"x": drawn(1, 0)})
        stays.submit(model, {"x": drawn(1, 1)})
        ticket.cancel()
        await stays.answer()
        assert left.outcomes == []
        assert ticket.quick == model.decision.inline


# ── sizes that a request decides ──


async def test_an_answer_far_larger_than_a_body_is_refused(tmp_path: Path) -> None:
    """Writing it as JSON would hold up everybody; a smaller one of the same model is given."""
    nodes = [
        node("Unsqueeze", ["x", "first"], ["row"]),
        node("Unsqueeze", ["x", "second"], ["column"]),
        node("MatMul", ["column", "row"], ["y"]),
    ]
    places = {"first": np.array([0]), "second": np.array([1])}
    outer = graph(nodes, [tensor("x", ["n"])], [tensor("y", ["n", "n"])], **places)
    graphs.write(tmp_path, outer)
    async with serving.running(serving.app_of(tmp_path, max_body_bytes=2**16)) as client:
        for size, status in ((257, 413), (256, 200)):
            asked = {"name": "x", "shape": [size], "datatype": "FP32", "data": [1] * size}
            answer = await client.post("/v2/models/graph/infer", json={"inputs": [asked]})
            assert answer.status_code == status
            assert status == 200 or "expected an answer of at most 262144 bytes. Received: 264196." in answer.text
