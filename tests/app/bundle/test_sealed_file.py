"""Content that is held: the bytes that were hashed, whoever writes to the file meanwhile."""

import errno
import hashlib
import os
from pathlib import Path

import numpy as np
import onnx
import pytest

from app.bundle import sealed_file as held
from app.bundle.reader import MODEL_MAX_BYTES
from app.bundle.sealed_file import LARGE_BYTES, hold
from app.errors import BundleError
from app.runtime.engine import Engine
from tests.app import graphs
from tests.app.graphs import graph, node, tensor
from tests.app.runtime.test_external_data import PLACES, WEIGHTS, ZEROS, engine_of

SIZES = pytest.mark.parametrize("size", [0, 1, LARGE_BYTES - 1, LARGE_BYTES, 3 * LARGE_BYTES + 7])


def of_size(path: Path, size: int) -> bytes:
    content = np.random.default_rng(size).bytes(size)
    path.write_bytes(content)
    return content


def opened() -> set[Path]:
    return set(Path("/proc/self/fd").iterdir())


def taken(content: held.Held) -> bytes:
    return content.source if isinstance(content.source, bytes) else Path(content.source).read_bytes()


@SIZES
def test_what_is_held_is_the_file(size: int, tmp_path: Path) -> None:
    expected = of_size(tmp_path / "a", size)
    with hold(tmp_path / "a", size) as content:
        assert taken(content) == expected
        assert content.sha256 == hashlib.sha256(expected).hexdigest() == held.sha256(tmp_path / "a")


@SIZES
def test_it_stays_what_it_was(size: int, tmp_path: Path) -> None:
    """The file is overwritten in place, and the copy refuses to be."""
    expected = of_size(tmp_path / "a", size)
    with hold(tmp_path / "a", size) as content:
        (tmp_path / "a").write_bytes(b"another")
        assert taken(content) == expected
        if isinstance(content.source, str):
            for flags in (os.O_WRONLY, os.O_RDWR | os.O_TRUNC):
                with pytest.raises(OSError, match="not permitted"):
                    os.write(os.open(content.source, flags), b"x")


def test_nothing_is_left_of_it(tmp_path: Path) -> None:
    """No descriptor stays, also where it is too large or cannot be read."""
    of_size(tmp_path / "a", LARGE_BYTES)
    before = opened()
    with hold(tmp_path / "a", LARGE_BYTES):
        pass
    for path, max_bytes in ((tmp_path / "a", LARGE_BYTES - 1), (tmp_path, 1), (tmp_path / "b", 1)):
        with pytest.raises(BundleError):
            hold(path, max_bytes)
    assert opened() <= before  # what earlier tests left may be closed meanwhile


def test_without_such_memory_it_is_held_as_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another system has none, a sandbox may forbid it."""

    def forbidden(name: str, flags: int) -> int:
        raise OSError(errno.ENOSYS, name)

    monkeypatch.setattr(os, "memfd_create", forbidden)
    expected = of_size(tmp_path / "a", LARGE_BYTES)
    with hold(tmp_path / "a", LARGE_BYTES) as content:
        assert content.source == expected


def test_too_little_memory_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    monkeypatch.setattr(os, "sendfile", full)
    of_size(tmp_path / "a", LARGE_BYTES)
    with pytest.raises(BundleError, match="a: cannot be read: Cannot allocate memory"):
        hold(tmp_path / "a", LARGE_BYTES)


@pytest.mark.parametrize("size", [100, LARGE_BYTES + 100])
def test_content_can_be_looked_at(size: int, tmp_path: Path) -> None:
    """Whether it is held as bytes or by the kernel, and whatever becomes of the file."""
    (tmp_path / "a").write_bytes(b"x" * (size - 1) + b"y")
    with hold(tmp_path / "a", size) as found:
        (tmp_path / "a").write_bytes(b"z")
        with found.view() as view:
            assert (len(view), bytes(view[-2:])) == (size, b"xy")


# ── graphs ──


def large() -> onnx.ModelProto:
    """Make x + w, and as large as what is held as a file."""
    ends = [tensor("x", ["batch", 400])], [tensor("y", ["batch", 400])]
    model = graph([node("Add", ["x", "w"], ["y"])], *ends, w=WEIGHTS)
    model.doc_string = "x" * LARGE_BYTES
    return model


def test_a_large_graph_runs_from_what_is_held(tmp_path: Path) -> None:
    folder = graphs.write(tmp_path, large())
    with hold(folder / "model.onnx", MODEL_MAX_BYTES) as content:
        assert isinstance(content.source, str)
        (folder / "model.onnx").write_bytes(b"another")
        engine = Engine(content, 1)
    np.testing.assert_array_equal(engine.run(ZEROS)[0][0], WEIGHTS)  # after what was held is gone


def test_a_large_graph_that_is_none_is_named_by_its_file(tmp_path: Path) -> None:
    """And not by the copy's path, of which nobody knows."""
    content = bytearray(large().SerializeToString())
    content[:64] = b"\xff" * 64
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(BundleError, match=r"model\.onnx: ONNX Runtime cannot load it") as refusal:
        Engine(tmp_path / "model.onnx", 1)
    assert "/proc/" not in str(refusal.value)


@PLACES
def test_a_large_graph_finds_weights_in_its_folder_alone(
    refer: graphs.Refer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not beside the copy, where every open file of the process has a path, and not in the working directory."""
    secret = tmp_path / "secret.data"
    secret.write_bytes(WEIGHTS.tobytes())
    descriptor = os.open(secret, os.O_RDONLY)
    memory = os.memfd_create("secret")
    os.write(memory, WEIGHTS.tobytes())
    monkeypatch.chdir(tmp_path)
    elsewhere = ["secret.data", "../../secret.data", str(secret), str(descriptor), str(memory), f"../fd/{descriptor}"]
    for version, location in enumerate(["own.data", *elsewhere], 1):
        model = refer(location)
        model.doc_string = "x" * LARGE_BYTES
        folder = graphs.write(tmp_path, model, version=version)
        (folder / "own.data").write_bytes(WEIGHTS.tobytes())
        with pytest.raises(BundleError, match="ONNX Runtime cannot load it"):
            Engine(folder / "model.onnx", 1)  # a bundle's may not have any
        if location == "own.data":
            engine = engine_of(folder)
            np.testing.assert_array_equal(engine.run(ZEROS)[0][0], WEIGHTS)
        else:
            with pytest.raises(BundleError, match=r"expected a file within|No such file"):
                engine_of(folder)
    os.close(descriptor)
    os.close(memory)
