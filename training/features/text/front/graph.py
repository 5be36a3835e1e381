"""Graph: the front in ONNX operators, step by step what `characters`, `hashing` and `integers` do in NumPy.

    strings ─ Tokenizer ─> characters, padded ─ LabelEncoder ─> codes ─ Compress ─> one after the other, nothing padded
    ─ hashes ─ slots ─> rows ─ Gather ─> integers ─ CumSum, differences at the ends of texts ─> totals ─ divide

Sums are differences of running sums, which no threads can disturb; adding by scatter has no such promise.
Every operator stands empty texts. The Tokenizer is ONNX Runtime's own (com.microsoft), the others are of ONNX.
It knows nothing about how anything was learned.
"""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from training.features.text import hashing as h
from training.features.text.characters import CLASSES, HASHED, LETTERS, PADDING, SPACE_CODE, Characters
from training.features.text.front.integers import Integers
from training.features.text.front.slots import UPPER_BITS, Slots
from training.nodes import LAST, Nodes

PREFIX = "text/"
INPUT, OUTPUT = "texts", "text_vector"
OPSETS = {"": 18, "ai.onnx.ml": 2, "com.microsoft": 1}
IR_VERSION = 9
BATCH = "batch"


def model(characters: Characters, integers: Integers, columns: int) -> onnx.ModelProto:
    """Return the graph that answers with the very bits of `Front.answer`."""
    nodes = Nodes(PREFIX)
    real, codes = _codes(nodes, characters)
    moves = _moves(nodes, real, columns) if columns > 1 else None
    hashes = _hashes(nodes, codes, moves)
    totals = _totals(nodes, hashes, real, integers)
    width = _divided(nodes, totals, integers, columns)
    inputs = [helper.make_tensor_value_info(INPUT, TensorProto.STRING, [BATCH, columns])]
    outputs = [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [BATCH, width])]
    body = helper.make_graph(nodes.nodes, "text", inputs, outputs, nodes.constants)
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    return helper.make_model(body, opset_imports=opsets, ir_version=IR_VERSION)


def _codes(nodes: Nodes, characters: Characters) -> tuple[str, str]:
    """Return which cells of (texts, longest) hold a character, and the codes of all characters: (codes,)."""
    flat = nodes.add("Reshape", INPUT, nodes.constant([-1]))
    tokens = nodes.add(
        "Tokenizer", flat, domain="com.microsoft", mark=1, mincharnum=1, pad_value="", separators=[""]
    )  # (texts, longest)
    mapping = characters.mapping()
    numbers: dict[str, Any] = {"keys_strings": list(mapping), "values_int64s": list(mapping.values())}
    codes = nodes.add("LabelEncoder", tokens, domain="ai.onnx.ml", default_int64=characters.unknown, **numbers)
    real = nodes.add("Greater", codes, nodes.constant(PADDING))
    line = nodes.constant([-1])
    return real, nodes.add("Compress", nodes.add("Reshape", codes, line), nodes.add("Reshape", real, line))


def _moves(nodes: Nodes, real: str, columns: int) -> str:
    """Return how far its place moves the hashes of each position: (positions,)."""
    texts = nodes.add("Gather", nodes.add("NonZero", real), nodes.constant(0))  # (codes,) which text each is of
    by_place = nodes.constant([h.moved(place) for place in range(columns)])
    moves = nodes.add("Gather", by_place, nodes.add("Mod", texts, nodes.constant(columns)))
    return str(nodes.add("Concat", moves, nodes.constant([0]), axis=0))


