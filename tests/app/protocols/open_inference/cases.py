"""The Open Inference Protocol's contract, one row a clause: a request, its status, what of the answer matters.

write_models(root)   the models that the table speaks of: those of `tests.clients.models`, bundles, broken ones
CASES                the table, asked through each door
Infer                an infer request in the making, binary or not, by `struct` and `json` alone
parse(response)      an infer response, likewise
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.clients import models
from tests.support import tiny

LENGTH = "Inference-Header-Content-Length"
FORMATS = {"BOOL": "?", "UINT8": "B", "UINT16": "H", "UINT32": "I", "UINT64": "Q", "INT8": "b", "INT16": "h"}
FORMATS |= {"INT32": "i", "INT64": "q", "FP16": "e", "FP32": "f", "FP64": "d"}
NUMBER = tiny.Tiny(name="number", task="regression", numbers=("a",), booleans=(), strings=(), optional=(), scale=1e4)

Tensor = tuple[str, str, Sequence[int], Any]  # name, datatype, shape, data

SAMPLES: dict[str, list[Any]] = {  # two rows of two
    "BOOL": [True, False, False, True],
    "UINT8": [0, 255, 1, 2],
    "UINT16": [0, 65535, 1, 2],
    "UINT32": [0, 2**32 - 1, 1, 2],
    "UINT64": [0, 2**64 - 1, 1, 2],
    "INT8": [-128, 127, 0, -1],
    "INT16": [-(2**15), 2**15 - 1, 0, -1],
    "INT32": [-(2**31), 2**31 - 1, 0, -1],
    "INT64": [-(2**63), 2**63 - 1, 0, -1],
    "FP16": [0.5, -65504.0, 0.0, 1.0],
    "FP32": [1.5, -0.25, 16777216.0, 0.0],
    "FP64": [0.1, -1e300, 5e-324, 0.0],
    "BYTES": ["plain", "", "Grüße, 世界", 'a "b" \\ \n'],
}


def write_models(root: Path) -> None:
    """Write every model of the table below `root`."""
    for datatype in SAMPLES:
        models.write(root, f"identity_{datatype}", models.identity(datatype))
    graphs = {"add_sub": models.add_sub("INT32"), "scalar": models.scalar(), "fixed": models.fixed()}
    for name, graph in graphs.items():
        models.write(root, name, graph)
    tiny.write(root)
    tiny.write(root, NUMBER)


def write_unsound(root: Path) -> None:
    """Write `broken/1` and `shaky/2`, which cannot be loaded, and `shaky/1`, which can."""
    models.write(root, "shaky", models.identity("FP32"))
    for name, version in (("broken", 1), ("shaky", 2)):
        folder = root / name / str(version)
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(b"no graph")


# ── requests and responses on the wire ──


def raw_of(datatype: str, values: Sequence[Any]) -> bytes:
    if datatype == "BYTES":
        return b"".join([struct.pack("<I", len(text.encode())) + text.encode() for text in values])
    return struct.pack(f"<{len(values)}{FORMATS[datatype]}", *values)


def values_of(datatype: str, raw: bytes) -> list[Any]:
    if datatype != "BYTES":
        return [value for (value,) in struct.iter_unpack(f"<{FORMATS[datatype]}", raw)]
    texts = []
    while raw:
        end = 4 + struct.unpack_from("<I", raw)[0]
        texts.append(raw[4:end].decode())
        raw = raw[end:]
    return texts


@dataclass(frozen=True)
class Infer:
    """An infer request; an input that is bytes goes behind the JSON."""

    inputs: Sequence[Tensor]
    more: Mapping[str, Any] = field(default_factory=dict)  # further keys of the JSON
    announced: str | None = None  # in place of the header's true value
    behind: bytes = b""  # after the last tensor

    def encode(self) -> tuple[bytes, dict[str, str]]:
        tensors, raws = [], []
        for name, datatype, shape, data in self.inputs:
            tensor: dict[str, Any] = {"name": name, "datatype": datatype, "shape": shape}
            if isinstance(data, bytes):
                tensor["parameters"] = {"binary_data_size": len(data)}
                raws.append(data)
            else:
                tensor["data"] = data
            tensors.append(tensor)
        head = json.dumps({"inputs": tensors, **self.more}).encode()
        length = self.announced or (str(len(head)) if raws else None)
        return head + b"".join(raws) + self.behind, {} if length is None else {LENGTH: length}


def parse(response: httpx.Response) -> Any:
    """Return the JSON with every output's elements as flat `data`, and `binary` where they came as bytes."""
    length = response.headers.get(LENGTH)
    if length is None:
        assert response.headers["content-type"] == "application/json"
        return response.json()
    assert response.headers["content-type"] == "application/octet-stream"
    found, rest = json.loads(response.content[: int(length)]), response.content[int(length) :]
    for output in found["outputs"]:
        if "parameters" in output:
            size = output.pop("parameters")["binary_data_size"]
            output |= {"data": values_of(output["datatype"], rest[:size]), "binary": True}
            rest = rest[size:]
    assert not rest
    return found


