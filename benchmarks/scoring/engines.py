"""`python -m benchmarks.scoring.engines`: the processors' time of a scoring on Ray, by stretches and by Ray Data.

    one cluster ─┬─ nothing: connect, and leave        ─┐
                 ├─ score --engine ray                  ├─ driver + every process of the cluster, before and after
                 └─ Ray Data: read, map_batches, write ─┘

Rows are Adult's; both ways score them with the same `Scorer` and write the same columns. Starting a worker, imports and
loading the model count: they are part of a run. Of the two processors Ray Data's model has one, the other is for its
tasks that read and write: with two models there would be none for them, and it would wait for ever. `--spark` measures
Spark's `mapInArrow` beside, as information.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness.install import environment
from benchmarks.scoring import data
from benchmarks.scoring.processor_time import Watch
from tests.app.scoring import machines
from tests.support.serving import ROOT

BUNDLE = ROOT / "models" / "adult-income" / "1"
MUST = 3.0
STORE_BYTES = 2 * 2**30  # of Ray's objects: all of the rows fit, none are spilled to the disk
IDLE = "import ray; ray.init(log_to_driver=False, logging_level='warning'); ray.shutdown()"
RAY_DATA = """
import os
import sys
from pathlib import Path
import ray
import ray.data
from app.scoring.scorer import load_scorer

data, out, bundle = sys.argv[1:]


class Answers:
    def __init__(self):
        self.scorer = load_scorer(Path(bundle))

    def __call__(self, table):
        return self.scorer(table).append_column("id", table["id"])


worker = {"py_modules": ["app"], "env_vars": {"PYTHONPATH": os.environ["PYTHONPATH"]}}
ray.init(log_to_driver=False, logging_level="warning", runtime_env=worker)
ray.data.DataContext.get_current().enable_progress_bars = False
rows = ray.data.read_parquet(data, columns=["id", *load_scorer(Path(bundle)).columns.names])
rows = rows.map_batches(
    Answers, batch_format="pyarrow", batch_size=65536, zero_copy_batch=True, compute=ray.data.ActorPoolStrategy(size=1)
)
rows.write_parquet(out)
ray.shutdown()
"""
MAP_IN_ARROW = """
import sys
from pathlib import Path
from pyspark.sql import SparkSession
from app.scoring.scorer import load_scorer

data, out, bundle = sys.argv[1:]
names = [each.name for each in load_scorer(Path(bundle)).answer_schema]
spark = SparkSession.builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", "65536").getOrCreate()
columns = ", ".join("label string" if name == "label" else f"`{name}` float" for name in names)
rows = spark.read.parquet(data)
rows.mapInArrow(lambda batches: load_scorer(Path(bundle)).map_in_arrow(batches), columns).write.parquet(out)
spark.stop()
"""


def main() -> int:
    """Measure, print, and say whether it is as good as it must be."""
    parser = argparse.ArgumentParser(description="Ray Data's processor time by that of stretches on Ray.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--spark", action="store_true", help="Spark's mapInArrow too")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scoring-engines-") as name:
        folder = Path(name)
        file = data.write(folder, chosen.rows).parquet
        found = on_ray(folder, file) | (on_spark(folder, file) if chosen.spark else {})
    ratio = found["Ray Data"] / found["stretches on Ray"]
    print(json.dumps({"rows": chosen.rows, "cpu_s": found, "Ray Data / stretches": round(ratio, 1)}, indent=1))
    return 0 if ratio >= MUST else 1


def on_ray(folder: Path, file: Path) -> dict[str, float]:
    """Return the seconds of each way, an idle connection taken off."""
    [beside] = environment("ray-data").glob("lib/python*/site-packages")
    python = machines.program("python")
    scored = machines.command([*map(str, (file, "--out", folder / "a", "--bundle", BUNDLE)), "--keep", "id", "--quiet"])
    with machines.ray_cluster(store_bytes=STORE_BYTES) as variables, Watch() as watch:
        idle = min(cpu_s([python, "-c", IDLE], variables, watch) for _ in range(2))
        ours = cpu_s([*scored, "--engine", "ray"], variables, watch)
        words = [python, "-c", RAY_DATA, str(file), str(folder / "b"), str(BUNDLE)]
        theirs = cpu_s(words, variables | {"PYTHONPATH": str(beside)}, watch)
    return {"idle": idle, "stretches on Ray": round(ours - idle, 1), "Ray Data": round(theirs - idle, 1)}


def on_spark(folder: Path, file: Path) -> dict[str, float]:
    """Return the seconds of Spark's ways, the start of Spark in both."""
    python, variables = machines.program("python"), machines.spark() | {"PYSPARK_PYTHON": machines.program("python")}
    scored = machines.command([*map(str, (file, "--out", folder / "c", "--bundle", BUNDLE)), "--keep", "id", "--quiet"])
    words = [python, "-c", MAP_IN_ARROW, str(file), str(folder / "d"), str(BUNDLE)]
    with Watch() as watch:
        return {
            "stretches on Spark": cpu_s([*scored, "--engine", "spark"], variables, watch),
            "Spark mapInArrow": cpu_s(words, variables, watch),
        }


def cpu_s(words: Sequence[str], variables: dict[str, str], watch: Watch) -> float:
    """Return the seconds of a command, of what it starts, and of the cluster meanwhile."""
    before = watch.cpu_s()
    done = subprocess.run(
        words, cwd=ROOT, env=os.environ | variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return round(watch.cpu_s() - before, 1)


if __name__ == "__main__":
    sys.exit(main())
