"""Make the schemas in this folder from the packages that carry them: `python tests/k8s/crds/make.py FOLDER`.

    literal(…)     npm @kubernetes-models: the CRD's openAPIV3Schema as a literal in a script
    cloudcoil(…)   PyPI cloudcoil-models: pydantic classes made from the CRD
    kserve(…)      PyPI kserve: classes made from the API's Go types; core types become references
    closed(…)      no texts, no status, and unknown fields refused
    Sharing(…)     what occurs more than once is written once

README.md beside this file says which versions, where they come from, and the commands. The checks need none of them.
"""

import ast
import hashlib
import importlib
import json
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Schema = dict[str, Any]
HERE = Path(__file__).parent
CORE = "https://kubernetes.io/api/_definitions.json#/$defs/"
TEXTS = ("description", "title", "default", "$schema", "$id", "x-kubernetes-validations", "definitions")
SHARED_MIN_CHARS = 120
SCALARS: Schema = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "datetime": {"type": "string"},
    "object": {},
    "ResourceQuantity": {"type": ["string", "number"]},
    "IntstrIntOrString": {"type": ["string", "integer"]},
}


def literal(file: Path) -> Schema:
    """Read the literal behind `const schema = `, which is JSON."""
    text = file.read_text(encoding="utf-8").split("const schema = ", 1)[1]
    schema: Schema = json.JSONDecoder().raw_decode(text)[0]
    return schema


def cloudcoil(module: str, name: str) -> Schema:
    schema: Schema = getattr(importlib.import_module(module), name).model_json_schema(by_alias=True)
    return schema


