r"""Features may have any names without control characters: quotes, backslashes, brackets, dots, emoji, spaces alone."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from app.errors import InvalidInput
from app.features.names import NAME_MAX_CHARS, refusal
from tests.app.metrics.test_drift_metrics import drift
from tests.support import serving, tiny

QUOTED, SLASHED, ODD = 'say "hi"', "back\\slash", ["instances", "[0].x", "$", "50%", "\u00a0", "🙂", "Цена", "a:b{c}"]
NAMES = tiny.Tiny(
    format=2,
    numbers=(QUOTED, *ODD),
    booleans=(),
    strings=(SLASHED, '\\"'),
    optional=(SLASHED,),
    profiled=True,
    order=[SLASHED, QUOTED, *ODD, '\\"'],
)
ROW = {SLASHED: "low", QUOTED: 2.5, **dict.fromkeys(ODD, 1.0), '\\"': "high"}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    tiny.write(tmp_path, NAMES)
    async with serving.running(serving.app_of(tmp_path)) as found:
        yield found


async def shares(client: httpx.AsyncClient, path: str, body: Any) -> list[float]:
    answer = await client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    if "results" in found:
        return [score for _, score in found["results"][0]]
    (one,) = found["predictions"]
    return one if isinstance(one, list) else list(one["probabilities"].values())


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict", {"instances": [ROW]}),
        ("/predict", {"instances": [list(ROW.values())]}),
        ("/predict", {"instances": [dict(reversed(ROW.items()))]}),
        ("/v1/models/tiny:predict", {"instances": [ROW]}),
        ("/v1/models/tiny:classify", {"examples": [ROW]}),
    ],
)
async def test_rows_of_such_names_are_answered(path: str, body: Any, client: httpx.AsyncClient, tmp_path: Path) -> None:
    (wanted,) = tiny.run(tmp_path / "tiny/1/model.onnx", tiny.tensors(NAMES, [ROW]))
    np.testing.assert_allclose(await shares(client, path, body), wanted, rtol=1e-5)


async def test_an_optional_value_may_be_left_out(client: httpx.AsyncClient, tmp_path: Path) -> None:
    (wanted,) = tiny.run(tmp_path / "tiny/1/model.onnx", tiny.tensors(NAMES, [ROW | {SLASHED: None}]))
    for row in (ROW | {SLASHED: None}, {name: value for name, value in ROW.items() if name != SLASHED}):
        np.testing.assert_allclose(await shares(client, "/predict", {"instances": [row]}), wanted, rtol=1e-5)


REFUSED = [
    ({QUOTED: "x"}, [], f'Invalid `instances[1].{QUOTED}`: expected a finite number. Received: "x".'),
    ({}, [QUOTED], f"Invalid `instances[1]`: expected the key `{QUOTED}`."),
    ({'say "ho"': 1}, [], f"Did you mean `{QUOTED}`?"),
    ({"another": 1}, [], "Received: `another`."),
    ({QUOTED: 1e39}, [], f"Invalid `instances[1].{QUOTED}`: expected a number within the range of a 32-bit float"),
    ({"[0].x": None}, [], "Invalid `instances[1].[0].x`: expected a finite number. Received: null"),
]


@pytest.mark.parametrize(("change", "without", "message"), REFUSED)
async def test_a_fault_is_told_by_its_path(
    change: dict[str, Any], without: list[str], message: str, client: httpx.AsyncClient
) -> None:
    row = {name: value for name, value in (ROW | change).items() if name not in without}
    answer = await client.post("/predict", json={"instances": [ROW, row]})
    assert answer.status_code == 400
    assert message in answer.json()["error"]


async def test_drift_and_openapi_name_them(client: httpx.AsyncClient) -> None:
    await shares(client, "/predict", {"instances": [ROW]})
    assert {key[2] for key in await drift(client) if key[1] == "feature"} == set(ROW)
    text = (await client.get("/metrics")).text
    assert list(text_string_to_metric_families(text))
    page = (await client.get("/openapi.json")).json()
    assert json.dumps(QUOTED) in json.dumps(page)


def test_golden_rows_have_no_other_keys() -> None:
    reader = tiny.row_reader(NAMES)
    assert len(reader.rows([ROW])) == 1
    with pytest.raises(ValueError, match="only the keys"):
        reader.rows([ROW | {"another": 1}])
    with pytest.raises(ValueError, match=QUOTED):
        reader.rows([ROW | {QUOTED: "x"}])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=3, unique=True))
def test_what_is_not_refused_is_read_and_another_key_is_not(names: list[str]) -> None:
    taken = [name for name in names if refusal(name) is None]
    if not taken:
        return
    named = tiny.Tiny(format=2, numbers=taken, booleans=(), strings=(), optional=())
    reader, row = tiny.row_reader(named), {name: float(place) for place, name in enumerate(taken)}
    found = reader.decode(json.dumps({"instances": [row]}).encode())
    assert found.arrays()["numeric"].tolist() == [list(row.values())]
    with pytest.raises(InvalidInput, match="only the keys"):
        reader.decode(json.dumps({"instances": [row | {taken[0] + "!" * 7: 1.0}]}).encode())


@pytest.mark.parametrize("name", ["", "a\tb", "a\nb", "\x1b[31m", "a\0", "\ud800", "a" * (NAME_MAX_CHARS + 1)])
def test_names_that_are_refused(name: str) -> None:
    assert str(refusal(name)).startswith("a name ")
    assert refusal("a" * NAME_MAX_CHARS) is refusal(QUOTED) is refusal("\u00a0") is None
