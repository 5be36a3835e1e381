"""Manifest -> typed decoder, encoder and OpenAPI, all three from the one feature list.

    schema_of(manifest)        picks the kind's implementation: this is the seam for texts, images and interactions
    Schema                     what each kind must offer
    explain(error, body)       msgspec's error -> path, expectation, received value

It knows neither transport nor batches.
"""

import contextlib
import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from numpy.typing import NDArray

from app.bundle.reader import Kind, Manifest
from app.errors import BodyTooLarge, InvalidInput, RequestError

RECEIVED_MAX_CHARS = 80  # of a value in a message: enough to recognise it, too few to flood a log
EXPLAIN_MAX_BYTES = 256 * 1024  # of a body in which a fault is looked up
HIDDEN = msgspec.Raw(b"something else")  # what follows the fault, or holds it, is malformed or too deep to be read
PLAIN = msgspec.json.Decoder()
VERBATIM = msgspec.json.Decoder(float_hook=lambda text: msgspec.Raw(text.encode()))  # slow, but reads 1e400

Row = Any
"""What a kind makes of an instance: opaque to everybody else."""


class Schema(Protocol):
    """How the rows of one model are read, fed and answered."""

    def decode(self, body: bytes) -> Sequence[Row]:
        """Read the rows of a request; raises `InvalidInput` or `BodyTooLarge` with the path of the fault."""
        ...

    def rows(self, instances: Sequence[dict[str, Any]]) -> list[Row]:
        """Turn named instances, as in `golden.json`, into rows."""
        ...

    def assemble(self, rows: Sequence[Row]) -> dict[str, NDArray[Any]]:
        """Turn rows into the graph's inputs, each (rows, columns)."""
        ...

    def check(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Check tensors that did not come through `decode`; raises `InvalidInput` for what `decode` would refuse."""
        ...

    def encode(self, outputs: Sequence[NDArray[Any]]) -> list[bytes]:
        """Turn the graph's outputs into one JSON text a row."""
        ...

    def request_openapi(self) -> dict[str, Any]:
        """Describe the body of a request as JSON Schema."""
        ...

    def response_openapi(self) -> dict[str, Any]:
        """Describe one prediction as JSON Schema."""
        ...


def schema_of(manifest: Manifest, max_rows: int) -> Schema:
    """Return the schema of the manifest's kind; `max_rows` bounds the rows of one request."""
    from app.features.table import TableSchema  # noqa: PLC0415  (the kinds import this module)

    kinds: dict[Kind, Callable[[Manifest, int], Schema]] = {"table": TableSchema}
    return kinds[manifest.kind](manifest, max_rows)


# ── what a caller is told ──

EXPECTATIONS = {
    "float": "a finite number",
    "int": "a whole number",
    "bool": "true or false",
    "str": "a string",
    "object": "an object",
    "array": "an array",
    "null": "null",
}
MESSAGE = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
MISSING = re.compile(r"^Object missing required field `(?P<name>.*)`$", re.DOTALL)
UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>.*)`$", re.DOTALL)
WRONG_TYPE = re.compile(r"^Expected `(?P<types>[^`]*)`, got `[^`]*`$")
BOUND = re.compile(r"^Expected `int` (?P<side>[<>])= (?P<bound>-?\d+)$")
TOO_LONG = re.compile(r"^Expected `array` of length <= (?P<limit>\d+)$")
LENGTH = re.compile(r"^Expected `(?P<type>array|str)` of length (?P<bound>>= )?(?P<length>\d+)$")


def explain(error: Exception, body: bytes, names: Sequence[str], where: str = "") -> RequestError:
    """Say what is wrong with `body`: the path, the expectation and the value received.

    Args:
        error: what msgspec said of it.
        body: the request's body, or a value in it, read once more to find the fault.
        names: the feature names, to suggest the one that was meant.
        where: the path of the value in the request, if it is not the body.
    """
    if not isinstance(error, msgspec.ValidationError):
        return _malformed(error, body)
    found = MESSAGE.match(str(error))
    what, path = (found["what"], found["path"] or "") if found else (str(error), "")
    value = _value_at(body, path)
    path = where + path
    where = f"Invalid `{path}`" if path else "Invalid body"
    if limit := TOO_LONG.match(what):
        count = len(value) if isinstance(value, list) else "more"
        return BodyTooLarge(f"{where}: expected at most {limit['limit']} rows. Received: {count}.")
    if unknown := UNKNOWN.match(what):
        return InvalidInput(f"{where}: {_unknown(unknown['name'], names, path)}")
    return InvalidInput(f"{where}: expected {_expectation(what)}. Received: {_show(value)}.")


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
        noun = {"array": "an array", "str": "a string"}[length["type"]]
        return f"{noun} of {'at least ' if length['bound'] else ''}{length['length']} {_units(length['type'])}"
    if what.startswith(("Expected `float`", "Number out of range")):
        return "a number within the range of a 32-bit float"
    if bound := BOUND.match(what):
        return f"a whole number of at {'least' if bound['side'] == '>' else 'most'} {bound['bound']}"
    if what.startswith("Invalid enum value"):
        return "true or false"  # 0 and 1 are taken for them
    return what[:1].lower() + what[1:]


def _units(type_: str) -> str:
    return "characters" if type_ == "str" else "elements"


def _unknown(name: str, names: Sequence[str], path: str) -> str:
    known = list(names) if path else ["instances"]
    close = difflib.get_close_matches(name[:100], known, n=1)
    hint = f" Did you mean `{close[0]}`?" if close else ""
    return f"expected only the keys {_shorten(', '.join(known), 400)}. Received: `{_shorten(name)}`.{hint}"


def _malformed(error: Exception, body: bytes) -> InvalidInput:
    if not body:
        return InvalidInput("Invalid body: expected a JSON object. Received: nothing.")
    if isinstance(error, UnicodeDecodeError):
        return InvalidInput("Invalid body: expected UTF-8. Received: other bytes.")
    if isinstance(error, RecursionError):
        return InvalidInput("Invalid body: expected rows of plain values. Received: deeper nesting.")
    place = re.search(r"\(byte (\d+)\)", str(error))
    at = int(place[1]) if place else len(body)
    near = body[max(0, at - 8) : at + 24].decode("utf-8", "replace")
    hint = " A missing value is null." if re.match(rb"-?(NaN|Inf)", body[at : at + 9]) else ""
    return InvalidInput(f"Invalid JSON at byte {at}: {error}. Received: `{near}`.{hint}")


def _value_at(body: bytes, path: str) -> Any:
    """Walk to the value at msgspec's path, such as `instances[3].age`; keys may hold dots and brackets."""
    value = _read(body)
    while path:
        if isinstance(value, list):
            index = re.match(r"\[(\d+)\]\.?", path)
            if index is None or int(index[1]) >= len(value):
                return HIDDEN
            value, path = value[int(index[1])], path[index.end() :]
        elif isinstance(value, dict):
            key = max((k for k in value if path.startswith(k)), key=len, default=None)
            if key is None:
                return HIDDEN
            value, path = value[key], path[len(key) :].removeprefix(".")
        else:
            return HIDDEN
    return value


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
