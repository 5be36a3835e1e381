"""Bundles that nobody meant: manifest, profile, golden rows and graph edited by their structure, files by their bytes.

    Mutant(bases, seed)   a base ─> one to three edits of one kind ─> hashes (and manifest) made to fit, mostly
                          ─> files by name; None or a callable in the place of content: a folder, a pipe, a link

The same seed makes the same. It loads nothing.
"""

import functools
import hashlib
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
from onnx import AttributeProto, TensorProto

Content = bytes | Callable[[Path], object]
Files = dict[str, Content]

BY_JSON, BY_GRAPH, BY_BYTES, BY_FILES = "json", "graph", "bytes", "files"
KINDS = (BY_JSON, BY_GRAPH, BY_GRAPH, BY_BYTES, BY_FILES)  # graphs are the most foreign of all
RESEALED_SHARE = 0.9  # of mutants whose hashes fit: what is behind the hashes is to be reached

NUMBERS = [0, 1, -1, 2, 3, 0.5, 1e-9, 1e308, -1e308, 2**31 - 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 10**30, -0.0]
ODD: list[Any] = [*NUMBERS, None, True, False, "", "a", "age", "\u202e", "\0", "a" * 2000, "../x", [], {}, [[]], [None]]
RAW = [b"NaN", b"Infinity", b"1e999", b"[" * 2000, b"\xff", b"\xed\xa0\x80", b'"\\ud800"', b"{}", b"[]", b"null"]
SIZES = [0, 1, 2, 3, 7, 64, 400, 2**16, 2**31 - 1, 2**31, 2**40, 2**62, -1, -(2**63)]
LOCATIONS = [
    "w.data",
    "x.data",
    "../w.data",
    "/etc/passwd",
    "",
    ".",
    "w\0",
    "./w.data",
    "*/_ORT_MEM_ADDR_/*",
    "w" * 300,
]


