"""The nodes of an ONNX file, read without the package `onnx`, which the service does not have.

    nodes_of(content) ─> Nodes: of each node the operator, its domain, the names that it takes and gives, and the
                         graphs within it; beside them the names of inputs and constants
    nodes_within(content)      every node, wherever it is, unread: to be counted

It reads Protocol Buffers' wire format as far as the names go, and skips the weights. Field numbers are those of
onnx.proto3. It knows no operator.
"""

from collections.abc import Iterator
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
    for number, value in _fields(memoryview(content)):
        if number == GRAPH:  # more than one are one, as messages are merged
            _add(graph, value)
        elif number == FUNCTION:
            graph.functions.add(_text(value, FUNCTION_DOMAIN))
    return graph


def nodes_within(content: bytes | Data) -> Iterator[Data]:
    """Give the bytes of each node, those within others too; raises as `nodes_of`."""
    for number, value in _fields(memoryview(content)):
        if number in (GRAPH, FUNCTION):
            yield from _nodes(value, NODE if number == GRAPH else FUNCTION_NODE)


def _nodes(data: Data, wanted: int) -> Iterator[Data]:
    for number, value in _fields(data):
        if number == wanted:
            yield value
            for part, attribute in _fields(value):
                if part == ATTRIBUTE:
                    for kind, graph in _fields(attribute):
                        if kind in (ATTRIBUTE_GRAPH, ATTRIBUTE_GRAPHS):
                            yield from _nodes(graph, NODE)


def _add(graph: Nodes, data: Data) -> None:
    for number, value in _fields(data):
        if number == NODE:
            graph.nodes.append(_node(value))
        elif number == INPUT:
            graph.inputs.add(_text(value, INPUT_NAME))
        elif number == INITIALIZER:
            graph.constants.add(_text(value, TENSOR_NAME))
        elif number == SPARSE_INITIALIZER:
            graph.constants.update([_text(part, TENSOR_NAME) for n, part in _fields(value) if n == SPARSE_VALUES])


def _node(data: Data) -> Node:
    node = Node()
    for number, value in _fields(data):
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
    for number, value in _fields(data):
        if number in (ATTRIBUTE_GRAPH, ATTRIBUTE_GRAPHS):
            found.append(Nodes())
            _add(found[-1], value)
    return found


def _text(data: Data, wanted: int) -> str:
    return next((str(value, "utf-8") for number, value in _fields(data) if number == wanted), "")


def _fields(data: Data) -> Iterator[tuple[int, Data]]:
    """Give the number and the bytes of each field that has bytes; the others are skipped."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == BYTES:
            size, at = _varint(data, at)
            if size > len(data) - at:
                raise ValueError("a field that is longer than its message")
            yield tag >> 3, data[at : at + size]
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