# ── the table ──


@dataclass(frozen=True)
class Case:
    """A request and what must come of it.

    `answer` is the whole body; `holds` are keys of it; `says` are parts of the error's message.
    """

    path: str
    body: Any = b""  # an `Infer`, bytes as they are, anything else as JSON
    status: int = 200
    answer: Any = None
    holds: Mapping[str, Any] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> tuple[bytes, dict[str, str]]:
        if isinstance(self.body, Infer):
            content, headers = self.body.encode()
            return content, {**headers, **self.headers}
        content = self.body
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
        return content, dict(self.headers)


def get(path: str, answer: Any = None, **holds: Any) -> Case:
    return Case(path, b"", 200, answer, holds, method="GET")


def missing(path: str, *says: str, status: int = 404, method: str = "GET", body: bytes = b"") -> Case:
    return Case(path, body, status, says=says, method=method)


def bad(body: Any, *says: str, model: str = "identity_FP32", status: int = 400, **headers: str) -> Case:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Case(f"/v2/models/{model}/infer", body, status, says=says, headers=named)


def output(name: str, datatype: str, shape: Sequence[int], data: Sequence[Any], binary: bool = False) -> Any:
    plain = {"name": name, "datatype": datatype, "shape": list(shape), "data": list(data)}
    return plain | {"binary": True} if binary else plain


def good(model: str, body: Any, *outputs: Any, **more: Any) -> Case:
    answer = {"model_name": model, "model_version": "1", **more, "outputs": list(outputs)}
    return Case(f"/v2/models/{model}/infer", body, answer=answer)


def floats(data: Any = (1, 2, 3, 4), shape: Any = (2, 2), **more: Any) -> Infer:
    return Infer([("x", "FP32", shape, data)], more)


def plain(**changes: Any) -> dict[str, Any]:
    """The JSON of a good request with its only input changed; None leaves a key out."""
    tensor = {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2], **changes}
    return {"inputs": [{key: value for key, value in tensor.items() if value is not None}]}


def sized(size: Any, *says: str, **changes: Any) -> Case:
    """Two floats behind a JSON that says `size` of them, which must be refused."""
    head = json.dumps(plain(parameters={"binary_data_size": size}, **{"data": None, **changes})).encode()
    return Case("/v2/models/identity_FP32/infer", head + ROW, 400, says=says, headers={LENGTH: str(len(head))})


def wanting(*outputs: Any) -> dict[str, Any]:
    return {"outputs": list(outputs)}


ROW = raw_of("FP32", [1, 2])
FOUR = output("y", "FP32", [2, 2], [1.0, 2.0, 3.0, 4.0])
FOUR_RAW = FOUR | {"binary": True}
LEFT, RIGHT = list(range(16)), [10] * 16
SUM = output("OUTPUT0", "INT32", [1, 16], [n + 10 for n in LEFT])
DIFFERENCE = output("OUTPUT1", "INT32", [1, 16], [n - 10 for n in LEFT])
PAIR = (("INPUT0", "INT32", [1, 16], LEFT), ("INPUT1", "INT32", [1, 16], RIGHT))
PAIR_RAW = tuple([(name, datatype, shape, raw_of(datatype, data)) for name, datatype, shape, data in PAIR])
BINARY = {"parameters": {"binary_data": True}}
NOT_BINARY = {"parameters": {"binary_data": False}}
ALL_BINARY = {"parameters": {"binary_data_output": True}}
MEMBER = (("numeric", "FP32", [1, 3], [1, None, 0]), ("categorical", "BYTES", [1, 1], [""]))
SPEC_X = {"name": "x", "datatype": "FP32", "shape": [-1, 4]}

SERVER = {
    "the server": get("/v2", name="slipway"),
    "the server, with a slash": get("/v2/", name="slipway"),
    "live": get("/v2/health/live", {"live": True}),
    "the server by POST": missing("/v2", "expected GET", status=405, method="POST"),
    "live by POST": missing("/v2/health/live", "expected GET", status=405, method="POST"),
    "no such path": missing("/v2/nothing", "Unknown path"),
    "no such path below a model": missing("/v2/models/scalar/nothing", "Unknown path"),
    "a slash too many": missing("/v2/models/scalar/", "Unknown path"),
    "no name": missing("/v2/models//ready", "Unknown path"),
    "no name to infer": missing("/v2/models//infer", "Unknown path", method="POST"),
}

