"""Requests that nobody thought of: made from our own OpenAPI document, and made by breaking good ones.

Every operation of the document gets `DOCUMENTED` requests through a real socket, with the names of real models and
others; each decoder (rows, TensorFlow Serving, Open Inference) gets `BROKEN` bodies, as JSON values and as bytes. None
may end in a 500, take more than `SLOW_S`, or be answered in a way that the document does not know.
What is tried is the same in every run.
"""

import copy
import json
import math
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import thread_time
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.errors import RequestError
from app.protocols.open_inference.request import read as read_infer
from app.protocols.tfserving.body import Given, Write
from app.protocols.tfserving.predict import predict
from app.runtime.model import Model, load
from app.settings import Settings
from app.tensors import Tensors
from tests.clients import models as bare
from tests.support import serving, tiny

DOCUMENTED = 12  # requests to each operation of the document
BROKEN = 250  # bodies for each decoder; `python -m tests.fuzz` tries millions
SLOW_S = 5.0  # of CPU, for one body
EVERY = settings(deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

TINY = tiny.Tiny(scale=0.01)  # no number that a request can hold overflows it
ROW = tiny.instance(TINY)
TENSOR = {"name": "INPUT0", "datatype": "INT32", "shape": [1, 16], "data": list(range(16))}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    tiny.write(root, TINY)
    bare.write(root, "add_sub", bare.add_sub("INT32"))
    return root


@pytest.fixture(scope="module")
def process(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[serving.Process]:
    with serving.process(folder, tmp_path_factory.mktemp("process"), '--labels={"tiny": {"stable": 1}}') as started:
        yield started


def at_real_places(case: Any, draw: Any) -> Any:
    """Point most requests at what there is; names made up at random are all unknown."""
    places = {"name": ["tiny", "add_sub"], "version": ["1"], "label": ["stable"]}
    for key in places.keys() & (case.path_parameters or {}).keys():
        case.path_parameters[key] = draw(st.sampled_from([*places[key] * 4, case.path_parameters[key]]))
    return case


def test_what_the_document_allows_ends_as_it_says(process: serving.Process) -> None:
    """Each operation, with parameters and bodies of its own schema: no 500, no hang, no status that is not listed."""
    schema = schemathesis.openapi.from_url(f"{process.address}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) > 20
    tried, well = 0, 0
    faults: dict[str, str] = {}
    for operation in operations:

        @settings(EVERY, max_examples=DOCUMENTED)
        @given(case=operation.as_strategy(), data=st.data())
        def ask(case: Any, data: st.DataObject) -> None:
            nonlocal tried, well
            response = at_real_places(case, data.draw).call(timeout=serving.PATIENCE_S)
            try:
                case.validate_response(response, checks=CHECKS)
            except FailureGroup as error:
                faults.setdefault(case.operation.label, str(error.exceptions))
            tried, well = tried + 1, well + (response.status_code == 200)

        ask()
    assert not faults
    print(f"\n{tried} requests to {len(operations)} operations, {well} of them answered with 200")
    assert tried > 4 * len(operations)
    assert well > tried / 10
    assert httpx.get(f"{process.address}/health").status_code == 200
    assert "Traceback" not in process.complaints()


# ── the decoders ──

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 2**31, 2**63, 2**64, 10**400, 1e308, 5e-324, -0.0, math.nan, math.inf]),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["", "\x00", "\ud800", "💥", "NaN", "instances", {"b64": "AA=="}, {"b64": "*"}, {"b64": 1}]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)
NAMES = ["instances", "inputs", "outputs", "name", "shape", "data", "datatype", "parameters", "binary_data_size", "id"]
NAMES += ["signature_name", "age", "level", "numeric", "categorical", "classification", "timeout", "b64"]