class Mutant:
    """One example: `files` of the `base`, by edits of a `kind`; `resealed` says that hashes were made to fit."""

    def __init__(self, bases: dict[str, dict[str, bytes]], seed: str) -> None:
        self.random = random.Random(seed)
        self.base = self.random.choice(list(bases))
        self.kind = self.random.choice(KINDS)
        self.files: Files = dict(bases[self.base])
        self.edits: list[str] = []
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            getattr(self, f"_by_{self.kind}")()
        self.resealed = self.random.random() < RESEALED_SHARE
        if self.resealed:
            self._reseal()
        self.changed = _under_a_signature(self.files) != _under_a_signature(dict(bases[self.base]))

    def write(self, folder: Path) -> None:
        """Lay the files into a folder that is made for them."""
        folder.mkdir(parents=True)
        for name, content in self.files.items():
            if isinstance(content, bytes):
                (folder / name).write_bytes(content)
            else:
                content(folder / name)

    def _pick(self, names: list[str]) -> str:
        return self.random.choice(
            [name for name in names if isinstance(self.files.get(name), bytes)] or list(self.files)
        )

    def _content(self, name: str) -> bytes:
        content = self.files[name]
        return content if isinstance(content, bytes) else b""

    # ── edits ──

    def _by_json(self) -> None:
        name = self._pick(
            ["manifest.json", "manifest.json", "golden.json", "profile.json", "tokenizer.json", "model.sig"]
        )
        try:
            tree = json.loads(self._content(name))
        except (ValueError, RecursionError):
            return self._by_bytes()
        edited = json.dumps(_edited(tree, self.random)).encode()
        if self.random.random() < 0.1:
            at = self.random.randrange(len(edited) + 1)
            edited = edited[:at] + self.random.choice(RAW) + edited[at + self.random.randrange(8) :]
        self.files[name] = edited
        return None

    def _by_graph(self) -> None:
        try:
            model = onnx.load_model_from_string(self._content("model.onnx"))
            for _ in range(self.random.choice((1, 1, 2, 4))):
                edit = self.random.choice(EDITS)
                self.edits.append(edit.__name__.strip("_"))
                edit(model, self.random)
            self.files["model.onnx"] = model.SerializeToString()
        except Exception:  # what was edited before is no graph any more, or does not take this
            self._by_bytes()

    def _by_bytes(self) -> None:
        name = self._pick(list(self.files))
        content = bytearray(self._content(name))
        for _ in range(self.random.choice((1, 1, 2, 8))):
            at = self.random.randrange(len(content) + 1)
            what = self.random.randrange(4)
            if what == 0 and at < len(content):
                content[at] ^= 1 << self.random.randrange(8)
            elif what == 1:
                del content[at : at + self.random.choice((1, 2, 16, 1000))]
            elif what == 2:
                content[at:at] = self.random.randbytes(self.random.choice((1, 2, 16)))
            else:
                piece = content[at : at + self.random.choice((1, 16, 200))]
                content[at:at] = piece * self.random.choice((1, 2, 50))
        self.files[name] = bytes(content)

    def _by_files(self) -> None:
        name, other = self._pick(list(self.files)), self._pick(list(self.files))
        what = self.random.randrange(7)
        if what == 0:
            self.files[name], self.files[other] = self.files[other], self.files[name]
        elif what == 1:
            self.files[name] = self._content(name)[: self.random.choice((0, 1, 100, len(self._content(name)) // 2))]
        elif what == 2 and len(self.files) > 1:
            del self.files[name]
        elif what == 3:
            self.files[self.random.choice(["x", "w.data", "a b", "..x", ".hidden", "ä.md"])] = self.files.pop(name)
        elif what == 4:
            self.files[self.random.choice(["x", "w.data", "model.sig", "..x"])] = self._content(name)
        elif what == 5:
            self.files[name] = self.random.choice(STRANGE)
        else:
            self.files[name] = self._content(other)

    def _reseal(self) -> None:
        """List the hashes of what is there now, as its writer would have."""
        try:
            manifest = json.loads(self._content("manifest.json"))
            listed = manifest["files"]
            for name, entry in listed.items():
                content = self._content(name)
                entry.update(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
            self.files["manifest.json"] = json.dumps(manifest).encode()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self.resealed = False


def _under_a_signature(files: Files) -> Files:
    """Leave out the signature itself, and what a mount calls its links."""
    return {name: content for name, content in files.items() if name != "model.sig" and not name.startswith("..")}


def _to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def _to_nothing(path: Path) -> None:
    path.symlink_to("nothing")


def _large(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**40)


STRANGE: list[Callable[[Path], object]] = [Path.mkdir, os.mkfifo, _to_a_device, _to_itself, _to_nothing, _large]


def _edited(tree: Any, chance: random.Random) -> Any:
    """Change one value somewhere in a tree of JSON: replace, drop, double, or take another's place."""
    places: list[tuple[Any, Any]] = []
    _walk(tree, places)
    if not places:
        return chance.choice(ODD)
    holder, key = chance.choice(places)
    what = chance.randrange(6)
    if what == 0:
        del holder[key]
    elif what == 1:
        from_, at = chance.choice(places)
        holder[key] = json.loads(json.dumps(from_[at]))
    elif what == 2 and isinstance(holder, list):
        holder.insert(key, holder[key])
    elif what == 3 and isinstance(holder, dict):
        holder[chance.choice(["x", "", key + " ", key.upper(), "type", "name"])] = holder.pop(key)
    elif what == 4 and isinstance(holder[key], (int, float)):
        holder[key] = chance.choice([-holder[key], holder[key] + 1, holder[key] * 10, float(holder[key]), *NUMBERS])
    else:
        holder[key] = chance.choice(ODD)
    return tree


def _walk(tree: Any, places: list[tuple[Any, Any]]) -> None:
    for key in range(len(tree)) if isinstance(tree, list) else list(tree) if isinstance(tree, dict) else ():
        places.append((tree, key))
        if len(places) < 5000:
            _walk(tree[key], places)


# ── edits of graphs ──


@functools.cache
def operators() -> list[tuple[str, str]]:
    """Name every operator that ONNX knows."""
    return sorted({(schema.domain, schema.name) for schema in onnx.defs.get_all_schemas()})


def _shape(model: onnx.ModelProto, chance: random.Random) -> None:
    ends = [*model.graph.input, *model.graph.output, *model.graph.value_info]
    dims = chance.choice(ends).type.tensor_type.shape.dim
    what = chance.randrange(4)
    if what == 0 or not dims:
        dims.add().dim_value = chance.choice(SIZES)
    elif what == 1:
        del dims[chance.randrange(len(dims))]
    elif what == 2:
        chance.choice(dims).dim_value = chance.choice(SIZES)
    else:
        chance.choice(dims).dim_param = chance.choice(["", "batch", "?", "x", "n" * 500])


def _type(model: onnx.ModelProto, chance: random.Random) -> None:
    chance.choice([*model.graph.input, *model.graph.output]).type.tensor_type.elem_type = chance.randrange(27)


def _operator(model: onnx.ModelProto, chance: random.Random) -> None:
    node = chance.choice(model.graph.node)
    node.domain, node.op_type = chance.choice(operators())


def _attribute(model: onnx.ModelProto, chance: random.Random) -> None:
    node = chance.choice(model.graph.node)
    if not node.attribute or chance.random() < 0.2:
        name = chance.choice(["axis", "axes", "to", "keepdims", "value", "perm", "kernel_shape", "body", "shape"])
        made = onnx.helper.make_attribute(name, chance.choice([0, -1, 2**40, 0.5, "x", [0, 1], [-1, 2**33], [0.5]]))
        node.attribute.append(made)
        return
    found = chance.choice(node.attribute)
    if chance.random() < 0.2:
        node.attribute.remove(found)
    elif found.type == AttributeProto.TENSOR:
        _spoil(found.t, chance)
    else:
        _value(found, chance)


def _value(found: AttributeProto, chance: random.Random) -> None:
    if found.type == AttributeProto.INT:
        found.i = chance.choice(SIZES)
    elif found.type == AttributeProto.INTS:
        found.ints.append(chance.choice(SIZES))
    elif found.type == AttributeProto.FLOAT:
        found.f = chance.choice([0.0, -1.0, 1e38, float("nan"), float("inf")])
    elif found.type == AttributeProto.STRING:
        found.s = chance.choice([b"", b"NOTSET", b"SAME_UPPER", b"\xff", b"x" * 1000])
    elif found.strings or found.floats:
        del (found.strings or found.floats)[chance.randrange(len(found.strings or found.floats)) :]
    else:
        found.ref_attr_name = chance.choice(["", "x"])


def _names(model: onnx.ModelProto, chance: random.Random) -> None:
    node = chance.choice(model.graph.node)
    every = [name for each in model.graph.node for name in (*each.input, *each.output)]
    names = node.input if node.input and chance.random() < 0.6 else node.output
    if names:
        names[chance.randrange(len(names))] = chance.choice([*every, "", "nobody", "\x1b[31m"])


def _nodes(model: onnx.ModelProto, chance: random.Random) -> None:
    nodes = model.graph.node
    at, what = chance.randrange(len(nodes)), chance.randrange(4)
    if what == 0:
        del nodes[at]
    elif what == 1:
        nodes.add().CopyFrom(nodes[at])
    elif what == 2:
        first, second = onnx.NodeProto(), chance.randrange(len(nodes))
        first.CopyFrom(nodes[at])
        nodes[at].CopyFrom(nodes[second])
        nodes[second].CopyFrom(first)
    else:
        names = chance.choice([nodes[at].input, nodes[at].output])
        names.append(chance.choice([*names, "", "more"]))


def _initializer(model: onnx.ModelProto, chance: random.Random) -> None:
    tensors = model.graph.initializer
    what = chance.randrange(5)
    if not tensors or what == 0:
        tensors.add(name=chance.choice(["x", "w", "new"]), data_type=chance.randrange(27), dims=[chance.choice(SIZES)])
    elif what == 1:
        del tensors[chance.randrange(len(tensors))]
    elif what == 2:
        tensors.add().CopyFrom(chance.choice(tensors))
    else:
        _spoil(chance.choice(tensors), chance)


def _spoil(tensor: TensorProto, chance: random.Random) -> None:
    what = chance.randrange(6)
    if what == 0:
        tensor.dims.append(chance.choice(SIZES))
    elif what == 1 and tensor.dims:
        tensor.dims[chance.randrange(len(tensor.dims))] = chance.choice(SIZES)
    elif what == 2:
        tensor.data_type = chance.randrange(27)
    elif what == 3 and tensor.raw_data:
        tensor.raw_data = tensor.raw_data[: chance.randrange(len(tensor.raw_data))]
    elif what == 4 and tensor.raw_data:
        tensor.raw_data = chance.randbytes(len(tensor.raw_data))
    else:
        _outside(tensor, chance)


def _outside(tensor: TensorProto, chance: random.Random) -> None:
    tensor.data_location = TensorProto.EXTERNAL
    if chance.random() < 0.5:
        tensor.ClearField("raw_data")
    if chance.random() < 0.3:
        del tensor.external_data[:]
    tensor.external_data.add(key="location", value=chance.choice(LOCATIONS))
    for key in ("offset", "length", "checksum"):
        if chance.random() < 0.6:
            tensor.external_data.add(key=key, value=str(chance.choice([*SIZES, "", "x", "0x10", "9" * 40])))


def _model(model: onnx.ModelProto, chance: random.Random) -> None:
    what = chance.randrange(6)
    if what == 0:
        model.ir_version = chance.choice([0, 3, 4, 9, 13, 99, -1])
    elif what == 1 and model.opset_import:
        chance.choice(model.opset_import).version = chance.choice([0, 1, 5, 9, 11, 13, 17, 21, 25, 99, -1])
    elif what == 2:
        model.opset_import.add(domain=chance.choice(["", "ai.onnx.ml", "com.microsoft", "own"]), version=1)
    elif what == 3:
        model.metadata_props.add(key="x" * chance.choice((0, 1, 1000)), value="\x1b]0;")
    elif what == 4:
        chance.choice([model.graph.input, model.graph.output]).add().CopyFrom(chance.choice(model.graph.input))
    else:
        ends = chance.choice([model.graph.input, model.graph.output])
        del ends[chance.randrange(len(ends))]


def _body(model: onnx.ModelProto, chance: random.Random) -> None:
    """Let a node hold the graph itself."""
    inner = onnx.GraphProto()
    inner.CopyFrom(model.graph)
    node = chance.choice(model.graph.node)
    node.op_type = chance.choice(["If", "Loop", "Scan", "SequenceMap", node.op_type])
    for name in chance.choice([["body"], ["then_branch", "else_branch"]]):
        node.attribute.append(onnx.helper.make_attribute(name, inner))


EDITS = [_shape, _shape, _type, _operator, _operator, _attribute, _attribute, _names, _names, _nodes, _initializer]
EDITS += [_initializer, _model, _body]
