"""The OpenAPI document: FastAPI's own for the ordinary routes, and `/predict` from the manifests.

It is made on each request for it, because models come and go while the process runs.
"""

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.http.purpose import PREVIEW
from app.repository.registry import Registry
from app.routers.schemas import ERRORS, POSITIVE, TEXT, Json, array, record, responses
from app.runtime.model import Model

PURPOSE = (
    "`preview` for a person who tries the model: the same answer, counted apart, and no traffic for drift, feedback, "
    "canary, shadow and objectives."
)
WORD = record(
    feature=TEXT,
    start={"type": "integer", "description": "Characters (Unicode code points) before it."},
    stop={"type": "integer"},
    text=TEXT,
    moved={"type": "number", "description": "The number less that of the row without it."},
)
WHY = array(
    record(of={"type": ["string", "null"]}, number={"type": ["number", "null"]}, words=array(WORD)),
    description="One for each instance, where `explain` is true; the words that moved the number most come first.",
)


def document(app: FastAPI, registry: Registry) -> Json:
    """Describe the API as it is served now."""
    api = get_openapi(title="Slipway", version=app.version, description=app.description, routes=app.routes)
    models = [model for model in registry.models if model.reader is not None]
    if models:
        api["paths"] = {"/predict": {"post": _operation(models)}, **api["paths"]}
    return api


def _operation(models: list[Model]) -> Json:
    examples = {
        f"{m.name}/{m.version}": {
            "summary": f"A {'test row' if m.examples else 'row of usual values'} of {m.name}",
            "value": m.example,
        }
        for m in models
    }
    body = {"schema": _any_of([m.row_reader.openapi() for m in models]), "examples": examples}
    names: Json = {"type": "string", "enum": sorted({model.name for model in models})}
    predictions = array(_any_of([_answer(m) for m in models]))
    answer = record("explanations", model=TEXT, version={"type": "integer"}, predictions=predictions, explanations=WHY)
    if not any(model.row_reader.features.parted for model in models):
        del answer["properties"]["explanations"]
    return {
        "summary": "Predict",
        "description": "One prediction for each instance, in order. An instance is an object or an array of values.",
        "tags": ["predict"],
        "operationId": "predict",
        "parameters": [
            _query("model", "Which model answers; may be left out where only one is loaded.", names),
            _query("version", "Which version answers; the newest if left out.", POSITIVE),
            _query("purpose", PURPOSE, {"type": "string", "enum": [PREVIEW]}),
        ],
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": responses("The predictions", answer, ERRORS),
    }


def _query(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _answer(model: Model) -> Json:
    assert model.bundle is not None  # or it would have no reader of rows
    return model.bundle.answer.openapi(model.bundle.manifest.target)


def _any_of(schemas: list[Json]) -> Json:
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
