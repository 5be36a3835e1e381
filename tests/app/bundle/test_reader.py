"""Every MUST of `docs/bundle.md` that a reader can check, broken one at a time."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from app.bundle import reader as bundles
from app.bundle.manifest import CREATED_PATTERN, FILE_PATTERN, HASH_PATTERN, NAME_PATTERN
from app.errors import BundleError
from app.features.names import PATTERN as FEATURE_PATTERN
from app.runtime import model
from app.settings import Settings
from tests.support import tiny

Manifest = dict[str, Any]
SETTINGS = Settings(models=Path("unused"))


def test_a_good_bundle_is_read(tmp_path: Path) -> None:
    """What is written comes back."""
    bundle = bundles.read(tiny.write(tmp_path))
    assert (bundle.manifest.name, bundle.manifest.version) == ("tiny", 1)
    assert [feature.name for feature in bundle.manifest.features] == ["age", "hours-per-week", "member", "level"]
    assert len(bundle.golden.instances) == 8
    assert bundle.model_path == tmp_path / "tiny" / "1" / "model.onnx"


def test_a_relative_folder_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder's own name counts, however it was reached."""
    monkeypatch.chdir(tiny.write(tmp_path))
    assert bundles.read(Path()).manifest.name == "tiny"


def test_unknown_keys_are_ignored(tmp_path: Path) -> None:
    """A writer may add keys, to the manifest and to a feature."""

    def add(manifest: Manifest) -> None:
        manifest["colour"] = "red"
        manifest["features"][0]["unit"] = "years"

    assert bundles.read(tiny.write(tmp_path, edit=add)).manifest.name == "tiny"


def test_further_files_may_be_listed(tmp_path: Path) -> None:
    """A plot that the manifest lists is part of the bundle, and checked like every file."""
    folder = tiny.write(tmp_path)
    plot = folder / "roc.png"
    plot.write_bytes(b"png")

    def add(manifest: Manifest) -> None:
        manifest["files"]["roc.png"] = {"sha256": bundles.sha256(plot), "bytes": 3}

    tiny.rewrite_manifest(folder, tiny.manifest(tiny.Tiny()), add)
    assert "roc.png" in bundles.read(folder).manifest.files
    plot.write_bytes(b"gif")
    with pytest.raises(BundleError, match=r"roc\.png: expected sha256"):
        bundles.read(folder)


# ── the manifest ──


def put(**values: Any) -> Callable[[Manifest], None]:
    return lambda manifest: manifest.update(values)


def put_feature(**values: Any) -> Callable[[Manifest], None]:
    return lambda manifest: manifest["features"][0].update(values)


def put_answer(**values: Any) -> Callable[[Manifest], None]:
    return lambda manifest: manifest["answer"].update(values)


def put_output(**values: Any) -> Callable[[Manifest], None]:
    return lambda manifest: manifest["outputs"][0].update(values)


def put_input(**values: Any) -> Callable[[Manifest], None]:
    return lambda manifest: manifest["inputs"][0].update(values)


def drop(key: str) -> Callable[[Manifest], None]:
    return lambda manifest: manifest.pop(key) and None


def twice(manifest: Manifest) -> None:
    manifest["features"][1] = manifest["features"][0] | {"name": "another"}


def same_name(manifest: Manifest) -> None:
    manifest["features"][1]["name"] = manifest["features"][0]["name"]


def unfed(manifest: Manifest) -> None:
    del manifest["features"][0]


def no_file(manifest: Manifest) -> None:
    del manifest["files"]["card.md"]


def outside(manifest: Manifest) -> None:
    manifest["files"]["../other.onnx"] = manifest["files"]["model.onnx"]


def short_hash(manifest: Manifest) -> None:
    manifest["files"]["card.md"]["sha256"] = "abc"


