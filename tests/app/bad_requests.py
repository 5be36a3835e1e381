"""Every bad request to `tiny/1` that a caller can make, with the status and what the message says.

The same table is asked through each door, without and with a socket.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.support import tiny

TINY = tiny.Tiny()
GOOD = tiny.instance(TINY)
JSON = {"content-type": "application/json"}
NUMBER = "expected a finite number"
RANGE = "expected a number within the range of a 32-bit float"
KEYS = "expected only the keys age, hours-per-week, member, level"


@dataclass(frozen=True)
class Bad:
    """A request and what must come of it; each of `says` is part of the message."""

    body: bytes
    says: tuple[str, ...]
    status: int = 400
    query: str = ""
    headers: dict[str, str] = field(default_factory=lambda: JSON)


def body_of(*rows: Any) -> bytes:
    return json.dumps({"instances": rows}).encode()


def record(**values: Any) -> bytes:
    return body_of(GOOD, {**GOOD, **values})


def raw_record(age: str) -> bytes:
    return b'{"instances":[{"age":%s,"member":true,"level":"low"}]}' % age.encode("utf-8", "surrogatepass")


def raw_array(age: str) -> bytes:
    return b'{"instances":[[%s,1,true,"low"]]}' % age.encode("utf-8", "surrogatepass")


def without(key: str) -> bytes:
    return body_of({name: value for name, value in GOOD.items() if name != key})


def text(value: bytes) -> bytes:
    return b'{"instances":[[1,1,true,"' + value + b'"]]}'


AT_AGE, AT_0 = "Invalid `instances[0].age`: ", "Invalid `instances[0][0]`: "

BAD: dict[str, Bad] = {
    # not JSON at all
    "no body": Bad(b"", ("Invalid body: expected a JSON object. Received: nothing.",)),
    "a space": Bad(b" ", ("Invalid JSON at byte 1",)),
    "cut off": Bad(b'{"instances":[', ("Invalid JSON at byte 14", "truncated")),
    "a comma too many": Bad(b'{"instances":[[1,1,true,"low"],]}', ("Invalid JSON at byte 31",)),
    "two documents": Bad(body_of(GOOD) * 2, ("Invalid JSON at byte", "trailing characters")),
    "single quotes": Bad(b"{'instances':[]}", ("Invalid JSON at byte 1",)),
    "a leading zero": Bad(raw_record("01"), ("Invalid JSON at byte 22", "invalid number")),
    "other bytes": Bad(b"\xff\xfe\x00", ("Invalid JSON at byte 0",)),
    "two byte order marks": Bad(b"\xef\xbb\xbf" * 2 + body_of(GOOD), ("Invalid JSON at byte 0",)),
    "invalid UTF-8": Bad(text(b"l\xffw"), ("Invalid body: expected UTF-8.",)),
    "encoded surrogate": Bad(text(b"\xed\xa0\x80"), ("Invalid body: expected UTF-8.",)),
    "lone surrogate": Bad(text(rb"\ud800"), ("Invalid JSON at byte",)),
    "lone surrogate in company": Bad(text(rb"\ud800 and more"), ("Invalid JSON at byte", "surrogate")),
    "raw line break": Bad(text(b"a\nb"), ("Invalid JSON at byte",)),
    # not the object that is asked for
    "an array": Bad(b"[]", ("Invalid body: expected an object. Received: [].",)),
    "a number": Bad(b"1", ("Invalid body: expected an object. Received: 1.",)),
    "null": Bad(b"null", ("Invalid body: expected an object. Received: null.",)),
    "a string": Bad(b'"x"', ('Invalid body: expected an object. Received: "x".',)),
    "an empty object": Bad(b"{}", ("Invalid body: expected the key `instances`. Received: {}.",)),
    "a misspelt key": Bad(
        b'{"instance":[]}',
        ("expected only the keys instances, explain. Received: `instance`.", "Did you mean `instances`?"),
    ),
    "a key too many": Bad(
        b'{"instances":[[1,1,true,"low"]],"id":7}',
        ("Invalid body: expected only the keys instances, explain. Received: `id`.",),
    ),
    "instances an object": Bad(b'{"instances":{}}', ("Invalid `instances`: expected an array. Received: {}.",)),
    "instances null": Bad(b'{"instances":null}', ("Invalid `instances`: expected an array. Received: null.",)),
    "no instances": Bad(
        b'{"instances":[]}', ("Invalid `instances`: expected an array of at least 1 elements. Received: [].",)
    ),
    "instance a number": Bad(
        b'{"instances":[1]}', ("Invalid `instances[0]`: expected an object or an array. Received: 1.",)
    ),
    "instance null": Bad(b'{"instances":[null]}', ("Invalid `instances[0]`: ", "Received: null.")),
    # records
    "a feature missing": Bad(without("age"), ("Invalid `instances[0]`: expected the key `age`. Received: {",)),
    "a feature unknown": Bad(record(colour=1), ("Invalid `instances[1]`: ", KEYS, "Received: `colour`.")),
    "a feature misspelt": Bad(record(Age=1), ("Invalid `instances[1]`: ", "`Age`. Did you mean `age`?")),
    "number as text": Bad(record(age="1.5"), (f'Invalid `instances[1].age`: {NUMBER}. Received: "1.5".',)),
    "number as boolean": Bad(record(age=True), (f"Invalid `instances[1].age`: {NUMBER}. Received: true.",)),
    "number as null": Bad(record(age=None), (f"Invalid `instances[1].age`: {NUMBER}. Received: null.",)),
    "number as array": Bad(record(age=[1]), (f"Invalid `instances[1].age`: {NUMBER}. Received: [1].",)),
    "optional number as text": Bad(
        record(**{"hours-per-week": "x"}), (f'Invalid `instances[1].hours-per-week`: {NUMBER} or null. Received: "x".',)
    ),
    "boolean as number": Bad(
        record(member=1), ("Invalid `instances[1].member`: expected true or false. Received: 1.",)
    ),
    "boolean as text": Bad(record(member="true"), ("`instances[1].member`: expected true or false.", '"true"')),
    "boolean as null": Bad(record(member=None), ("`instances[1].member`: expected true or false. Received: null.",)),
    "string as number": Bad(
        record(level=3), ("Invalid `instances[1].level`: expected a string or null. Received: 3.",)
    ),
    "string as boolean": Bad(record(level=False), ("`instances[1].level`: expected a string or null.", "false")),
    "1e39": Bad(raw_record("1e39"), (AT_AGE, RANGE, "Received: 1e39.")),
    "-1e39": Bad(raw_record("-1e39"), (AT_AGE, RANGE, "Received: -1e39.")),
    "1e400": Bad(raw_record("1e400"), (AT_AGE, RANGE, "Received: 1e400.")),
    "a huge integer": Bad(raw_record("1" + "0" * 60), (AT_AGE, RANGE, "Received: 1000")),
    "a huger integer": Bad(raw_record("1" + "0" * 400), (AT_AGE, RANGE, "Received: 1000")),
    "an integer of 10,000 digits": Bad(raw_record("9" * 10_000), (AT_AGE, RANGE)),
    "NaN": Bad(raw_record("NaN"), ("Invalid JSON at byte 21", "NaN", "A missing value is null.")),
    "Infinity": Bad(raw_record("Infinity"), ("Invalid JSON at byte 21", "Infinity")),
    "-Infinity": Bad(raw_record("-Infinity"), ("Invalid JSON at byte 22", "-Infinity")),
    "fault before the end of the text": Bad(
        b'{"instances":[{"age":"x"', (f"{AT_AGE}{NUMBER}. Received: something else.",)
    ),
    # array rows
    "row too short": Bad(
        body_of([1, 1, True]), ("Invalid `instances[0]`: expected an array of 4 elements.", "[1,1,true]")
    ),
    "row too long": Bad(body_of([1, 1, True, "low", 5]), ("`instances[0]`: expected an array of 4 elements.",)),
    "row empty": Bad(body_of([]), ("Invalid `instances[0]`: expected an array of 4 elements. Received: [].",)),
    "row: number as text": Bad(body_of(["1.5", 1, True, "low"]), (f'{AT_0}{NUMBER}. Received: "1.5".',)),
    "row: number as boolean": Bad(body_of([True, 1, True, "low"]), (f"{AT_0}{NUMBER}. Received: true.",)),
    "row: number as null": Bad(body_of([None, 1, True, "low"]), (f"{AT_0}{NUMBER}. Received: null.",)),
    "row: boolean as number": Bad(
        body_of([1, 1, 1, "low"]), ("`instances[0][2]`: expected true or false. Received: 1.",)
    ),
    "row: string as number": Bad(
        body_of([1, 1, True, 3]), ("`instances[0][3]`: expected a string or null. Received: 3.",)
    ),
    "row: 1e39": Bad(raw_array("1e39"), (AT_0, RANGE, "Received: 1e39.")),
    "row: 1e400": Bad(raw_array("1e400"), (AT_0, RANGE, "Received: 1e400.")),
    "row: NaN": Bad(raw_array("NaN"), ("Invalid JSON at byte 15", "NaN", "A missing value is null.")),
    "row: Infinity": Bad(raw_array("Infinity"), ("Invalid JSON at byte 15", "Infinity")),
    "row: the third is wrong": Bad(
        body_of(GOOD, [1, 1, True, "low"], ["x", 1, True, "low"]),
        (f'Invalid `instances[2][0]`: {NUMBER}. Received: "x".',),
    ),
    # deep nesting
    "10,000 brackets": Bad(b"[" * 10_000, ("Invalid body: expected an object.",)),
    "nested instances": Bad(b'{"instances":' + b"[" * 10_000, ("Invalid `instances[0][0]`: ", NUMBER)),
    "nested value": Bad(raw_record("[" * 10_000 + "]" * 10_000), (AT_AGE, NUMBER)),
    "nested unknown": Bad(
        b'{"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}", ("keys instances, explain. Received: `x`.",)
    ),
    # a long value is shortened
    "a long string": Bad(record(age="z" * 5000), ("Invalid `instances[1].age`: ", "zzz…")),
    "a long key": Bad(record(**{"z" * 5000: 1}), (KEYS, "zzz…")),
    # which model
    "unknown model": Bad(
        body_of(GOOD), ("Unknown model: expected one of tiny/1. Received: `other`.",), 404, "?model=other"
    ),
    "unknown version": Bad(body_of(GOOD), ("expected one of tiny/1. Received: `tiny/2`.",), 404, "?version=2"),
    "version 0": Bad(body_of(GOOD), ("Received: `tiny/0`.",), 404, "?version=0"),
    "version a word": Bad(
        body_of(GOOD), ("Invalid `version`: expected a positive integer. Received: `new`.",), 400, "?version=new"
    ),
    "version negative": Bad(body_of(GOOD), ("Invalid `version`", "`-1`"), 400, "?version=-1"),
    "version empty": Bad(body_of(GOOD), ("Invalid `version`",), 400, "?version="),
    "version of other digits": Bad(body_of(GOOD), ("Invalid `version`",), 400, "?version=%D9%A1"),
    "version of 30 digits": Bad(body_of(GOOD), ("Invalid `version`",), 400, "?version=" + "1" * 30),
    "misspelt query": Bad(
        body_of(GOOD), ("Invalid query: expected only model, version, purpose. Received: `modle`.",), 400, "?modle=tiny"
    ),
    # content types
    "a form": Bad(
        body_of(GOOD),
        ("Invalid `content-type`: expected application/json. Received: application/x-www-form-urlencoded.",),
        415,
        headers={"content-type": "application/x-www-form-urlencoded"},
    ),
    "text": Bad(body_of(GOOD), ("expected application/json",), 415, headers={"content-type": "text/plain"}),
    "nearly JSON": Bad(body_of(GOOD), ("application/jsonl",), 415, headers={"content-type": "application/jsonl"}),
}
