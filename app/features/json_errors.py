"""msgspec's error -> path, expectation, received value.

    decode(decoder, body, …)        ─> the value, or what `explain` says
    explain(error, body, names)     ─> InvalidInput or BodyTooLarge, with the path in the request
    unknown_key(name, known, path)  ─> InvalidInput, for a key that is not known
    shown_at(body, path)            ─> the value there, as messages show it

msgspec says what is wrong and where in an English sentence, and nowhere else: this module alone takes it apart.
It knows no protocol and no feature type.
"""

import contextlib
import difflib
import re
from collections.abc import Sequence
from types import EllipsisType
from typing import Any, TypeVar

import msgspec

from app.errors import BodyTooLarge, InputError, InvalidInput, Path

RECEIVED_MAX_CHARS = 80  # of a value in a message: enough to recognise it, too few to flood a log
EXPLAIN_MAX_BYTES = 256 * 1024  # of a body in which a fault is looked up
EXPLAIN_CHARS = 4096  # of the beginning and of the end of what msgspec says
HIDDEN = msgspec.Raw(b"something else")  # what follows the fault, or holds it, is malformed or too deep to be read
REQUEST_KEYS = ["instances", "explain"]
PLAIN = msgspec.json.Decoder()
VERBATIM = msgspec.json.Decoder(float_hook=lambda text: msgspec.Raw(text.encode()))  # slow, but reads 1e400

EXPECTATIONS = {"float": "a finite number", "int": "a whole number", "bool": "true or false", "str": "a string"}
EXPECTATIONS |= {"object": "an object", "array": "an array", "null": "null"}
MESSAGE = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<place>.*)`)?$", re.DOTALL)
MALFORMED = re.compile(r"^(?:JSON is malformed: )?(?P<what>.*?)(?: \(byte (?P<byte>\d+)\))?$", re.DOTALL)
MISSING = re.compile(r"^Object missing required field `(?P<name>.*)`$", re.DOTALL)
UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>.*)`$", re.DOTALL)
WRONG_TYPE = re.compile(r"^Expected `(?P<types>[^`]*)`, got `[^`]*`$")
BOUND = re.compile(r"^Expected `int` (?P<side>[<>])= (?P<bound>-?\d+)$")
TOO_LONG = re.compile(r"^Expected `array` of length <= (?P<limit>\d+)$")
LENGTH = re.compile(r"^Expected `(?P<type>array|str)` of length (?:(?P<bound>[<>])= )?(?P<length>\d+)$")
TOO_LONG_TEXT = "Expected `str` of length <="
BOUNDS = {"<": "at most ", ">": "at least ", "": ""}
INDEX = re.compile(r"\[(\d+|\.\.\.)\]")
KEY = re.compile(r"[^.\[]+|.+", re.DOTALL)
NO_NUMBER = re.compile(rb"-?(NaN|Inf)")

Value = TypeVar("Value")


def decode(decoder: "msgspec.json.Decoder[Value]", data: bytes, names: Sequence[str] = (), path: Path = ()) -> Value:
    """Read a body, or the value at the path `path` of one; raises what `explain` returns."""
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise explain(error, data, names, path) from error


def explain(error: Exception, body: bytes, names: Sequence[str], path: Path = ()) -> InputError:
    """Say what is wrong with `body`, of which msgspec said `error`: the path, the expectation and the value received.

    It is the request's body, or the value at `path` in it, read once more to find the fault. Of the known `names` of
    keys the one that was meant is suggested.
    """
    if not isinstance(error, msgspec.ValidationError):
        return _malformed(error, body)
    said = str(error)
    if len(said) > 2 * EXPLAIN_CHARS:  # the name of an unknown key may be as long as a body
        said = said[:EXPLAIN_CHARS] + said[-EXPLAIN_CHARS:]
    found = MESSAGE.match(said)
    what, place = (found["what"], found["place"] or "") if found else (said, "")
    value, inner = _walk(_read(body), place)
    path += inner
    if limit := TOO_LONG.match(what):
        count = len(value) if isinstance(value, list) else "more"
        return BodyTooLarge(path, f"at most {limit['limit']} rows", count)
    if unknown := UNKNOWN.match(what):
        return unknown_key(unknown["name"], names if path else REQUEST_KEYS, path)
    if what.startswith(TOO_LONG_TEXT):  # how long it is says more than how it begins
        return InvalidInput(path, _expectation(what), f"{len(value)} characters" if isinstance(value, str) else "more")
    return InvalidInput(path, _expectation(what), _show(value))


