"""`:classify` and `:regress`: rows of a bundle's named features -> its tensors, and scores or values back.

    {"examples": [{feature: value, …}, …], "context": {feature: value}}
        classify -> {"results": [[[label, score], …], …]}
        regress  -> {"results": [value, …]}

A value may stand alone or as the only one of a list; the context's are those of every example that has none itself.
It knows neither paths nor transport.
"""

from collections.abc import Mapping
from functools import partial

import msgspec

from app.bundle.reader import Manifest
from app.codecs.json_tensors import read, write
from app.errors import BodyTooLarge, InputError, InvalidInput, Path
from app.protocols.tfserving.body import Body, Write, decode, literal, parse
from app.runtime.model import Model
from app.tensors import DATATYPES, Array, Tensors

CONTEXT_MAX_BYTES = 2**24  # of the context, once it is written into every example

EXAMPLES: Path = ("examples",)
CONTEXT: Path = ("context",)

Features = dict[str, msgspec.Raw]


class ExamplesBody(Body, kw_only=True):
    """A request to classify or regress, its values unread."""

    examples: list[Features]
    context: Features = msgspec.field(default_factory=dict)


BODY = msgspec.json.Decoder(ExamplesBody)
LIST = msgspec.json.Decoder(list[msgspec.Raw])


def classify(model: Model, body: bytes) -> tuple[dict[str, Array], Write]:
    """Read a request; see `app.protocols.tfserving.body.Read`."""
    labels = _manifest(model, "classify").labels
    if labels is None:
        raise InvalidInput((), f":regress or :predict, for `{model.name}` predicts a number", "classify", noun="verb")
    pairs = [b"[" + literal(label) + b",%b]" for label in labels]
    return _arrays(model, body), partial(_write_classes, b"[" + b",".join(pairs) + b"]", len(labels))


def regress(model: Model, body: bytes) -> tuple[dict[str, Array], Write]:
    """Read a request; see `app.protocols.tfserving.body.Read`."""
    if _manifest(model, "regress").labels is not None:
        raise InvalidInput((), f":classify or :predict, for `{model.name}` predicts a label", "regress", noun="verb")
    return _arrays(model, body), _write_values


def _manifest(model: Model, verb: str) -> Manifest:
    if model.bundle is None:
        expected = f":predict, for `{model.name}` has no manifest that names features"
        raise InvalidInput((), expected, verb, noun="verb")
    return model.bundle.manifest


# ── decode ──


def _arrays(model: Model, body: bytes) -> dict[str, Array]:
    """Bring examples into the form of `/predict`, whose decoder then checks them."""
    asked = parse(BODY, body)
    limit, count = model.max_request_rows, len(asked.examples)
    if count > limit:
        raise BodyTooLarge(EXAMPLES, f"at most {limit} rows", count)
    context = _plain(asked.context, CONTEXT)
    weight = len(msgspec.json.encode(context)) * count
    if weight > CONTEXT_MAX_BYTES:
        raise BodyTooLarge(CONTEXT, f"at most {CONTEXT_MAX_BYTES} bytes over all examples", weight)
    rows = [context | _plain(example, (*EXAMPLES, place)) for place, example in enumerate(asked.examples)]
    schema = model.rows_schema
    try:
        return schema.assemble(schema.decode(msgspec.json.encode({"instances": rows})))
    except InputError as error:
        raise (error.at((*EXAMPLES, *error.path[1:])) if error.path else error) from error


def _plain(features: Mapping[str, msgspec.Raw], path: Path) -> Features:
    return {name: _value(bytes(value), (*path, name)) for name, value in features.items()}


def _value(data: bytes, path: Path) -> msgspec.Raw:
    """Take the only value out of its list, and text out of base64."""
    if data.startswith(b"["):
        values = decode(LIST, data, path)
        if len(values) == 1:
            data = bytes(values[0])
    if data.startswith(b"{"):
        data = msgspec.json.encode(read(data, DATATYPES["BYTES"], path, b64=True).item())
    return msgspec.Raw(data)


# ── encode ──


def _write_classes(row: bytes, labels: int, answers: Tensors) -> bytes:
    """Fill `row`, a template with a place a label, with the scores of each row."""
    scores = _numbers(answers)  # (rows * labels,)
    rows = zip(*[iter(scores)] * labels, strict=True)
    return b'{"results":[%b]}' % b",".join([row % texts for texts in rows])


def _write_values(answers: Tensors) -> bytes:
    return b'{"results":[%b]}' % b",".join(_numbers(answers))


def _numbers(answers: Tensors) -> list[bytes]:
    """Write the numbers of the first output, which is the one that the manifest speaks of, in row-major order."""
    return write(next(iter(answers.arrays.values())), flat=True)[1:-1].split(b",")
