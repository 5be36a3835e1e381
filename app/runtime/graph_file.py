"""The nodes of an ONNX file, read without the package `onnx`, which the service does not have.

    nodes_of(content) ─> Nodes: of each node the operator, its domain, the names that it takes and gives, and the
                         graphs within it; beside them the names of inputs and constants
    parts_of(content)          every node and tensor, wherever it is, unread: to be counted, or looked at
    replaced(content, change)  the same file with other tensors in the place of some

It reads Protocol Buffers' wire format as far as the names go, and skips the weights. Field numbers are those of
onnx.proto3. It knows no operator.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Data = memoryview
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types; the others are not in use any more
VARINT_MAX_BYTES = 10

GRAPH, FUNCTION = 7, 25  # of a model
NODE, INITIALIZER, INPUT, SPARSE_INITIALIZER = 1, 5, 11, 15  # of a graph
FUNCTION_NODE = 7
TAKES, GIVES, OPERATOR, ATTRIBUTE, DOMAIN = 1, 2, 4, 5, 7  # of a node
ATTRIBUTE_GRAPH, ATTRIBUTE_GRAPHS = 6, 11
SPARSE_VALUES, TENSOR_NAME, INPUT_NAME, FUNCTION_DOMAIN = 1, 8, 1, 10


# Which messages hold which, by their fields. An initializer is a tensor of the file's own graph: ONNX Runtime can be
# given the content of those.
WITHIN: dict[str, dict[int, str]] = {
    "model": {GRAPH: "graph", FUNCTION: "function"},
    "graph": {NODE: "node", INITIALIZER: "initializer", SPARSE_INITIALIZER: "sparse"},
    "inner graph": {NODE: "node", INITIALIZER: "tensor", SPARSE_INITIALIZER: "sparse"},
    "function": {FUNCTION_NODE: "node", 11: "attribute"},
    "node": {ATTRIBUTE: "attribute"},
    "attribute": {
        **{5: "tensor", 10: "tensor", 22: "sparse", 23: "sparse"},
        **dict.fromkeys((ATTRIBUTE_GRAPH, ATTRIBUTE_GRAPHS), "inner graph"),
    },
    "sparse": {SPARSE_VALUES: "tensor", 2: "tensor"},
}


@dataclass
class Node:
    """An operator in its place; an input that is left out is empty."""

    operator: str = ""
    domain: str = ""
    takes: list[str] = field(default_factory=list)
    gives: list[str] = field(default_factory=list)
    graphs: "list[Nodes]" = field(default_factory=list)  # bodies of loops, branches


@dataclass
class Nodes:
    """A graph as far as names go."""

    nodes: list[Node] = field(default_factory=list)
    inputs: set[str] = field(default_factory=set)
    constants: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)  # the domains in which the file has operators of its own


def nodes_of(content: bytes | Data) -> Nodes:
    """Read a file's graph; raises `ValueError` where it is no message, and `RecursionError` where it is too deep."""
    graph = Nodes()
    for number, value in fields(memoryview(content)):
        if number == GRAPH:  # more than one are one, as messages are merged
            _add(graph, value)
        elif number == FUNCTION:
            graph.functions.add(_text(value, FUNCTION_DOMAIN))
    return graph


def parts_of(content: bytes | Data, kind: str = "model") -> Iterator[tuple[str, Data]]:
    """Give what each message within is, as in `WITHIN`, and its bytes; raises as `nodes_of`."""
    within = WITHIN.get(kind, {})
    for number, value in fields(memoryview(content)):
        if number in within:
            yield within[number], value
            yield from parts_of(value, within[number])


def replaced(content: Data, change: Callable[[Data], list[Data] | None], kind: str = "model") -> list[Data] | None:
    """Return a message in pieces, with what `change` makes of tensors within it; None where it changes none."""
    within, pieces, done = WITHIN.get(kind, {}), [], 0
    for number, begin, start, end in _spans(content):
        inner, value = within.get(number), content[start:end]
        new = change(value) if inner == "tensor" else replaced(value, change, inner) if inner in WITHIN else None
        if new is not None:
            pieces += [content[done:begin], field_head(number, sum(map(len, new))), *new]
            done = end
    return [*pieces, content[done:]] if pieces else None


def field_head(number: int, size: int) -> Data:
    """Write what stands before the bytes of a field."""
    written = bytearray()
    for value in (number << 3 | BYTES, size):
        left = value
        while left > 127:
            written.append(left & 127 | 128)
            left >>= 7
        written.append(left)
    return memoryview(bytes(written))


def _add(graph: Nodes, data: Data) -> None:
    for number, value in fields(data):
        if number == NODE:
            graph.nodes.append(_node(value))
        elif number == INPUT:
            graph.inputs.add(_text(value, INPUT_NAME))
        elif number == INITIALIZER:
            graph.constants.add(_text(value, TENSOR_NAME))
        elif number == SPARSE_INITIALIZER:
            graph.constants.update([_text(part, TENSOR_NAME) for n, part in fields(value) if n == SPARSE_VALUES])


def _node(data: Data) -> Node:
    node = Node()
    for number, value in fields(data):
        if number == TAKES:
            node.takes.append(str(value, "utf-8"))
        elif number == GIVES:
            node.gives.append(str(value, "utf-8"))
        elif number == OPERATOR:
            node.operator = str(value, "utf-8")
        elif number == DOMAIN:
            node.domain = str(value, "utf-8")
        elif number == ATTRIBUTE:
            node.graphs += _graphs(value)
    return node


def _graphs(data: Data) -> list[Nodes]:
    found = []
    for number, value in fields(data):
        if number in (ATTRIBUTE_GRAPH, ATTRIBUTE_GRAPHS):
            found.append(Nodes())
            _add(found[-1], value)
    return found


def _text(data: Data, wanted: int) -> str:
    return next((str(value, "utf-8") for number, value in fields(data) if number == wanted), "")


def fields(data: Data) -> Iterator[tuple[int, Data]]:
    """Give the number and the bytes of each field that has bytes; the others are skipped."""
    for number, _, start, end in _spans(data):
        yield number, data[start:end]


def _spans(data: Data) -> Iterator[tuple[int, int, int, int]]:
    """Give of each field that has bytes its number, and where it begins, and its bytes begin and end."""
    at = 0
    while at < len(data):
        begin = at
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == BYTES:
            size, at = _varint(data, at)
            if size > len(data) - at:
                raise ValueError("a field that is longer than its message")
            yield tag >> 3, begin, at, at + size
            at += size
        elif kind == VARINT:
            _, at = _varint(data, at)
        elif kind in (FIXED32, FIXED64):
            at += 4 if kind == FIXED32 else 8
        else:
            raise ValueError(f"a field of the type {kind}")


def _varint(data: Data, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte; return it, and the place behind it."""
    value = 0
    for place, byte in enumerate(data[at : at + VARINT_MAX_BYTES]):
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, at + place + 1
    raise ValueError("a number that does not end")
