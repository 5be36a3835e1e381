"""`:classify` and `:regress`: rows of a bundle's named features -> its tensors, and scores or values back.

    {"examples": [{feature: value, …}, …], "context": {feature: value}}
        classify -> {"results": [[[label, score], …], …]}
        regress  -> {"results": [value, …]}

A value may stand alone or as the only one of a list; the context's are those of every example that has none itself.
It knows neither paths nor transport.
"""

from collections.abc import Collection, Mapping
from functools import partial

import msgspec

from app.answers.base import AnswerType
from app.codecs.json_tensors import read, write
from app.errors import BodyTooLarge, InputError, InvalidInput, Path
from app.features.json_errors import decode
from app.protocols.tfserving.body import Body, Given, Write, literal, parse, tensors_of
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


def classify(model: Model, body: bytes) -> tuple[Given, Write]:
    """Read a request; see `app.protocols.tfserving.body.Read`."""
    answer = _answer(model, "classify")
    if not answer.classes:
        raise _unknown_verb(model, answer, "classify")
    pairs = [b"[" + literal(label) + b",%b]" for label in answer.classes]
    return _rows(model, body), partial(_write_classes, answer, b"[" + b",".join(pairs) + b"]")


def regress(model: Model, body: bytes) -> tuple[Given, Write]:
    """Read a request; see `app.protocols.tfserving.body.Read`."""
    answer = _answer(model, "regress")
    if not answer.numeric:
        raise _unknown_verb(model, answer, "regress")
    return _rows(model, body), lambda outputs: b'{"results":[%b]}' % b",".join(_texts(answer.numbers(outputs)))


def _unknown_verb(model: Model, answer: AnswerType, verb: str) -> InvalidInput:
    other = ":classify or " if answer.classes else ":regress or " if answer.numeric else ""
    given = "label" if answer.classes else "number" if answer.numeric else "label and no number"
    predicts = f"predicts a {given}" if other else f"predicts no {given}"
    return InvalidInput((), f"{other}:predict, for `{model.name}` {predicts}", verb, noun="verb")


def _answer(model: Model, verb: str) -> AnswerType:
    if model.answer is None:
        expected = f":predict, for `{model.name}` has no manifest that names features"
        raise InvalidInput((), expected, verb, noun="verb")
    return model.answer


def _rows(model: Model, body: bytes) -> Tensors:
    """Bring examples into the form of `/predict`, whose decoder then checks them."""
    asked = parse(BODY, body)
    limit, count = model.max_request_rows, len(asked.examples)
    if count > limit:
        raise BodyTooLarge(EXAMPLES, f"at most {limit} rows", count)
    reader = model.row_reader
    nested = reader.features.nested
    context = _plain(asked.context, CONTEXT, nested)
    weight = len(msgspec.json.encode(context)) * count
    if weight > CONTEXT_MAX_BYTES:
        raise BodyTooLarge(CONTEXT, f"at most {CONTEXT_MAX_BYTES} bytes over all examples", weight)
    rows = [context | _plain(example, (*EXAMPLES, place), nested) for place, example in enumerate(asked.examples)]
    try:
        return tensors_of(reader.decode(msgspec.json.encode({"instances": rows})))
    except InputError as error:
        raise (error.at((*EXAMPLES, *error.path[1:])) if error.path else error) from error


def _plain(features: Mapping[str, msgspec.Raw], path: Path, nested: Collection[str]) -> Features:
    """Take values out of lists around them; what is a list itself stays."""
    return {name: value if name in nested else _value(bytes(value), (*path, name)) for name, value in features.items()}


def _value(data: bytes, path: Path) -> msgspec.Raw:
    """Take the only value out of its list, and text out of base64."""
    if data.startswith(b"["):
        values = decode(LIST, data, path=path)
        if len(values) == 1:
            data = bytes(values[0])
    if data.startswith(b"{"):
        data = msgspec.json.encode(read(data, DATATYPES["BYTES"], path, b64=True).item())
    return msgspec.Raw(data)


def _write_classes(answer: AnswerType, row: bytes, answers: Mapping[str, Array]) -> bytes:
    """Fill `row`, a template with a place a label, with the scores of each row."""
    scores = _texts(answer.scores(answers))  # (rows * labels,)
    rows = zip(*[iter(scores)] * len(answer.classes), strict=True)
    return b'{"results":[%b]}' % b",".join([row % texts for texts in rows])


def _texts(numbers: Array | None) -> list[bytes]:
    assert numbers is not None  # the answer's type has said that it gives such
    return write(numbers, flat=True)[1:-1].split(b",")