METADATA = {
    "metadata": get(
        "/v2/models/scalar",
        {
            "name": "scalar",
            "versions": ["1"],
            "platform": "onnxruntime_onnx",
            "inputs": [SPEC_X, {"name": "factor", "datatype": "INT64", "shape": []}],
            "outputs": [SPEC_X | {"name": "y"}],
        },
    ),
    "metadata of a version": get("/v2/models/fixed/versions/1", name="fixed", versions=["1"]),
    "metadata of a name in escapes": get("/v2/models/f%69xed/versions/%31", name="fixed"),
    "metadata of a bundle": get(
        "/v2/models/tiny",
        inputs=[
            {"name": "numeric", "datatype": "FP32", "shape": [-1, 3]},
            {"name": "categorical", "datatype": "BYTES", "shape": [-1, 1]},
        ],
        outputs=[{"name": "probabilities", "datatype": "FP32", "shape": [-1, 2]}],
    ),
    "metadata of an unknown model": missing("/v2/models/other", "Unknown model", "`other`"),
    "metadata of an unknown version": missing("/v2/models/fixed/versions/7", "`fixed/7`"),
    "metadata of version zero": missing("/v2/models/fixed/versions/0", "positive integer", status=400),
    "metadata of a word as version": missing("/v2/models/fixed/versions/new", "Received: `new`", status=400),
    "metadata of what failed": missing("/v2/models/broken", "`broken` version 1 is failed", status=503),
    "metadata of what failed lately": missing("/v2/models/shaky", "version 2 is failed", status=503),
    "metadata of what stayed": get("/v2/models/shaky/versions/1", name="shaky", versions=["1"]),
    "metadata by POST": missing("/v2/models/fixed", "expected GET", status=405, method="POST"),
    "ready": get("/v2/models/fixed/ready", {"name": "fixed", "ready": True}),
    "a version ready": get("/v2/models/shaky/versions/1/ready", {"name": "shaky", "ready": True}),
    "an unknown model is not ready": missing("/v2/models/other/ready", "Unknown model"),
    "an unknown version is not ready": missing("/v2/models/fixed/versions/7/ready", "Unknown model"),
}

EXTENSIONS = {
    "config": get(
        "/v2/models/add_sub/config",
        name="add_sub",
        platform="onnxruntime_onnx",
        backend="onnxruntime",
        max_batch_size=50,
        version_policy={"all": {}},
        input=[{"name": name, "data_type": "TYPE_INT32", "dims": [16]} for name in ("INPUT0", "INPUT1")],
        output=[{"name": name, "data_type": "TYPE_INT32", "dims": [16]} for name in ("OUTPUT0", "OUTPUT1")],
    ),
    "config of a version": get("/v2/models/shaky/versions/1/config", name="shaky"),
    "config of strings": get(
        "/v2/models/identity_BYTES/config", input=[{"name": "x", "data_type": "TYPE_STRING", "dims": [-1]}]
    ),
    "config of what is not batched": get(
        "/v2/models/fixed/config", max_batch_size=0, input=[{"name": "x", "data_type": "TYPE_FP32", "dims": [2, 3]}]
    ),
    "config of an unknown model": missing("/v2/models/other/config", "Unknown model"),
    "config of what failed": missing("/v2/models/broken/config", "failed", status=503),
    "statistics of an unknown model": missing("/v2/models/other/stats", "Unknown model"),
    "statistics of an unknown version": missing("/v2/models/fixed/versions/7/stats", "Unknown model"),
    "statistics of what failed": missing("/v2/models/broken/stats", "failed", status=503),
    "index of a bad body": missing("/v2/repository/index", "Invalid JSON", status=400, method="POST", body=b"{"),
    "index of a strange flag": Case("/v2/repository/index", {"ready": 1}, 400, says=("Invalid `ready`",)),
    "index of an array": Case("/v2/repository/index", [], 400, says=("expected an object",)),
    "index of a long body": missing(
        "/v2/repository/index", "at most 4096 bytes", status=413, method="POST", body=b" " * 5000
    ),
    "index by GET": missing("/v2/repository/index", "expected POST", status=405),
    "load": missing("/v2/repository/models/fixed/load", "does not load on request", method="POST"),
    "unload": missing("/v2/repository/models/fixed/unload", "does not unload on request", method="POST"),
    "another verb": missing("/v2/repository/models/fixed/x", "Unknown path", method="POST"),
}

