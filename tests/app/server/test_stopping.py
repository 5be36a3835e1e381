"""How the process ends: the drain delay, a second signal, a run that hangs; and who is let in by TLS."""

import signal
import ssl
import time
from pathlib import Path

import httpx
import numpy as np
import onnx
import pytest
import trustme
from onnx import TensorProto, helper, numpy_helper

from tests.app.bad_requests import GOOD, JSON, body_of
from tests.support import serving


def endless(folder: Path) -> None:
    """A graph whose run takes as many rounds as its input says: one at load, as many as one likes later."""
    body = helper.make_graph(
        [
            helper.make_node("MatMul", ["state", "state"], ["squared"]),
            helper.make_node("Sigmoid", ["squared"], ["next"]),
            helper.make_node("Identity", ["go"], ["go_on"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("round", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", TensorProto.FLOAT, [64, 64]),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, [64, 64]),
        ],
    )
    graph = helper.make_graph(
        [helper.make_node("Loop", ["rounds", "yes", "start"], ["y"], body=body)],
        "endless",
        [helper.make_tensor_value_info("rounds", TensorProto.INT64, [])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [64, 64])],
        [
            numpy_helper.from_array(np.array(True), "yes"),
            numpy_helper.from_array(np.zeros((64, 64), np.float32), "start"),
        ],
    )
    folder.mkdir(parents=True)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(made, str(folder / "model.onnx"))


def predict(client: httpx.Client) -> httpx.Response:
    return client.post("/predict", content=body_of(GOOD), headers=JSON)


# ── signals ──


@pytest.mark.parametrize("door", ["protocol", "asgi"])
def test_it_serves_on_for_the_drain_delay(door: str, models: Path, tmp_path: Path) -> None:
    """Readiness fails at once, old and new connections are answered, and each answer ends its connection."""
    options = ("--door", door, "--drain-delay-s", "600")
    with serving.process(models, tmp_path, *options) as process, httpx.Client(base_url=process.address) as client:
        assert predict(client).headers.get("connection") != "close"
        process.popen.send_signal(signal.SIGTERM)
        while (ready := client.get("/health/ready")).status_code == 200:
            pass
        assert ready.status_code == 503
        for _ in range(3):
            answer = predict(client)
            assert answer.status_code == 200
            if door == "protocol":
                assert answer.headers["connection"] == "close"
        assert client.get("/health/live").status_code == 200
        assert process.stop() == 0  # a second signal ends it


def test_it_ends_after_the_drain_delay(models: Path, tmp_path: Path) -> None:
    with serving.process(models, tmp_path, "--drain-delay-s", "0.5") as process:
        began = time.monotonic()
        assert process.stop() == 0
        assert time.monotonic() - began >= 0.5
        assert "ending at once" not in process.complaints()


def test_a_person_at_a_terminal_does_not_wait(models: Path, tmp_path: Path) -> None:
    """SIGINT knows no drain delay."""
    with serving.process(models, tmp_path, "--drain-delay-s", "600") as process:
        assert process.stop(signal.SIGINT) == 0


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once(second: signal.Signals, models: Path, tmp_path: Path) -> None:
    """Whatever the first one is waiting for."""
    with serving.process(models, tmp_path, "--drain-delay-s", "600") as process:
        process.popen.send_signal(signal.SIGTERM)
        while httpx.get(f"{process.address}/health/ready").status_code == 200:
            pass
        assert process.stop(second) == 0
        assert "ending at once" in process.complaints()


def test_a_run_that_hangs_does_not_keep_the_process(tmp_path: Path) -> None:
    """Its caller had a 504 at the deadline, health answered meanwhile, and SIGTERM ends it with 0."""
    endless(tmp_path / "models" / "endless" / "1")
    with serving.process(tmp_path / "models", tmp_path, "--shutdown-timeout-s", "1") as process:
        hanging = {"inputs": [{"name": "rounds", "datatype": "INT64", "shape": [], "data": [10**15]}]}
        url = f"{process.address}/v2/models/endless/infer"
        answer = httpx.post(url, json={**hanging, "parameters": {"timeout": 200_000}}, timeout=serving.PATIENCE_S)
        assert answer.status_code == 504
        assert httpx.get(f"{process.address}/health/live").status_code == 200
        assert process.stop() == 0
        assert "A run has not ended" in process.complaints()


# ── TLS ──


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    """An authority, and a folder with its certificate, a server's and the server's key."""
    folder = tmp_path_factory.mktemp("tls")
    made = trustme.CA()
    server = made.issue_cert("localhost", "127.0.0.1")
    made.cert_pem.write_to_path(folder / "ca.pem")
    server.private_key_pem.write_to_path(folder / "key.pem")
    server.cert_chain_pems[0].write_to_path(folder / "certificate.pem")
    return made, folder


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_https(authority: tuple[trustme.CA, Path], models: Path, tmp_path: Path) -> None:
    """With the certificate that the settings name; plain HTTP gets nothing."""
    made, folder = authority
    options = ("--tls-certificate", str(folder / "certificate.pem"), "--tls-key", str(folder / "key.pem"))
    with serving.Process(models, tmp_path, *options) as process:
        address = process.wait_for(r"answers on (https://\S+) ")[1]
        with httpx.Client(base_url=address, verify=trusting(made)) as client:
            assert predict(client).status_code == 200
        with pytest.raises(httpx.HTTPError):
            httpx.get(address.replace("https", "http") + "/health/live")
        assert process.stop() == 0


def test_mutual_tls(authority: tuple[trustme.CA, Path], models: Path, tmp_path: Path) -> None:
    """Without a certificate of the right authority there is no connection."""
    made, folder = authority
    options = ("--tls-certificate", str(folder / "certificate.pem"), "--tls-key", str(folder / "key.pem"))
    with serving.Process(models, tmp_path, *options, "--tls-client-ca", str(folder / "ca.pem")) as process:
        address = process.wait_for(r"answers on (https://\S+) ")[1]
        known, unknown = trusting(made), trusting(made)
        made.issue_cert("client.example").configure_cert(known)
        trustme.CA().issue_cert("client.example").configure_cert(unknown)
        with httpx.Client(base_url=address, verify=known) as client:
            assert predict(client).status_code == 200
        for context in (trusting(made), unknown):
            with pytest.raises(httpx.HTTPError), httpx.Client(base_url=address, verify=context) as client:
                predict(client)
