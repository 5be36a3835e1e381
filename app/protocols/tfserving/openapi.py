"""TensorFlow Serving's routes in the OpenAPI document: schema and example of each body.

The bodies depend on the model's tensors, so that they are described in general.
"""

from app.routers import schemas
from app.routers.schemas import FLAG, TEXT, Json, array, record

TENSOR: Json = {
    "description": 'A value, or nested lists of values; `{"b64": "…"}` may stand for a string.',
    "type": ["number", "string", "boolean", "null", "array", "object"],
}
ROW = TENSOR | {"description": "A row: its tensor, or its tensors by name."}
NAMED: Json = {"type": "object", "additionalProperties": TENSOR}
SIGNATURE: Json = {"type": "string", "enum": ["", "serving_default"]}
ERRORS = schemas.ERRORS | {"415": "Compressed in an unknown way"}
ERRORS_OF_READING = {code: ERRORS[code] for code in ("400", "404")}

EXAMPLES = record(
    "signature_name",
    "context",
    signature_name=SIGNATURE,
    context=NAMED | {"description": "Features of every example that does not have them itself."},
    examples=array(NAMED | {"description": "Features by name: a value, or a list that holds one."}, minItems=1),
)
REQUESTS: dict[str, Json] = {
    "predict": {
        "oneOf": [
            record("signature_name", signature_name=SIGNATURE, instances=array(ROW, minItems=1)),
            record("signature_name", signature_name=SIGNATURE, inputs=TENSOR),
        ]
    },
    "classify": EXAMPLES,
    "regress": EXAMPLES,
}
SCORE = array({"type": ["string", "number"]}, minItems=2, maxItems=2, description="Label and score.")
STATE: Json = {"type": "string", "enum": ["LOADING", "AVAILABLE", "END"]}
VERSION_STATUS = record(version=TEXT, state=STATE, status=record(error_code=TEXT, error_message=TEXT))
ANSWERS: dict[str, Json] = {
    "predict": {"oneOf": [record(predictions=array(TENSOR)), record(outputs=TENSOR)]},
    "classify": record(results=array(array(SCORE))),
    "regress": record(results=array({"type": "number"})),
    "status": record(name=TEXT, ready=FLAG, model_version_status=array(VERSION_STATUS)),
    "metadata": record(model_spec={"type": "object"}, metadata={"type": "object"}),
}
SAMPLES: dict[str, Json] = {
    "predict": {
        "rows": {"summary": "Rows", "value": {"instances": [[1.0, 2.0], [3.0, 4.0]]}},
        "named": {"summary": "Rows of a model with several inputs", "value": {"instances": [{"a": [1.0], "b": [2.0]}]}},
        "columns": {"summary": "Columns", "value": {"inputs": {"a": [[1.0], [3.0]], "b": [[2.0], [4.0]]}}},
    },
    "classify": {"rows": {"summary": "Rows", "value": {"examples": [{"age": 39, "workclass": "State-gov"}]}}},
    "regress": {"rows": {"summary": "Rows", "value": {"examples": [{"rooms": 5.2, "income": [8.3]}]}}},
}
SUMMARIES = {"predict": "Predict from tensors", "classify": "Score the labels of named features"}
SUMMARIES |= {"regress": "Predict a number from named features"}


def describe(verb: str, path: str) -> Json:
    """Describe a verb for FastAPI's `openapi_extra`."""
    body = {"schema": REQUESTS[verb], "examples": SAMPLES[verb]}
    return {
        **schemas.operation(path, ANSWERS[verb], ERRORS),
        "summary": SUMMARIES[verb],
        "description": "As TensorFlow Serving and KServe's first protocol do.",
        "requestBody": {"required": True, "content": {"application/json": body}},
    }


def answer_of(what: str, path: str) -> Json:
    """Describe the route of the status or the metadata."""
    return schemas.operation(path, ANSWERS[what], ERRORS_OF_READING)