PATHS = {
    "infer by GET": missing("/v2/models/fixed/infer", "expected POST", status=405),
    "infer of a version": Case(
        "/v2/models/shaky/versions/1/infer",
        floats(),
        answer={"model_name": "shaky", "model_version": "1", "outputs": [FOUR]},
    ),
    "infer of a name in escapes": Case("/v2/models/identity%5FFP32/infer", floats(), holds={"outputs": [FOUR]}),
    "infer with a query": Case("/v2/models/identity_FP32/infer?x=1", floats(), holds={"outputs": [FOUR]}),
    "infer of an unknown model": bad(floats(), "Unknown model", "`other`", model="other", status=404),
    "infer of a name with a slash": bad(floats(), "Unknown model", model="a%2Fb", status=404),
    "infer of an unknown version": bad(floats(), "`fixed/7`", model="fixed/versions/7", status=404),
    "infer of version zero": bad(floats(), "positive integer", model="fixed/versions/0"),
    "infer of a negative version": bad(floats(), "positive integer", model="fixed/versions/-1"),
    "infer of a word as version": bad(floats(), "positive integer", model="fixed/versions/new"),
    "infer of a huge version": bad(floats(), "positive integer", model=f"fixed/versions/{'9' * 400}"),
    "infer of what failed": bad(floats(), "failed", model="broken", status=503),
    "infer with its word in escapes": missing("/v2/models/fixed/inf%65r", "Unknown path", method="POST"),
    "infer with a line break": Case(
        "/v2/models/fixed/infer%0A", b"", 400, says=("no control characters",), method="POST"
    ),
    "infer below the prefix in escapes": missing("/v2/%6Dodels/fixed/infer", "Unknown path", method="POST"),
}

INFER: dict[str, Case] = {
    "flat data": good("identity_FP32", floats(), FOUR),
    "nested data": good("identity_FP32", floats([[1, 2], [3, 4]]), FOUR),
    "data nested in another way": good("identity_FP32", floats([[[1], [2], [3], [4]]]), FOUR),
    "null for a missing number": bad(floats([None, 1, 2, 3]), "not finite", status=500),
    "an id": good("identity_FP32", floats(id="17 ü"), FOUR, id="17 ü"),
    "an empty id": good("identity_FP32", floats(id=""), FOUR, id=""),
    "null for what is optional": good("identity_FP32", floats(id=None, parameters=None, outputs=None), FOUR),
    "an unknown key": good("identity_FP32", floats(extra=[1]), FOUR),
    "unknown parameters": good("identity_FP32", floats(parameters={"a": 1, "b": 0.5, "c": "x", "d": True}), FOUR),
    "Triton's parameters": good(
        "identity_FP32",
        floats(parameters={"priority": 1, "sequence_id": 7, "sequence_start": True, "sequence_end": False}),
        FOUR,
    ),
    "a long timeout": good("identity_FP32", floats(parameters={"timeout": 2**62}), FOUR),
    "a timeout of zero": good("identity_FP32", floats(parameters={"timeout": 0}), FOUR),
    "every output": good("add_sub", Infer(PAIR), SUM, DIFFERENCE),
    "no outputs asked for": good("add_sub", Infer(PAIR, wanting()), SUM, DIFFERENCE),
    "one output": good("add_sub", Infer(PAIR, wanting({"name": "OUTPUT1"})), DIFFERENCE),
    "outputs in another order": good(
        "add_sub", Infer(PAIR, wanting({"name": "OUTPUT1"}, {"name": "OUTPUT0", "parameters": None})), DIFFERENCE, SUM
    ),
    "inputs in another order": good("add_sub", Infer(PAIR[::-1]), SUM, DIFFERENCE),
    "a scalar": good(
        "scalar",
        Infer([("x", "FP32", [1, 4], [1, 2, 3, 4]), ("factor", "INT64", [], [3])]),
        output("y", "FP32", [1, 4], [3.0, 6.0, 9.0, 12.0]),
    ),
    "a fixed batch": good(
        "fixed",
        Infer([("x", "FP32", [2, 3], [[1, 2, 3], [4, 5, 6]])]),
        output("y", "FP32", [2, 3], [2.0, 4.0, 6.0, 8.0, 10.0, 12.0]),
    ),
    "a bundle": Case("/v2/models/tiny/infer", Infer(MEMBER), holds={"model_name": "tiny"}),
    "a bundle's number": good(
        "number",
        Infer([("numeric", "FP32", [2, 1], [1, 2])]),
        output("value", "FP32", [2, 1], [1000.0, 2000.0]),
    ),
}
for _datatype, _values in SAMPLES.items():
    _output = output("y", _datatype, [2, 2], _values)
    _model = f"identity_{_datatype}"
    INFER |= {
        f"{_datatype} in JSON": good(_model, Infer([("x", _datatype, [2, 2], _values)]), _output),
        f"{_datatype} in binary": good(
            _model,
            Infer([("x", _datatype, [2, 2], raw_of(_datatype, _values))], ALL_BINARY),
            _output | {"binary": True},
        ),
    }

