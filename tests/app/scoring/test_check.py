"""`python -m app check`: what it says, to people and to machines, and its exit code."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.__main__ import main
from app.printable import MESSAGE_MAX_CHARS
from app.scoring.check import Check, check
from tests.app import graphs
from tests.app.graphs import graph, node, tensor
from tests.app.test_printable import is_safe
from tests.clients import models as bare
from tests.support import serving, tiny


def said(capsys: pytest.CaptureFixture[str], root: Path, **settings: Any) -> tuple[int, str]:
    code = check(Check(models=root, load_in_child=False, **settings))
    return code, capsys.readouterr().out


def command(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=serving.ROOT,
        env={"PATH": "/usr/bin:/bin"} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=serving.PATIENCE_S,
    )


def test_a_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny.write(tmp_path)
    code, text = said(capsys, tmp_path, threads=1, run_on="loop", max_batch_rows=8)
    assert code == 0
    assert (
        re.sub(r"\d+ µs", "N µs", text)
        == """\
tiny/1: served
  verified  4 files by their sha256; 8 golden rows answered as for the trainer
  input     numeric FP32 [batch, 3]
            categorical BYTES [batch, 1]
  output    probabilities FP32 [batch, 2]
  batching  Requests share a run.
  engine    runs on the event loop, 1 thread(s), at most 8 rows a run (1 rows N µs, 8 rows N µs)
  answers   POST /predict?model=tiny
            POST /v2/models/tiny/infer
            POST /v1/models/tiny:predict
            POST /v1/models/tiny:classify

1 served, 0 not served.
"""
    )


def test_a_graph_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare.write(tmp_path, "scaled", bare.scalar())
    code, text = said(capsys, tmp_path, grpc_port=9000)
    assert code == 0
    for line in (
        "scaled/1: served",
        "  verified  nothing vouches for it: model.onnx has no manifest",
        "  input     x FP32 [batch, 4]",
        "            factor INT64 []",
        "  batching  Each request is a run of its own: the input factor INT64 [] has no dimension for rows.",
        "  answers   POST /v2/models/scaled/infer",
        "            POST /v1/models/scaled:predict",
        "            gRPC inference.GRPCInferenceService/ModelInfer, scaled",
    ):
        assert line in text.splitlines()
    assert "/predict?" not in text


def test_a_fault_is_said_and_is_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graphs.write(tmp_path, graphs.linear(), "good")
    (graphs.write(tmp_path, graphs.linear(), "odd") / "model.onnx").rename(tmp_path / "odd" / "1" / "net.onnx")
    code, text = said(capsys, tmp_path)
    assert code == 1
    assert "good/1: served\n" in text
    assert "odd/1: NOT SERVED\n" in text
    assert "Rename it: mv " in text
    assert text.endswith("1 served, 1 not served.\n")


def test_each_version_has_its_own_address_where_all_are_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for version in (1, 2):
        tiny.write(tmp_path, tiny.Tiny(version=version, task="regression"))
    _, text = said(capsys, tmp_path)
    assert "tiny/1: left out\n  `--versions latest` does not ask for it" in text
    _, text = said(capsys, tmp_path, versions="all")
    for path in (
        "/predict?model=tiny&version=1",
        "/v2/models/tiny/versions/2/infer",
        "/v1/models/tiny/versions/1:regress",
    ):
        assert f"POST {path}\n" in text


def test_machines_read_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny.write(tmp_path)
    graphs.write(tmp_path, graphs.linear(), "good")
    (tmp_path / "empty").mkdir()
    code, text = said(capsys, tmp_path, as_json=True)
    document = json.loads(text)
    assert (code, document["ok"], document["models"]) == (1, False, str(tmp_path))
    empty, good, bundle = document["found"]
    assert (empty["state"], "an empty folder" in empty["reason"]) == ("not served", True)
    assert (bundle["kind"], good["kind"]) == ("bundle", "graph")
    assert good["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}]
    assert good["batched"] is True
    assert set(good["run_us"]) >= {"1", "8"}
    assert re.fullmatch("[0-9a-f]{64}", good["sha256"])


def test_what_never_pays_together_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows may share a run, and none do."""
    monkeypatch.setattr("app.runtime.autotune.time_runs", lambda run, sizes: {1: 0.02, 8: 0.16})
    graphs.write(tmp_path, graphs.linear())
    assert "Requests share a run. They do not: more rows a run were no cheaper." in said(capsys, tmp_path)[1]


def test_colours_are_for_terminals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    graphs.write(tmp_path, graphs.linear())
    assert "\033" not in said(capsys, tmp_path)[1]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert said(capsys, tmp_path)[1].startswith("\033[32mgraph/1: served\033[0m\n")


def test_a_graph_that_was_never_seen_to_run_is_served_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = graph(
        [node("MatMul", ["x", "w"], ["y"])],
        [tensor("x", ["n", "k"])],
        [tensor("y", ["n", 1])],
        w=np.ones((7, 1), np.float32),
    )
    graphs.write(tmp_path, odd)
    code, text = said(capsys, tmp_path)
    assert code == 0
    assert "whether it answers is not known" in text
    assert "(not timed)" in text


