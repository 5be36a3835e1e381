"""The types of answers by name; a member is a module and a line here.

read(data)        the manifest's `answer` ─> the keys of its type
answer_of(keys)   the keys ─> AnswerType, whose module is imported now
"""

from pkgutil import resolve_name

import msgspec

from app.answers.base import AnswerKeys, AnswerType

ANSWERS = {
    "label": "app.answers.label:LabelAnswer",
    "labels": "app.answers.labels:LabelsAnswer",
    "value": "app.answers.value:ValueAnswer",
}


def read(data: bytes | msgspec.Raw) -> AnswerKeys:
    """Read the keys of an answer; raises `ValueError`, naming the key, what was expected of it and what was found."""
    try:
        type_ = msgspec.json.decode(data, type=AnswerKeys).type
        return msgspec.json.decode(data, type=_class(type_).form)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error


def answer_of(keys: AnswerKeys) -> AnswerType:
    """Return the type's implementation for these keys."""
    return _class(keys.type)(keys)


def _class(name: str) -> type[AnswerType]:
    if name not in ANSWERS:
        raise ValueError(f"expected a type of answers, one of {', '.join(ANSWERS)}. Received: {name:.80}")
    found: type[AnswerType] = resolve_name(ANSWERS[name])
    return found