BINARY_CASES = {
    "binary in, JSON out": good("identity_FP32", floats(raw_of("FP32", [1, 2, 3, 4])), FOUR),
    "JSON in, binary out": good("identity_FP32", floats(**ALL_BINARY), FOUR_RAW),
    "one output in binary": good(
        "add_sub",
        Infer(PAIR, wanting({"name": "OUTPUT0"}, {"name": "OUTPUT1", **BINARY})),
        SUM,
        DIFFERENCE | {"binary": True},
    ),
    "an output against the request": good(
        "add_sub",
        Infer(PAIR_RAW, wanting({"name": "OUTPUT1", **NOT_BINARY}, {"name": "OUTPUT0"}) | ALL_BINARY),
        DIFFERENCE,
        SUM | {"binary": True},
    ),
    "mixed inputs": good("add_sub", Infer([PAIR[0], PAIR_RAW[1]]), SUM, DIFFERENCE),
    "mixed inputs in another order": good("add_sub", Infer([PAIR_RAW[1], PAIR[0]]), SUM, DIFFERENCE),
    "binary inputs in another order": good("add_sub", Infer(PAIR_RAW[::-1]), SUM, DIFFERENCE),
    "JSON with the header": Case(
        "/v2/models/identity_FP32/infer",
        json.dumps(plain()).encode(),
        holds={"outputs": [output("y", "FP32", [1, 2], [1.0, 2.0])]},
        headers={LENGTH: str(len(json.dumps(plain())))},
    ),
    "a binary scalar": good(
        "scalar",
        Infer([("x", "FP32", [1, 4], [1, 2, 3, 4]), ("factor", "INT64", [], raw_of("INT64", [3]))], ALL_BINARY),
        output("y", "FP32", [1, 4], [3.0, 6.0, 9.0, 12.0], binary=True),
    ),
    "NaN in binary": Case(
        "/v2/models/identity_FP32/infer", floats(raw_of("FP32", [float("nan")] * 4), **ALL_BINARY), 200
    ),
    "NaN in binary, JSON out": bad(floats(raw_of("FP32", [float("nan")] * 4)), "not finite", status=500),
    "no bytes at all": good(
        "identity_FP32", floats(b"", [2, 0], **ALL_BINARY), output("y", "FP32", [2, 0], [], binary=True)
    ),
    "a raw body": Case(
        "/v2/models/identity_FP32/infer",
        raw_of("FP32", [1, 2, 3]),
        holds={"outputs": [output("y", "FP32", [1, 3], [1.0, 2.0, 3.0], binary=True)]},
        headers={LENGTH: "0"},
    ),
    "a raw body of text": Case(
        "/v2/models/identity_BYTES/infer",
        "Grüße".encode(),
        holds={"outputs": [output("y", "BYTES", [1, 1], ["Grüße"], binary=True)]},
        headers={LENGTH: "0"},
    ),
    "a raw body of a fixed shape": Case(
        "/v2/models/fixed/infer",
        raw_of("FP32", [1, 2, 3, 4, 5, 6]),
        holds={"outputs": [output("y", "FP32", [2, 3], [2.0, 4.0, 6.0, 8.0, 10.0, 12.0], binary=True)]},
        headers={LENGTH: "0"},
    ),
    "a raw body of a bundle": Case(
        "/v2/models/number/infer",
        raw_of("FP32", [3]),
        holds={"outputs": [output("value", "FP32", [1, 1], [3000.0], binary=True)]},
        headers={LENGTH: "0"},
    ),
    "a raw body for several inputs": bad(ROW, "several inputs", model="add_sub", Inference_Header_Content_Length="0"),
    "a raw body of half a number": bad(ROW[:7], "Received: 7", Inference_Header_Content_Length="0"),
    "a raw body of too many": bad(ROW * 2, "Received: 16", model="number", Inference_Header_Content_Length="0"),
    "a raw body of too few": bad(ROW, "expected 24 bytes", model="fixed", Inference_Header_Content_Length="0"),
    "no raw body": bad(b"", "expected 24 bytes", model="fixed", Inference_Header_Content_Length="0"),
    "a raw body that is no text": bad(b"\xff", "UTF-8", model="identity_BYTES", Inference_Header_Content_Length="0"),
}

