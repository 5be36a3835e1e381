"""Where models lie, and where they lie although nobody looks for them there."""

import json
from pathlib import Path
from typing import Any

import onnx
import pytest

from app.repository.survey import Finding, survey
from app.runtime.model import load
from app.settings import Settings
from tests.app import graphs
from tests.support import tiny


def found(root: Path, **settings: Any) -> dict[str, Finding]:
    """Look without the child processes of which one test has enough."""
    findings = list(survey(Settings(models=root, load_in_child=False, **settings)))
    assert len({finding.name for finding in findings}) == len(findings)
    return {finding.name: finding for finding in findings}


def states(root: Path, **settings: Any) -> dict[str, str]:
    return {name: finding.state for name, finding in found(root, **settings).items()}


def good(root: Path, name: str = "good", version: int = 1) -> Path:
    return graphs.write(root, graphs.linear(), name, version)


def test_bundles_and_graphs_are_served(tmp_path: Path) -> None:
    tiny.write(tmp_path)
    good(tmp_path)
    findings = found(tmp_path)
    assert {name: finding.state for name, finding in findings.items()} == {"good/1": "served", "tiny/1": "served"}
    assert all(finding.model is not None and not finding.reason for finding in findings.values())


def test_what_does_not_load_says_why(tmp_path: Path) -> None:
    (good(tmp_path) / "model.onnx").write_bytes(b"?")
    (good(tmp_path, "renamed") / "model.onnx").rename(tmp_path / "renamed/1/net.onnx")
    findings = found(tmp_path)
    assert "expected a graph in the form of ONNX" in findings["good/1"].reason
    assert "Rename it: mv " in findings["renamed/1"].reason


def test_older_versions_are_left_out_unless_all_are_asked_for(tmp_path: Path) -> None:
    for version in (2, 10):
        good(tmp_path, version=version)
    assert states(tmp_path) == {"good/2": "left out", "good/10": "served"}
    assert found(tmp_path)["good/2"].reason == "`--versions latest` does not ask for it; `--versions all` would."
    assert states(tmp_path, versions="all") == {"good/2": "served", "good/10": "served"}
    assert states(tmp_path, versions="2") == {"good/2": "served", "good/10": "left out"}


def test_a_version_that_is_asked_for_and_not_there_is_said(tmp_path: Path) -> None:
    good(tmp_path)
    assert states(tmp_path, versions="1,3") == {"good/1": "served", "good/3": "NOT SERVED"}


def put(root: Path, target: str) -> None:
    """Put a graph anywhere below the folder of models."""
    place = root / target
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(graphs.linear().SerializeToString())


@pytest.mark.parametrize(
    ("target", "name", "said"),
    [
        ("model.onnx", "model.onnx", "mkdir -p {root}/model/1 && mv {root}/model.onnx {root}/model/1/model.onnx"),
        ("net.onnx", "net.onnx", "mkdir -p {root}/net/1 && mv {root}/net.onnx {root}/net/1/model.onnx"),
        ("a/net.onnx", "a/net.onnx", "mkdir -p {root}/a/1 && mv {root}/a/net.onnx {root}/a/1/model.onnx"),
        ("a/v1/model.onnx", "a/v1", "expected a version, a whole number from 1 without leading zeros. Received: `v1`"),
        ("a/01/model.onnx", "a/01", "Received: `01`"),
        ("a/0/model.onnx", "a/0", "Received: `0`"),
        ("my model/1/model.onnx", "my model", "expected a name of letters, digits"),
        ("_a/1/model.onnx", "_a", "Received: `_a`. Rename the folder."),
    ],
)
def test_a_model_in_the_wrong_place_is_found(target: str, name: str, said: str, tmp_path: Path) -> None:
    good(tmp_path)
    put(tmp_path, target)
    findings = found(tmp_path)
    assert {key: finding.state for key, finding in findings.items()} == {"good/1": "served", name: "NOT SERVED"}
    assert said.format(root=tmp_path).lower() in findings[name].reason.lower()