BROKEN: dict[str, tuple[Callable[[Manifest], None], str]] = {
    "another format": (put(format=3), "expected format 2 or 1. Received: 3"),
    "another name": (put(name="other"), "expected name and version tiny/1, as the folder. Received: other/1"),
    "another version": (put(version=2), "expected name and version tiny/1, as the folder. Received: tiny/2"),
    "name with a separator": (put(name="a/b"), r"\$\.name"),
    "name of 129 characters": (put(name="a" * 129), r"\$\.name"),
    "name with a dot first": (put(name=".tiny"), r"\$\.name"),
    "version 0": (put(version=0), r"\$\.version"),
    "version as text": (put(version="1"), r"\$\.version"),
    "created in local time": (put(created="2026-01-01T00:00:00+02:00"), r"\$\.created"),
    "created as words": (put(created="yesterday"), r"\$\.created"),
    "no features": (drop("features"), "features"),
    "no answer": (drop("answer"), "answer"),
    "answer of unknown type": (
        put_answer(type="ranking"),
        "`answer`: expected a type of answers, one of label, labels, value",
    ),
    "answer without its keys": (put(answer={"type": "label"}), "`answer`: .*`labels`"),
    "feature of unknown type": (
        put_feature(type="picture"),
        r"`features\[0\]`: expected a type of features, one of number, boolean",
    ),
    "feature of another dtype": (put_feature(type="category"), "one tensor for all features of a type"),
    "feature of unknown tensor": (put_feature(tensor="other"), "one tensor for all features of a type"),
    "feature beyond the tensor": (put_feature(column=99), "fed by one feature"),
    "feature before the tensor": (put_feature(column=-1), r"`features\[0\]`: .*\$\.column"),
    "feature without a name": (put_feature(name=""), r"`features\[0\]`: .*\$\.name"),
    "feature name with an escape": (put_feature(name="\x1b[31m"), r"`features\[0\]`: .*\$\.name"),
    "feature name with a line break": (put_feature(name="a\nb"), r"`features\[0\]`: .*\$\.name"),
    "a column fed twice": (twice, "fed by one feature"),
    "a column not fed": (unfed, "fed by one feature"),
    "two features of one name": (same_name, "unique feature names"),
    "input of unknown dtype": (put_input(dtype="complex64"), "expected the dtype of `numeric`, one of bool, uint8"),
    "input without a batch": (put_input(shape=[1, 3]), "expected `numeric` of shape"),
    "input of another dtype": (put_input(dtype="int64"), "as its features feed"),
    "input without columns": (put_input(shape=[None]), "as its features feed"),
    "input without dimensions": (put_input(shape=[]), "expected `numeric` of shape"),
    "input of a trillion columns": (put_input(shape=[None, 10**12]), "as its features feed"),
    "no outputs": (put(outputs=[]), "as the first output"),
    "output without a batch": (put_output(shape=[8, 2]), "expected `probabilities` of shape"),
    "output of another name": (put_output(name="logits"), "as the first output"),
    "output of strings": (put_output(dtype="string"), "as the first output"),
    "labels missing": (put_answer(labels=None), "`answer`: .*array"),
    "a label less": (put_answer(labels=["no"]), "expected 2 labels"),
    "metrics without names": (put(metrics={"shipped": 1.0}), r"\$\.metrics"),
    "a file not listed": (no_file, "expected `files` to list card.md"),
    "a file outside": (outside, r"\$\.files"),
    "half a hash": (short_hash, r"\$\.files"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_manifest_that_breaks_a_rule_is_refused(case: str, tmp_path: Path) -> None:
    """The message names the manifest and the fault."""
    edit, message = BROKEN[case]
    folder = tiny.write(tmp_path, tiny.Tiny(format=2), edit=edit)
    with pytest.raises(BundleError, match=message) as refusal:
        bundles.read(folder)
    assert str(refusal.value).startswith(str(folder / "manifest.json"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"answer": {"type": "label", "labels": ["a"]}}, "as the first output"),
        ({"outputs": [{"name": "value", "dtype": "float32", "shape": [None, 2]}]}, "of one column"),
        ({"outputs": [{"name": "probabilities", "dtype": "float32", "shape": [None, 1]}]}, "as the first output"),
    ],
)
def test_a_regression_has_one_value_and_no_labels(values: Manifest, message: str, tmp_path: Path) -> None:
    """What the encoder could not render is refused when it is read."""
    folder = tiny.write(tmp_path, tiny.Tiny(task="regression", format=2), put(**values))
    with pytest.raises(BundleError, match=message):
        bundles.read(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"format":1}', b"[" * 100_000])