CLASSES = {
    "the best classes": good(
        "identity_INT32",
        Infer(
            [("x", "INT32", [2, 3], [1, 5, 3, 9, 7, 8])],
            wanting({"name": "y", "parameters": {"classification": 2}}),
        ),
        output("y", "BYTES", [2, 2], ["5:1", "3:2", "9:0", "8:2"]),
    ),
    "more classes than there are": good(
        "identity_FP32",
        floats([0.5, 2.25], [1, 2], outputs=[{"name": "y", "parameters": {"classification": 9, "binary_data": True}}]),
        output("y", "BYTES", [1, 2], ["2.25:1", "0.5:0"], binary=True),
    ),
    "classes where nothing is batched": good(
        "fixed",
        Infer(
            [("x", "FP32", [2, 3], [1, 2, 3, 4, 5, 6])],
            wanting({"name": "y", "parameters": {"classification": 1}}),
        ),
        output("y", "BYTES", [1], ["12:5"]),
    ),
    "no classes": good("identity_FP32", floats(**wanting({"name": "y", "parameters": {"classification": 0}})), FOUR),
    "classes of text": bad(
        Infer([("x", "BYTES", [1, 1], ["a"])], wanting({"name": "y", "parameters": {"classification": 1}})),
        "expected an output of numbers",
        model="identity_BYTES",
    ),
    "a negative number of classes": bad(
        floats(**wanting({"name": "y", "parameters": {"classification": -1}})), "outputs[0].parameters.classification"
    ),
    "too many classes": bad(floats(**wanting({"name": "y", "parameters": {"classification": 1001}})), "from 0 to 1000"),
    "classes that are no number": bad(
        floats(**wanting({"name": "y", "parameters": {"classification": "2"}})), "whole number"
    ),
    "classes of what is not finite": bad(
        floats([None, 1, 2, 3], outputs=[{"name": "y", "parameters": {"classification": 1}}]), "not finite", status=500
    ),
}