class KServe:
    """The classes of the SDK, read and not run."""

    def __init__(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as files:
            self._texts = [files.read(name).decode() for name in files.namelist() if name.startswith("kserve/models/")]
        self._classes = {
            name: text for text in self._texts for name in re.findall(r"^class (\w+)\(object\)", text, re.M)
        }

    def schema(self, name: str) -> Schema:
        text = self._classes[name]
        types, keys = (
            ast.literal_eval(re.findall(rf"{table} = (\{{.*?\}})", text, re.DOTALL)[0])
            for table in ("openapi_types", "attribute_map")
        )
        needed = sorted(keys[field] for field in set(re.findall(r"`(\w+)`, must not be `None`", text)))
        properties = {keys[field]: self._type(of) for field, of in types.items()}
        return {"type": "object", "properties": properties} | ({"required": needed} if needed else {})

    def _type(self, of: str) -> Schema:
        if inner := re.fullmatch(r"list\[(.*)\]", of):
            return {"type": "array", "items": self._type(inner[1])}
        if inner := re.fullmatch(r"dict\(str, (.*)\)", of):
            return {"type": "object", "additionalProperties": self._type(inner[1])}
        if of in SCALARS:
            return dict(SCALARS[of])
        if of in self._classes:
            return self.schema(of)
        if core := re.fullmatch(r"V1([A-Z]\w+)", of):
            return {"$ref": f"{CORE}io.k8s.api.core.v1.{core[1]}"}
        return {}  # types of other groups, none of which the manifests use


def closed(schema: Schema) -> Schema:
    """Take the texts away and refuse what is not named; `status` is the cluster's to write."""
    schema = {key: value for key, value in schema.items() if key not in TEXTS}
    if schema.pop("nullable", False) and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    if "(?i)" in schema.get("pattern", ""):
        schema["pattern"] = "(?i)" + schema["pattern"].replace("(?i)", "")  # Go takes it anywhere, Python in front
    for key in {"anyOf", "oneOf", "allOf"} & schema.keys():
        schema[key] = [closed(part) for part in schema[key]]
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            schema[key] = closed(schema[key])
    return _only_named(schema) if schema.get("properties") else schema


def _only_named(schema: Schema) -> Schema:
    properties = {name: closed(part) for name, part in schema["properties"].items()}
    more = {} if schema.get("x-kubernetes-preserve-unknown-fields") else {"additionalProperties": False}
    return {**more, **schema, "properties": properties}


def inlined(schema: Any, definitions: Schema) -> Any:
    """Put pydantic's definitions where they are used; they do not nest in themselves."""
    if isinstance(schema, list):
        return [inlined(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if (of := schema.get("$ref", "")).startswith("#/$defs/"):
        return inlined(definitions[of.removeprefix("#/$defs/")], definitions)
    return {key: inlined(part, definitions) for key, part in schema.items() if key != "$defs"}


class Sharing:
    """Write each large part that occurs more than once in `$defs`."""

    def __init__(self, schema: Schema) -> None:
        self._counts: Counter[str] = Counter()
        self._definitions: Schema = {}
        self._count(schema)
        self.schema: Schema = self._fold(schema)
        if self._definitions:
            self.schema["$defs"] = self._definitions

    def _count(self, part: Any) -> None:
        if isinstance(part, dict):
            self._counts[_text(part)] += 1
        for inner in _inner(part):
            self._count(inner)

    def _fold(self, part: Any) -> Any:
        """Fold what is inside; a part itself is folded by who holds it."""
        if isinstance(part, list):
            return [self._referred(inner) for inner in part]
        if not isinstance(part, dict):
            return part
        # What `properties` holds are schemas; itself it is none.
        return {key: self._fold(inner) if key == "properties" else self._referred(inner) for key, inner in part.items()}

    def _referred(self, part: Any) -> Any:
        text = _text(part)
        large = isinstance(part, dict) and {"properties", "items"} & part.keys() and len(text) > SHARED_MIN_CHARS
        if not large or self._counts[text] == 1:
            return self._fold(part)
        name = hashlib.sha256(text.encode()).hexdigest()[:8]
        if name not in self._definitions:
            self._definitions[name] = None  # keeps its place
            self._definitions[name] = self._fold(part)
        return {"$ref": f"#/$defs/{name}"}


def _text(part: Any) -> str:
    return json.dumps(part, sort_keys=True)


def _inner(part: Any) -> Iterable[Any]:
    if isinstance(part, dict):
        return part.values()
    return part if isinstance(part, list) else ()


def complete(schema: Schema, api_version: str, kind: str) -> Schema:
    """The schema of a whole object; metadata is checked by Kubernetes' own schema."""
    parts = {name: part for name, part in schema["properties"].items() if name not in ("metadata", "status")}
    properties = {
        "apiVersion": {"const": api_version},
        "kind": {"const": kind},
        "metadata": {"$ref": CORE + "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
        **{name: part for name, part in parts.items() if name not in ("apiVersion", "kind")},
    }
    needed = sorted({"apiVersion", "kind", "metadata", "spec"})
    return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}


def schemas(folder: Path) -> dict[tuple[str, str], Schema]:
    kserve = KServe(next(folder.glob("kserve-*.whl")))
    argo = folder / "argo-rollouts/package/argoproj.io/v1alpha1"
    rollout = literal(argo / "Rollout.js")
    # Since 1.7 of Argo Rollouts, which is younger than the package: as the types of version 2.0.0 have it.
    reference = rollout["properties"]["spec"]["properties"]["workloadRef"]["properties"]
    reference["scaleDown"] = {"type": "string", "enum": ["never", "onsuccess", "progressively"]}
    monitoring = "cloudcoil.models.prometheus_operator.v1"
    return {
        ("gateway.networking.k8s.io/v1", "HTTPRoute"): literal(
            folder / "gateway-api/package/gateway.networking.k8s.io/v1/HTTPRoute.js"
        ),
        ("argoproj.io/v1alpha1", "Rollout"): rollout,
        ("argoproj.io/v1alpha1", "AnalysisTemplate"): literal(argo / "AnalysisTemplate.js"),
        ("keda.sh/v1alpha1", "ScaledObject"): cloudcoil("cloudcoil.models.keda.v1alpha1", "ScaledObject"),
        ("monitoring.coreos.com/v1", "ServiceMonitor"): cloudcoil(monitoring, "ServiceMonitor"),
        ("monitoring.coreos.com/v1", "PrometheusRule"): cloudcoil(monitoring, "PrometheusRule"),
        ("serving.kserve.io/v1alpha1", "ServingRuntime"): kserve.schema("V1alpha1ServingRuntime"),
        ("serving.kserve.io/v1beta1", "InferenceService"): kserve.schema("V1beta1InferenceService"),
    }


def main() -> None:
    for (api_version, kind), schema in schemas(Path(sys.argv[1])).items():
        whole = complete(closed(inlined(schema, schema.get("$defs", {}))), api_version, kind)
        file = HERE / f"{kind.lower()}.json"
        file.write_text(json.dumps(Sharing(whole).schema, indent=1) + "\n", encoding="utf-8")
        print(file.name, file.stat().st_size)


if __name__ == "__main__":
    main()
