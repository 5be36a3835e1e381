"""What the clients ask, and what the right answers are, to the byte: written by hand, not taken from a service.

    write(models, n)   version n of a model whose numbers floats hold exactly: no rounding, whatever runs together
    asks(count)        requests of every kind, each with an answer that no other has
    Plan.write(path)   a line each: what is told, the ways, the requests; a program in any language splits it at tabs

    value of a row = age + 2 hours + 3 member, and 1000 more from versions of even numbers

It knows no client.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support import tiny
from tests.support.tiny import Tiny

MODEL = "tiny"
SHIFT = 1000.0
MANY_ROWS, WIDE_BYTES = 1_500, 1_100_000  # more than a read holds; so many that curl waits for `100 Continue`
ROUND = 200  # requests over the same connections; the next round opens new ones
Row = tuple[float, float, bool]


def write(root: Path, version: int) -> Path:
    """Write a version below `root`, whose answers are those of its number's parity."""
    shift = 0.0 if version % 2 else SHIFT
    shape = Tiny(name=MODEL, version=version, task="regression", strings=(), optional=(), scale=10.0, shift=shift)
    return tiny.write(root, shape)


@dataclass(frozen=True)
class Ask:
    """A request, and its answer from a version of an odd and of an even number; #V# stands for the number."""

    method: str
    path: str
    body: str
    odd: str
    even: str
    chunked: bool = False

    def line(self) -> str:
        how = "chunked" if self.chunked else "length"
        return "\t".join(["ask", self.method, self.path, how, self.body, self.odd, self.even])


@dataclass(frozen=True)
class Plan:
    """All that a client is told."""

    told: dict[str, str]  # certificates, and the like
    ways: Sequence[tuple[str, str]]  # name, address
    asks: Sequence[Ask]
    requests: int
    connections: int = 4

    def write(self, path: Path) -> Path:
        counts = {"requests": self.requests, "round": ROUND, "connections": self.connections}
        lines = [f"{name}\t{value}" for name, value in {**self.told, **counts}.items()]
        lines += [f"way\t{name}\t{address}" for name, address in self.ways]
        path.write_text("\n".join([*lines, *(ask.line() for ask in self.asks)]) + "\n")
        return path


def asks(count: int) -> list[Ask]:
    """Return `count` requests: small ones of each protocol, and at the end those that no single packet holds."""
    kinds = [predict, predict, chunked, tensorflow_serving, predict, open_inference, predict, rows_50, predict, live]
    small = [kinds[number % len(kinds)](number) for number in range(count - 3)]
    large = [many_rows(count - 3), wide(count - 2), many_rows(count - 1, chunked=True)]
    return [*small, *large]


def row(number: int, i: int = 0) -> Row:
    return (0.25 * number, 0.5 * (i % 64), bool((number + i) % 2))


def value(row: Row) -> float:
    age, hours, member = row
    return age + 2 * hours + 3 * member


def predict(number: int, rows: int = 1, *, chunked: bool = False, padding: int = 0) -> Ask:
    """Ask /predict for named values."""
    sent = [row(number, i) for i in range(rows)]
    body = json.dumps({"instances": [_named(one) for one in sent]}) + " " * padding

    def answer(shift: float) -> str:
        return _compact(
            {"model": MODEL, "predictions": [{"value": _number(value(one) + shift)} for one in sent]}
        ).replace(',"predictions"', ',"version":#V#,"predictions"')

    return Ask("POST", "/predict", body, answer(0.0), answer(SHIFT), chunked)


def chunked(number: int) -> Ask:
    return predict(number, chunked=True)


def rows_50(number: int) -> Ask:
    return predict(number, 50)


def many_rows(number: int, *, chunked: bool = False) -> Ask:
    return predict(number, MANY_ROWS, chunked=chunked)


def wide(number: int) -> Ask:
    return predict(number, padding=WIDE_BYTES)


def tensorflow_serving(number: int) -> Ask:
    body = json.dumps({"instances": [_named(row(number))]})
    odd, even = (_compact({"predictions": [[_number(value(row(number)) + shift)]]}) for shift in (0.0, SHIFT))
    return Ask("POST", f"/v1/models/{MODEL}:predict", body, odd, even)


def open_inference(number: int) -> Ask:
    tensor = {"name": "numeric", "shape": [1, 3], "datatype": "FP32", "data": [float(part) for part in row(number)]}
    body = json.dumps({"id": f"ask-{number}", "inputs": [tensor]})

    def answer(shift: float) -> str:
        output = {"name": "value", "datatype": "FP32", "shape": [1, 1], "data": [_number(value(row(number)) + shift)]}
        named = {"model_name": MODEL, "model_version": "#V#", "id": f"ask-{number}"}
        return _compact({**named, "outputs": [output]})

    return Ask("POST", f"/v2/models/{MODEL}/infer", body, answer(0.0), answer(SHIFT))


def live(number: int) -> Ask:
    said = _compact({"live": True})
    return Ask("GET", "/v2/health/live", "", said, said)


def false_one() -> Ask:
    """Return a request with an answer that is not right: a client that counts it as right looks at nothing."""
    good = predict(0)
    return Ask(good.method, good.path, good.body, predict(1).odd, predict(1).even)


def _named(row: Row) -> dict[str, float | bool]:
    return dict(zip(("age", "hours-per-week", "member"), row, strict=True))


def _number(value: float) -> float:
    """Return what JSON writes as the service does: whole numbers without a point."""
    return int(value) if value.is_integer() else value


def _compact(content: object) -> str:
    return json.dumps(content, separators=(",", ":"))
