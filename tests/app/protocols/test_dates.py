"""A date is a text in every protocol, and means the same in each."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.support import asking, serving, tiny

DATED = tiny.Tiny(
    format=2, numbers=("age",), booleans=(), strings=("level",), dates=("since",), optional=("since",), scale=1e-3
)
ROW = {"age": 3.0, "level": "low", "since": "2024-02-29T13:05"}
SAME_MOMENT = ["2024-02-29T13:05", "2024-02-29 13:05", "2024-02-29T12:05Z", "2024-02-29T07:05:59.5-05:00"]
SAME_MOMENT += ["2024-02-29T14:05+02", "2024-02-29 14:05:00+0200"]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    tiny.write(tmp_path, DATED)
    async with serving.running(serving.app_of(tmp_path)) as found:
        yield found


def expected(root: Path, row: dict[str, Any]) -> list[float]:
    shares: list[float] = tiny.run(root / "tiny/1/model.onnx", tiny.tensors(DATED, [row]))[0].tolist()
    return shares


@pytest.mark.parametrize("ask", asking.EVERY)
@pytest.mark.parametrize("since", [*SAME_MOMENT, None])
async def test_a_date_means_the_same_in_every_protocol(
    ask: Any, since: str | None, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    wanted = expected(tmp_path, ROW if since is not None else ROW | {"since": None})
    np.testing.assert_allclose(await ask(client, ROW | {"since": since}), wanted, rtol=1e-5)


async def test_what_is_no_date_is_told_by_its_path(client: httpx.AsyncClient) -> None:
    refused = await client.post("/predict", json={"instances": [ROW, ROW | {"since": "29.2.2024"}]})
    assert refused.status_code == 400
    assert refused.json()["error"].startswith("Invalid `instances[1].since`: expected a date as in ISO 8601")
    refused = await client.post("/predict", json={"instances": [[3.0, "low", "2023-02-29"]]})
    assert "Invalid `instances[0][2]`: expected a day, a time and an offset that there are" in refused.json()["error"]
    inputs = {"numeric": [[1.0]], "categorical": [["low"]], "date": [["soon"]]}
    refused = await client.post("/v1/models/tiny:predict", json={"inputs": inputs})
    assert "Invalid `date[0][0]`: expected a date" in refused.json()["error"]


async def test_metadata_says_what_callers_send(client: httpx.AsyncClient) -> None:
    found = (await client.get("/v2/models/tiny")).json()["inputs"]
    assert {spec["name"]: (spec["datatype"], spec["shape"]) for spec in found} == {
        "numeric": ("FP32", [-1, 1]),
        "categorical": ("BYTES", [-1, 1]),
        "date": ("BYTES", [-1, 1]),
    }