def test_a_manifest_that_is_no_manifest_is_refused(content: bytes, tmp_path: Path) -> None:
    """Any bytes are refused with the file's name, never with a crash."""
    folder = tiny.write(tmp_path)
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(BundleError, match=r"manifest\.json: "):
        bundles.read(folder)


def test_an_enormous_manifest_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is looked at before its bytes."""
    folder = tiny.write(tmp_path)
    size = (folder / "manifest.json").stat().st_size
    monkeypatch.setattr(bundles, "MANIFEST_MAX_BYTES", size - 1)
    with pytest.raises(BundleError, match=f"expected at most {size - 1} bytes. Received: {size}"):
        bundles.read(folder)


# ── the files ──


@pytest.mark.parametrize("name", [bundles.MANIFEST, *bundles.REQUIRED_FILES])
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    """Which file, and what the system said."""
    folder = tiny.write(tmp_path)
    (folder / name).unlink()
    with pytest.raises(BundleError) as refusal:
        bundles.read(folder)
    assert str(refusal.value) == f"{folder / name}: cannot be read: No such file or directory."


@pytest.mark.parametrize("name", bundles.REQUIRED_FILES)
def test_a_tampered_byte_is_found(name: str, tmp_path: Path) -> None:
    """A file of the right size with one other bit is refused."""
    folder = tiny.write(tmp_path)
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(bytes(content))
    with pytest.raises(BundleError, match="expected sha256") as refusal:
        bundles.read(folder)
    assert str(refusal.value).startswith(str(folder / name))


@pytest.mark.parametrize("name", bundles.REQUIRED_FILES)
def test_a_file_of_another_size_is_found(name: str, tmp_path: Path) -> None:
    """A file that was cut off or grew is refused, with both sizes."""
    folder = tiny.write(tmp_path)
    size = (folder / name).stat().st_size
    with (folder / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(BundleError) as refusal:
        bundles.read(folder)
    assert str(refusal.value) == f"{folder / name}: expected {size} bytes. Received: {size + 1}."


def test_a_file_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    """Nothing lies in a bundle that its manifest does not answer for."""
    folder = tiny.write(tmp_path)
    (folder / "weights.bin").write_bytes(b"?")
    with pytest.raises(BundleError, match=r"weights\.bin: expected to be listed in manifest\.json"):
        bundles.read(folder)


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    """Not a crash but a message."""
    folder = tiny.write(tmp_path)
    size = (folder / "card.md").stat().st_size
    (folder / "card.md").unlink()
    (folder / "card.md").mkdir()
    with pytest.raises(BundleError, match=rf"card\.md: (cannot be read|expected {size} bytes)"):
        bundles.read(folder)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), Path.mkdir])
@pytest.mark.parametrize("name", ["manifest.json", "golden.json", "card.md", "model.onnx"])
def test_what_has_no_end_is_not_read(name: str, make: Callable[[Path], None], tmp_path: Path) -> None:
    """A pipe would be waited for, a device read for ever, although the manifest gives the size that they say."""
    folder = tiny.write(tmp_path)
    content = json.loads((folder / "manifest.json").read_text())
    content["files"].get(name, {})["bytes"] = 0
    (folder / "manifest.json").write_text(json.dumps(content))
    (folder / name).unlink()
    make(folder / name)
    with pytest.raises(BundleError, match=rf"{re.escape(name)}: cannot be read: it is no regular file"):
        bundles.read(folder)


def test_a_signature_is_not_listed(tmp_path: Path) -> None:
    """It is over the manifest, which can therefore not hold its hash; beside the manifest it may lie."""
    folder = tiny.write(tmp_path)
    (folder / "model.sig").write_text("{}")
    bundles.read(folder)

    def add(manifest: Manifest) -> None:
        manifest["files"]["model.sig"] = {"sha256": bundles.sha256(folder / "model.sig"), "bytes": 2}

    tiny.rewrite_manifest(folder, tiny.manifest(tiny.Tiny()), add)
    with pytest.raises(BundleError, match=r"manifest\.json: expected `files` not to list model\.sig"):
        bundles.read(folder)


def test_a_file_is_verified_again_when_it_is_read(tmp_path: Path) -> None:
    """What lies there now need not be what lay there then."""
    folder = tiny.write(tmp_path)
    bundle = bundles.read(folder)
    assert bundle.content("card.md", 100) == b"# tiny\n"
    with pytest.raises(BundleError, match="expected at most 3 bytes"):
        bundle.content("card.md", 3)
    (folder / "card.md").write_text("# tinx\n")
    with pytest.raises(BundleError, match=r"card\.md: expected sha256"):
        bundle.content("card.md", 100)


def test_the_versions_of_a_model(tmp_path: Path) -> None:
    """Positive integers without leading zeros, by number; everything else is no version."""
    for name in ("10", "9", "1", "0", "01", "-1", "1.5", "latest", "tmp-2", "9" * 19):
        (tmp_path / name).mkdir()
    (tmp_path / "7").write_text("a file")
    assert bundles.versions(tmp_path) == [1, 9, 10]


# ── the golden rows ──


def with_golden(folder: Path, edit: Callable[[Manifest], None]) -> Path:
    """Change `golden.json` and sign it again, as a faulty writer would."""
    golden = json.loads((folder / bundles.GOLDEN).read_text())
    edit(golden)
    (folder / bundles.GOLDEN).write_text(json.dumps(golden))
    tiny.rewrite_manifest(folder, json.loads((folder / bundles.MANIFEST).read_text()))
    return folder


def no_rows(golden: Manifest) -> None:
    golden["instances"] = []


def fewer_answers(golden: Manifest) -> None:
    golden["outputs"]["probabilities"].pop()


def no_answers(golden: Manifest) -> None:
    golden["outputs"] = {}


def negative_tolerance(golden: Manifest) -> None:
    golden["atol"] = -1


def another_answer(golden: Manifest) -> None:
    golden["outputs"]["probabilities"][3][0] += 0.001


def ragged(golden: Manifest) -> None:
    golden["outputs"]["probabilities"][3].pop()


def wide(golden: Manifest) -> None:
    for answer in golden["outputs"]["probabilities"]:
        answer.append(0.0)


def words(golden: Manifest) -> None:
    golden["outputs"]["probabilities"][0] = ["a", "b"]


def unknown_feature(golden: Manifest) -> None:
    golden["instances"][0]["colour"] = "red"


def missing_feature(golden: Manifest) -> None:
    del golden["instances"][2]["age"]


def wrong_type(golden: Manifest) -> None:
    golden["instances"][2]["age"] = "old"


GOLDEN: dict[str, tuple[Callable[[Manifest], None], str]] = {
    "no rows": (no_rows, "expected at least one row"),
    "an answer less": (fewer_answers, "expected 8 answers for `probabilities`. Received: 7"),
    "no answers": (no_answers, "expected 8 answers for `probabilities`. Received: none"),
    "a negative tolerance": (negative_tolerance, r"\$\.atol"),
    "another answer": (another_answer, "expected outputs within 1e-05 \\+ 1e-05 of the trainer's answers"),
    "ragged answers": (ragged, "expected rows of float32 for `probabilities`"),
    "wide answers": (wide, "difference of shape"),
    "words as answers": (words, "expected rows of float32 for `probabilities`"),
    "an unknown feature": (unknown_feature, "unknown field `colour`"),
    "a feature missing": (missing_feature, "missing required field `age`"),
    "a wrong type": (wrong_type, "Expected `float`, got `str`"),
}


@pytest.mark.parametrize("case", GOLDEN)
def test_golden_rows_that_do_not_hold_are_refused(case: str, tmp_path: Path) -> None:
    """A bundle that cannot prove itself is not served, and the message names the file."""
    edit, message = GOLDEN[case]
    folder = with_golden(tiny.write(tmp_path), edit)
    with pytest.raises(BundleError, match=message) as refusal:
        model.load(folder, SETTINGS)
    assert str(refusal.value).startswith(str(folder / "golden.json"))


def test_golden_answers_within_the_tolerance_are_accepted(tmp_path: Path) -> None:
    """Machines differ in the last digits."""

    def nearly(golden: Manifest) -> None:
        golden["outputs"]["probabilities"][3][0] += 5e-6

    assert model.load(with_golden(tiny.write(tmp_path), nearly), SETTINGS).name == "tiny"


# ── the graph ──


def with_graph(folder: Path, edit: Callable[[onnx.ModelProto], None]) -> Path:
    """Change the graph, take its own answers as golden where it has any, and sign again."""
    path = folder / bundles.MODEL
    graph = onnx.load(str(path))
    edit(graph)
    onnx.save(graph, str(path))
    tiny.rewrite_manifest(folder, json.loads((folder / bundles.MANIFEST).read_text()))
    return folder


def renamed_input(graph: onnx.ModelProto) -> None:
    graph.graph.input[0].name = "other"
    graph.graph.node[0].input[0] = graph.graph.node[1].input[2] = "other"


def fixed_batch(graph: onnx.ModelProto) -> None:
    graph.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 8
    graph.graph.input[1].type.tensor_type.shape.dim[0].dim_value = 8
    graph.graph.output[0].type.tensor_type.shape.dim[0].dim_value = 8


def another_output(graph: onnx.ModelProto) -> None:
    graph.graph.output.append(helper.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, ["batch", 2]))


def neighbours(graph: onnx.ModelProto) -> None:
    """Let a row's answer depend on the other rows: their mean is taken off."""
    graph.graph.node[-2].output[0] = "raw"
    graph.graph.initializer.append(numpy_helper.from_array(np.zeros(1, np.int64), "batch axis"))
    mean = helper.make_node("ReduceMean", ["raw", "batch axis"], ["mean"], keepdims=1)
    graph.graph.node.insert(len(graph.graph.node) - 1, mean)
    graph.graph.node.insert(len(graph.graph.node) - 1, helper.make_node("Sub", ["raw", "mean"], ["scores"]))


