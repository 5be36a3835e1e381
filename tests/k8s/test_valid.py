"""Every kustomization renders to what each supported Kubernetes accepts, unknown fields refused."""

import copy
import functools
import json
from typing import Any

import jsonschema
import kubernetes_validate.utils
import pytest
from kubernetes_validate import latest_version, validate

from tests.k8s.custom import FILES, validator
from tests.k8s.rendered import K8S, Manifest, everything, render

OLDEST = 30  # nothing in the base is newer than on by default in 1.30
OLDEST_OF = {"components/model-oci-volume": 31}  # which has the field; 1.35 has it switched on
MINORS = range(OLDEST, int(latest_version().split(".")[1]) + 1)


def custom(manifest: Manifest) -> bool:
    return manifest["kind"].lower() in FILES


@functools.cache
def distinct() -> list[tuple[Manifest, int]]:
    """Each object once, with the oldest minor that must accept it: compositions share most of theirs."""
    found: dict[str, tuple[Manifest, int]] = {}
    for name, manifests in everything().items():
        for manifest in manifests:
            oldest = OLDEST_OF.get(name, OLDEST)
            known = found.get(key := json.dumps(manifest, sort_keys=True), (manifest, oldest))
            found[key] = (manifest, min(oldest, known[1]))
    return list(found.values())


@pytest.fixture(scope="module", autouse=True)
def schemas_read_once() -> Any:
    """The validator reads a megabyte for each object; its answer is the same from memory."""
    with pytest.MonkeyPatch.context() as patch:
        read = functools.cache(kubernetes_validate.utils.schema_contents)
        patch.setattr(kubernetes_validate.utils, "schema_contents", read)
        yield


@pytest.mark.parametrize("minor", MINORS)
def test_each_object_keeps_to_the_schema(minor: int) -> None:
    """The schemas are those of the Kubernetes API itself."""
    checked = [manifest for manifest, oldest in distinct() if oldest <= minor and not custom(manifest)]
    assert len(checked) > 50
    for manifest in checked:
        validate(manifest, f"1.{minor}", strict=True)


def test_a_field_that_does_not_exist_is_refused() -> None:
    """What the test above would find: a misspelt field, which the API server would drop in silence."""
    [deployment] = [manifest for manifest in copy.deepcopy(render()) if manifest["kind"] == "Deployment"]
    deployment["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="livenesProbe"):
        validate(deployment, f"1.{OLDEST}", strict=True)


def test_each_custom_object_keeps_to_its_schema() -> None:
    """Each kind that has a schema is used, and each that Kubernetes does not know has one."""
    objects = [manifest for manifest, _ in distinct() if custom(manifest)]
    assert {manifest["kind"].lower() for manifest in objects} == FILES.keys()
    for manifest in objects:
        validator(manifest["kind"]).validate(manifest)


FREE = {"labels", "annotations", "matchLabels", "metadata", "requests", "limits"}  # whose keys anybody chooses


def places(value: Any, path: tuple[Any, ...] = ()) -> Any:
    """Every object within an object whose fields are named by its schema."""
    if isinstance(value, dict):
        if not path or path[-1] not in FREE:
            yield path
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


@pytest.mark.parametrize("kind", FILES)
def test_a_field_that_does_not_exist_is_refused_of_custom_objects_too(kind: str) -> None:
    """At every depth of one object of each kind."""
    original = next(manifest for manifest, _ in distinct() if manifest["kind"].lower() == kind)
    for path in list(places(original))[:200]:
        changed = copy.deepcopy(original)
        place = functools.reduce(lambda part, key: part[key], path, changed)
        place["misspelt"] = 1
        with pytest.raises(jsonschema.ValidationError):
            validator(kind).validate(changed)


def test_every_folder_and_component_renders() -> None:
    """A component that nobody can add, or an overlay that lost a file, would be found by its user."""
    assert {f"components/{path.name}" for path in (K8S / "components").iterdir()} <= everything().keys()
    assert all(len(manifests) > 0 for manifests in everything().values())


def test_k8s_is_the_base() -> None:
    """`kubectl apply -k k8s/` and `-k k8s/base` are the same."""
    assert render(K8S) == render(K8S / "base")


def test_no_file_is_left_out() -> None:
    """Each manifest is named by the kustomization beside it: a forgotten line would drop an object in silence."""
    for listing in K8S.rglob("kustomization.yaml"):
        beside = {path.name for path in listing.parent.glob("*.*")} - {"kustomization.yaml", "README.md"}
        unnamed = {name for name in beside if name not in listing.read_text()}
        assert not unnamed, listing


def test_no_custom_resources_in_the_base() -> None:
    """A bare cluster knows every kind."""
    groups = {manifest["apiVersion"].rpartition("/")[0] for manifest in render()}
    assert groups <= {"", "apps", "autoscaling", "policy", "networking.k8s.io"}


def test_every_object_is_in_the_namespace() -> None:
    """Nothing lands in `default`; and nothing of the whole cluster but the namespace is made."""
    for name, manifests in everything().items():
        for manifest in manifests:
            named = manifest["metadata"]["name" if manifest["kind"] == "Namespace" else "namespace"]
            assert named == "slipway", (name, manifest["kind"])


def test_the_schemas_say_where_they_are_from() -> None:
    """Each with its version and licence."""
    told = (K8S.parent / "tests" / "k8s" / "crds" / "README.md").read_text()
    assert all(f"`{path.name}`" in told for path in FILES.values())
