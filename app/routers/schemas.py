"""Pieces of an OpenAPI document, from which each protocol describes its routes."""

import re
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
FLAG: Json = {"type": "boolean"}
POSITIVE: Json = {"type": "integer", "minimum": 1}
PATH_PARAMETERS: dict[str, Json] = {
    "name": {"description": "The model.", "schema": TEXT},
    "version": {"description": "Which version; the newest if left out.", "schema": POSITIVE},
    "label": {"description": "The version that the setting `labels` gives this name.", "schema": TEXT},
}
ERRORS = {
    "400": "The body is not what the manifest asks for; the message names the path, the expectation and the value",
    "401": "Keys are asked for, and no valid one was sent",
    "404": "No such model or version",
    "413": "Too many bytes or rows",
    "415": "Not JSON",
    "429": "The queue is full; `Retry-After` says when to come back",
    "500": "The model failed",
    "503": "No model is ready",
    "504": "The deadline passed",
}


def record(*optional: str, **properties: Json) -> Json:
    """Describe an object; what is not `optional` is required."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def array(items: Json, **more: Any) -> Json:
    """Describe an array."""
    return {"type": "array", "items": items, **more}


ERROR = record(error=TEXT)


def content(description: str, schema: Json = ERROR) -> Json:
    """Describe a response, by default that to an error."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def responses(description: str, schema: Json, errors: Mapping[str, str]) -> Json:
    """Describe the good answer and the errors, by status."""
    return {"200": content(description, schema), **{code: content(text) for code, text in errors.items()}}


def operation(path: str, schema: Json, errors: Mapping[str, str]) -> Json:
    """Describe the parameters and responses of `path`, for FastAPI's `openapi_extra`."""
    names = re.findall(r"{(\w+)}", path)
    parameters = [{"name": name, "in": "path", "required": True, **PATH_PARAMETERS[name]} for name in names]
    return {"parameters": parameters, "responses": responses("The answer", schema, errors)}
