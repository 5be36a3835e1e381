"""JSON behind a byte order mark is read as without, by every protocol and on every ordinary route that takes a body."""

import gzip
import json
import struct
from codecs import BOM_UTF8
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.protocols.endpoint import LARGE_BYTES
from tests.support import serving, tiny
from tests.support.wire import TINY, expected

ROW = {"a": 1.0, "b": 2.0}
INFER = {"name": "numeric", "shape": [1, 2], "datatype": "FP32"}
BODIES: dict[str, Any] = {
    "/predict": {"instances": [ROW]},
    "/v1/models/tiny:predict": {"instances": [ROW]},
    "/v1/models/tiny:regress": {"examples": [ROW]},
    "/v2/models/tiny/infer": {"inputs": [INFER | {"data": [1.0, 2.0]}]},
}


async def post(client: httpx.AsyncClient, path: str, body: bytes, **headers: str) -> httpx.Response:
    answer = await client.post(path, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("filling", [0, LARGE_BYTES], ids=["small", "large"])
async def test_a_mark_changes_no_answer(path: str, filling: int, tmp_path: Path) -> None:
    """Plain and packed, at once and in steps."""
    tiny.write(tmp_path, TINY)
    body = json.dumps(BODIES[path]).encode() + b" " * filling
    async with serving.running(serving.app_of(tmp_path)) as client:
        plain = await post(client, path, body)
        marked = await post(client, path, BOM_UTF8 + body)
        packed = await post(client, path, gzip.compress(BOM_UTF8 + body, 0), **{"content-encoding": "gzip"})
        assert plain.content == marked.content == packed.content
        twice = await client.post(path, content=BOM_UTF8 * 2 + body)
        assert twice.status_code == 400


async def test_a_mark_before_the_json_of_raw_tensors(tmp_path: Path) -> None:
    """The length of the JSON counts it; raw bytes that look like one are numbers."""
    tiny.write(tmp_path, TINY)
    raw = bytes.fromhex("0000803f00000040")  # 1.0 and 2.0
    head = json.dumps({"inputs": [INFER | {"parameters": {"binary_data_size": len(raw)}}]}).encode()
    async with serving.running(serving.app_of(tmp_path)) as client:
        for json_bytes in (head, BOM_UTF8 + head):
            length = {"inference-header-content-length": str(len(json_bytes))}
            answer = await post(client, "/v2/models/tiny/infer", json_bytes + raw, **length)
            assert answer.json()["outputs"][0]["data"] == expected([[1, 2]])
        numbers = BOM_UTF8 + b"\x3e" + bytes(4)
        answer = await post(client, "/v2/models/tiny/infer", numbers, **{"inference-header-content-length": "0"})
        first, second = struct.unpack("<2f", numbers)
        assert struct.unpack("<f", answer.content[-4:]) == tuple(expected([[first, second]]))


async def test_a_mark_on_ordinary_routes(tmp_path: Path) -> None:
    """The index, feedback and an operator's verb."""
    tiny.write(tmp_path / "models", TINY)
    app = serving.app_of(tmp_path / "models", feedback=True, admin_keys_file=serving.operators(tmp_path))
    async with serving.running(app) as client:
        await post(client, "/v2/repository/index", BOM_UTF8 + b'{"ready": true}')
        body = json.dumps(BODIES["/predict"]).encode()
        name = (await post(client, "/predict", body)).headers["x-request-id"]
        told = await post(client, "/feedback", BOM_UTF8 + json.dumps({"id": name, "value": 1.5}).encode())
        assert told.json()["id"] == name
        canary = BOM_UTF8 + b'{"version": 1, "share": 0.5}'
        headers = {**serving.OPERATOR, "content-type": "application/json"}
        answer = await client.put("/admin/models/tiny/canary", content=canary, headers=headers)
        assert answer.status_code in (200, 409), answer.text
