"""Environment of the libraries, and silence where they talk, set before the first import of TensorFlow."""

import gc
import logging
import os
import random
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from training.parallel import cores

ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # only fatal messages of TensorFlow's C++ side
    "ORT_DISABLE_TELEMETRY": "1",
    "KERAS_BACKEND": "tensorflow",  # the only backend that tf2onnx reads
    # OpenMP's threads sleep between parallel regions: while another program wanted a core, two threads that spin
    # kept scikit-learn's boosting for 60 s instead of 2.5 (Adult, two cores).
    "OMP_WAIT_POLICY": "PASSIVE",
}


def set_environment() -> None:
    """Set the variables that the libraries read at import.

    Half of the cores work on one product of TensorFlow, if a person did not say otherwise: the batches come from
    others, and products of a few hundred rows hardly pay for more. On two cores an epoch of Adult took 0.85 of the
    time, with 512-512 units too, and gave the same weights.
    """
    os.environ.update(ENVIRONMENT)
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(max(1, cores() // 2)))


# The quantizer advises on the root logger, "": its advice (pre-process first) is what compress.py does.
LOGGERS = ("tf2onnx", "tensorflow", "absl", "matplotlib", "")


def silence_loggers() -> None:
    """Keep the notes of the converter, of TensorFlow and of the quantizer off the terminal."""
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="tensorflow|keras|tf2onnx|onnxruntime")
    warnings.filterwarnings("ignore", message="lbfgs failed to converge")  # of the linear baseline
    warnings.filterwarnings("ignore", message="Liblinear failed to converge")  # of linear models of texts


@contextmanager
def borrowed() -> Iterator[None]:
    """Set environment, loggers and warnings as a run wants them, and put all back: the program is someone else's.

    So are Python's and NumPy's random numbers, which a run seeds, and what `loading` kept from the collector.
    """
    import numpy as np  # noqa: PLC0415 - `--help` needs none

    before, levels = dict(os.environ), {name: logging.getLogger(name).level for name in LOGGERS}
    python, numpy = random.getstate(), np.random.get_state()
    set_environment()
    try:
        with warnings.catch_warnings():
            yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        random.setstate(python)
        np.random.set_state(numpy)
        gc.unfreeze()


@contextmanager
def held_stderr() -> Iterator[None]:
    """Hold back what C++ libraries write to the error stream; show it if the block fails."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


@contextmanager
def loading() -> Iterator[None]:
    """Import without the collector of reference cycles, and keep it from what was imported for good.

    It looks at all objects there are again and again while they become ever more, and modules never go: for
    TensorFlow, pandas and scikit-learn it took 0.7 of 3.2 s.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