NO_INFER = {
    "no body": bad(b"", "Received: nothing"),
    "no JSON": bad(b"{", "Invalid JSON"),
    "other bytes": bad(b"\xff\xfe", "Invalid JSON"),
    "an array": bad([], "expected an object"),
    "two documents": bad(b"{}{}", "Invalid"),
    "no inputs": bad({}, "expected the key `inputs`"),
    "inputs that are no list": bad({"inputs": {}}, "Invalid `inputs`: expected an array"),
    "no input": bad({"inputs": []}, "no `x`"),
    "null for an input": bad({"inputs": [None]}, "Invalid `inputs[0]`: expected an object"),
    "an id that is a number": bad(floats(id=7), "Invalid `id`: expected a string"),
    "parameters that are a list": bad(floats(parameters=[]), "Invalid `parameters`"),
    "a parameter that is a list": bad(floats(parameters={"a": []}), "Invalid `parameters"),
    "a parameter that is an object": bad(floats(parameters={"a": {}}), "Invalid `parameters"),
    "a parameter that is null": bad(floats(parameters={"a": None}), "Invalid `parameters"),
    "an input's parameter that is a list": bad(plain(parameters={"a": []}), "Invalid `inputs[0].parameters"),
    "a negative timeout": bad(floats(parameters={"timeout": -1}), "Invalid `parameters.timeout`", "Received: -1"),
    "a timeout in words": bad(floats(parameters={"timeout": "1"}), "Invalid `parameters.timeout`"),
    "a fraction as timeout": bad(floats(parameters={"timeout": 0.5}), "Invalid `parameters.timeout`"),
    "true as timeout": bad(floats(parameters={"timeout": True}), "Invalid `parameters.timeout`"),
    "an endless timeout": bad(floats(parameters={"timeout": 10**300}), "Invalid `parameters.timeout`"),
    "binary output by a number": bad(floats(parameters={"binary_data_output": 1}), "expected true or false"),
    "no name": bad(plain(name=None), "Invalid `inputs[0]`: expected the key `name`"),
    "no shape": bad(plain(shape=None), "expected the key `shape`"),
    "no datatype": bad(plain(datatype=None), "expected the key `datatype`"),
    "no data": bad(plain(data=None), "Invalid `inputs[0]`: expected `data`", "neither"),
    "null as data": bad(floats(None, [1, 2]), "neither"),
    "an unknown input": bad(plain(name="z"), "expected one of `x`", "`z`"),
    "an input too many": bad({"inputs": [*plain()["inputs"], *plain(name="z")["inputs"]]}, "`z`"),
    "an input twice": bad({"inputs": plain()["inputs"] * 2}, "Invalid `inputs[1].name`"),
    "a missing input": bad(Infer(PAIR[:1]), "no `INPUT1`", model="add_sub"),
    "another datatype": bad(plain(datatype="FP64"), "Invalid `inputs[0].datatype`: expected FP32. Received: FP64"),
    "an unknown datatype": bad(plain(datatype="BF16"), "expected FP32. Received: BF16"),
    "a datatype in small letters": bad(plain(datatype="fp32"), "expected FP32"),
    "a negative shape": bad(plain(shape=[-1, 2]), "Invalid `inputs[0].shape[0]`"),
    "a fraction as shape": bad(plain(shape=[1.5, 2]), "Invalid `inputs[0].shape[0]`"),
    "a word as shape": bad(plain(shape="12"), "Invalid `inputs[0].shape`"),
    "an endless shape": bad(plain(shape=[2**60, 2**60]), "Invalid shape of `inputs[0]`"),
    "an endless shape without elements": bad(plain(shape=[0, 2**60], data=[]), "Invalid shape of `inputs[0]`"),
    "a size of many digits": bad(plain(shape=[10**4000, 2]), "Invalid `inputs[0].shape[0]`: expected a whole number"),
    "a shape of many dimensions": bad(plain(shape=[1] * 100), "Invalid shape of `inputs[0]`"),
    "a shape of too few dimensions": bad(plain(shape=[2]), "Invalid shape of `x`: expected [-1, -1]. Received: [2]"),
    "another fixed dimension": bad(
        Infer([("x", "FP32", [1, 3], [1, 2, 3])]), "Invalid shape of `x`: expected [2, 3]", model="fixed"
    ),
    "no rows": bad(plain(shape=[0, 2], data=[]), "at least one row"),
    "inputs of unlike rows": bad(
        Infer([PAIR[0], ("INPUT1", "INT32", [2, 16], RIGHT * 2)]), "as many rows", model="add_sub"
    ),
    "too few elements": bad(plain(data=[1]), "Invalid `inputs[0].data`: expected 2 elements", "Received: 1"),
    "too many elements": bad(plain(data=[1, 2, 3]), "expected 2 elements", "Received: 3"),
    "a word among numbers": bad(plain(data=[1, "a"]), "Invalid `inputs[0].data[1]`", '"a"'),
    "true among numbers": bad(plain(data=[1, True]), "Invalid `inputs[0].data[1]`"),
    "lists of unlike lengths": bad(plain(data=[[1], [2, 3]]), "Invalid `inputs[0].data`"),
    "an object as data": bad(plain(data={}), "Invalid `inputs[0].data`"),
    "a number out of range": bad(plain(data=[1e39, 1]), "Invalid `inputs[0].data[0]`"),
    "NaN in JSON": bad(b'{"inputs":[{"name":"x","datatype":"FP32","shape":[1,1],"data":[NaN]}]}', "Invalid JSON"),
    "deep data": bad(
        b'{"inputs":[{"name":"x","datatype":"FP32","shape":[1,1],"data":%b}]}' % (b"[" * 40 + b"]" * 40),
        "at most 32 dimensions",
    ),
    "a million brackets": bad(b'{"inputs":[{"data":' + b"[" * 10**5, "Invalid"),
    "a fraction for a whole number": bad(
        Infer([("x", "INT32", [1, 1], [1.5])]), "Invalid `inputs[0].data[0]`", model="identity_INT32"
    ),
    "a whole number out of range": bad(
        Infer([("x", "INT8", [1, 1], [128])]), "Invalid `inputs[0].data[0]`", model="identity_INT8"
    ),
    "a number for text": bad(
        Infer([("x", "BYTES", [1, 1], [1])]), "Invalid `inputs[0].data[0]`", model="identity_BYTES"
    ),
    "an unknown output": bad(floats(**wanting({"name": "z"})), "Invalid output: expected one of `y`", "`z`"),
    "an output twice": bad(floats(**wanting({"name": "y"}, {"name": "y"})), "Invalid `outputs[1].name`"),
    "an output without a name": bad(floats(**wanting({})), "Invalid `outputs[0]`: expected the key `name`"),
    "outputs that are names": bad(floats(**wanting("y")), "Invalid `outputs[0]`: expected an object"),
    "an output's flag in words": bad(
        floats(**wanting({"name": "y", "parameters": {"binary_data": "yes"}})),
        "Invalid `outputs[0].parameters.binary_data`: expected true or false",
    ),
    "too many rows": bad(floats([1] * 51, [51, 1]), "at most 50 rows", status=413),
    "a missing value where none may be": bad(
        Infer([("numeric", "FP32", [1, 3], [None, 1, 0]), MEMBER[1]]), "expected a value of `age`", model="tiny"
    ),
    "an answer of a bundle that is not finite": bad(
        Infer([("numeric", "FP32", [1, 1], [3e38])], ALL_BINARY), "not finite", model="number", status=500
    ),
}

