"""checkov judges everything that the manifests render to, and each remaining finding has its reason here."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.k8s.rendered import ROOT, everything
from tests.support.serving import PATIENCE_S
from tests.support.tools import missing

CHECKOV = ROOT / ".venv" / "checkov" / "bin" / "checkov"
REASONS = {
    "CKV_K8S_43": "image by digest: a release names registry and digest, a checkout knows neither",
    "CKV_K8S_15": "pull always: a release's tag and a digest do not move; a node that has it needs no registry",
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, str]]]:
    """One run over every distinct object; it looks nothing up elsewhere."""
    if not CHECKOV.exists():
        missing(f"no {CHECKOV}: `make .venv/checkov/.done` makes it")
    folder: Path = tmp_path_factory.mktemp("checkov")
    distinct = {
        json.dumps(manifest, sort_keys=True): manifest for objects in everything().values() for manifest in objects
    }
    (folder / "all.yaml").write_text(yaml.safe_dump_all(distinct.values()))
    arguments = ["-f", "all.yaml", "--framework", "kubernetes", "--skip-download", "--output", "json", "--soft-fail"]
    done = subprocess.run(
        [CHECKOV, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stderr
    results: dict[str, list[dict[str, str]]] = json.loads(done.stdout)["results"]
    assert not results["parsing_errors"]
    return results


def test_each_finding_has_its_reason(report: dict[str, list[dict[str, str]]]) -> None:
    """A new finding fails, and so does a reason for what is no longer found."""
    found = {check["check_id"]: f"{check['check_name']}: {check['resource']}" for check in report["failed_checks"]}
    assert found.keys() == REASONS.keys(), found


def test_it_has_looked(report: dict[str, list[dict[str, str]]]) -> None:
    """Every workload passed rules that a pod without bounds or with privileges fails."""
    passed = {(check["check_id"], check["resource"].split(".")[0]) for check in report["passed_checks"]}
    for kind in ("Deployment", "Job"):
        assert {("CKV_K8S_11", kind), ("CKV_K8S_16", kind), ("CKV_K8S_20", kind), ("CKV_K8S_22", kind)} <= passed
    assert len(report["passed_checks"]) > 500
