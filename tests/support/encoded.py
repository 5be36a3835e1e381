"""Tiny bundles of texts with an encoder beside: a graph that takes the tokens of each text, made by a real tokenizer.

write(root, …)          a bundle of `tiny`, whose scores also have the mean of a table's rows over all tokens
tokens(folder, texts)   the graph's own tensor, padded, by the library alone
expected(folder, rows)  the graph's answers, with none of the service's code between
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from app.bundle import reader as bundles
from tests.support import tiny

READ = tiny.Tiny(
    format=2,
    numbers=("age",),
    booleans=(),
    strings=("level",),
    texts=("review",),
    optional=("level",),
    scale=0.1,
    longest=10_000,
)
FILE, LONGEST = "tokenizer.json", 16
MARKS = ("[PAD]", "[CLS]", "[SEP]", "[UNK]")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = ("good", "bad", "film", "a", "not", "long", "word", *LETTERS, *(f"##{letter}" for letter in LETTERS))
TOKENS = 2 * len(MARKS) + len(WORDS)


def tokenizer(padding: int = 0) -> Any:
    """Return one whose token of padding is this one."""
    marks = [mark for mark in MARKS if mark != "[PAD]"]
    marks.insert(padding, "[PAD]")
    vocabulary = {word: at for at, word in enumerate(dict.fromkeys((*marks, *WORDS)))}
    made = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"]))
    made.add_special_tokens(marks)
    made.enable_padding(length=40)  # which whoever uses a file must not believe, as the next
    made.enable_truncation(3)
    return made


def write(
    root: Path, named: tiny.Tiny = READ, *, padding: int = 0, file: Any = None, edit: tiny.Edit | None = None
) -> Path:
    """Write a bundle; `file` is its tokenizer, or the bytes that stand in its place, which nothing is asked about."""
    folder = tiny.write(root, named)
    onnx.save(graph(named), str(folder / bundles.MODEL))
    put(folder, tokenizer(padding) if file is None else file)
    keys = {"tensor": "text_tokens", "file": FILE, "longest": LONGEST, "padding": padding}
    manifest = json.loads((folder / bundles.MANIFEST).read_text())
    for feature in manifest["features"]:
        if feature["type"] == "text":
            feature["tokens"] = keys
    manifest["inputs"].append({"name": "text_tokens", "dtype": "int32", "shape": [None, len(named.texts), None]})
    if not isinstance(file, bytes):
        golden = json.loads((folder / bundles.GOLDEN).read_text())
        golden["outputs"] = {"probabilities": expected(folder, named, golden["instances"], padding).tolist()}
        (folder / bundles.GOLDEN).write_text(json.dumps(golden))
    relist(folder, manifest, edit)
    return folder


def put(folder: Path, file: Any) -> None:
    if isinstance(file, bytes):
        (folder / FILE).write_bytes(file)
    else:
        file.save(str(folder / FILE))


def relist(folder: Path, manifest: dict[str, Any], edit: tiny.Edit | None = None) -> None:
    """Write the manifest with the files as they are now."""

    def listed(content: dict[str, Any]) -> None:
        path = folder / FILE
        content["files"][FILE] = {"sha256": bundles.sha256(path), "bytes": path.stat().st_size}
        if edit is not None:
            edit(content)

    tiny.rewrite_manifest(folder, manifest, listed)


def graph(named: tiny.Tiny) -> onnx.ModelProto:
    """Add to the scores of the tiny graph the mean of a table's rows over the tokens of a row that are no padding."""
    model = tiny.graph(named)
    table = np.random.default_rng(0).normal(size=(TOKENS, len(named.labels))).astype(np.float32)
    shape: list[str | int | None] = ["batch", len(named.texts), "tokens"]
    model.graph.input.append(helper.make_tensor_value_info("text_tokens", TensorProto.INT32, shape))
    constants = {
        "table": table,
        "no_token": np.array(0, np.int32),
        "over": np.array([1, 2]),
        "last_axis": np.array([3]),
    }
    model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    last = model.graph.node.pop()
    last.input[0] = "all_scores"
    model.graph.node.extend(
        [
            helper.make_node("Equal", ["text_tokens", "no_token"], ["is_padding"]),
            helper.make_node("Not", ["is_padding"], ["is_token"]),
            helper.make_node("Cast", ["is_token"], ["weights_of_tokens"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["weights_of_tokens", "last_axis"], ["mask"]),
            helper.make_node("Gather", ["table", "text_tokens"], ["rows_of_tokens"]),
            helper.make_node("Mul", ["rows_of_tokens", "mask"], ["masked"]),
            helper.make_node("ReduceSum", ["masked", "over"], ["sums"], keepdims=0),
            helper.make_node("ReduceSum", ["mask", "over"], ["counts"], keepdims=0),
            helper.make_node("Div", ["sums", "counts"], ["means"]),
            helper.make_node("Add", ["scores", "means"], ["all_scores"]),
            last,
        ]
    )
    onnx.checker.check_model(model)
    return model


def tokens(folder: Path, rows: Sequence[Sequence[str]], padding: int = 0) -> Any:
    """Return (rows, columns, tokens) int32, all padded to the longest."""
    library = Tokenizer.from_file(str(folder / FILE))
    library.no_padding()
    library.enable_truncation(LONGEST)
    swapped = {0: padding, padding: 0}
    found = [[[swapped.get(each, each) for each in library.encode(text).ids] for text in row] for row in rows]
    longest = max(len(ids) for row in found for ids in row)
    return np.array([[ids + [0] * (longest - len(ids)) for ids in row] for row in found], np.int32)


def expected(folder: Path, named: tiny.Tiny, rows: Sequence[dict[str, Any]], padding: int = 0) -> Any:
    texts = [[row.get(name) or "" for name in named.texts] for row in rows]
    inputs = tiny.tensors(named, rows) | {"text_tokens": tokens(folder, texts, padding)}
    return tiny.run(folder / bundles.MODEL, inputs)
