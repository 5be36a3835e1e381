"""What the pages about Kubernetes tell a reader to paste."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes_validate import validate

from app.settings import Settings
from tests.k8s.custom import validator
from tests.k8s.rendered import COMPONENTS, K8S, ROOT, Manifest, kustomize
from tests.k8s.test_valid import OLDEST, custom
from tests.support.serving import app_of, running

KUBERNETES = ROOT / "docs" / "kubernetes"
PAGES = sorted([ROOT / "docs" / "deploying.md", *KUBERNETES.glob("*.md")])


def examples() -> list[Any]:
    """The YAML blocks of the pages that begin with the name of a file, by folder: what a reader pastes."""
    found = []
    for page in PAGES:
        blocks = re.findall(r"```yaml\n# (\S+)\n(.*?)```", page.read_text(), re.DOTALL)
        if blocks:
            found.append(pytest.param(dict(blocks), id=page.name))
    return found


def check(manifest: Manifest) -> None:
    """By its schema; and settings by the process's own."""
    if custom(manifest):
        validator(manifest["kind"]).validate(manifest)
    else:
        validate(manifest, f"1.{OLDEST}", strict=True)
    if manifest["kind"] == "ConfigMap" and "SLIPWAY_PORT" in manifest["data"]:
        values = {key: value for key, value in manifest["data"].items() if not value.startswith("/")}
        with pytest.MonkeyPatch.context() as patch:
            for key, value in values.items():
                assert key.removeprefix("SLIPWAY_").lower() in Settings.model_fields
                patch.setenv(key, value)
            Settings()


@pytest.mark.parametrize("files", examples())
def test_the_overlays_of_the_pages_render(files: dict[str, str], tmp_path: Path) -> None:
    """What a reader pastes beside the checkout works, and gives objects that Kubernetes accepts."""
    there = os.path.relpath(K8S.parent, tmp_path.resolve())
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("../slipway", "../" + there))
    for listing in tmp_path.rglob("kustomization.yaml"):
        objects = list(yaml.safe_load_all(kustomize(listing.parent)))
        images = re.findall(r"image: (\S+)", json.dumps(objects).replace('"', "").replace(",", " "))
        assert all("your-registry/slipway" in image for image in images), images
        for manifest in objects:
            check(manifest)


def test_the_components_are_listed() -> None:
    """Who looks for one finds it on the page."""
    page = (ROOT / "docs" / "kubernetes" / "components.md").read_text().split("## Overlays")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == COMPONENTS


def commands(page: Path) -> list[str]:
    """Each line of the blocks without a language."""
    blocks = re.findall(r"^```\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]


def request() -> tuple[str, Any]:
    """The request of the first page: its route and its body."""
    [line] = [line for line in commands(KUBERNETES / "first-canary.md") if "/predict" in line]
    route, body = re.fullmatch(r"curl -si http://127.0.0.1:8000(\S+) .*-d '(.*)'", line).groups()  # type: ignore[union-attr]
    return route, json.loads(body)


async def test_the_first_request_is_answered_by_the_committed_model() -> None:
    """With the header that the page shows."""
    route, body = request()
    async with running(app_of(ROOT / "models")) as client:
        answer = await client.post(route, json=body)
    assert (answer.status_code, answer.headers["x-slipway-version"]) == (200, "adult-income/1")


async def test_the_canary_of_the_page_answers_testers(tmp_path: Path) -> None:
    """Two versions, and the settings of the page: a tester gets the new one, a caller always the same."""
    for version in (1, 2):
        folder = tmp_path / "adult-income" / str(version)
        shutil.copytree(ROOT / "models" / "adult-income" / "1", folder)
        manifest = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps(manifest | {"version": version}))
    [canary] = re.findall(r"SLIPWAY_CANARY=(\{.*\})'", (KUBERNETES / "first-canary.md").read_text())
    route, body = request()
    async with running(app_of(tmp_path, canary=json.loads(canary))) as client:
        tester = await client.post(route, json=body, headers={"X-Tester": "yes"})
        assert tester.headers["x-slipway-version"] == "adult-income/2"
        callers = [await client.post(route, json=body, headers={"X-User-Id": f"user-{n // 2}"}) for n in range(200)]
    versions = [answer.headers["x-slipway-version"] for answer in callers]
    assert versions[::2] == versions[1::2]
    assert set(versions) == {"adult-income/1", "adult-income/2"}


def test_what_kubectl_is_told_to_forward_to_exists() -> None:
    """Names and ports of the pages are those of the base."""
    ports = {"service/slipway": "80", "deployment/slipway": "9090"}
    for page in PAGES:
        for line in commands(page):
            if found := re.search(r"-n slipway port-forward (\S+) (?:\d+:)?(\d+)", line):
                assert ports[found[1]] == found[2], line
