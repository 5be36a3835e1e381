"""What is read in portions is what is read at once: the same rows, the same arrays, the same refusals."""

import json
import random
from collections.abc import Callable, Generator
from typing import Any, TypeVar
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.codecs import chunks as portions
from app.codecs.chunks import Uneven, read_rows, rows
from app.codecs.json_tensors import NESTING
from app.errors import BodyTooLarge, InvalidInput, RequestError
from app.features.row_reader import ROWS_FIRST
from app.features.rows import Rows
from app.protocols.tfserving.body import Write
from app.protocols.tfserving.predict import BASE64, BEGINNING, FIRST, predict
from app.tensors import DATATYPES, Signature, TensorSpec
from tests.support import tiny

MIXED = tiny.Tiny(numbers=("a",), booleans=("c",), strings=("s", "t"), optional=("t",), order=("s", "t", "c", "a"))
ROWS_MAX = 30
STYLES: list[dict[str, Any]] = [{}, {"separators": (",", ":")}, {"indent": 1}, {"ensure_ascii": False}]
Result = TypeVar("Result")


def drained(steps: Generator[None, None, Result]) -> tuple[Result, int]:
    """Make all steps; return what they gave and how many they were."""
    count = 0
    while True:
        count += 1
        try:
            next(steps)
        except StopIteration as last:
            return last.value, count


def outcome(read: Callable[[], Any]) -> Any:
    """What is read, or what is said; what was received is looked up in what is at hand, and may be told or not."""
    try:
        return read()
    except RequestError as error:
        return type(error), str(error).partition(" Received: ")[0]


def refused(outcome: Any) -> Any:
    """The class of the error; None for what was read."""
    return outcome[0] if isinstance(outcome, tuple) and isinstance(outcome[0], type) else None


def assert_same(found: Any, whole: Any) -> None:
    """Which fault of several is told depends on which is seen first; what is malformed, or too much, may be one."""
    if refused(found) and refused(whole):
        too_much = BodyTooLarge in (found[0], whole[0]) or "as the shape" in found[1]
        if too_much or "JSON" in whole[1]:
            return
    assert found == whole