def unnormalised(graph: onnx.ModelProto) -> None:
    graph.graph.node[-1].op_type = "Relu"
    del graph.graph.node[-1].attribute[:]


def fallible(graph: onnx.ModelProto) -> None:
    """Let a missing number through to the answer."""
    (where,) = (node for node in graph.graph.node if node.op_type == "Where")
    where.CopyFrom(helper.make_node("Identity", ["numeric"], ["numeric_known"]))


def unrunnable(graph: onnx.ModelProto) -> None:
    """Load, and fail at most batch sizes."""
    gemm = next(node for node in graph.graph.node if node.op_type == "Gemm")
    place = list(graph.graph.node).index(gemm) + 1
    gemm.output[0] = "raw"
    for name, width in (("threes", 3), ("twos", 2)):
        graph.graph.initializer.append(numpy_helper.from_array(np.array([-1, width]), name))
    graph.graph.node.insert(place, helper.make_node("Reshape", ["raw", "threes"], ["odd"]))
    graph.graph.node.insert(place + 1, helper.make_node("Reshape", ["odd", "twos"], ["scores"]))


GRAPHS: dict[str, tuple[Callable[[onnx.ModelProto], None], str]] = {
    "another input": (renamed_input, r"model\.onnx: expected the inputs .*numeric.* Received: .*other"),
    "a fixed batch": (fixed_batch, r"model\.onnx: expected a symbolic batch dimension"),
    "a run that fails": (unrunnable, r"model\.onnx: ONNX Runtime cannot run it: .*Reshape"),
    "another output": (another_output, r"model\.onnx: expected the outputs .* Received: .*scores"),
}


