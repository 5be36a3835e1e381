"""Models that nobody here made, served as they are: each answers as ONNX Runtime alone does, in any company."""

import asyncio
import contextlib
import shutil
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.runtime.model import Model
from app.tensors import DATATYPES
from tests.clients import zoo
from tests.support import serving

Array = np.ndarray[Any, Any]

# Name -> why its requests do not share a run; empty where they do. `docs/any-onnx-model.md` shows the same.
APART = {
    "magika": "",
    "ocr_detector": "",
    "ocr_recogniser": "",
    "ocr_classifier": "",
    "vad": "the input state FP32 [2, -1, 128] has a fixed first dimension",
    "vad_op15": "the input state FP32 [2, -1, 128] has a fixed first dimension",
    "vad_half": "the input state FP32 [2, -1, 128] has a fixed first dimension",
    "vad_op18": "the input sr INT64 [] has no dimension for rows",
    "vad_fixed": "the input input FP32 [1, 576] has a fixed first dimension",
    "vad_sequence": "the input h FP32 [1, 1, 128] has a fixed first dimension",
}
ONE_ROW = ("vad_fixed",)


@contextlib.asynccontextmanager
async def served(name: str, root: Path, **settings: Any) -> AsyncIterator[tuple[httpx.AsyncClient, Model]]:
    """Serve one model of the zoo, and give a client and what the file became."""
    folder = root / name / "1"
    folder.mkdir(parents=True)
    shutil.copy(zoo.path(name), folder / "model.onnx")
    app = serving.app_of(root, **settings)
    async with serving.running(app) as client:
        yield client, app.state.registry.find(name)


async def infer(client: httpx.AsyncClient, model: Model, arrays: dict[str, Array]) -> dict[str, Array]:
    """Ask by the Open Inference Protocol."""
    inputs = [
        {
            "name": spec.name,
            "datatype": spec.datatype.name,
            "shape": list(arrays[spec.name].shape),
            "data": arrays[spec.name].reshape(-1).tolist(),
        }
        for spec in model.signature.inputs
    ]
    answer = await client.post(f"/v2/models/{model.name}/infer", json={"inputs": inputs}, timeout=serving.PATIENCE_S)
    assert answer.status_code == 200, answer.text
    return {
        output["name"]: np.array(output["data"], DATATYPES[output["datatype"]].dtype).reshape(output["shape"])
        for output in answer.json()["outputs"]
    }


def compare(found: dict[str, Array], wanted: dict[str, Array]) -> None:
    assert list(found) == list(wanted)
    for name, array in wanted.items():
        np.testing.assert_allclose(found[name], array, rtol=0, atol=1e-5, err_msg=name)


def test_every_model_of_the_zoo_is_served_here() -> None:
    assert list(APART) == zoo.names()


@pytest.mark.parametrize("name", APART)
async def test_answers_are_those_of_the_runtime_alone(name: str, tmp_path: Path) -> None:
    """Requests of different rows at once, so that those that may share a run do."""
    async with served(name, tmp_path, max_batch_rows=8, threads=1, run_on="thread") as (client, model):
        assert model.signature.batched == (not APART[name])
        assert APART[name] in model.facts.remark
        drawn = [zoo.inputs(name, rows=1 if name in ONE_ROW else 1 + seed % 3, seed=seed) for seed in range(6)]
        answers = await asyncio.gather(*[infer(client, model, arrays) for arrays in drawn])
        for arrays, answer in zip(drawn, answers, strict=True):
            compare(answer, zoo.run(name, arrays))


@pytest.mark.parametrize("name", [name for name, why in APART.items() if not why])
async def test_requests_share_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(name, tmp_path, max_batch_rows=8, threads=1, run_on="thread") as (client, model):
        pieces: list[int] = []
        run, gate = model.run, threading.Event()

        def held(together: list[Any]) -> list[Any]:
            pieces.append(len(together))
            assert gate.wait(serving.PATIENCE_S)
            return run(together)

        monkeypatch.setattr(model.batcher, "_run", held)
        asking = [asyncio.create_task(infer(client, model, zoo.inputs(name, seed=seed))) for seed in range(6)]
        await serving.until(lambda: bool(pieces) and sum(pieces) + model.batcher.queue.rows == 6)
        gate.set()
        await asyncio.gather(*asking)
        assert sum(pieces) == 6
        assert len(pieces) <= 2


async def test_images_of_any_size_at_once(tmp_path: Path) -> None:
    """Only those of one size share a run; each gets its own answer back."""
    name = "ocr_detector"
    page = zoo.inputs(name, rows=1)["x"]  # (1, 3, 64, 128)
    images = [page, page[:, :, :32], page[:, :, :, :64], np.concatenate([page, page], axis=2), page, page[:, :, :32]]
    async with served(name, tmp_path, max_batch_rows=8) as (client, model):
        answers = await asyncio.gather(*[infer(client, model, {"x": image}) for image in images])
        for image, answer in zip(images, answers, strict=True):
            compare(answer, zoo.run(name, {"x": image}))


async def test_a_state_goes_from_answer_to_request(tmp_path: Path) -> None:
    """Silero's detector of voices hears a sound window by window, at a rate that is a scalar of 64 bits."""
    name = "vad"
    arrays = zoo.inputs(name)
    async with served(name, tmp_path) as (client, model):
        assert arrays["sr"].shape == ()
        here = there = arrays["state"]
        for seed in range(4):
            window = zoo.inputs(name, seed=seed)["input"]
            answer = await infer(client, model, {"input": window, "state": here, "sr": arrays["sr"]})
            wanted = zoo.run(name, {"input": window, "state": there, "sr": arrays["sr"]})
            compare(answer, wanted)
            here, there = answer["stateN"], wanted["stateN"]
