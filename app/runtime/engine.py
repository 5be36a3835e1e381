"""One ONNX Runtime session: how it is made, and how it is run.

    Engine(graph, threads) ─>  run({tensor: array})       ─>  [array, …]
                               rehearse({tensor: array})  at load: quietly, and for a limited time (`LoadLimit`)

Where the graph takes rows of integers of any length, they may come as arrays of arrays (`app.tokens.ragged`). Tensors
that are made of others are made here, so that whoever runs it, at load too, need not know of them.
It knows nothing of requests, queues or features.
"""

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

# Set before the import: since 1.29 the Linux wheels of ONNX Runtime ship with telemetry on.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort

from app.bundle.manifest import Tensor
from app.bundle.reader import MODEL_MAX_BYTES
from app.bundle.sealed_file import Held, hold
from app.errors import BundleError
from app.runtime.graph_size import check_tensors
from app.runtime.load_limit import LoadLimit, quiet_options
from app.tensors import BY_ORT, Array, TensorSpec
from app.tokens.ragged import Run, grouped, ragged_names

Arrays = Mapping[str, Array]
Complete = Callable[[Arrays], Arrays]

PROVIDERS = ["CPUExecutionProvider"]
NAMELESS = "?"  # some exporters give this name to every dimension that they do not know


class Engine:
    """A session on the CPU; raises `BundleError` when the file is no graph that ONNX Runtime can run.

    A run takes so many `threads`, always explicit: the library's default is the cores of the whole node. Weights that
    are kept outside the graph's file are in `files`, by what it calls them (`app.runtime.external_data`), or nowhere.
    `limit` is the time of the load that it is made for. `complete` adds tensors to those that a run is given.
    """

    def __init__(
        self,
        graph: Path | Held,
        threads: int,
        files: Mapping[str, Held] | None = None,
        limit: LoadLimit | None = None,
        complete: Complete | None = None,
    ) -> None:
        self.threads = threads
        self._limit = limit
        with nullcontext(graph) if isinstance(graph, Held) else hold(graph, MODEL_MAX_BYTES) as held:
            self.model = held.path
            self._session = _session(held, threads, files or {}, limit)
        try:
            self.inputs, self.strange_inputs = _specs(self._session.get_inputs())
            self.outputs, self.strange_outputs = _specs(self._session.get_outputs())
        except UnicodeDecodeError as error:
            raise BundleError(f"{self.model}: expected names of tensors in UTF-8. Received: {error}.") from error
        self._outputs = [output.name for output in self.outputs]
        ragged = ragged_names(self.inputs)
        run = grouped(self._session.run, ragged) if ragged else self._session.run
        self._run = run if complete is None else _completed(run, complete)
        check_tensors(self.model, self._session.get_inputs(), self._session.get_outputs())

    def check(self, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> None:
        """Compare the graph's tensors with the manifest's; raises `BundleError`, naming those expected and found."""
        sides = (("inputs", inputs, self._session.get_inputs()), ("outputs", outputs, self._session.get_outputs()))
        for what, wanted, tensors in sides:
            specs = [tensor.spec for tensor in wanted]
            expected = [(spec.name, spec.datatype.ort, list(spec.shape[1:])) for spec in specs]
            found = [(t.name, t.type, [dim if isinstance(dim, int) else None for dim in t.shape[1:]]) for t in tensors]
            where = f"{self.model}: expected"
            if expected != found:
                raise BundleError(f"{where} the {what} {expected}, as in the manifest. Received: {found}.")
            if fixed := [t.name for t in tensors if isinstance(t.shape[0], int)]:  # a scalar was refused above
                raise BundleError(f"{where} a symbolic batch dimension. Received: a fixed one in {fixed}.")

    def run(self, inputs: Arrays) -> list[Array]:
        """Run the graph once; safe to call from any thread, and the GIL is released meanwhile.

        Returns the outputs that are tensors in the graph's order, each (rows, …).
        """
        return self._run(self._outputs, inputs)

    def rehearse(self, inputs: Arrays, limit_s: float | None = None) -> list[Array]:
        """Run at load, where a failure is the graph's: it raises `BundleError`, and ONNX Runtime need not log it.

        After `limit_s` seconds, or when the load's own time is over, the run is broken off, at the end of the node that
        is running.
        """
        options = quiet_options() if self._limit is None else self._limit.run_options
        timer = None
        if limit_s is not None:
            options = quiet_options()  # of this run alone
            left_s = limit_s if self._limit is None else min(limit_s, self._limit.left_s)
            timer = threading.Timer(left_s, setattr, (options, "terminate", True))
            timer.daemon = True
            timer.start()
        try:
            return self._run(self._outputs, inputs, options)
        except Exception as error:
            if self._limit is not None:
                self._limit.check(self.model)
                self._limit.note(error)
            raise BundleError(f"{self.model}: ONNX Runtime cannot run it: {error}") from error
        finally:
            if timer is not None:
                timer.cancel()

    def run_named(self, inputs: Arrays) -> dict[str, Array]:
        """Run the graph once, as `run`; return the outputs by name."""
        return dict(zip(self._outputs, self._run(self._outputs, inputs), strict=True))

    def rehearse_named(self, inputs: Arrays) -> dict[str, Array]:
        """Run at load, as `rehearse`; return the outputs by name."""
        return dict(zip(self._outputs, self.rehearse(inputs), strict=True))


def _completed(run: Run, complete: Complete) -> Run:
    return lambda outputs, inputs, options=None: run(outputs, complete(inputs), options)


def _session(graph: Held, threads: int, files: Mapping[str, Held], limit: LoadLimit | None) -> ort.InferenceSession:
    options = _options(threads)
    if limit is not None:
        limit.bind(options)
    try:
        with ExitStack() as stack:
            views = [stack.enter_context(file.view()) for file in files.values()]
            options.add_external_initializers_from_files_in_memory(list(files), views, list(map(len, views)))
            # Its fallback would print the error, with names of the graph in it, and make the session once more.
            return ort.InferenceSession(graph.source, options, providers=PROVIDERS, enable_fallback=0)
    except Exception as error:
        if limit is not None:
            limit.check(graph.path)
        said = str(error)
        if isinstance(graph.source, str):
            said = said.replace(graph.source, str(graph.path))
        raise BundleError(f"{graph.path}: ONNX Runtime cannot load it: {said}") from error


def _specs(tensors: Iterable[Any]) -> tuple[tuple[TensorSpec, ...], tuple[str, ...]]:
    """Return the tensors of a datatype that can be sent, and what the others are."""
    known, strange = [], []
    for tensor in tensors:
        datatype = BY_ORT.get(tensor.type)
        if datatype is None:
            strange.append(f"{tensor.name} {tensor.type}")
            continue
        shape = tuple([dim if isinstance(dim, int) else None for dim in tensor.shape])
        symbols = tuple([dim if isinstance(dim, str) and dim != NAMELESS else "" for dim in tensor.shape])
        known.append(TensorSpec(tensor.name, datatype, shape, symbols))
    return tuple(known), tuple(strange)


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning threads would take the quota of the event loop and of the neighbours.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    # Batches of every size come by: the arena would keep the largest working set of each for ever.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    # It would look for external data that it was not given in the working directory, or beside the copy that is held.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
    # Its own format would be taken from bytes without a look at what a file of ONNX is refused for.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    options.log_severity_level = 3
    return options
