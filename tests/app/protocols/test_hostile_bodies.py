"""Bodies that were made to cost much: what reading one takes for each of its bytes, and that nothing of it stays.

`python -m benchmarks.micro.hostile_bodies` has more of them, the process's own memory and how long the loop stands.
"""

import gc
import gzip
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.main import Slipway
from benchmarks.micro.hostile_bodies import ROOT, SHAPES, ask
from tests.support.serving import app_of

SIZE_BYTES = 3 * 2**20
FACTOR_MAX = 5  # the body itself, if it came packed, a copy, and what is read of it
STRUCTURE_FACTOR_MAX = 11  # where nothing but the structure of an infer request is in it: one at a time is read
SHAPES_TRIED = [
    "predict: one long key",
    "predict: brackets",
    "v1 rows: brackets",
    "predict: one odd row first",
    "predict: an odd row between",
    "classify: empty objects",
    "v1 columns: empty objects",
    "v2 strings: strings of a letter",
    "v2 strings: nested lists",
    "predict: keys of one object",
    "v2: outputs",
    "v2: inputs",
    "v2: shape",
    "v2: parameters",
]


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[Slipway]:
    app = app_of(ROOT / "models", timeout_ms=600_000)
    async with app.router.lifespan_context(app):
        await app.state.registry.finished.wait()
        yield app


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", SHAPES_TRIED)
async def test_it_takes_little_and_nothing_stays(name: str, packed: bool, app: Slipway) -> None:
    """Without the garbage collector: it comes late to what it has seen twice, and never to what is frozen."""
    shape = SHAPES[name]
    for _ in range(2):
        await ask(app, shape, shape.body(400_000), {})
    body = shape.body(SIZE_BYTES)
    size = len(body)
    headers = dict(shape.headers)
    if packed:  # hardly: the ratio is bounded elsewhere
        body, headers[b"content-encoding"] = gzip.compress(body, 0), b"gzip"
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        status, said = await ask(app, shape, body, headers)
        left, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert 400 <= status < 500, said
    assert left < size / 5  # the interpreter keeps some thousand tuples for the next request
    assert peak < (STRUCTURE_FACTOR_MAX if name.startswith("v2: ") else FACTOR_MAX) * size
