"""Mutated bundles and graphs by the hundred thousand, each loaded in a process of its own, as the service loads it.

    python -m tests.fuzz.bundles [--examples N] [--seed S] [--tally FILE] [--keep FOLDER] [--only SEED]
    python -m tests.fuzz.bundles --sum FILE

A server that has imported everything forks for each example, with bounds for time and memory. A bundle is loaded, and
its answers to the golden rows are then what these allow, or refused by a `BundleError` that names it. What ends the
child (a signal, the bound of memory or time) is counted by kind and kept: a service tries a version that arrives
beside a serving one in such a child, too. It ends with 1 where an error has no name, an answer is wrong, or a changed
bundle passes for signed. The same seed makes the same.
"""

import argparse
import collections
import contextlib
import dataclasses
import faulthandler
import gc
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np
import onnx

from app.bundle import reader as bundles
from app.errors import BundleError
from app.runtime.model import Model, load
from app.settings import Settings
from tests.app import graphs
from tests.app.graphs import graph, node, tensor
from tests.app.runtime.test_external_data import WEIGHTS, as_initializer, in_a_branch
from tests.fuzz.bundle_mutations import Mutant
from tests.support import encoded, serving, tiny
from tests.support.signed import Keys

CPU_S, PATIENCE_S = 20, 120  # of a child: what it computes, and all of it where the machine is busy
MEMORY_BYTES = 3 * 2**30  # of addresses beside what the server has
SIGNED = "signed"
GOOD = ("loaded", "refused")
ENDED = ("crash", "memory", "time")  # of a child; a service goes on, and says so
TALLY_EVERY = 1000
BUNDLES = {
    "tiny": tiny.Tiny(),
    "dates": tiny.Tiny(format=2, dates=("born",), profiled=True),
    "value": tiny.Tiny(format=2, task="regression", profiled=True),
    "labels": tiny.Tiny(format=2, task="multilabel", labels=("a", "b", "c"), thresholds=(0.2, 0.3, 0.5), profiled=True),
    "far": tiny.Tiny(format=2, far=1e12, task="regression"),
    SIGNED: tiny.Tiny(format=2),
}


class Outcome(NamedTuple):
    kind: str  # one of GOOD or ENDED, or "fault"
    what: str = ""


class Bases(NamedTuple):
    """What is mutated, by the name of its folder, and the key of what is signed."""

    files: dict[str, dict[str, bytes]]
    key: Path


def made(folder: Path) -> Bases:
    """Make the bases, and take the committed model."""
    root, keys = folder / "bases", Keys(folder)
    for name, one in BUNDLES.items():
        one.name = name
        written = tiny.write(root, one)
        if name == SIGNED:
            keys.sign(written)
    encoded.write(root, dataclasses.replace(encoded.READ, name="encoded"))
    real = root / "adult-income" / "1"
    real.mkdir(parents=True)
    for name in bundles.REQUIRED_FILES:
        shutil.copy(serving.ROOT / "models" / "adult-income" / "1" / name, real)
    manifest = json.loads((serving.ROOT / "models" / "adult-income" / "1" / bundles.MANIFEST).read_text())
    tiny.rewrite_manifest(real, manifest)
    for name, model in {"linear": graphs.linear(), "outside": as_initializer("w.data"), "loop": _loop()}.items():
        graphs.write(root, model, name)
    (graphs.write(root, in_a_branch("w.data"), "branch") / "w.data").write_bytes(WEIGHTS.tobytes())
    (root / "outside" / "1" / "w.data").write_bytes(WEIGHTS.tobytes())
    files = {each.name: {file.name: file.read_bytes() for file in (each / "1").iterdir()} for each in root.iterdir()}
    return Bases(dict(sorted(files.items())), keys.public)


def _loop() -> onnx.ModelProto:
    """Make a graph of a few kinds of operators with a loop of three turns in it."""
    made = graphs.endless(turns=3)
    model = graph([node("Softmax", ["y"], ["z"])], [tensor("x", ["batch", 4])], [tensor("z", ["batch", 4])])
    made.graph.node.append(model.graph.node[0])
    made.graph.output[0].CopyFrom(model.graph.output[0])
    return made


class Server:
    """Forks for each example."""

    def __init__(self, bases: Bases, folder: Path) -> None:
        self.bases, self.root = bases, folder / "models"
        self._settings = Settings(models=self.root, threads=1)
        self._signed = Settings(models=self.root, threads=1, verify_key=bases.key)
        load_once(bases, folder)  # what is imported late is imported before the first fork
        gc.collect()
        gc.freeze()  # a collection in a child would copy the pages of everything
        addresses = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        self._memory_bytes = addresses + MEMORY_BYTES

    def outcome(self, mutant: Mutant) -> Outcome:
        """Load a mutant in a child."""
        folder = self.root / mutant.base / "1"
        mutant.write(folder)
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            self._be_a_child(mutant, folder, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as said:
            found = said.read()
        _, status = os.waitpid(child, 0)
        shutil.rmtree(folder)
        if os.WIFSIGNALED(status):
            by = signal.Signals(os.WTERMSIG(status))
            late = by in (signal.SIGXCPU, signal.SIGALRM)
            return Outcome("time" if late else "crash", by.name)
        return Outcome(*json.loads(found)) if found else Outcome("crash", f"exit {os.WEXITSTATUS(status)}")

    def _be_a_child(self, mutant: Mutant, folder: Path, writing: int) -> NoReturn:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            gc.disable()
            faulthandler.disable()  # a signal is for the server to tell
            resource.setrlimit(resource.RLIMIT_AS, (self._memory_bytes, self._memory_bytes))
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 5))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            signal.alarm(PATIENCE_S)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            found = judged(folder, self._signed if mutant.base == SIGNED else self._settings, mutant.changed)
            os.write(writing, json.dumps(found).encode())
            os._exit(0)
        finally:
            os._exit(1)


