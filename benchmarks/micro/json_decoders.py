"""What decoding one row of floats costs, by library: the table of docs/decisions/0005.

Needs orjson and pysimdjson beside the service's own libraries: `pip install orjson pysimdjson`.
"""

import json
import struct
import timeit
import warnings
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
import numpy as np

FLOAT32_MAX = float(np.finfo(np.float32).max)
Number = Annotated[float, msgspec.Meta(ge=-FLOAT32_MAX, le=FLOAT32_MAX)]
WIDTHS = (5, 14, 64, 512, 784)
RUNS = 200  # the shortest is the one that nothing else disturbed


def best_us(call: Callable[[], Any], repeats: int = 50) -> float:
    """Return the best of many short runs, in microseconds a call."""
    return min(timeit.repeat(call, number=repeats, repeat=RUNS)) / repeats * 1e6


def candidates(width: int) -> dict[str, Callable[[], Any]]:
    """Return each way to read one row of `width` floats."""
    import orjson  # noqa: PLC0415  (not in the environment of the tests)
    import simdjson  # noqa: PLC0415  (nor this)

    row = tuple([round(float(value), 6) for value in np.random.default_rng(0).normal(size=width)])
    body = json.dumps({"instances": [row]}).encode()
    types, ranges = _decoder(float, width), _decoder(Number, width)
    parser = simdjson.Parser()
    pack = struct.Struct(f"={width}f").pack
    return {
        "msgspec, types checked": lambda: types.decode(body),
        "the same and each range": lambda: ranges.decode(body),
        "orjson, nothing checked": lambda: orjson.loads(body),
        "pysimdjson's typed buffer": lambda: _simdjson(parser, body),
        "np.fromstring": lambda: np.fromstring(body[16:-3].decode(), np.float32, sep=","),
        "tuple to float32 array, by NumPy": lambda: np.array(row, np.float32),
        "by struct, range checked": lambda: np.frombuffer(pack(*row), np.float32),
    }


def _decoder(number: Any, width: int) -> "msgspec.json.Decoder[Any]":
    rows: Any = list[tuple[(number,) * width]]  # type: ignore[misc]  # a type made at run time
    return msgspec.json.Decoder(msgspec.defstruct("Request", [("instances", rows)]))


def _simdjson(parser: Any, body: bytes) -> Any:
    buffer = parser.parse(body)["instances"].as_buffer(of_type="d")
    return np.frombuffer(buffer, np.float64).astype(np.float32)


def main() -> None:
    """Print the table, a row a width."""
    warnings.simplefilter("ignore", DeprecationWarning)
    print("| n |", " | ".join(candidates(1)), "|")
    for width in WIDTHS:
        times = [f"{best_us(call):.1f}" for call in candidates(width).values()]
        print(f"| {width} |", " | ".join(times), "|")


if __name__ == "__main__":
    main()
