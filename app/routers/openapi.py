"""The OpenAPI document: FastAPI's own for the ordinary routes, and `/predict` from the manifests.

It is made on each request for it, because models come and go while the process runs.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.repository.registry import Registry
from app.runtime.model import Model

ERROR = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
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


def document(app: FastAPI, registry: Registry) -> dict[str, Any]:
    """Describe the API as it is served now."""
    api = get_openapi(title="Slipway", version=app.version, description=app.description, routes=app.routes)
    models = [model for model in registry.models if model.reader is not None]
    if models:
        api["paths"] = {"/predict": {"post": _operation(models)}, **api["paths"]}
    return api


def _operation(models: list[Model]) -> dict[str, Any]:
    examples = {
        f"{model.name}/{model.version}": {"summary": f"A row of {model.name}'s test data", "value": model.example}
        for model in models
    }
    body = {"schema": _any_of([m.row_reader.openapi() for m in models]), "examples": examples}
    return {
        "summary": "Predict",
        "description": "One prediction for each instance, in order. An instance is an object or an array of values.",
        "tags": ["predict"],
        "operationId": "predict",
        "parameters": _parameters(models),
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": {
            "200": {"description": "The predictions", "content": {"application/json": {"schema": _response(models)}}},
            **{code: _error(text) for code, text in ERRORS.items()},
        },
    }


def _parameters(models: list[Model]) -> list[dict[str, Any]]:
    names = sorted({model.name for model in models})
    return [
        {
            "name": "model",
            "in": "query",
            "required": False,
            "description": "Which model answers; may be left out where only one is loaded.",
            "schema": {"type": "string", "enum": names},
        },
        {
            "name": "version",
            "in": "query",
            "required": False,
            "description": "Which version answers; the newest if left out.",
            "schema": {"type": "integer", "minimum": 1},
        },
    ]


def _response(models: list[Model]) -> dict[str, Any]:
    predictions = {"type": "array", "items": _any_of([_answer(m) for m in models])}
    properties = {"model": {"type": "string"}, "version": {"type": "integer"}, "predictions": predictions}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _answer(model: Model) -> dict[str, Any]:
    assert model.bundle is not None  # or it would have no reader of rows
    return model.bundle.answer.openapi(model.bundle.manifest.target)


def _error(text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": ERROR}}}


def _any_of(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
