"""The Open Inference Protocol in the OpenAPI document: schema and example of each body.

The tensors depend on the model, so that they are described in general.
"""

from app.routers import schemas
from app.routers.schemas import FLAG, TEXT, Json, array, record
from app.tensors import DATATYPES

WHOLE: Json = {"type": "integer", "minimum": 0}
ERRORS = schemas.ERRORS | {
    "400": "The body is not what the model takes; the message names the path, the expectation and the value",
    "415": "Compressed in an unknown way",
}
ERRORS_OF_READING = {code: ERRORS[code] for code in ("400", "404", "503")}
PARAMETERS: Json = {
    "type": "object",
    "additionalProperties": {"type": ["string", "number", "boolean"]},
    "description": "`timeout` in microseconds and `binary_data_output` count; others are ignored.",
}
DATATYPE: Json = {"type": "string", "enum": list(DATATYPES)}
TENSOR = record(
    "parameters",
    "data",
    name=TEXT,
    datatype=DATATYPE,
    shape=array(WHOLE),
    parameters=PARAMETERS | {"description": "`binary_data_size`: bytes of the elements behind the JSON."},
    data=array({}, description="The elements in row-major order, flat or nested."),
)
OUTPUT_PARAMETERS = PARAMETERS | {
    "description": "`binary_data`: answer as bytes; `classification`: the best so many classes as text."
}
OUTPUT = record("parameters", name=TEXT, parameters=OUTPUT_PARAMETERS)
REQUEST = record(
    "id",
    "parameters",
    "outputs",
    id=TEXT | {"description": "Comes back in the answer."},
    parameters=PARAMETERS,
    inputs=array(TENSOR),
    outputs=array(OUTPUT, description="Which to answer; all if left out."),
)
ANSWER = record("id", model_name=TEXT, model_version=TEXT, id=TEXT, outputs=array(TENSOR))
INPUT: Json = {"name": "x", "datatype": "FP32", "shape": [2, 3]}
EXAMPLES: Json = {
    "flat": {"summary": "Two rows", "value": {"inputs": [INPUT | {"data": [1, 2, 3, 4, 5, 6]}]}},
    "nested": {
        "summary": "Nested data, one output, an id and a deadline",
        "value": {
            "id": "17",
            "parameters": {"timeout": 50000},
            "inputs": [INPUT | {"data": [[1, 2, 3], [4, 5, 6]]}],
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

_DIMS: Json = array({"type": "integer", "minimum": -1, "description": "-1: of any size."})
_SPECS = array(record(name=TEXT, datatype=DATATYPE, shape=_DIMS))
_CONFIG_TENSORS = array(record(name=TEXT, data_type=TEXT, dims=array({"type": "integer"})))
_CONFIG = {"platform": TEXT, "backend": TEXT, "max_batch_size": WHOLE}
ANSWERS: dict[str, Json] = {
    "metadata": record(name=TEXT, versions=array(TEXT), platform=TEXT, inputs=_SPECS, outputs=_SPECS),
    "ready": record("error", name=TEXT, ready=FLAG, error=TEXT),
    "config": record(name=TEXT, **_CONFIG, input=_CONFIG_TENSORS, output=_CONFIG_TENSORS),
    "statistics": record(model_stats=array({"type": "object"})),
}
_INDEX: Json = {"schema": record("ready", ready=FLAG), "example": {"ready": True}}
INDEX_BODY: Json = {"requestBody": {"required": False, "content": {"application/json": _INDEX}}}


def infer_of(path: str) -> Json:
    """Describe the infer route for FastAPI's `openapi_extra`."""
    described = schemas.operation(path, ANSWER, ERRORS)
    described["parameters"].append(LENGTH_HEADER)
    described["responses"]["200"]["description"] = "The outputs"
    described["responses"]["200"]["content"]["application/octet-stream"] = BYTES
    body = {"application/json": {"schema": REQUEST, "examples": EXAMPLES}, "application/octet-stream": BYTES}
    return described | {
        "description": "As Triton and KServe do; large tensors may follow the JSON as raw bytes, both ways.",
        "requestBody": {"required": True, "content": body},
    }


def answer_of(what: str, path: str) -> Json:
    """Describe the route of metadata, ready, config or statistics."""
    return schemas.operation(path, ANSWERS[what], ERRORS_OF_READING)
