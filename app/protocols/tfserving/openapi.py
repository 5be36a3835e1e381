"""TensorFlow Serving's routes in the OpenAPI document: schema and example of each body.

    describe(verb, path)    a verb
    answer_of(what, path)   status or metadata

The bodies depend on the model's tensors, so that they are described in general.
"""

import re
from typing import Any

from app.routers.openapi import ERROR, ERRORS

Json = dict[str, Any]

TENSOR: Json = {
    "description": 'A value, or nested lists of values; `{"b64": "…"}` may stand for a string.',
    "type": ["number", "string", "boolean", "null", "array", "object"],
}
NAMED: Json = {"type": "object", "additionalProperties": TENSOR}
SIGNATURE: Json = {"type": "string", "enum": ["", "serving_default"]}
STATUSES = {code: text for code, text in ERRORS.items() if code != "415"} | {"415": "Compressed in an unknown way"}


def _object(required: list[str], **properties: Any) -> Json:
    return {"type": "object", "properties": properties, "required": required}


def _array(items: Json, **more: Any) -> Json:
    return {"type": "array", "items": items, **more}


EXAMPLES = {
    "signature_name": SIGNATURE,
    "context": NAMED | {"description": "Features of every example that does not have them itself."},
    "examples": _array(NAMED | {"description": "Features by name: a value, or a list that holds one."}, minItems=1),
}
REQUESTS: dict[str, Json] = {
    "predict": {
        "oneOf": [
            _object(
                ["instances"],
                signature_name=SIGNATURE,
                instances=_array(TENSOR | {"description": "A row: its tensor, or its tensors by name."}, minItems=1),
            ),
            _object(["inputs"], signature_name=SIGNATURE, inputs=TENSOR),
        ]
    },
    "classify": _object(["examples"], **EXAMPLES),
    "regress": _object(["examples"], **EXAMPLES),
}
SCORE = _array({"type": ["string", "number"]}, minItems=2, maxItems=2, description="Label and score.")
ANSWERS: dict[str, Json] = {
    "predict": {"oneOf": [_object(["predictions"], predictions=_array(TENSOR)), _object(["outputs"], outputs=TENSOR)]},
    "classify": _object(["results"], results=_array(_array(SCORE))),
    "regress": _object(["results"], results=_array({"type": "number"})),
    "status": _object(
        ["name", "ready", "model_version_status"],
        name={"type": "string"},
        ready={"type": "boolean"},
        model_version_status=_array(
            _object(
                ["version", "state", "status"],
                version={"type": "string"},
                state={"type": "string", "enum": ["LOADING", "AVAILABLE", "END"]},
                status=_object(
                    ["error_code", "error_message"], error_code={"type": "string"}, error_message={"type": "string"}
                ),
            )
        ),
    ),
    "metadata": _object(["model_spec", "metadata"], model_spec={"type": "object"}, metadata={"type": "object"}),
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
SUMMARIES = {
    "predict": "Predict from tensors",
    "classify": "Score the labels of named features",
    "regress": "Predict a number from named features",
}
PARAMETERS: dict[str, Json] = {
    "name": {"description": "The model.", "schema": {"type": "string"}},
    "version": {"description": "Which version; the newest if left out.", "schema": {"type": "integer", "minimum": 1}},
    "label": {"description": "The version that the setting `labels` gives this name.", "schema": {"type": "string"}},
}


def describe(verb: str, path: str) -> Json:
    """Describe a verb for FastAPI's `openapi_extra`."""
    body = {"schema": REQUESTS[verb], "examples": SAMPLES[verb]}
    errors = {code: _content(text, ERROR) for code, text in STATUSES.items()}
    operation = answer_of(verb, path)
    return {
        **operation,
        "summary": SUMMARIES[verb],
        "description": "As TensorFlow Serving and KServe's first protocol do.",
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": operation["responses"] | errors,
    }


def answer_of(what: str, path: str) -> Json:
    """Describe the parameters of `path` and the answer."""
    names = re.findall(r"{(\w+)}", path)
    return {
        "parameters": [{"name": name, "in": "path", "required": True, **PARAMETERS[name]} for name in names],
        "responses": {
            "200": _content("The answer", ANSWERS[what]),
            **{code: _content(STATUSES[code], ERROR) for code in ("400", "404")},
        },
    }


def _content(description: str, schema: Json) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