NO_BINARY = {
    "data and bytes": sized(8, "`data` or `parameters.binary_data_size`. Received: both", data=[1, 2]),
    "bytes without the header": bad(
        plain(data=None, parameters={"binary_data_size": 8}), "expected a whole number from 0 to 0"
    ),
    "bytes behind JSON without the header": bad(json.dumps(plain()).encode() + ROW, "Invalid JSON"),
    "a header that is a word": bad(Infer(floats(ROW, [1, 2]).inputs, announced="ten"), "Received: ten"),
    "a negative header": bad(Infer(floats(ROW, [1, 2]).inputs, announced="-1"), "Received: -1"),
    "a fraction as header": bad(Infer(floats(ROW, [1, 2]).inputs, announced="1.0"), "Received: 1.0"),
    "a hexadecimal header": bad(Infer(floats(ROW, [1, 2]).inputs, announced="0x10"), "Received: 0x10"),
    "a header beyond the body": bad(Infer(floats(ROW, [1, 2]).inputs, announced="1000"), "Received: 1000"),
    "an endless header": bad(Infer(floats(ROW, [1, 2]).inputs, announced="9" * 400), "Received: 999"),
    "a header within the JSON": bad(Infer(floats(ROW, [1, 2]).inputs, announced="20"), "Invalid JSON"),
    "bytes left over": bad(
        Infer(floats(ROW, [1, 2]).inputs, behind=b"x"), "expected 8 bytes behind the JSON", "Received: 9"
    ),
    "bytes that nobody asked for": bad(
        Infer([("x", "FP32", [1, 2], [1, 2])], announced=str(len(json.dumps(plain()))), behind=b"x" * 8),
        "expected 0 bytes behind the JSON",
        "Received: 8",
    ),
    "a size beyond the body": sized(9, "Invalid `inputs[0].parameters.binary_data_size`", "from 0 to 8"),
    "a size below the rest": sized(7, "expected 8 bytes for FP32 [1, 2]. Received: 7"),
    "bytes unlike the shape": bad(Infer([("x", "FP32", [1, 3], ROW)]), "expected 12 bytes for FP32 [1, 3]"),
    "a size in words": sized("8", "whole number"),
    "a fraction as a size": sized(8.0, "whole number"),
    "a negative size": sized(-8, "whole number"),
    "true as a size": sized(True, "whole number"),
    "null as a size": sized(None, "Invalid `inputs[0].parameters"),
    "an endless shape of bytes": bad(Infer([("x", "FP32", [0, 2**60], b"")]), "Invalid shape of `inputs[0]`"),
    "bytes that are no flags": bad(Infer([("x", "BOOL", [1, 1], b"\x02")]), "0 or 1", model="identity_BOOL"),
    "text that is no UTF-8": bad(Infer([("x", "BYTES", [1, 1], b"\x01\0\0\0\xff")]), "UTF-8", model="identity_BYTES"),
    "text longer than its bytes": bad(
        Infer([("x", "BYTES", [1, 1], b"\xff\0\0\0a")]), "1 strings", model="identity_BYTES"
    ),
    "text of half a length": bad(Infer([("x", "BYTES", [1, 1], b"\x01\0")]), "1 strings", model="identity_BYTES"),
    "text too much": bad(
        Infer([("x", "BYTES", [1, 1], raw_of("BYTES", ["a", "b"]))]), "1 strings", model="identity_BYTES"
    ),
    "an unknown encoding": bad(floats(), "gzip or deflate", status=415, Content_Encoding="br"),
    "an encoding that is not there": bad(floats(), "expected gzip data", Content_Encoding="gzip"),
}

CASES: dict[str, Case] = {
    f"{section}: {name}": case
    for section, cases in (
        ("server", SERVER),
        ("metadata", METADATA),
        ("extensions", EXTENSIONS),
        ("paths", PATHS),
        ("infer", INFER),
        ("binary", BINARY_CASES),
        ("classes", CLASSES),
        ("refused", NO_INFER),
        ("refused in binary", NO_BINARY),
    )
    for name, case in cases.items()
}
