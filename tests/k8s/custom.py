"""Schemas of custom resources, from crds/, and the tables of Kubernetes' own that they refer to."""

import functools
import importlib.resources
import json
from pathlib import Path
from typing import Any

import jsonschema
from referencing import Registry, Resource

CRDS = Path(__file__).parent / "crds"
FILES = {path.stem: path for path in CRDS.glob("*.json")}


@functools.cache
def _kubernetes() -> Registry[Any]:
    """The definitions of the newest Kubernetes that is known, unknown fields refused."""
    schemas = importlib.resources.files("kubernetes_validate") / "kubernetes-json-schema"
    folders = [entry for entry in schemas.iterdir() if entry.name.endswith("-local-strict")]
    newest = max(folders, key=lambda entry: [int(part) for part in entry.name[1:].split("-")[0].split(".")])
    registry: Registry[Any] = Registry()
    return Resource.from_contents(json.loads((newest / "_definitions.json").read_text())) @ registry


@functools.cache
def validator(kind: str) -> jsonschema.Draft202012Validator:
    schema = json.loads(FILES[kind.lower()].read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, registry=_kubernetes())
