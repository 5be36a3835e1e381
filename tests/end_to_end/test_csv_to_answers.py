"""The whole road on real data: a CSV is trained, a process serves the bundle, and the answers are the golden ones."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import pytest

from app.bundle import reader as bundles
from tests.support import serving

ROOT = Path(__file__).parents[2]
TABLES = {"titanic": ("titanic.csv", "survived"), "california": ("california_housing.csv.gz", "median_house_value")}


@pytest.mark.parametrize("table", TABLES)
def test_from_a_csv_to_an_answer(table: str, tmp_path: Path) -> None:
    """`python -m training` and `python -m app`, as a user types them; missing cells and unseen words included."""
    file, target = TABLES[table]
    models = tmp_path / "models"
    train = [sys.executable, "-m", "training", f"examples/{file}", "--target", target, "--models", str(models)]
    done = subprocess.run(
        [*train, "--name", table, "--epochs", "2"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "python -m app --models" in done.stdout

    bundle = bundles.read(models / table / "1")
    with serving.process(models, tmp_path) as process:
        instances = list(bundle.golden.instances)
        response = httpx.post(f"{process.address}/predict", json={"instances": instances})
        assert response.status_code == 200, response.text
        answer = response.json()
        assert (answer["model"], answer["version"]) == (table, 1)
        (wanted,) = bundle.golden.outputs.values()
        found = [[p["value"]] if "value" in p else list(p["probabilities"].values()) for p in answer["predictions"]]
        np.testing.assert_allclose(found, wanted, rtol=bundle.golden.rtol + 1e-6, atol=bundle.golden.atol)

        strange = {**instances[0], **{f.name: "never seen" for f in bundle.manifest.features if f.type == "category"}}
        response = httpx.post(f"{process.address}/predict", json={"instances": [strange]})
        assert response.status_code == 200, response.text
        assert process.stop() == 0
    assert json.loads((models / table / "1" / "manifest.json").read_text())["files"].keys() >= set(
        bundles.REQUIRED_FILES
    )