def test_the_sample_in_the_documentation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the page shows is what the command says."""
    monkeypatch.chdir(tmp_path)
    graphs.write(Path("models"), graphs.linear(), "linear")
    bare.write(Path("models"), "scaled", bare.scalar())
    (graphs.write(Path("models"), graphs.linear(), "renamed") / "model.onnx").rename("models/renamed/1/net.onnx")
    _, text = said(capsys, Path("models"), threads=1, run_on="loop", max_batch_rows=32)
    page = (serving.ROOT / "docs" / "any-onnx-model.md").read_text()
    shown = page[page.index("<!-- check: begin") : page.index("<!-- check: end")].split("```")[1]
    assert re.sub(r"\d+ µs", "… µs", text) == shown.lstrip("\n")


# ── as a command ──


def test_the_command_line(tmp_path: Path) -> None:
    """The folder as an argument or from the environment; options and settings as for serving."""
    graphs.write(tmp_path, graphs.linear())
    for done in (
        command("check", str(tmp_path), "--max-batch-rows", "1", "--json"),
        command("check", "--json", SLIPWAY_MODELS=str(tmp_path), SLIPWAY_MAX_BATCH_ROWS="1"),
    ):
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["found"][0]["max_batch_rows"] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "a", "b"], "unrecognized arguments: b"),
        (["check", "--threads", "none"], "Invalid `--threads` (SLIPWAY_THREADS): "),
        (["--port", "99999"], "Invalid `--port` (SLIPWAY_PORT): Input should be less than or equal to 65535"),
        (["chek"], "Unknown command: expected one of serve, check, score, drift. Received: `chek`."),
        (["serve", "--nothing"], "unrecognized arguments: --nothing"),
    ],
)
def test_a_command_that_is_wrong_exits_with_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert said in capsys.readouterr().err


def test_help_lists_the_commands() -> None:
    done = command("--help")
    assert done.returncode == 0
    assert re.search(r"^  check +say which models", done.stdout, re.MULTILINE)
    assert "--max-batch-rows" in done.stdout
    assert "--json" in command("check", "--help").stdout


def test_serve_may_be_said(models: Path) -> None:
    """`python -m app serve` is `python -m app`."""
    command = [sys.executable, "-m", "app", "serve", "--models", str(models), "--port", "0"]
    with subprocess.Popen(command, cwd=serving.ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            assert any(b"Slipway answers on http://127.0.0.1:" in line for line in process.stdout)
            process.send_signal(signal.SIGTERM)
            assert process.wait(serving.PATIENCE_S) == 0
        finally:
            process.kill()


# ── a folder of strangers ──

HOSTILE = "x\x1b[31m\x9b2J\x07\n  verified  11 files by their sha256\u202e"


@pytest.mark.parametrize("as_json", [False, True])
def test_names_of_a_graph_cannot_write_lines_of_the_report(
    as_json: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether it is served, its shape is odd, or nothing that is made up for it runs."""
    rows = tensor(HOSTILE, ["batch", 4])
    graphs.write(tmp_path, graph([node("Relu", [HOSTILE], ["y"])], [rows], [tensor("y", ["batch", 4])]), "served")
    fixed = tensor(HOSTILE, [3, 4])
    graphs.write(tmp_path, graph([node("Relu", [HOSTILE], ["y"])], [fixed], [tensor("y", [3, 4])]), "fixed")
    symbols = tensor("x", [HOSTILE, HOSTILE])
    graphs.write(tmp_path, graph([node("Relu", ["x"], ["y"])], [symbols], [tensor("y", None)]), "symbols")
    code, text = said(capsys, tmp_path, as_json=as_json)
    assert code == 0
    assert is_safe(text.replace("\n", ""))
    assert not [line for line in text.splitlines() if line.startswith("  verified  11 files")]
    if as_json:
        assert json.loads(text)["found"][0]["inputs"][0]["name"] == HOSTILE


def test_names_of_files_and_folders_are_escaped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where they are of no model, of no version, and of nothing that the manifest lists."""
    hostile = HOSTILE.replace("/", "")
    folder = tiny.write(tmp_path)
    (folder / hostile).write_bytes(b"")
    (tmp_path / "odd" / hostile).mkdir(parents=True)
    (tmp_path / "odd" / hostile / "model.onnx").write_bytes(b"")
    (tmp_path / hostile / "1").mkdir(parents=True)
    (tmp_path / f"{hostile}.onnx").write_bytes(b"")
    code, text = said(capsys, tmp_path)
    assert code == 1
    assert text.count("\\x1b[31m") >= 4
    assert is_safe(text.replace("\n", ""))
    assert not [line for line in text.splitlines() if line.startswith("  verified  11 files")]


def test_what_a_graph_makes_it_say_has_a_bound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 10**6
    wide = tensor(long, [long, 4])
    graphs.write(tmp_path, graph([node("Relu", [long], ["y"])], [wide], [tensor("y", [long, 4])]))
    code, text = said(capsys, tmp_path)
    assert code == 0
    assert max(map(len, text.splitlines())) <= MESSAGE_MAX_CHARS + 20
