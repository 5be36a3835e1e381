"""The Open Inference Protocol in the OpenAPI document: schema and example of each body.

    infer_of(path)          the infer route
    answer_of(what, path)   metadata, ready, config or statistics

The tensors depend on the model, so that they are described in general.
"""

import re
from typing import Any

from app.routers.openapi import ERROR, ERRORS
from app.tensors import DATATYPES

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
WHOLE: Json = {"type": "integer", "minimum": 0}
STATUSES = {code: text for code, text in ERRORS.items() if code != "415"} | {
    "400": "The body is not what the model takes; the message names the path, the expectation and the value",
    "415": "Compressed in an unknown way",
}


def _object(required: list[str], **properties: Any) -> Json:
    return {"type": "object", "properties": properties, "required": required}


def _array(items: Json, **more: Any) -> Json:
    return {"type": "array", "items": items, **more}


PARAMETERS: Json = {
    "type": "object",
    "additionalProperties": {"type": ["string", "number", "boolean"]},
    "description": "`timeout` in microseconds and `binary_data_output` count; others are ignored.",
}
TENSOR: Json = {
    "name": TEXT,
    "datatype": {"type": "string", "enum": list(DATATYPES)},
    "shape": _array(WHOLE),
    "parameters": PARAMETERS | {"description": "`binary_data_size`: bytes of the elements behind the JSON."},
    "data": {"type": "array", "items": {}, "description": "The elements in row-major order, flat or nested."},
}
OUTPUT_PARAMETERS = PARAMETERS | {
    "description": "`binary_data`: answer as bytes; `classification`: the best so many classes as text."
}
REQUEST = _object(
    ["inputs"],
    id=TEXT | {"description": "Comes back in the answer."},
    parameters=PARAMETERS,
    inputs=_array(_object(["name", "datatype", "shape"], **TENSOR)),
    outputs=_array(
        _object(["name"], name=TEXT, parameters=OUTPUT_PARAMETERS), description="Which to answer; all if left out."
    ),
)
ANSWER = _object(
    ["model_name", "model_version", "outputs"],
    model_name=TEXT,
    model_version=TEXT,
    id=TEXT,
    outputs=_array(_object(["name", "datatype", "shape"], **TENSOR)),
)
EXAMPLES: Json = {
    "flat": {
        "summary": "Two rows",
        "value": {"inputs": [{"name": "x", "datatype": "FP32", "shape": [2, 3], "data": [1, 2, 3, 4, 5, 6]}]},
    },
    "nested": {
        "summary": "Nested data, one output, an id and a deadline",
        "value": {
            "id": "17",
            "parameters": {"timeout": 50000},
            "inputs": [{"name": "x", "datatype": "FP32", "shape": [2, 3], "data": [[1, 2, 3], [4, 5, 6]]}],
            "outputs": [{"name": "y"}],
        },
    },
}
BYTES: Json = {"schema": {"type": "string", "format": "binary"}}
LENGTH_HEADER: Json = {
    "name": "Inference-Header-Content-Length",
    "in": "header",
    "required": False,
    "description": "Bytes of JSON before the raw ones; 0 if the whole body is the only input's data.",
    "schema": WHOLE,
}

_SPEC = _object(
    ["name", "datatype", "shape"],
    name=TEXT,
    datatype=TENSOR["datatype"],
    shape=_array({"type": "integer", "minimum": -1, "description": "-1: of any size."}),
)
_CONFIG_TENSOR = _object(["name", "data_type", "dims"], name=TEXT, data_type=TEXT, dims=_array({"type": "integer"}))
ANSWERS: dict[str, Json] = {
    "metadata": _object(
        ["name", "versions", "platform", "inputs", "outputs"],
        name=TEXT,
        versions=_array(TEXT),
        platform=TEXT,
        inputs=_array(_SPEC),
        outputs=_array(_SPEC),
    ),
    "ready": _object(["name", "ready"], name=TEXT, ready={"type": "boolean"}, error=TEXT),
    "config": _object(
        ["name", "platform", "backend", "max_batch_size", "input", "output"],
        name=TEXT,
        platform=TEXT,
        backend=TEXT,
        max_batch_size=WHOLE,
        input=_array(_CONFIG_TENSOR),
        output=_array(_CONFIG_TENSOR),
    ),
    "statistics": _object(["model_stats"], model_stats=_array({"type": "object"})),
}
PATH_PARAMETERS: dict[str, Json] = {
    "name": {"description": "The model.", "schema": TEXT},
    "version": {"description": "Which version; the newest if left out.", "schema": {"type": "integer", "minimum": 1}},
}
INDEX_BODY: Json = {
    "requestBody": {
        "required": False,
        "content": {"application/json": {"schema": _object([], ready={"type": "boolean"}), "example": {"ready": True}}},
    }
}


def infer_of(path: str) -> Json:
    """Describe the infer route for FastAPI's `openapi_extra`."""
    return {
        "description": "As Triton and KServe do; large tensors may follow the JSON as raw bytes, both ways.",
        "parameters": [*_parameters(path), LENGTH_HEADER],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": REQUEST, "examples": EXAMPLES},
                "application/octet-stream": BYTES,
            },
        },
        "responses": {
            "200": {
                "description": "The outputs",
                "content": {"application/json": {"schema": ANSWER}, "application/octet-stream": BYTES},
            },
            **{code: _content(text, ERROR) for code, text in STATUSES.items()},
        },
    }


def answer_of(what: str, path: str) -> Json:
    """Describe the parameters of `path` and the answer."""
    return {
        "parameters": _parameters(path),
        "responses": {
            "200": _content("The answer", ANSWERS[what]),
            **{code: _content(STATUSES[code], ERROR) for code in ("400", "404", "503")},
        },
    }


def _parameters(path: str) -> list[Json]:
    names = re.findall(r"{(\w+)}", path)
    return [{"name": name, "in": "path", "required": True, **PATH_PARAMETERS[name]} for name in names]


def _content(description: str, schema: Json) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