def places_of(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of every value within a JSON value, its own first."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *[found for key, part in inner for found in places_of(part, (*place, key))]]


def similar(value: Any) -> st.SearchStrategy[Any]:
    """Another value of the same kind, which may well be a good one."""
    if isinstance(value, bool):
        return st.booleans()
    if isinstance(value, int | float):
        return st.integers(-2, 70) | st.floats(-1e6, 1e6)
    return st.text(max_size=8) if isinstance(value, str) else st.just(copy.deepcopy(value))


def replace(draw: Any, parent: Any, key: Any) -> None:
    parent[key] = copy.deepcopy(draw(VALUES))


def vary(draw: Any, parent: Any, key: Any) -> None:
    parent[key] = draw(similar(parent[key]))


def drop(draw: Any, parent: Any, key: Any) -> None:
    del parent[key]


def nest(draw: Any, parent: Any, key: Any) -> None:
    parent[key] = [copy.deepcopy(parent[key])] * draw(st.integers(1, 2))


def rename(draw: Any, parent: Any, key: Any) -> None:
    parent[draw(st.sampled_from(NAMES))] = parent.pop(key)


def add(draw: Any, parent: Any, key: Any) -> None:
    parent[draw(st.sampled_from(NAMES))] = copy.deepcopy(draw(VALUES))


CHANGES = {change.__name__: change for change in (replace, vary, drop, nest, rename, add)}


@st.composite
def broken(draw: Any, good: list[Any]) -> Any:
    """A good body with a few of its values replaced, varied, left out, nested, or given another name."""
    body = copy.deepcopy(draw(st.sampled_from(good)))
    for _ in range(draw(st.integers(0, 2))):
        places = places_of(body)[1:]
        if not places:
            break
        *way, key = draw(st.sampled_from(places))
        parent = body
        for step in way:
            parent = parent[step]
        kinds = CHANGES if isinstance(parent, dict) else CHANGES.keys() - {"rename", "add"}
        change = draw(st.sampled_from(sorted(kinds)))
        CHANGES[change](draw, parent, key)
    return body


@st.composite
def mangled(draw: Any, good: list[Any], behind: bytes = b"") -> bytes:
    """A broken body as bytes, some of them cut off or changed."""
    text = json.dumps(draw(broken(good)), ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass") + behind
    if draw(st.integers(0, 2)) == 0 and text:
        at = draw(st.integers(0, len(text) - 1))
        piece = draw(
            st.sampled_from(
                [b"", b"[", b"]", b"{", b'"', b"\\", b"\xff", b"\x00", b",", b"1e999", b"-", b"\xed\xa0\x80"]
            )
        )
        text = text[:at] + piece + text[at + draw(st.integers(0, 3)) :]
    return text


PREDICT = [{"instances": [ROW, ROW]}, {"instances": [list(ROW.values())]}]
COLUMNS = {"numeric": [[1.0, 2.0, 0.0]], "categorical": [["low"]]}
ADD_SUB = {"INPUT0": [list(range(16))], "INPUT1": [list(range(16))]}
TENSORFLOW: dict[str, list[Any]] = {
    "tiny": [
        *PREDICT,
        {"inputs": COLUMNS, "signature_name": "serving_default"},
        {"instances": [{"numeric": [1, None, 0], "categorical": ["low"]}]},
    ],
    "add_sub": [{"inputs": ADD_SUB}, {"instances": [{name: rows[0] for name, rows in ADD_SUB.items()}]}],
    "identity_BYTES": [{"instances": [["a", {"b64": "YQ=="}]]}, {"instances": [{"b64": "YQ=="}]}],
}
BINARY = {**TENSOR, "name": "INPUT1", "parameters": {"binary_data_size": 64}}
BINARY.pop("data")
INFER: dict[str, list[Any]] = {
    "add_sub": [
        {"inputs": [TENSOR, {**TENSOR, "name": "INPUT1"}], "id": "1", "parameters": {"timeout": 1000}},
        {"inputs": [TENSOR, BINARY], "outputs": [{"name": "OUTPUT0", "parameters": {"classification": 2}}]},
    ],
    "tiny": [
        {
            "inputs": [
                {"name": "numeric", "datatype": "FP32", "shape": [1, 3], "data": [[1, None, 0]]},
                {"name": "categorical", "datatype": "BYTES", "shape": [1, 1], "data": ["low"]},
            ]
        }
    ],
    "identity_BYTES": [
        {"inputs": [{"name": "x", "datatype": "BYTES", "shape": [1, 2], "parameters": {"binary_data_size": 64}}]}
    ],
}
BEHIND = struct.pack("<16i", *range(16))


@pytest.fixture(scope="module")
def loaded(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    root = tmp_path_factory.mktemp("strings")
    bare.write(root, "identity_BYTES", bare.identity("BYTES"))
    places = [folder / "tiny" / "1", folder / "add_sub" / "1", root / "identity_BYTES" / "1"]
    return {place.parent.name: load(place, Settings(models=folder)) for place in places}


class Count:
    """How many bodies were taken and how many refused: a test that breaks nothing, or everything, shows nothing."""

    def __init__(self) -> None:
        self.taken = self.refused = 0
        self.slowest_s = 0.0

    def read(self, read: Any, *args: Any) -> Any:
        """Call `read`; a `RequestError` is how it may end, and nothing else."""
        began = thread_time()
        found, refusal = None, None
        try:
            found = read(*args)
        except RequestError as error:
            refusal = error
        self.slowest_s = max(self.slowest_s, thread_time() - began)
        if refusal is None:
            self.taken += 1
            return found
        self.refused += 1
        assert 400 <= refusal.status < 500
        assert 0 < len(str(refusal).encode()) < 2000  # it can be sent
        return None

    def check(self) -> None:
        print(f"\n{self.taken} taken, {self.refused} refused, the slowest in {self.slowest_s:.3f} s")
        assert self.taken > BROKEN / 100  # a sample of 250 may hold five good ones
        assert self.refused > BROKEN / 4
        assert self.slowest_s < SLOW_S


def test_rows_that_nobody_thought_of(loaded: dict[str, Model]) -> None:
    count, model = Count(), loaded["tiny"]

    @settings(EVERY, max_examples=BROKEN)
    @given(mangled(PREDICT))
    def ask(body: bytes) -> None:
        rows = count.read(model.row_reader.decode, body)
        if rows is not None:
            (found,) = model.run([rows])
            texts = found.texts
            assert len(texts) == len(rows)
            assert all(math.isfinite(p) for text in texts for p in json.loads(text)["probabilities"].values())

    ask()
    count.check()


@pytest.mark.parametrize("name", TENSORFLOW)
def test_tensorflow_bodies_that_nobody_thought_of(name: str, loaded: dict[str, Model]) -> None:
    count, model = Count(), loaded[name]

    @settings(EVERY, max_examples=BROKEN)
    @given(mangled(TENSORFLOW[name]))
    def ask(body: bytes) -> None:
        answer(model, count, lambda: predict(model, body))

    ask()
    count.check()


@pytest.mark.parametrize("name", INFER)
def test_infer_bodies_that_nobody_thought_of(name: str, loaded: dict[str, Model]) -> None:
    """JSON alone, with bytes behind it, and with a length of the JSON that may be wrong."""
    count, model = Count(), loaded[name]
    behind = BEHIND if name == "add_sub" else b"\x3c\x00\x00\x00" + b"a" * 60

    @settings(EVERY, max_examples=BROKEN)
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        raw = data.draw(st.sampled_from([b"", behind, behind[:-1], behind * 2]))
        head = data.draw(mangled(INFER[name]))
        wrong = st.sampled_from(["0", "-1", "9" * 30, "1e3", " 5", str(len(head) - 1), str(len(head) + 1)])
        length = data.draw(st.just(str(len(head))) | wrong) if raw else ""

        answer(model, count, lambda: (read_infer(model.signature, head + raw, length.encode()).arrays, None))

    ask()
    count.check()


def answer(model: Model, count: Count, read: Callable[[], tuple[Given, Write | None]]) -> None:
    """Do with a body what the service does, up to the run and the answer."""

    def whole() -> tuple[Tensors, Write | None]:
        given, write = read()
        if isinstance(given, Tensors):
            return given, write
        rows = model.signature.check(given)
        if model.features is not None:
            rows = Tensors(model.features.from_wire(rows.arrays()), len(rows))
        return rows, write

    found = count.read(whole)
    if found is None:
        return
    rows, write = found
    (found_answer,) = model.run([rows])
    assert len(found_answer) == len(rows)
    if write is not None:
        assert json.loads(write(found_answer.outputs))


@pytest.mark.skipif(sys.platform != "linux", reason="atheris is packed for Linux")
def test_bodies_that_reach_every_line_they_can() -> None:
    """A little of what `python -m tests.fuzz` tries for as long as one likes, by coverage."""
    command = [sys.executable, "-m", "tests.fuzz", "--cases", "1000"]
    done = subprocess.run(command, cwd=serving.ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert [line.split()[1] for line in done.stdout.splitlines()[1:]] == ["1,000"] * 4, done.stdout
