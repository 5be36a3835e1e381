"""The golden rows: a graph that loads but answers otherwise than it did for the trainer never serves.

    golden_rows(bundle, reader)      the recorded rows, as callers' are read
    prove(bundle, reader, engine)    together and alone, against the recorded answers; then strange rows

The types of features say which rows are strange, the answer's type what a right answer is.
"""

import numpy as np

from app.answers.base import Outputs, Tolerance
from app.bundle import reader as bundles
from app.bundle.reader import Bundle
from app.errors import BundleError
from app.features.row_reader import RowReader
from app.features.rows import Rows
from app.runtime.engine import Engine
from app.tensors import Array, TensorSpec


def golden_rows(bundle: Bundle, reader: RowReader) -> Rows:
    """Return the recorded rows; raises `BundleError` when they do not fit the manifest."""
    try:
        return reader.rows(bundle.golden.instances)
    except ValueError as error:  # a `msgspec.ValidationError` is one, too
        raise BundleError(f"{bundle.folder / bundles.GOLDEN}: {error}.") from error


def prove(bundle: Bundle, reader: RowReader, engine: Engine) -> None:
    """Run the golden rows, together and alone, then strange ones; raises `BundleError` for other answers than then."""
    rows = golden_rows(bundle, reader)
    wanted = {tensor.name: _recorded(bundle, tensor.spec) for tensor in bundle.manifest.outputs}
    _check_tolerance(bundle, wanted)
    for some in (rows, rows[:1]):
        found = engine.rehearse_named(some.arrays())
        _compare(bundle, found, {name: array[: len(some)] for name, array in wanted.items()})
        _check(bundle, found, "")
    strange = _strange_rows(bundle, reader)
    for some in [strange[at : at + 1] for at in range(len(strange))] if bundle.features.padded else [strange]:
        _check(bundle, engine.rehearse_named(some.arrays()), " to missing, unseen and extreme values")


def _strange_rows(bundle: Bundle, reader: RowReader) -> Rows:
    """Return rows that callers might send; raises `BundleError` where the manifest's extreme values cannot be."""
    try:
        return reader.rows(bundle.features.strange(bundle.golden.instances[0]))
    except ValueError as error:
        where = bundle.folder / bundles.MANIFEST
        raise BundleError(f"{where}: expected features whose extreme values can be sent. Received: {error}.") from error


def _recorded(bundle: Bundle, spec: TensorSpec) -> Array:
    try:
        return np.array(bundle.golden.outputs[spec.name], spec.datatype.dtype)
    except (TypeError, ValueError, OverflowError) as error:
        where = bundle.folder / bundles.GOLDEN
        raise BundleError(f"{where}: expected rows of {spec.dtype} for `{spec.name}`. Received: {error}.") from error


def _check_tolerance(bundle: Bundle, wanted: Outputs) -> None:
    atol, most = bundle.golden.atol, bundle.answer.atol_max(wanted)
    if atol > most:
        where = bundle.folder / bundles.GOLDEN
        raise BundleError(f"{where}: expected `atol` of at most {most:g} for such answers. Received: {atol:g}.")


def _compare(bundle: Bundle, found: Outputs, wanted: Outputs) -> None:
    golden = bundle.golden
    fault = bundle.answer.mismatch(found, wanted, Tolerance(golden.atol, golden.rtol))
    if fault is not None:
        rows = len(next(iter(found.values())))
        expected = f"outputs within {golden.atol:g} + {golden.rtol:g} of the trainer's answers"
        where = bundle.folder / bundles.GOLDEN
        raise BundleError(f"{where}: expected {expected}. Received: {fault} in a run of {rows} rows.")


def _check(bundle: Bundle, found: Outputs, to_what: str) -> None:
    fault = bundle.answer.fault(found)
    if fault is not None:
        expected, received = fault
        raise BundleError(f"{bundle.model_path}: expected {expected}{to_what}. Received: {received}.")
