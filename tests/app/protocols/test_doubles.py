"""Numbers that 32-bit floats do not tell apart are exact in every protocol, and so are answers."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from tests.support import asking, serving, tiny

FAR = 1_700_000_000_000.0  # milliseconds; 32-bit floats lie 131,072 apart there
EXACT = tiny.Tiny(
    format=2, task="regression", numbers=("age",), booleans=(), strings=("level",), optional=("level",), far=FAR
)
ROWS = [{"age": FAR + near, "level": "low"} for near in (0.0, 1.0, 2.5, 1000.0)]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    tiny.write(tmp_path, EXACT)
    async with serving.running(serving.app_of(tmp_path, grpc_port=0)) as found:
        yield found


def expected(root: Path) -> list[float]:
    answers: list[float] = tiny.run(root / "tiny/1/model.onnx", tiny.tensors(EXACT, ROWS))[:, 0].tolist()
    assert len(set(answers)) == len(ROWS)
    return answers


@pytest.mark.parametrize("ask", asking.EVERY)
async def test_neighbours_differ_and_every_digit_comes(ask: Any, client: httpx.AsyncClient, tmp_path: Path) -> None:
    assert [(await ask(client, row))[0] for row in ROWS] == expected(tmp_path)


async def test_grpc_takes_and_gives_doubles(client: httpx.AsyncClient, tmp_path: Path) -> None:
    port = client._transport.app.state.rpc.port  # type: ignore[attr-defined]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert [(await asking.by_grpc(channel, row))[0] for row in ROWS] == expected(tmp_path)


async def test_metadata_and_openapi_say_so(client: httpx.AsyncClient) -> None:
    described = (await client.get("/v2/models/tiny")).json()
    assert [spec["datatype"] for spec in described["inputs"]] == ["FP64", "BYTES"]
    assert [spec["datatype"] for spec in described["outputs"]] == ["FP64"]
    page = (await client.get("/openapi.json")).text
    assert "Seen in training: 1700000000000 to 1700000000010." in page


async def test_any_finite_double_is_a_number(client: httpx.AsyncClient) -> None:
    for age in (1e300, -1e300):
        answer = await client.post("/predict", json={"instances": [{"age": age, "level": "low"}]})
        assert "Invalid" not in answer.text  # the tiny graph overflows, which is not the caller's fault
    answer = await client.post("/predict", content=b'{"instances": [{"age": 1e309, "level": "low"}]}')
    assert answer.status_code == 400