@pytest.mark.parametrize("case", GRAPHS)
def test_a_graph_unlike_its_manifest_is_refused(case: str, tmp_path: Path) -> None:
    """The tensors are exactly those that the manifest lists, with a free batch dimension that runs at any size."""
    edit, message = GRAPHS[case]
    with pytest.raises(BundleError, match=message):
        model.load(with_graph(tiny.write(tmp_path), edit), SETTINGS)


def answering_for_itself(folder: Path, instances: int) -> Path:
    """Take the graph's own answers to the first rows as golden, as a trainer does."""
    named = tiny.Tiny()
    golden = tiny.golden(named, folder / bundles.MODEL)
    golden["instances"] = golden["instances"][:instances]
    rows = tiny.tensors(named, golden["instances"])
    golden["outputs"] = {"probabilities": tiny.run(folder / bundles.MODEL, rows).tolist()}
    (folder / bundles.GOLDEN).write_text(json.dumps(golden).replace("NaN", "0"))
    tiny.rewrite_manifest(folder, json.loads((folder / bundles.MANIFEST).read_text()))
    return folder


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (neighbours, r"golden\.json: .* in a run of 1 rows"),
        (unnormalised, r"model\.onnx: expected probabilities that sum to one"),
        (fallible, r"model\.onnx: expected finite answers to missing, unseen and extreme values"),
    ],
)
def test_a_graph_that_breaks_a_rule_is_refused_though_its_answers_agree(
    edit: Callable[[onnx.ModelProto], None], message: str, tmp_path: Path
) -> None:
    """Rows that depend on their neighbours, shares that are none, and missing values that spread."""
    folder = answering_for_itself(with_graph(tiny.write(tmp_path), edit), instances=7)
    with pytest.raises(BundleError, match=message):
        model.load(folder, SETTINGS)