def _hashes(nodes: Nodes, codes: str, moves: str | None) -> str:
    """Return the hashes that begin at each position: (kinds, positions) int32, as `hashing.grams`."""
    before, behind = nodes.constant([SPACE_CODE] * h.BEFORE), nodes.constant([SPACE_CODE] * h.BEHIND)
    padded = nodes.add("Concat", before, codes, behind, axis=0)
    hashed = nodes.add("BitwiseAnd", padded, nodes.constant(HASHED))
    every = [*_of_characters(nodes, hashed), *_of_words(nodes, padded, hashed)]
    hashes = nodes.add("Reshape", nodes.add("Concat", *every, axis=0), nodes.constant([h.KINDS, -1]))
    if moves is not None:
        hashes = nodes.add("Add", hashes, moves)
    there = nodes.add("Max", hashes, nodes.constant(-1))  # what is none becomes the largest
    kept = nodes.add("BitwiseAnd", there, nodes.constant(h.KEPT_BITS))
    return str(nodes.add("Cast", kept, to=TensorProto.INT32))


def _of_characters(nodes: Nodes, hashed: str) -> list[str]:
    """Return the sums of 3, 4 and 5 characters, as `hashing` makes them: each (positions,)."""
    space = nodes.add("Equal", hashed, nodes.constant(SPACE_CODE))
    inside = nodes.add("Where", space, nodes.constant(h.INNER_SPACE), hashed)
    last = nodes.add("Mul", hashed, nodes.constant(h.LAST))
    total = _from(nodes, nodes.add("Mul", hashed, nodes.constant(h.INNER[0])), 0)
    sums = []
    for length in h.LENGTHS:
        product = nodes.add("Mul", inside, nodes.constant(h.INNER[length - 2]))
        total = nodes.add("Add", total, _from(nodes, product, length - 2))
        sums.append(nodes.add("Add", total, _from(nodes, last, length - 1)))
    return sums


def _of_words(nodes: Nodes, padded: str, hashed: str) -> tuple[str, str]:
    """Return the sums of the word, and of the two words, that begin at each position, as `hashing.Words` does."""
    classes = _from(nodes, nodes.add("BitwiseAnd", padded, nodes.constant(CLASSES)), 0)
    letters = _from(nodes, nodes.add("BitwiseAnd", padded, nodes.constant(LETTERS)), -1)
    begins = nodes.add("Greater", classes, letters)
    first = nodes.constant(0)
    count = nodes.add("CumSum", nodes.add("Cast", begins, to=TensorProto.INT64), first)
    starts = nodes.add("Reshape", nodes.add("NonZero", begins), nodes.constant([-1]))
    bounds = nodes.add("Concat", nodes.constant([0]), starts, nodes.constant([-1]), axis=0)  # -1: the last position
    start, following = (nodes.add("Gather", each, count) for each in (bounds, nodes.slice(bounds, 1)))
    positions = nodes.add("Squeeze", nodes.add("Shape", count))
    place = nodes.add("Range", first, positions, nodes.constant(1))
    distance = nodes.add("BitwiseAnd", nodes.add("Sub", place, start), nodes.constant(h.LONGEST_TOLD_APART - 1))
    factors = nodes.add("Gather", nodes.constant(h.DISTANCES), distance)
    kept = nodes.constant(h.KEPT_BITS)
    products = nodes.add("BitwiseAnd", nodes.add("Mul", _from(nodes, hashed, 0), factors), kept)
    running = nodes.add("CumSum", products, first, exclusive=1)
    word = nodes.add("Sub", nodes.add("Gather", running, following), running)
    word = nodes.add("BitwiseAnd", word, kept)
    one, other = (nodes.constant(factor) for factor in h.WORDS)
    pair = nodes.add("Add", nodes.add("Mul", word, one), nodes.add("Mul", nodes.add("Gather", word, following), other))
    nothing = nodes.constant(h.NOTHING)
    return nodes.add("Where", begins, word, nothing), nodes.add("Where", begins, pair, nothing)


def _from(nodes: Nodes, padded: str, place: int) -> str:
    """Return what stands so many places behind each position: (positions,)."""
    end = 1 + place - h.BEHIND
    return nodes.slice(padded, h.BEFORE + place, end if end < 0 else LAST)


