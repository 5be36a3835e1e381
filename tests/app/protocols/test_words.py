"""A word is stripped and composed where only that is known, and so in every protocol."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pytest

from tests.support import asking, serving, tiny

NAMED = tiny.Tiny(format=2, numbers=("age",), booleans=(), strings=("level",), optional=("level",))
ROW = {"age": 3.0, "level": "low"}
THE_SAME = ["low", " low", "low\u00a0", "\t\u2003low\n"]
UNKNOWN = ["Low", "l ow", " ", "\u200blow", "low" + "\u0301" * 1000]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    tiny.write(tmp_path, NAMED)
    async with serving.running(serving.app_of(tmp_path, grpc_port=0)) as found:
        yield found


def expected(root: Path, level: str | None) -> list[float]:
    shares: list[float] = tiny.run(root / "tiny/1/model.onnx", tiny.tensors(NAMED, [ROW | {"level": level}]))[
        0
    ].tolist()
    return shares


@pytest.mark.parametrize("ask", asking.EVERY)
@pytest.mark.parametrize("sent", THE_SAME)
async def test_a_word_with_spaces_around_it_is_the_word(
    ask: Any, sent: str, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    np.testing.assert_allclose(await ask(client, ROW | {"level": sent}), expected(tmp_path, "low"), rtol=1e-5)


@pytest.mark.parametrize("ask", asking.EVERY)
@pytest.mark.parametrize("sent", UNKNOWN)
async def test_a_word_that_is_not_known_even_then_stays_unknown(
    ask: Any, sent: str, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    np.testing.assert_allclose(await ask(client, ROW | {"level": sent}), expected(tmp_path, "?"), rtol=1e-5)


async def test_grpc_takes_words_alike(client: httpx.AsyncClient, tmp_path: Path) -> None:
    port = client._transport.app.state.rpc.port  # type: ignore[attr-defined]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        for sent, meant in (*((each, "low") for each in THE_SAME), *((each, "?") for each in UNKNOWN)):
            found = await asking.by_grpc(channel, ROW | {"level": sent})
            np.testing.assert_allclose(found, expected(tmp_path, meant), rtol=1e-5)