def test_other_things_are_passed_over(tmp_path: Path) -> None:
    """Notes, hidden folders, what a file system keeps for itself, and a link to a version beside it."""
    folder = good(tmp_path)
    (tmp_path / "README.md").write_text("x")
    (tmp_path / "good" / "notes").mkdir()
    (tmp_path / "good" / "latest").symlink_to(folder.name)
    (tmp_path / "lost+found").mkdir()
    (tmp_path / ".git" / "1").mkdir(parents=True)
    (tmp_path / ".git" / "1" / "model.onnx").write_bytes(b"")
    assert states(tmp_path) == {"good/1": "served"}


def test_an_empty_model_is_said(tmp_path: Path) -> None:
    good(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "hollow" / "1").mkdir(parents=True)
    findings = found(tmp_path)
    assert findings["empty"].reason == f"Expected a version in {tmp_path / 'empty'}/1/. Received: an empty folder."
    assert "Received: neither." in findings["hollow/1"].reason


@pytest.mark.parametrize("make", [lambda root: None, lambda root: root.mkdir(), lambda root: root.write_text("x")])
def test_no_models_at_all(make: Any, tmp_path: Path) -> None:
    root = tmp_path / "models"
    make(root)
    (finding,) = survey(Settings(models=root))
    assert (finding.name, finding.state) == (str(root), "NOT SERVED")


def test_settings_that_name_what_is_not_served(tmp_path: Path) -> None:
    good(tmp_path)
    assert states(tmp_path, default_model="good", labels={"good": {"stable": 1}}) == {"good/1": "served"}
    wrong = {
        "default_model": "other",
        "labels": {"good": {"stable": 1, "next": 2}},
        "canary": {"good": {"version": 2}},
        "shadow": {"gone": {"version": 1}},
    }
    reasons = {name: finding.reason for name, finding in found(tmp_path, **wrong).items() if finding.reason}
    assert reasons == {
        "--default-model": "Expected a model that is served. Received: `other`.",
        "--labels next": "Expected a version that is served. Received: good/2.",
        "--canary": "Expected a version that is served. Received: good/2.",
        "--shadow": "Expected a version that is served. Received: gone/1.",
    }


def test_a_bug_in_one_load_is_said_and_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        good(tmp_path, name)

    def broken(folder: Path, settings: Settings, tried: str | None) -> Any:
        if folder.parent.name == "a":
            raise MemoryError("no memory left")
        return load(folder, settings, tried)

    monkeypatch.setattr("app.repository.survey.load", broken)
    findings = found(tmp_path)
    assert findings["a/1"].reason == f"{tmp_path / 'a' / '1'}: MemoryError: no memory left"
    assert findings["b/1"].state == "served"


def test_what_hangs_or_crashes_is_not_served(tmp_path: Path) -> None:
    """In the process that looks it would end the look, and nobody knew at which version."""
    graphs.write(tmp_path, graphs.one("Neg"), "good")
    crashing = tiny.write(tmp_path, tiny.Tiny(name="crashing"))
    model = onnx.load(str(crashing / "model.onnx"))
    model.graph.node.insert(0, graphs.node("Max", ["numeric", ""], ["numeric_most"]))
    model.graph.node[1].input[0] = "numeric_most"
    onnx.save(model, str(crashing / "model.onnx"))
    tiny.rewrite_manifest(crashing, json.loads((crashing / "manifest.json").read_text()))
    found = {finding.name: finding for finding in survey(Settings(models=tmp_path))}
    assert found["good/1"].state == "served"
    assert "the process that loaded it first was ended by SIGSEGV" in found["crashing/1"].reason
    late = {finding.name: finding for finding in survey(Settings(models=tmp_path, load_timeout_s=0.01))}
    assert "expected a load within 0.01 s" in late["good/1"].reason
