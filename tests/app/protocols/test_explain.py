"""`"explain": true`: what each word moved is the answer less that without it, and nothing counts it as traffic."""

import gzip
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.protocols import explain
from tests.app.protocols.test_preview import WORK, series
from tests.support import serving, tiny

READ = tiny.Tiny(
    format=2,
    numbers=("age",),
    booleans=(),
    strings=(),
    texts=("review", "reply"),
    optional=("reply",),
    longest=400,
    profiled=True,
)
ROWS = [{"age": 1, "review": "good film, bad \U0001f680 good", "reply": "bad 很"}, {"age": 2, "review": " "}]
SPANS = [("review", 0, 4), ("review", 5, 9), ("review", 11, 14), ("review", 17, 21), ("reply", 0, 3), ("reply", 4, 5)]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    tiny.write(tmp_path, READ)
    async with serving.running(serving.app_of(tmp_path, feedback=True)) as found:
        yield found


async def ask(client: httpx.AsyncClient, *rows: Any, path: str = "/predict") -> Any:
    answer = await client.post(path, json={"instances": rows, "explain": True})
    assert answer.status_code == 200, answer.text
    return answer.json()


def answers(root: Path, named: tiny.Tiny, *rows: dict[str, Any]) -> list[list[float]]:
    found: list[list[float]] = tiny.run(root / "tiny/1/model.onnx", tiny.tensors(named, rows)).tolist()
    return found


async def test_a_word_moves_what_the_answer_loses_without_it(client: httpx.AsyncClient, tmp_path: Path) -> None:
    found = await ask(client, *ROWS)
    plain = (await client.post("/predict", json={"instances": ROWS})).json()
    assert {key: found[key] for key in plain} == plain
    first, second = found["explanations"]
    assert (first["of"], second["of"], second["words"]) == ("yes", "yes", [])
    number = answers(tmp_path, READ, ROWS[0])[0][1]
    assert first["number"] == pytest.approx(number, rel=1e-6)
    assert sorted((w["feature"] != "review", w["start"]) for w in first["words"]) == [
        (n != "review", at) for n, at, _ in SPANS
    ]
    for word in first["words"]:
        text = ROWS[0][word["feature"]]
        assert isinstance(text, str)
        assert text[word["start"] : word["stop"]] == word["text"]
        without = ROWS[0] | {word["feature"]: text[: word["start"]] + text[word["stop"] :]}
        assert word["moved"] == pytest.approx(number - answers(tmp_path, READ, without)[0][1], abs=1e-6)
    moved = [word["moved"] for word in first["words"]]
    assert moved[0] > 0
    assert [abs(each) for each in moved] == sorted(map(abs, moved), reverse=True)
    assert {word["text"]: word["moved"] > 0 for word in first["words"] if word["moved"]} == {"good": True, "bad": False}


@pytest.mark.parametrize(
    ("change", "of", "place"),
    [
        ({"task": "regression"}, None, 0),
        ({"task": "multiclass", "labels": ("a", "b", "c")}, "c", 2),
        ({"task": "multilabel"}, "yes", 1),
    ],
)
async def test_every_answer_has_a_number_that_moves(
    change: dict[str, Any], of: str | None, place: int, tmp_path: Path
) -> None:
    named = replace(READ, **change)
    tiny.write(tmp_path, named)
    async with serving.running(serving.app_of(tmp_path)) as client:
        (found,) = (await ask(client, ROWS[0]))["explanations"]
    assert found["of"] == of
    assert found["number"] == pytest.approx(answers(tmp_path, named, ROWS[0])[0][place], rel=1e-6)
    assert found["words"][0]["moved"] != 0


@pytest.mark.parametrize("path", ["/predict", "/predict?purpose=preview"])
async def test_nothing_counts_it_as_traffic(path: str, client: httpx.AsyncClient) -> None:
    before = await series(client)
    answer = await client.post(path, json={"instances": ROWS, "explain": True}, headers={"x-request-id": "mine"})
    assert answer.status_code == 200
    after = await series(client)
    changed = [name for name in after if after[name] != before.get(name)]
    assert [name for name in changed if not re.match(WORK, name)] == []
    assert any(name.startswith("slipway_preview_requests_total") for name in changed)
    told = await client.post("/feedback", json={"id": "mine", "value": "yes"})
    assert told.status_code == 404


async def test_a_long_text_is_looked_at_whole_in_neighbours(client: httpx.AsyncClient) -> None:
    text = "a " * 199
    (found,) = (await ask(client, {"age": 1, "review": text, "reply": "b c d"}))["explanations"]
    assert len(found["words"]) <= 200
    covered = {
        ("review", at)
        for word in found["words"]
        if word["feature"] == "review"
        for at in range(word["start"], word["stop"])
    }
    assert {("review", at) for at in range(len(text)) if text[at] == "a"} <= covered
    assert {"b c", "d"} == {word["text"] for word in found["words"] if word["feature"] == "reply"}


async def test_what_would_be_too_much_is_refused(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*rows: Any) -> str:
        answer = await client.post("/predict", json={"instances": rows, "explain": True})
        assert answer.status_code == 413
        return str(answer.json()["error"])

    assert "are at most 2000 and 4194304 characters" in await refused(*[{"age": 1, "review": "a b c"}] * 600)
    monkeypatch.setattr(explain, "ELEMENTS_MAX", 100)
    assert "are at most 2000 and 100 characters" in await refused({"age": 1, "review": "word " * 20})
    texts = [" ".join(str(at * at) for at in range(start, start + 40)) for start in range(1000)]
    large = json.dumps({"instances": [{"age": 1, "review": text} for text in texts], "explain": True}).encode()
    for content, headers in ((large, {}), (gzip.compress(large), {"content-encoding": "gzip"})):
        answer = await client.post("/predict", content=content, headers=headers)
        assert (answer.status_code, "`explain`: expected false in a body" in answer.text) == (400, True)


async def test_compressed_it_is_answered_too(client: httpx.AsyncClient) -> None:
    body = gzip.compress(json.dumps({"explain": True, "instances": ROWS}).encode())
    answer = await client.post("/predict", content=body, headers={"content-encoding": "gzip"})
    assert len(answer.json()["explanations"]) == 2


async def test_it_is_refused_where_nothing_can_be_left_out(models: Path) -> None:
    async with serving.running(serving.app_of(models)) as client:
        answer = await client.post("/predict", json={"instances": [tiny.instance(tiny.Tiny())], "explain": True})
        assert answer.status_code == 400
        assert answer.json()["error"].startswith("Invalid `explain`: expected false, or a model with features of which")
        plain = await client.post("/predict", json={"instances": [tiny.instance(tiny.Tiny())], "explain": False})
        assert plain.status_code == 200
        wrong = await client.post("/predict", json={"instances": [tiny.instance(tiny.Tiny())], "explain": "yes"})
        assert (wrong.status_code, "`explain`: expected true or false" in wrong.text) == (400, True)


async def test_it_is_described(client: httpx.AsyncClient) -> None:
    operation = (await client.get("/openapi.json")).json()["paths"]["/predict"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]["explain"]["type"] == "boolean"
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer["properties"]["explanations"]["type"] == "array"
    assert "explanations" not in answer["required"]
