"""`"explain": true` in the body of `/predict`: by how much each word moved the answer, seen by leaving it out.

    row ─ its parts ─> the row, and one without each part ─ the same queue, runs, … ─> a number each
                                                                    └─> the row's number less that without the part

All rows of a request are one piece of work, and a preview: no traffic (`app.protocols.preview`). What may be left out
says the type of a feature, and which number is compared the type of the answers. It knows no type and no transport.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from app.errors import BodyTooLarge
from app.features.base import Part
from app.features.feature_set import FeatureSet
from app.features.rows import Rows
from app.runtime.answer import Answer
from app.runtime.model import Model
from app.tensors import Array

ROWS_MAX = 2000  # with those that lack a part: to make them holds the loop up for some milliseconds
ELEMENTS_MAX = 2**22  # of all of them, where rows differ in size: some seconds of runs
DIGITS = 7  # that a 32-bit float has


class Plan(NamedTuple):
    """What is asked for explanations."""

    rows: Rows  # each row of the request, followed by itself without each of its parts
    parts: Sequence[Sequence[tuple[int, Part]]]  # of each row of the request, with the place of the type


def plan_of(rows: Rows, max_rows: int) -> Plan:
    """Say what to ask of the model; raises `BodyTooLarge` where that is too much."""
    features = rows.features
    limit, room = min(max_rows, ROWS_MAX), ELEMENTS_MAX
    found = rows.alike([])
    parts: list[list[tuple[int, Part]]] = []
    for row in rows:
        its = features.parts(row)
        room -= (1 + len(its)) * (features.elements([row])[0] if features.padded else 1)
        if len(found) + 1 + len(its) > limit or room < 0:
            expected = f"rows that, one more for each of their words, are at most {limit} and {ELEMENTS_MAX} characters"
            raise BodyTooLarge(("instances",), expected, "more")
        parts.append(its)
        found.append(row)
        found.extend([features.without(row, at, part) for at, part in its])
    return Plan(found, parts)


def body(model: Model, plan: Plan, answer: Answer) -> bytes:
    """Write the answer to a request: predictions as ever, and an explanation a row."""
    predictions: list[bytes] = []
    explanations: list[dict[str, Any]] = []
    start = 0
    for parts in plan.parts:
        stop = start + 1 + len(parts)
        outputs = {name: array[start:stop] for name, array in answer.outputs.items()}
        explanations.append(_explanation(model, plan.rows.features, parts, outputs))
        predictions.append(answer.texts[start])
        start = stop
    whole = model.body(Answer(answer.run, 0, len(predictions), predictions))
    return whole[:-1] + b',"explanations":' + msgspec.json.encode(explanations) + b"}"


def _explanation(
    model: Model, features: FeatureSet, parts: Sequence[tuple[int, Part]], outputs: Mapping[str, Array]
) -> dict[str, Any]:
    """Say of one row what each part moved, the most first."""
    assert model.answer is not None  # or nobody could have asked
    compared = model.answer.moved(outputs)
    if compared is None:
        return {"of": None, "number": None, "words": []}
    label, numbers = compared
    number, *without = numbers.astype(np.float64).tolist()
    words = [
        {
            "feature": features.types[at].features[part.place].name,
            "start": part.start,
            "stop": part.stop,
            "text": part.text,
            "moved": _rounded(number - other),
        }
        for (at, part), other in zip(parts, without, strict=True)
    ]
    return {"of": label, "number": _rounded(number), "words": sorted(words, key=lambda word: -abs(word["moved"]))}


def _rounded(number: float) -> float:
    return float(f"{number:.{DIGITS}g}")
