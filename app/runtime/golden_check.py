"""The golden rows: a graph that loads but answers otherwise than it did for the trainer never serves.

    golden_rows(bundle, schema)      the recorded rows, as the schema reads them
    prove(bundle, schema, engine)    together and alone, against the recorded answers; then strange rows

It knows nothing of HTTP or batches.
"""

from typing import Any

import msgspec
import numpy as np

from app.bundle import reader as bundles
from app.bundle.reader import Bundle
from app.errors import BundleError
from app.features.schema import Row, Schema
from app.runtime.engine import Engine
from app.tensors import Array

SUM_ATOL = 1e-3  # of a row's probabilities beside one
UNKNOWN_WORD = "\u2047"  # a word that no vocabulary holds


def golden_rows(bundle: Bundle, schema: Schema) -> list[Row]:
    """Return the recorded rows.

    Raises:
        BundleError: when they do not fit the manifest.
    """
    try:
        return schema.rows(bundle.golden.instances)
    except msgspec.ValidationError as error:
        raise BundleError(f"{bundle.folder / bundles.GOLDEN}: {error}.") from error


def prove(bundle: Bundle, schema: Schema, engine: Engine) -> None:
    """Run the golden rows, together and alone, and compare; then rows with missing and unknown values.

    Raises:
        BundleError: when the graph answers otherwise than it did for the trainer.
    """
    rows = golden_rows(bundle, schema)
    for some in (rows, rows[:1]):
        outputs = engine.rehearse(schema.assemble(some))
        for tensor, found in zip(bundle.manifest.outputs, outputs, strict=True):
            _compare(bundle, tensor.name, found)
    if bundle.manifest.labels is not None and not np.allclose(outputs[0].sum(axis=1), 1, atol=SUM_ATOL):
        raise BundleError(f"{bundle.model_path}: expected probabilities that sum to one. Received: {outputs[0]}.")
    strange = engine.rehearse(schema.assemble(schema.rows(_strange(bundle))))
    if not np.isfinite(strange[0]).all():
        raise BundleError(
            f"{bundle.model_path}: expected finite answers to missing and unknown values. Received: {strange[0]}."
        )


def _compare(bundle: Bundle, tensor: str, found: Array) -> None:
    """Compare the answers to the first golden rows with the trainer's."""
    golden, where = bundle.golden, bundle.folder / bundles.GOLDEN
    try:
        wanted = np.array(golden.outputs[tensor][: len(found)], np.float32)  # (rows, columns)
    except (TypeError, ValueError) as error:
        raise BundleError(f"{where}: expected rows of numbers for `{tensor}`. Received: {error}.") from error
    if wanted.shape != found.shape or not np.allclose(found, wanted, rtol=golden.rtol, atol=golden.atol):
        raise BundleError(
            f"{where}: expected `{tensor}` within {golden.atol:g} + {golden.rtol:g} of the trainer's answers. "
            f"Received: a difference of {_difference(wanted, found)} in a run of {len(found)} rows."
        )


def _strange(bundle: Bundle) -> list[dict[str, Any]]:
    """Make two rows that training did not hold: one without its optional values, one with unknown words."""
    row, features = bundle.golden.instances[0], bundle.manifest.features
    missing = {feature.name: None for feature in features if feature.optional}
    unknown = {feature.name: UNKNOWN_WORD for feature in features if feature.type == "string"}
    return [row | missing, row | unknown]


def _difference(wanted: Array, found: Array) -> str:
    if wanted.shape != found.shape:
        return f"shape, {found.shape} instead of {wanted.shape},"
    return f"{float(np.abs(wanted - found).max()):g}"
