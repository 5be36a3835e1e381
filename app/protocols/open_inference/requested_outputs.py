"""What an infer request wants beside an answer to its inputs: which outputs in which form, and by when.

It is the same over REST and gRPC, and knows neither.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from app.errors import InvalidInput, Path
from app.tensors import Signature

TIMEOUT_MAX_US = 2**63  # Triton has it as a 64-bit integer
CLASSES_MAX = 1000

Parameters = dict[str, bool | int | float | str]
NONE: Parameters = {}


class Output(msgspec.Struct):
    """A tensor that the response shall have."""

    name: str
    parameters: Parameters | None = None


class Wish(NamedTuple):
    """An output as it shall be answered."""

    name: str
    binary: bool
    classes: int = 0  # the best so many as text; 0 for the tensor itself


def wishes_of(signature: Signature, outputs: Sequence[Output] | None, parameters: Parameters) -> list[Wish]:
    """Without `outputs` all are asked for; each has its own form, or the request's."""
    default = _flag(parameters, "binary_data_output", False, ())
    if not outputs:
        return [Wish(spec.name, default) for spec in signature.outputs]
    wishes: dict[str, Wish] = {}
    for index, output in enumerate(outputs):
        path: Path = ("outputs", index)
        signature.check_output(output.name)
        if output.name in wishes:  # each would be written: a small request must not ask for a large answer
            raise InvalidInput((*path, "name"), "each output once", f"`{output.name}` again")
        own = output.parameters or NONE
        binary = _flag(own, "binary_data", default, path)
        classes = _classes(signature, output.name, own, path)
        wishes[output.name] = Wish(output.name, binary, classes)
    return list(wishes.values())


def _classes(signature: Signature, output: str, parameters: Parameters, path: Path) -> int:
    if "classification" not in parameters:
        return 0
    path = (*path, "parameters", "classification")
    count = whole(parameters["classification"], path, CLASSES_MAX)
    spec = next(spec for spec in signature.outputs if spec.name == output)
    if count and spec.datatype.dtype.kind not in "iuf":
        raise InvalidInput(path, "an output of numbers", spec.datatype.name)
    return count


def timeout_of(parameters: Mapping[str, bool | int | float | str]) -> float | None:
    """Triton's `timeout` is in microseconds; 0 is the server's own."""
    if "timeout" not in parameters:
        return None
    return whole(parameters["timeout"], ("parameters", "timeout"), TIMEOUT_MAX_US) / 1e6 or None


def _flag(parameters: Parameters, name: str, default: bool, path: Path) -> bool:
    value = parameters.get(name, default)
    if isinstance(value, bool):
        return value
    raise InvalidInput((*path, "parameters", name), "true or false", f"{value!s:.80}")


def whole(value: float | str, path: Path, most: int) -> int:
    """Return a parameter that has to be a whole number from 0 to `most`; raises `InvalidInput`."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most:
        return value
    endless = isinstance(value, int) and abs(value) > TIMEOUT_MAX_US  # it may have more digits than Python writes
    raise InvalidInput(path, f"a whole number from 0 to {most}", "a larger one" if endless else f"{value!s:.80}")