def load_once(bases: Bases, folder: Path) -> None:
    """Hold every base to what mutants are held to; raises AssertionError."""
    for name, files in bases.files.items():
        place = folder / "good" / name / "1"
        place.mkdir(parents=True)
        for file, content in files.items():
            (place / file).write_bytes(content)
        key = bases.key if name == SIGNED else None
        found = judged(place, Settings(models=folder / "good", threads=1, verify_key=key), changed=False)
        assert found == Outcome("loaded"), (name, found)


def judged(folder: Path, settings: Settings, changed: bool) -> Outcome:
    """Load a version, and say what became of it."""
    try:
        model = load(folder, settings)
        if settings.verify_key is not None and changed:
            return Outcome("fault", "a changed bundle passed for signed")
        return Outcome("loaded") if model.bundle is None else _answers(model)
    except BundleError as error:
        return Outcome("refused") if str(folder) in str(error) else Outcome("fault", f"no name: {error}"[:300])
    except MemoryError:
        return Outcome("memory", "MemoryError")
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        at = next((frame for frame in reversed(frames) if "/app/" in frame.filename), frames[-1])
        return Outcome("fault", f"{type(error).__name__} at {Path(at.filename).name}:{at.lineno}: {error}"[:300])


def _answers(model: Model) -> Outcome:
    """Ask the golden rows of the file, and compare all numbers by its tolerances."""
    assert model.bundle is not None
    golden = json.loads((model.bundle.folder / bundles.GOLDEN).read_bytes())
    rows = model.row_reader.rows(golden["instances"])
    (answer,) = model.run([rows])
    for name, found in answer.outputs.items():
        wanted = np.array(golden["outputs"][name], found.dtype)
        if not np.all(np.abs(found - wanted) <= golden["atol"] + golden["rtol"] * np.abs(wanted) + 1e-6):
            return Outcome("fault", f"an answer that the golden rows do not allow: {found}, {wanted}"[:300])
    return Outcome("loaded")


class Tally:
    """What became of the examples."""

    def __init__(self) -> None:
        self.outcomes: collections.Counter[str] = collections.Counter()
        self.ended: collections.Counter[str] = collections.Counter()  # by what ended it
        self.kinds: collections.Counter[str] = collections.Counter()  # of edits, with the outcome

    def add(self, mutant: Mutant, found: Outcome) -> None:
        self.outcomes[found.kind] += 1
        self.kinds[f"{mutant.kind} {found.kind}"] += 1
        if found.kind in ENDED:
            self.ended[f"{found.kind} {found.what}"] += 1

    def __str__(self) -> str:
        return ", ".join(f"{kind} {count:,}" for kind, count in sorted(self.outcomes.items()))


def fuzz(bases: Bases, examples: int, seed: str, folder: Path, keep: Path, tally: Tally) -> None:
    """Load so many, and keep what ended a child or is a fault."""
    server, began = Server(bases, folder), time.monotonic()
    for at in range(examples):
        name = f"{seed}/{at}"
        mutant = Mutant(server.bases.files, name)
        found = server.outcome(mutant)
        tally.add(mutant, found)
        if found.kind not in GOOD:
            place = keep / found.kind / name.replace("/", "-")
            shutil.rmtree(place, ignore_errors=True)
            mutant.write(place)
            print(
                f"{name}: {found.kind}, {found.what} ({mutant.base}, {mutant.kind}, {' '.join(mutant.edits)})",
                flush=True,
            )
        if not (at + 1) % TALLY_EVERY:
            print(
                f"{at + 1:,} of {examples:,}, {(at + 1) / (time.monotonic() - began):,.0f} a second; {tally}",
                flush=True,
            )


def main() -> int:
    """Fuzz, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.bundles", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--examples", type=int, default=100_000)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--tally", type=Path, help="a file to which what was done is added")
    parser.add_argument("--keep", type=Path, default=Path("build/mutated-bundles"), help="a folder for what is no good")
    parser.add_argument("--sum", type=Path, help="print the sum of such a file and do nothing else")
    asked = parser.parse_args()
    if asked.sum:
        return _sum(asked.sum)
    memory, tally = "/dev/shm" if Path("/dev/shm").is_dir() else None, Tally()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was done until then counts
    with (
        tempfile.TemporaryDirectory(prefix="slipway-fuzz-", dir=memory) as name,
        contextlib.suppress(KeyboardInterrupt),
    ):
        fuzz(made(Path(name)), asked.examples, asked.seed, Path(name), asked.keep, tally)
    print(f"{tally}\n{dict(sorted(tally.kinds.items()))}\n{dict(tally.ended)}")
    if asked.tally:
        counted = {"outcomes": tally.outcomes, "ended": tally.ended}
        with asked.tally.open("a") as file:
            file.write(json.dumps({"seed": asked.seed, **counted}) + "\n")
    return min(1, tally.outcomes["fault"])


def _sum(path: Path) -> int:
    done = [json.loads(line) for line in path.read_text().splitlines()]
    for what in ("outcomes", "ended"):
        total: collections.Counter[str] = collections.Counter()
        for each in done:
            total.update(each[what])
        print(f"{what}, of {len(done)} parts: {total.total():,}; {dict(total)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
