"""CPU seconds of fit and export alone, on one thread: `python -m benchmarks.texts.fit_cpu FILE --target COLUMN …`.

The opponents that a run fits beside are left out; what reads and describes the rows is told apart. Prints JSON.
"""

import json
import os
import sys
import time
from itertools import pairwise

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def main(words: list[str]) -> dict[str, float]:
    """Measure in this process."""
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    from training.cli import environment  # noqa: PLC0415 - libraries read the environment when they are imported

    environment.set_environment()
    from rich.console import Console  # noqa: PLC0415

    from training.cli.train import parse  # noqa: PLC0415
    from training.data.prepare import prepare  # noqa: PLC0415
    from training.pipeline import making  # noqa: PLC0415
    from training.pipeline.run import begin  # noqa: PLC0415

    run = begin(parse(words), Console(quiet=True), None)
    marks = [time.process_time()]
    run.data = prepare(run.options)
    marks.append(time.process_time())
    for stage in (making.build, making.fit, making.calibrate, making.export):
        stage(run)
        marks.append(time.process_time())
    prepared, *rest = (round(end - start, 1) for start, end in pairwise(marks))
    return {"prepare_cpu_s": prepared, "fit_cpu_s": sum(rest[:-1]), "export_cpu_s": rest[-1]}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:])))