def shown_at(body: bytes, path: Path) -> str:
    """Show the value at a path of a body, as it was sent."""
    value = _read(body)
    for step in path:
        value = _inner(value, step)
    return _show(value)


def _expectation(what: str) -> str:
    if missing := MISSING.match(what):
        return f"the key `{missing['name']}`"
    if wrong := WRONG_TYPE.match(what):
        kinds = [EXPECTATIONS.get(kind.strip(), kind.strip()) for kind in wrong["types"].split("|")]
        return " or ".join(kinds)
    return _bound(what)


def _bound(what: str) -> str:
    """Put a bound on a length or a number into words."""
    if length := LENGTH.match(what):
        noun, units = {"array": ("an array", "elements"), "str": ("a string", "characters")}[length["type"]]
        return f"{noun} of {BOUNDS[length['bound'] or '']}{length['length']} {units}"
    if what.startswith(("Expected `float`", "Number out of range")):
        return "a number within the range of a 32-bit float"
    if bound := BOUND.match(what):
        return f"a whole number of {BOUNDS[bound['side']]}{bound['bound']}"
    if what.startswith("Invalid enum value"):
        return "true or false"  # 0 and 1 are taken for them
    return what[:1].lower() + what[1:]


def unknown_key(name: str, known: Sequence[str], path: Path) -> InvalidInput:
    """Say that a key is not among the known ones, and which was meant."""
    close = difflib.get_close_matches(name[:100], known, n=1)
    hint = f"Did you mean `{close[0]}`?" if close else ""
    return InvalidInput(path, f"only the keys {_shorten(', '.join(known), 400)}", f"`{_shorten(name)}`", hint=hint)


def _malformed(error: Exception, body: bytes) -> InvalidInput:
    if not body:
        return InvalidInput((), "a JSON object", "nothing")
    if isinstance(error, UnicodeDecodeError):
        return InvalidInput((), "UTF-8", "other bytes")
    if isinstance(error, RecursionError):
        return InvalidInput((), "rows of plain values", "deeper nesting")
    found = MALFORMED.match(str(error))
    what, byte = found.groups() if found else (str(error), None)
    at = len(body) if byte is None else int(byte)
    near = body[max(0, at - 8) : at + 24].decode("utf-8", "replace")
    hint = "A missing value is null." if NO_NUMBER.match(body, at) else ""
    return InvalidInput((), f"well-formed JSON ({what})", f"`{near}`", noun=f"JSON at byte {at}", hint=hint)


def _walk(value: Any, place: str) -> tuple[Any, Path]:
    """Return the value at a place, and the place as a path; a key of `value` may hold dots and brackets."""
    path: list[str | int | EllipsisType] = []
    while place:
        step, length = _step(value, place)
        value = _inner(value, step)
        path.append(step)
        place = place[length:].removeprefix(".")
    return value, tuple(path)


def _step(value: Any, place: str) -> tuple[str | int | EllipsisType, int]:
    """Return the first step of a place, and how many characters it takes."""
    keys = [key for key in value if key and place.startswith(key)] if isinstance(value, dict) else []
    if keys:
        key = max(keys, key=len)
        return key, len(key)
    if index := INDEX.match(place):
        return ... if index[1] == "..." else int(index[1]), index.end()
    word = KEY.match(place)
    assert word is not None  # there is something left
    return word[0], word.end()


def _inner(value: Any, step: str | int | EllipsisType) -> Any:
    if isinstance(value, dict):
        return value.get(step, HIDDEN)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return HIDDEN


def _read(body: bytes) -> Any:
    """Read a body that does not fit its type, and may be malformed after the fault.

    A large one is not read again: that would stop the event loop for everybody, to show one value to one caller.
    """
    if len(body) > EXPLAIN_MAX_BYTES:
        return HIDDEN
    for decoder in (PLAIN, VERBATIM):
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return decoder.decode(body)
    return HIDDEN


def _show(value: Any) -> str:
    return _shorten(msgspec.json.encode(value).decode())


def _shorten(text: str, most: int = RECEIVED_MAX_CHARS) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
