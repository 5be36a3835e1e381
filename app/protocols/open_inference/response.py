"""Outputs to the body of an infer response: JSON, and behind it the raw bytes of what was asked for in binary.

What does not change from answer to answer is encoded once a model. It knows no transport.
"""

from collections.abc import Mapping
from weakref import WeakKeyDictionary

import msgspec
import numpy as np

from app.codecs import json_tensors as elements
from app.codecs.raw_tensors import to_raw
from app.errors import Headers, ModelFailed
from app.protocols.open_inference.request import Asked
from app.protocols.open_inference.requested_outputs import Wish
from app.runtime.model import Model
from app.tensors import OBJECT, Array

encode = msgspec.json.encode


class Writer:
    """Writes the answers of one version."""

    def __init__(self, model: Model) -> None:
        version = str(model.version)
        self._head = b'{"model_name":%b,"model_version":%b' % (encode(model.name), encode(version))
        self._outputs = {
            spec.name: b'{"name":%b,"datatype":"%b","shape":' % (encode(spec.name), spec.datatype.name.encode())
            for spec in model.signature.outputs
        }
        self._batched = model.signature.batched
        self._vouched = model.bundle is not None  # its answers are numbers, or failures
        self._labels = () if model.answer is None else model.answer.classes

    def write(self, asked: Asked, outputs: Mapping[str, Array]) -> tuple[bytes, Headers]:
        """Return body and headers; raises `ModelFailed` for a number that is not finite, as JSON or of a bundle."""
        parts: list[bytes] = [self._head]
        if asked.id is not None:
            parts += (b',"id":', encode(asked.id))
        raws: list[memoryview] = []
        before = b',"outputs":['
        for wish in asked.wishes:
            array = outputs[wish.name]
            start = self._outputs[wish.name]
            if wish.classes:
                start = b'{"name":%b,"datatype":"BYTES","shape":' % encode(wish.name)
                array = self.classified(array, wish)
            parts += (before, start, encode(array.shape))
            before = b","
            if wish.binary:
                raw = self.raw(array)
                parts.append(b',"parameters":{"binary_data_size":%d}}' % raw.nbytes)
                raws.append(raw)
            else:
                parts += (b',"data":', elements.write(array, flat=True), b"}")
        parts.append(b"]}")
        if not raws:
            return b"".join(parts), ()
        length = str(sum(map(len, parts)))
        headers = (("content-type", "application/octet-stream"), ("inference-header-content-length", length))
        return b"".join([*parts, *raws]), headers

    def raw(self, array: Array) -> memoryview:
        """Return an output's bytes; raises `ModelFailed` where a bundle's are not finite."""
        if array.dtype == OBJECT:
            return memoryview(to_raw(array))
        if self._vouched:
            _check_finite(array)
        return np.ascontiguousarray(array).data

    def classified(self, array: Array, wish: Wish) -> Array:
        """Return the best classes of each row as "score:index[:label]", best first; raises `ModelFailed` as `raw`."""
        _check_finite(array)
        rows = array.reshape(len(array), -1) if self._batched else array.reshape(1, -1)  # (rows, classes)
        best = np.argsort(-rows.astype(float), axis=1, kind="stable")[:, : wish.classes]  # (rows, best)
        scores = np.take_along_axis(rows, best, axis=1)  # (rows, best)
        texts = np.empty(best.shape, object)
        for row, indices in enumerate(best.tolist()):
            texts[row] = [self._class_text(*pair) for pair in zip(scores[row].tolist(), indices, strict=True)]
        return texts if self._batched else texts[0]

    def _class_text(self, score: float, index: int) -> str:
        text = f"{score:.7g}:{index}" if isinstance(score, float) else f"{score}:{index}"
        return f"{text}:{self._labels[index]}" if index < len(self._labels) else text


def _check_finite(array: Array) -> None:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ModelFailed("The model answered with a number that is not finite.")


class Writers:
    """A writer a version, for as long as the version lives."""

    def __init__(self) -> None:
        self._made: WeakKeyDictionary[Model, Writer] = WeakKeyDictionary()

    def of(self, model: Model) -> Writer:
        writer = self._made.get(model)
        if writer is None:
            writer = self._made[model] = Writer(model)
        return writer
