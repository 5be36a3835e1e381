"""What is taken out of the image is never opened by the service, and nothing else is taken out."""

import re
import sys
from pathlib import Path

import grpc
import httpx
import pytest

from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from app.protocols.open_inference_grpc.protos import open_inference_pb2_grpc as pb_grpc
from image import trim
from tests.app.bad_requests import GOOD, JSON, body_of
from tests.support import serving, tiny

# Python runs a module of this name at its start. At its end it says which files were modules, and which were mapped.
WITNESS = """
import atexit, re, sys
@atexit.register
def tell():
    maps = open("/proc/self/maps").read()
    files = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
    open({path!r}, "w").write("\\n".join([*files, *re.findall(r"(/\\S+)$", maps, re.MULTILINE)]))
"""
PREDICT = {"inputs": [{"name": "numeric", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}]}
ROWS = {"instances": [{"numeric": [1, 2, 3], "categorical": ["low"]}]}
PREDICT["inputs"].append({"name": "categorical", "datatype": "BYTES", "shape": [1, 1], "data": ["low"]})


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_service_opens_nothing_of_what_is_taken_out(tmp_path: Path) -> None:
    """It answers every protocol, documents itself, counts, reloads and ends; then what it had loaded is compared."""
    tiny.write(tmp_path / "models")
    (tmp_path / "witness").mkdir()
    (tmp_path / "witness" / "sitecustomize.py").write_text(WITNESS.format(path=str(tmp_path / "loaded")))
    variables = {"PYTHONPATH": str(tmp_path / "witness")}
    with serving.process(tmp_path / "models", tmp_path, "--grpc-port", "0", **variables) as process:
        use(process)
        tiny.write(tmp_path / "models", tiny.Tiny(version=2))
        with httpx.Client(base_url=process.address) as client:
            while client.get("/models").json()["models"][-1]["version"] != 2:
                pass
        assert process.stop() == 0
    loaded = {Path(line).resolve() for line in (tmp_path / "loaded").read_text().splitlines() if line}
    packages = site_packages(loaded)
    assert any(path.match("onnxruntime/capi/onnxruntime_pybind11_state*.so") for path in loaded)
    taken = {path.resolve() for pattern in trim.TRIMMED for path in trim.matching(packages, pattern)}
    assert len(taken) > 1000
    assert loaded & taken == set()


def use(process: serving.Process) -> None:
    """Ask for everything that has an import of its own."""
    with httpx.Client(base_url=process.address) as client:
        assert client.post("/predict", content=body_of(GOOD), headers=JSON).status_code == 200
        assert client.post("/predict", content=b"{", headers=JSON).status_code == 400
        assert client.post("/v1/models/tiny:predict", json=ROWS).status_code == 200
        assert client.post("/v2/models/tiny/infer", json=PREDICT).status_code == 200
        for path in ("/docs", "/openapi.json", "/metrics", "/health", "/models", "/v2/models/tiny/config"):
            assert client.get(path).status_code == 200, path
    target = process.wait_for(r"gRPC on grpc://(\S+)")[1]
    with grpc.insecure_channel(target) as channel:
        stub = pb_grpc.GRPCInferenceServiceStub(channel)
        assert stub.ServerReady(pb.ServerReadyRequest(), timeout=serving.PATIENCE_S).ready


def site_packages(loaded: set[Path]) -> Path:
    """The folder that the service took its packages from."""
    return next(path.parents[1] for path in loaded if path.parts[-2:] == ("onnxruntime", "__init__.py"))


# ── the script ──


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """An environment with one package: code, tests, types, and the record of them all."""
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    for name in ("p/__init__.py", "p/__init__.pyi", "p/deep/tests/a.py", "p/deep/tests/data/b.txt"):
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_text("x" * 10)
    (packages / "p-1.dist-info").mkdir()
    names = ("p/__init__.py", "p/__init__.pyi", "p/deep/tests/a.py", "p/deep/tests/data/b.txt", "p-1.dist-info/RECORD")
    (packages / "p-1.dist-info" / "RECORD").write_text("".join(f"{name},sha256=x,10\n" for name in names))
    return tmp_path


def run(environment: Path, monkeypatch: pytest.MonkeyPatch, **patterns: str) -> None:
    monkeypatch.setattr(trim, "TRIMMED", dict.fromkeys(patterns.values(), "a reason"))
    monkeypatch.setattr(sys, "argv", ["trim.py", str(environment)])
    trim.main()


def test_what_matches_goes_with_its_folders_and_its_records(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left is whole, and the record says what is left."""
    run(environment, monkeypatch, tests="p/**/tests/**", types="**/*.pyi")
    left = sorted(str(path.relative_to(environment)) for path in environment.rglob("*") if path.is_file())
    assert [Path(path).name for path in left] == ["RECORD", "__init__.py"]
    assert not list(environment.rglob("deep"))
    record = next(environment.rglob("RECORD")).read_text()
    assert re.findall(r"^[^,]+", record, re.MULTILINE) == ["p/__init__.py", "p-1.dist-info/RECORD"]


def test_a_pattern_that_finds_nothing_ends_the_build(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the list would grow older than what is installed."""
    with pytest.raises(SystemExit, match="Invalid pattern `q/"):
        run(environment, monkeypatch, gone="q/**")


def test_every_pattern_says_why() -> None:
    """The build prints the reasons."""
    assert all(trim.TRIMMED.values())
