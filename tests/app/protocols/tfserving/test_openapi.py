"""TensorFlow Serving's routes in the OpenAPI document."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.protocols.tfserving.classify_regress import BODY as EXAMPLES_BODY
from app.protocols.tfserving.predict import BODY as PREDICT_BODY
from tests.app.routers.test_openapi import check_operation, document
from tests.support import serving

TARGETS = ("", "/versions/{version}", "/labels/{label}")
BODIES: dict[str, msgspec.json.Decoder[Any]] = {
    "predict": PREDICT_BODY,
    "classify": EXAMPLES_BODY,
    "regress": EXAMPLES_BODY,
}


@pytest.fixture
async def described(tmp_path: Path) -> dict[str, Any]:
    """The paths that belong to this protocol."""
    async with serving.running(serving.app_of(tmp_path)) as client:
        paths = (await document(client))["paths"]
    return {path: item for path, item in paths.items() if path.startswith("/v1")}


async def test_every_route_is_described(described: dict[str, Any]) -> None:
    """Verbs, status and metadata for each way to say the version, and the list; each is well formed."""
    verbs = {f"/v1/models/{{name}}{target}:{verb}" for target in TARGETS for verb in BODIES}
    others = {f"/v1/models/{{name}}{target}{tail}" for target in TARGETS for tail in ("", "/metadata")}
    assert set(described) == verbs | others | {"/v1/models"}
    for path, item in described.items():
        assert list(item) == (["post"] if path in verbs else ["get"])
        for operation in item.values():
            assert operation["tags"] == ["tensorflow serving"]
            check_operation(path, operation)


async def test_verbs_have_schemas_statuses_and_examples(described: dict[str, Any]) -> None:
    """Every example is a body that the verb reads."""
    for verb, decoder in BODIES.items():
        operation = described[f"/v1/models/{{name}}:{verb}"]["post"]
        assert set(operation["responses"]) == {"200", "400", "401", "404", "413", "415", "429", "500", "503", "504"}
        content = operation["requestBody"]["content"]["application/json"]
        assert content["schema"]
        assert content["examples"]
        for example in content["examples"].values():
            decoder.decode(msgspec.json.encode(example["value"]))
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
        names = [schema["required"] for schema in answer.get("oneOf", [answer])]
        assert names == ([["predictions"], ["outputs"]] if verb == "predict" else [["results"]])
