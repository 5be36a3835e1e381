"""Texts with an encoder beside: callers send texts, by every road, and the service makes the tokens."""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pyarrow as pa
import pytest

from app.batching.area import RUN_ELEMENTS
from app.features.text import TOKEN_ELEMENTS, TOKENS_PARTS_MAX
from app.runtime.model import load
from app.scoring.scorer import load_scorer
from app.settings import Settings
from app.tokens.ragged import STRETCH, grouped
from app.tokens.tokenizer import Tokenizer
from tests.app.tokens.test_tokenizer import greedy
from tests.support import asking, encoded, serving, tiny

READ = encoded.READ
TWO = replace(READ, texts=("review", "reply"), optional=("reply",), strings=(), profiled=True)
ROW = {"age": 3.0, "level": "low", "review": "good"}
ODD = [
    "a good film",
    " ",
    "\x00good",
    "很好 good",
    "Zu\u0308rich",
    "\U0001f469\u200d\U0001f680",
    "[PAD]",
    "good " * 2000,
]


def texts_of(count: int) -> list[str]:
    """Return texts of one to some hundred words, in no order."""
    return [" ".join(["good", "bad", "film", "unheard"][: 1 + at % 4] * (1 + at * 7 % 31)) for at in range(count)]


@pytest.fixture(params=[0, 1])
def padding(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
async def client(tmp_path: Path, padding: int) -> AsyncIterator[httpx.AsyncClient]:
    encoded.write(tmp_path, padding=padding)
    async with serving.running(serving.app_of(tmp_path)) as found:
        yield found


def expected(root: Path, rows: list[dict[str, Any]], named: tiny.Tiny = READ, padding: int = 0) -> Any:
    return encoded.expected(root / "tiny/1", named, rows, padding)


async def predicted(client: httpx.AsyncClient, rows: list[dict[str, Any]]) -> Any:
    answers = (await asking.post(client, "/predict", {"instances": rows}))["predictions"]
    return np.array([list(answer["probabilities"].values()) for answer in answers])


@pytest.mark.parametrize("ask", asking.EVERY)
async def test_a_text_means_the_same_in_every_protocol(
    ask: Any, client: httpx.AsyncClient, tmp_path: Path, padding: int
) -> None:
    for text in ODD:
        row = ROW | {"review": text}
        np.testing.assert_allclose(await ask(client, row), expected(tmp_path, [row], READ, padding)[0], atol=1e-6)


async def test_grpc_takes_texts_alike(tmp_path: Path) -> None:
    encoded.write(tmp_path)
    app = serving.app_of(tmp_path, grpc_port=0)
    async with serving.running(app), grpc.aio.insecure_channel(f"127.0.0.1:{app.state.rpc.port}") as channel:
        for text in ODD:
            row = ROW | {"review": text}
            np.testing.assert_allclose(await asking.by_grpc(channel, row), expected(tmp_path, [row])[0], atol=1e-6)


async def test_the_tokens_move_the_answer(client: httpx.AsyncClient) -> None:
    """Two texts that are the same to the graph's own look-up of words."""
    one, other = await predicted(client, [ROW | {"review": "film"}, ROW | {"review": "word"}])
    assert abs(one - other).max() > 0.01


async def test_callers_neither_see_nor_send_tokens(client: httpx.AsyncClient) -> None:
    assert [each["name"] for each in (await client.get("/v2/models/tiny")).json()["inputs"]] == [
        *("numeric", "categorical", "texts")
    ]
    inputs = [
        {"name": "numeric", "datatype": "FP32", "shape": [1, 1], "data": [3]},
        {"name": "categorical", "datatype": "BYTES", "shape": [1, 1], "data": ["low"]},
        {"name": "texts", "datatype": "BYTES", "shape": [1, 1], "data": ["good"]},
        {"name": "text_tokens", "datatype": "INT32", "shape": [1, 1, 2], "data": [1, 2]},
    ]
    assert (await client.post("/v2/models/tiny/infer", json={"inputs": inputs[:3]})).status_code == 200
    refused = await client.post("/v2/models/tiny/infer", json={"inputs": inputs})
    assert (refused.status_code, "text_tokens" in refused.json()["error"]) == (400, True)


async def test_a_row_alone_is_answered_as_in_a_batch_of_fifty(tmp_path: Path) -> None:
    encoded.write(tmp_path, TWO)
    rows = [{"age": 1.0, "review": text, "reply": text[:at]} for at, text in enumerate(texts_of(50))]
    async with serving.running(serving.app_of(tmp_path, max_batch_rows=64)) as client:
        together = await predicted(client, rows)
        alone = [(await predicted(client, [row]))[0] for row in rows]
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(together, expected(tmp_path, rows, TWO), atol=1e-6)


def test_rows_of_like_length_run_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[Any] = []

    def spied(run: Any, names: Any) -> Any:
        def seen(outputs: Any, inputs: Any, options: Any = None) -> Any:
            runs.append(inputs["text_tokens"])
            return run(outputs, inputs, options)

        return grouped(seen, names)

    monkeypatch.setattr("app.runtime.engine.grouped", spied)
    model = load(encoded.write(tmp_path), Settings())
    runs.clear()
    rows = model.row_reader.rows([ROW | {"review": text} for text in texts_of(50)])
    model.run([rows])
    assert sum(map(len, runs)) == 50
    assert 1 < len(runs) < 12
    for tokens in runs:
        lengths = (tokens != 0).sum(axis=2).max(axis=1)
        assert lengths.max() <= STRETCH * lengths.min()
        assert tokens.shape[2] == lengths.max()


async def test_a_missing_text_is_the_marks_alone(tmp_path: Path) -> None:
    encoded.write(tmp_path, TWO)
    async with serving.running(serving.app_of(tmp_path)) as client:
        rows = [{"age": 1.0, "review": "good"}, {"age": 1.0, "review": "good", "reply": None}]
        found = await predicted(client, rows)
    np.testing.assert_allclose(found, expected(tmp_path, rows, TWO), atol=1e-6)
    assert encoded.tokens(tmp_path / "tiny/1", [[""]]).tolist() == [[[1, 2]]]


async def test_a_text_that_has_no_tokens_is_refused_and_harms_nobody(tmp_path: Path) -> None:
    encoded.write(tmp_path, file=greedy())
    async with serving.running(serving.app_of(tmp_path)) as client:
        asked = [predicted(client, [ROW | {"review": text}]) for text in ODD]
        bad = client.post("/predict", json={"instances": [ROW, ROW | {"review": "a" * 40}]})
        refused, *answers = await asyncio.gather(bad, *asked)
    assert (refused.status_code, refused.json()["error"][:30]) == (400, "Invalid text: expected one tha")
    rows = [ROW | {"review": text} for text in ODD]
    np.testing.assert_allclose(np.concatenate(answers), expected(tmp_path, rows), atol=1e-6)


async def test_drift_is_counted_as_without_an_encoder(tmp_path: Path) -> None:
    counted = []
    for write, root in ((tiny.write, tmp_path / "plain"), (encoded.write, tmp_path / "encoded")):
        write(root, TWO)
        async with serving.running(serving.app_of(root)) as client:
            await predicted(client, [{"age": 1.0, "review": text, "reply": "a"} for text in ODD])
            lines = (await client.get("/metrics")).text.splitlines()
        counted.append([line for line in lines if 'kind="feature"' in line])
    assert counted[0] == counted[1]
    assert any('feature="review: words"' in line and line.endswith(" 1.0") for line in counted[0])


async def test_a_word_moves_what_the_answer_loses_without_it(tmp_path: Path) -> None:
    encoded.write(tmp_path, TWO)
    row = {"age": 1.0, "review": "good film, bad word", "reply": "not"}
    many = {"age": 1.0, "review": "good film " * 400}
    async with serving.running(serving.app_of(tmp_path)) as client:
        answer = await asking.post(client, "/predict", {"instances": [row, many], "explain": True})
        found, of_many = answer["explanations"]
    assert found["number"] == pytest.approx(expected(tmp_path, [row], TWO)[0][1], abs=1e-5)
    assert len(found["words"]) == 5
    for word in found["words"]:
        text = str(row[word["feature"]])
        without = row | {word["feature"]: text[: word["start"]] + text[word["stop"] :]}
        moved = found["number"] - expected(tmp_path, [without], TWO)[0][1]
        assert word["moved"] == pytest.approx(moved, abs=1e-5)
    assert 10 < len(of_many["words"]) <= TOKENS_PARTS_MAX


async def test_a_shadow_makes_its_own_tokens(tmp_path: Path) -> None:
    """Of a version whose tokenizer and graph differ from those that answer."""
    encoded.write(tmp_path)
    encoded.write(tmp_path, replace(READ, version=2), padding=3)
    rows = [ROW | {"review": text} for text in ODD]
    counted = 'slipway_shadow_requests_total{model="tiny",outcome="answered",version="2"} 1.0'
    app = serving.app_of(tmp_path, versions="1,2", shadow={"tiny": {"version": 2}}, run_on="thread")
    async with serving.running(app) as client:
        np.testing.assert_allclose(await predicted(client, rows), expected(tmp_path, rows), atol=1e-6)
        text = ""
        async with asyncio.timeout(serving.PATIENCE_S):
            while counted not in text:
                await asyncio.sleep(0.01)
                text = (await client.get("/metrics")).text
    others = encoded.expected(tmp_path / "tiny/2", READ, rows, padding=3)
    wanted = float(abs(others - expected(tmp_path, rows)).max())  # of a request
    (found,) = re.findall(r"^slipway_shadow_difference_sum\{.*\} (\S+)$", text, re.MULTILINE)
    assert wanted > 0.1
    assert float(found) == pytest.approx(wanted, rel=1e-4)


def test_files_are_scored_as_requests_are_answered(tmp_path: Path) -> None:
    folder = encoded.write(tmp_path, TWO)
    texts = texts_of(300)
    table = pa.table({"age": [1.0] * 300, "review": texts, "reply": [None, *texts[1:]]})
    scorer = load_scorer(folder)
    found = scorer(table)
    rows = [{"age": 1.0, "review": text, "reply": reply} for text, reply in zip(texts, [None, *texts[1:]], strict=True)]
    answers = [json.loads(text) for text in scorer.model.run([scorer.model.row_reader.rows(rows)])[0].texts]
    np.testing.assert_allclose(
        found.column("probability[yes]").to_numpy(), [answer["probabilities"]["yes"] for answer in answers], atol=1e-6
    )
    np.testing.assert_allclose(
        found.column("probability[yes]").to_numpy(), expected(tmp_path, rows, TWO)[:, 1], atol=1e-6
    )


# ── how much a run may hold, and where it runs ──


def test_a_token_counts_as_what_an_encoder_takes_for_it(tmp_path: Path) -> None:
    """As many as there may be, before anybody has made them: characters and marks, cut where the tokenizer cuts."""
    model = load(encoded.write(tmp_path, TWO), Settings())
    rows = model.row_reader.rows([{"age": 1, "review": "good"}, {"age": 1, "review": "a" * 1000, "reply": "a"}])
    wanted = [2 * (4 + TOKEN_ELEMENTS * 6), 2 * (1000 + TOKEN_ELEMENTS * encoded.LONGEST)]
    assert model.elements(rows) == wanted
    assert model.bundle is not None
    assert model.bundle.features.elements(rows.arrays()) == wanted


async def test_runs_are_bounded_by_their_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded.write(tmp_path)
    app = serving.app_of(tmp_path)
    async with serving.running(app) as client:
        model = app.state.registry.find(None, None)
        run, counts = model._engine.run_named, []

        def seen(inputs: Any) -> Any:
            counts.append((len(inputs["texts"]), max(model.bundle.features.elements(inputs))))
            return run(inputs)

        monkeypatch.setattr(model._engine, "run_named", seen)
        await predicted(client, [ROW | {"review": text} for text in texts_of(90)])
    assert len(counts) > 1
    assert all(rows == 1 or rows * most <= RUN_ELEMENTS for rows, most in counts)


def test_a_run_whose_tokens_take_long_is_none_for_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The graph alone would be quick enough; what the tokenizer takes is timed with it."""
    folder = encoded.write(tmp_path)
    ids = Tokenizer.ids

    def slow(tokenizer: Tokenizer, texts: Any) -> Any:
        time.sleep(0.002)
        return ids(tokenizer, texts)

    monkeypatch.setattr(Tokenizer, "ids", slow)
    decision = load(folder, Settings()).decision
    assert not decision.inline
    assert decision.largest_run_s > 0.002
    assert min(decision.run_s.values()) > 0.002


def test_strange_texts_are_tried_when_it_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = encoded.write(tmp_path)
    asked: list[str] = []
    ids = Tokenizer.ids

    def seen(tokenizer: Tokenizer, texts: Any) -> Any:
        asked.extend(texts)
        return ids(tokenizer, texts)

    monkeypatch.setattr(Tokenizer, "ids", seen)
    load(folder, Settings())
    assert {*tiny.TEXTS, "\U0001f469\u200d\U0001f680\u2764\ufe0f"} <= {*asked}
    assert max(map(len, asked)) == READ.longest


def test_other_bundles_are_served_without_the_library(tmp_path: Path) -> None:
    tiny.write(tmp_path, READ)
    code = (
        "import sys; from pathlib import Path; from app.runtime.model import load; from app.settings import Settings;"
        f"load(Path({str(tmp_path / 'tiny/1')!r}), Settings()); print('tokenizers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=serving.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