def test_a_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    """The message names the file and what the runtime said."""
    folder = tiny.write(tmp_path)
    (folder / bundles.MODEL).write_bytes(b"not a graph")
    tiny.rewrite_manifest(folder, json.loads((folder / bundles.MANIFEST).read_text()))
    with pytest.raises(BundleError, match=r"model\.onnx: expected a graph in the form of ONNX"):
        model.load(folder, SETTINGS)


def test_external_data_is_refused_even_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A graph cannot reach a file beside the process."""
    folder = tiny.write(tmp_path)
    path = folder / bundles.MODEL
    graph = onnx.load(str(path))
    onnx.save_model(graph, str(path), save_as_external_data=True, location="weights.bin", size_threshold=32)
    (folder / "weights.bin").rename(tmp_path / "weights.bin")
    tiny.rewrite_manifest(folder, json.loads((folder / bundles.MANIFEST).read_text()))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError, match=r"model\.onnx: ONNX Runtime cannot load it: .*weights\.bin"):
        model.load(folder, SETTINGS)


def test_a_folder_that_is_a_mounted_volume(tmp_path: Path) -> None:
    """Its files are links into `..data`, which is a link itself: those names are the mount's own."""
    folder = tiny.write(tmp_path)
    real = folder / "..2026_01_01"
    real.mkdir()
    (folder / "..data").symlink_to(real.name)
    for path in [path for path in folder.iterdir() if path.is_file()]:
        path.rename(real / path.name)
        path.symlink_to(Path("..data") / path.name)
    assert bundles.read(folder).manifest.name == "tiny"


@pytest.mark.parametrize(
    ("pattern", "good"),
    [
        (NAME_PATTERN, "tiny"),
        (FILE_PATTERN, "model.onnx"),
        (CREATED_PATTERN, "2026-01-01T00:00:00Z"),
        (HASH_PATTERN, "0" * 64),
        (FEATURE_PATTERN, "age"),
    ],
)
def test_no_pattern_lets_a_last_line_feed_through(pattern: str, good: str) -> None:
    """As `$` would; msgspec searches for the pattern."""
    decoder = msgspec.json.Decoder(Annotated[str, msgspec.Meta(pattern=pattern)])
    assert decoder.decode(msgspec.json.encode(good)) == good
    with pytest.raises(msgspec.ValidationError):
        decoder.decode(msgspec.json.encode(good + "\n"))


def test_a_column_that_no_array_has_is_refused(tmp_path: Path) -> None:
    """The error was NumPy's, and named no file."""

    def edit(manifest: dict[str, Any]) -> None:
        manifest["features"][0]["column"] = 2**63

    folder = tiny.write(tmp_path, tiny.Tiny(format=2), edit=edit)
    with pytest.raises(
        BundleError, match=r"manifest\.json: `features\[0\]`: Expected `int` <= 1000000 - at `\$\.column`"
    ):
        bundles.read(folder)