def _rows(nodes: Nodes, hashes: str, slots: Slots) -> str:
    """Return the slot of each hash, or how many there are for what is no key, as `Slots.find`."""
    scaled = nodes.add("Mul", nodes.add("Cast", hashes, to=TensorProto.FLOAT), nodes.constant(slots.scale, np.float32))
    bucket = nodes.add("Cast", scaled, to=TensorProto.INT32)
    moves, upper = (  # both are widened once, when the graph is loaded
        nodes.add("Cast", nodes.constant(array, array.dtype, name), to=TensorProto.INT32)
        for array, name in ((slots.moves, "moves"), (slots.upper, "upper"))
    )
    away = nodes.add("Sub", hashes, nodes.add("Gather", moves, bucket))
    slot = nodes.add("BitwiseAnd", away, nodes.constant(slots.count - 1, np.int32))
    upper = nodes.add("Mul", upper, nodes.constant(1 << 16, np.int32))
    wanted = nodes.add("BitwiseAnd", hashes, nodes.constant(UPPER_BITS, np.int32))
    same = nodes.add("Equal", nodes.add("Gather", upper, slot), wanted)
    return str(nodes.add("Where", same, slot, nodes.constant(slots.count, np.int32)))


def _totals(nodes: Nodes, hashes: str, real: str, integers: Integers) -> str:
    """Return the sums over the n-grams of each text: (texts, columns + 1)."""
    rows = _rows(nodes, hashes, integers.slots)  # (kinds, positions)
    table = nodes.constant(integers.table, integers.table.dtype, "table")
    each = nodes.add("Gather", table, rows)  # (kinds, positions, columns + 1)
    sums = TensorProto.INT32 if integers.sums is np.int32 else TensorProto.INT64
    each = nodes.add("ReduceSum", nodes.add("Cast", each, to=sums), nodes.constant([0]), keepdims=0)
    running = nodes.add("CumSum", each, nodes.constant(0), exclusive=1)
    lengths = nodes.add("ReduceSum", nodes.add("Cast", real, to=TensorProto.INT64), nodes.constant([1]), keepdims=0)
    ends = nodes.add("CumSum", lengths, nodes.constant(0))
    begins = nodes.add("Sub", ends, lengths)
    return str(nodes.add("Sub", nodes.add("Gather", running, ends), nodes.add("Gather", running, begins)))


def _divided(nodes: Nodes, totals: str, integers: Integers, columns: int) -> int:
    """Make the answer of the totals, as `Integers.divided`, and return its width."""
    last = integers.table.shape[1] - 1
    said, norm = nodes.slice(totals, 0, last, 1), nodes.slice(totals, last, LAST, 1)
    if integers.kernel is not None:
        kernel = nodes.constant(integers.kernel, integers.kernel.dtype, "kernel")
        wide = (nodes.add("Cast", each, to=TensorProto.INT64) for each in (said, kernel))
        said = nodes.add("MatMul", *wide)
    norm = nodes.add("Max", norm, nodes.constant(1, integers.sums))
    root = nodes.add("Sqrt", nodes.add("Cast", norm, to=TensorProto.FLOAT))
    divided = nodes.add("Div", nodes.add("Cast", said, to=TensorProto.FLOAT), root)
    answer = nodes.add("Mul", divided, nodes.constant(integers.scale, np.float32, "scale"))
    width = len(integers.scale)
    if columns > 1:
        _added(nodes, answer, columns, width)
    nodes.name_last(OUTPUT)
    return width


def _added(nodes: Nodes, answer: str, columns: int, width: int) -> None:
    """Add the texts of each row, one to the next: a sum in another order might have other bits."""
    rows = nodes.add("Reshape", answer, nodes.constant([-1, columns, width]))
    nodes.total(nodes.add("Gather", rows, nodes.constant(column), axis=1) for column in range(columns))