@st.composite
def texts(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> bytes:
    """JSON as some writer has it: with blanks or without, and perhaps with a byte too many, too few or another."""
    value = draw(values)
    style = draw(st.sampled_from(STYLES))
    text = bytearray(json.dumps(value, **style).encode())
    if draw(st.booleans()):
        place = draw(st.integers(0, len(text) - 1))
        byte = draw(st.sampled_from(b'[]{},:" 1a\\'))
        match draw(st.sampled_from(["replace", "insert", "delete"])):
            case "replace":
                text[place] = byte
            case "insert":
                text.insert(place, byte)
            case "delete":
                del text[place]
    return bytes(text)


words = st.text(st.sampled_from('ab[]{},:"\\é '), max_size=6)
records = st.fixed_dictionaries(
    {"a": st.floats(-1e9, 1e9), "c": st.booleans(), "s": words.filter(bool)}, optional={"t": words | st.none()}
)
lists = st.tuples(words.filter(bool), words | st.none(), st.booleans(), st.floats(-1e9, 1e9))
tables = st.fixed_dictionaries({"instances": st.lists(records, max_size=40) | st.lists(records | lists, max_size=20)})


@given(texts(tables), st.integers(0, 200))
@settings(max_examples=200)
def test_rows_of_a_table(body: bytes, portion_bytes: int) -> None:
    reader = tiny.row_reader(MIXED, ROWS_MAX)

    def in_portions() -> Any:
        steps = read_rows(body, ROWS_MAX, reader.decode, len, Rows.join)
        return list(drained(steps)[0])

    with patch.object(portions, "PORTION_BYTES", portion_bytes):
        found = outcome(in_portions)
    whole = outcome(lambda: list(reader.decode(body)))
    assert_same(found, whole)


class Served:
    """What reading a TensorFlow Serving body asks of a model."""

    max_request_rows = ROWS_MAX
    reader = None

    def __init__(self, *inputs: TensorSpec) -> None:
        self.signature = Signature(inputs, inputs, batched=True)


MATRIX = Served(TensorSpec("x", DATATYPES["FP32"], (None, 2)))
CUBE = Served(TensorSpec("x", DATATYPES["INT32"], (None, None, 2)))
WORDS = Served(TensorSpec("x", DATATYPES["BYTES"], (None, 2)))
PAIR = Served(TensorSpec("x", DATATYPES["FP32"], (None, 2)), TensorSpec("y", DATATYPES["BYTES"], (None,)))
whole_numbers = st.integers(-9, 9)
pairs = st.tuples(whole_numbers, whole_numbers)
tensors = {
    "matrix": (MATRIX, st.lists(pairs, min_size=1, max_size=40)),
    "cube": (CUBE, st.lists(st.lists(pairs, min_size=1, max_size=2), min_size=1, max_size=20)),
    "words": (WORDS, st.lists(st.tuples(words, words), min_size=1, max_size=20)),
    "pair": (PAIR, st.lists(st.fixed_dictionaries({"x": pairs, "y": words}), min_size=1, max_size=20)),
}


@pytest.mark.parametrize("name", tensors)
@pytest.mark.parametrize("signature", ["", '"signature_name":"serving_default",'])
def test_rows_of_tensors(name: str, signature: str) -> None:
    """Named or not, flat or nested, numbers or strings."""
    model: Any = tensors[name][0]

    @given(texts(tensors[name][1]), st.integers(0, 60))
    @settings(max_examples=75)
    def same(instances: bytes, portion_bytes: int) -> None:
        body = b'{%b"instances": %b}' % (signature.encode(), instances)

        def plain(content: tuple[Any, Write]) -> Any:
            return [(name, array.dtype, array.tolist()) for name, array in content[0].items()]

        def joined(parts: Any) -> Any:
            arrays = {name: portions.concatenate([part[0][name] for part in parts]) for name in parts[0][0]}
            return arrays, parts[0][1]

        def in_portions() -> Any:
            steps = read_rows(
                body, ROWS_MAX, lambda part: predict(model, part), lambda c: len(next(iter(c[0].values()))), joined
            )
            return plain(drained(steps)[0])

        with patch.object(portions, "PORTION_BYTES", portion_bytes):
            found = outcome(in_portions)
        whole = outcome(lambda: plain(predict(model, body)))
        if refused(found) is BodyTooLarge and not refused(whole):
            assert len(whole[0][2]) > ROWS_MAX  # which is looked at later where they are read at once
        else:
            assert_same(found, whole)

    same()


def test_a_large_body_takes_many_steps_and_a_portion_each() -> None:
    """Of each form that can be cut, with the blanks that writers put."""
    table = {"instances": [[random.random() for _ in range(8)] for _ in range(20_000)]}
    for body in json.dumps(table).encode(), json.dumps(table, separators=(",", ":")).encode():
        cut = list(rows(body))
        assert len(cut) > len(body) / 2**16 - 2
        assert max(map(len, cut)) < 2**16 + 1000
        assert sum([len(json.loads(part)["instances"]) for part in cut]) == 20_000


@pytest.mark.parametrize(
    "body",
    [b'{"instances":[1,2,3]}', b'{"rows":[[1],[2]]}', b"[[1],[2]]", b"", b'{"x":1,"instances":[[1],[2]]}', b"[" * 99],
)
def test_what_has_no_rows_is_read_once_and_at_once(body: bytes) -> None:
    seen: list[bytes] = []
    with patch.object(portions, "PORTION_BYTES", 0):
        _, steps = drained(read_rows(body, 10, seen.append, len, lambda parts: parts[0]))
    assert (seen, steps) == ([body], 1)


def test_rows_that_begin_otherwise_are_left_to_the_whole() -> None:
    """Between their ends nothing may be cut that looks like them."""
    with patch.object(portions, "PORTION_BYTES", 0), pytest.raises(Uneven):
        list(rows(b'{"instances":[[1],{"a":2},[3]]}'))


def test_a_fault_is_told_by_its_place_in_the_whole() -> None:
    """And with what was received, which is not looked up in a body of this size that is read at once."""
    reader = tiny.row_reader(tiny.Tiny(), 10**6)
    good = tiny.instance(tiny.Tiny())
    faulty = {**good, tiny.Tiny().numbers[0]: "many"}
    body = json.dumps({"instances": [good] * 9_000 + [faulty] + [good] * 9_000}).encode()
    with pytest.raises(InvalidInput, match=r"Invalid `instances\[9000\]\.\w+`: .* Received: \"many\"\."):
        drained(read_rows(body, 10**6, reader.decode, len, lambda parts: parts[0]))


def test_too_many_rows_are_seen_before_all_are_read() -> None:
    """In the portion that has the first one too many."""
    body = json.dumps({"instances": [[number] for number in range(100_000)]}).encode()
    seen = []

    def read_one(part: bytes) -> list[Any]:
        seen.append(len(part))
        found: list[Any] = json.loads(part)["instances"]
        return found

    with pytest.raises(BodyTooLarge, match="at most 10000 rows"):
        drained(read_rows(body, 10_000, read_one, len, lambda parts: parts[0]))
    assert sum(seen) < len(body) / 2


@pytest.mark.parametrize("filling", [b" ", b"[", b"{", b"\\", b'"signature_name":"', b"[],", b"{},", b" ,"])
def test_no_pattern_takes_more_than_some_kilobytes(filling: bytes) -> None:
    """However much of one byte there is; the time of each match, and the copies of what it found, follow from it."""
    long = filling * (2**18 // len(filling))
    patterns = [portions.ROWS, portions.NEXT, BEGINNING, BASE64, FIRST, NESTING, ROWS_FIRST]
    for beginning in b"", b'{"instances":[', b"[", b'[{"', b'{"signature_name":"':
        found = [pattern.match(beginning + long) for pattern in patterns]
        assert max([match.end() for match in found if match] or [0]) <= 70_000


def test_what_cannot_be_cut_may_be_large_but_not_of_many_values() -> None:
    """One string of megabytes, say a picture, holds nobody up; a million values would, and say what to do instead."""
    picture = b'{"instances":{"b64":"%b"}}' % (b"a" * 3_000_000)
    assert drained(read_rows(picture, 10, len, lambda _: 1, sum))[0] == len(picture)
    many = b'{"rows":[%b{}]}' % (b"{}," * 2**18)
    with pytest.raises(BodyTooLarge, match=r"at most 262144 values .* Send `instances` as the first key"):
        drained(read_rows(many, 10, len, lambda _: 1, sum))


def test_a_piece_that_is_not_cut_is_not_copied() -> None:
    body = b'{"instances":[["%b"]]}' % (b"a" * 2**20)
    assert drained(read_rows(body, 10, lambda part: part, lambda _: 1, lambda parts: parts[0]))[0] is body
