"""Triton's HTTP client, unmodified, against a running server that serves `tests/clients/models.py`.

.venv/clients/bin/python -m tests.clients.triton_http http://127.0.0.1:8000

is it there     live, ready, model ready
what is it      metadata, configuration, statistics, repository index
infer           every datatype, binary and not; several inputs and outputs; ids, versions, compression, many at once
refusals        the statuses of what cannot be answered, and that the server answers on
"""

import http.client
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import tritonclient.http as triton  # type: ignore[import-not-found]
from tritonclient.utils import InferenceServerException  # type: ignore[import-not-found]

from tests.clients.checks import Checks, address, equal, holds, refusal, same
from tests.clients.samples import DIFFERENCE, FIXED, LEFT, RIGHT, ROW, SAMPLES, SUM, Array

checks = Checks()


def tensor(name: str, array: Array, datatype: str, *, binary: bool = True) -> Any:
    return triton.InferInput(name, list(array.shape), datatype).set_data_from_numpy(array, binary_data=binary)


def wanted(*names: str, binary: bool = True) -> list[Any]:
    return [triton.InferRequestedOutput(name, binary_data=binary) for name in names]


def pair(left: Array = LEFT, right: Array = RIGHT, *, binary: bool = True) -> list[Any]:
    return [tensor("INPUT0", left, "INT32", binary=binary), tensor("INPUT1", right, "INT32", binary=binary)]


def floats(array: Array = ROW) -> list[Any]:
    return [tensor("x", array, "FP32")]


def refused(status: str, client: Any, model: str, inputs: Sequence[Any], **options: Any) -> str:
    """Return what the server says when it refuses, with `status`, and answers the next request all the same."""
    error = refusal(InferenceServerException, lambda: client.infer(model, inputs, **options))
    equal(error.status(), status)
    same(client.infer("identity_FP32", floats()).as_numpy("y"), ROW)
    message = error.message()
    if not message or "client received an empty response" in message or "exception occurred" in message:
        raise AssertionError(f'expected {{"error": message}}. Received: {message!r}')
    return str(message)


# ── is it there ──


@checks
def is_live(client: Any) -> None:
    equal(client.is_server_live(), True)


@checks
def is_ready(client: Any) -> None:
    equal(client.is_server_ready(), True)


@checks
def a_model_and_its_version_are_ready(client: Any) -> None:
    equal(client.is_model_ready("add_sub"), True)
    equal(client.is_model_ready("add_sub", "1"), True)


@checks
def an_unknown_model_or_version_is_not_ready(client: Any) -> None:
    equal(client.is_model_ready("unknown"), False)
    equal(client.is_model_ready("add_sub", "7"), False)


# ── what is it ──


@checks
def server_metadata(client: Any) -> None:
    metadata = client.get_server_metadata()
    holds(metadata, "name", "version", "extensions")
    holds(metadata["extensions"], "binary_tensor_data", "statistics", "model_configuration", "model_repository")


@checks
def model_metadata(client: Any) -> None:
    metadata = client.get_model_metadata("add_sub")
    holds(metadata, "platform")
    equal((metadata["name"], metadata["versions"]), ("add_sub", ["1"]))
    equal([tensor["name"] for tensor in metadata["inputs"]], ["INPUT0", "INPUT1"])
    equal(metadata["outputs"], [{"name": name, "datatype": "INT32", "shape": [-1, 16]} for name in (SUM, DIFFERENCE)])
    equal(client.get_model_metadata("add_sub", "1"), metadata)


@checks.each(SAMPLES)
def metadata_names_the_datatype(client: Any, datatype: str) -> None:
    metadata = client.get_model_metadata(f"identity_{datatype}")
    equal(metadata["inputs"], [{"name": "x", "datatype": datatype, "shape": [-1, -1]}])


@checks
def metadata_of_a_scalar_and_of_a_fixed_batch(client: Any) -> None:
    shapes = {tensor["name"]: tensor["shape"] for tensor in client.get_model_metadata("scalar")["inputs"]}
    equal(shapes, {"x": [-1, 4], "factor": []})
    equal(client.get_model_metadata("fixed")["inputs"][0]["shape"], [2, 3])


@checks
def metadata_of_an_unknown_model_is_404(client: Any) -> None:
    equal(refusal(InferenceServerException, lambda: client.get_model_metadata("unknown")).status(), "404")


@checks
def model_config(client: Any) -> None:
    config = client.get_model_config("add_sub", "1")
    holds(config, "platform", "max_batch_size", "input", "output")
    equal(config["name"], "add_sub")
    equal(
        {tensor["name"]: tensor["data_type"] for tensor in config["output"]},
        dict.fromkeys((SUM, DIFFERENCE), "TYPE_INT32"),
    )


@checks
def statistics_count_what_was_inferred(client: Any) -> None:
    before = client.get_inference_statistics("add_sub", "1")["model_stats"][0]
    client.infer("add_sub", pair())
    after = client.get_inference_statistics("add_sub")["model_stats"][0]
    equal((after["name"], after["version"]), ("add_sub", "1"))
    equal(after["inference_count"] - before["inference_count"], 2)  # rows, as Triton counts
    equal(after["execution_count"] - before["execution_count"], 1)
    equal(after["inference_stats"]["success"]["count"] - before["inference_stats"]["success"]["count"], 1)
    holds(after["inference_stats"], "fail", "queue", "compute_input", "compute_infer", "compute_output")
    holds(after["batch_stats"][0], "batch_size", "compute_input", "compute_infer", "compute_output")


@checks
def statistics_of_all_models(client: Any) -> None:
    names = [stats["name"] for stats in client.get_inference_statistics()["model_stats"]]
    holds(names, "add_sub", "identity_BYTES", "slow")


@checks
def repository_index(client: Any) -> None:
    index = {entry["name"]: entry for entry in client.get_model_repository_index()}
    holds(index, "add_sub", "fixed", "identity_BYTES", "scalar", "slow")
    equal((index["add_sub"]["version"], index["add_sub"]["state"]), ("1", "READY"))


# ── infer ──


@checks.each(SAMPLES)
def binary_in_and_out(client: Any, datatype: str) -> None:
    array = SAMPLES[datatype]
    result = client.infer(f"identity_{datatype}", [tensor("x", array, datatype)], outputs=wanted("y"))
    same(result.as_numpy("y"), array)
    holds(result.get_output("y")["parameters"], "binary_data_size")


@checks.each([datatype for datatype in SAMPLES if datatype != "FP16"])
def json_in_and_out(client: Any, datatype: str) -> None:
    array = SAMPLES[datatype]
    inputs = [tensor("x", array, datatype, binary=False)]
    result = client.infer(f"identity_{datatype}", inputs, outputs=wanted("y", binary=False))
    same(result.as_numpy("y"), array)
    holds(result.get_output("y"), "data")


@checks
def FP16_in_json_is_answered_or_refused(client: Any) -> None:  # noqa: N802
    """The protocol has FP16 in binary alone; Triton refuses it in JSON."""
    array = SAMPLES["FP16"]
    inputs = [tensor("x", array, "FP16", binary=False)]
    try:
        result = client.infer("identity_FP16", inputs, outputs=wanted("y", binary=False))
    except InferenceServerException as error:
        equal(error.status(), "400")
    else:
        same(result.as_numpy("y"), array)


@checks.each(["FP32", "INT64", "BYTES"])
def binary_one_way_alone(client: Any, datatype: str) -> None:
    array, model = SAMPLES[datatype], f"identity_{datatype}"
    into = client.infer(model, [tensor("x", array, datatype)], outputs=wanted("y", binary=False))
    out = client.infer(model, [tensor("x", array, datatype, binary=False)], outputs=wanted("y"))
    same(into.as_numpy("y"), array)
    same(out.as_numpy("y"), array)


@checks
def bytes_that_are_no_text_are_refused_or_kept(client: Any) -> None:
    """ONNX strings are UTF-8: a server may refuse other bytes, but it may not answer with something else."""
    array = np.array([[b"\xff\xfe", b""]], object)
    try:
        result = client.infer("identity_BYTES", [tensor("x", array, "BYTES")])
    except InferenceServerException as error:
        equal(error.status(), "400")
    else:
        equal(result.as_numpy("y").tolist(), array.tolist())


@checks
def every_output_comes_when_none_is_asked_for(client: Any) -> None:
    result = client.infer("add_sub", pair())
    same(result.as_numpy(SUM), LEFT + RIGHT)
    same(result.as_numpy(DIFFERENCE), LEFT - RIGHT)


@checks
def only_the_output_asked_for_comes(client: Any) -> None:
    result = client.infer("add_sub", pair(), outputs=wanted(DIFFERENCE))
    same(result.as_numpy(DIFFERENCE), LEFT - RIGHT)
    equal(result.as_numpy(SUM), None)


@checks
def inputs_may_come_in_any_order_and_mixed(client: Any) -> None:
    mixed = [tensor("INPUT1", RIGHT, "INT32", binary=False), tensor("INPUT0", LEFT, "INT32")]
    outputs = wanted(DIFFERENCE) + wanted(SUM, binary=False)
    result = client.infer("add_sub", mixed, outputs=outputs)
    same(result.as_numpy(DIFFERENCE), LEFT - RIGHT)
    same(result.as_numpy(SUM), LEFT + RIGHT)


@checks
def a_scalar_input(client: Any) -> None:
    factor = np.array(3, np.int64)
    for binary in (True, False):
        result = client.infer("scalar", [tensor("x", ROW, "FP32"), tensor("factor", factor, "INT64", binary=binary)])
        same(result.as_numpy("y"), ROW * 3)


@checks
def a_fixed_batch(client: Any) -> None:
    same(client.infer("fixed", floats(FIXED)).as_numpy("y"), FIXED * 2)


@checks
def the_id_comes_back(client: Any) -> None:
    response = client.infer("add_sub", pair(), request_id="request 17 ü").get_response()
    equal(response["id"], "request 17 ü")
    equal((response["model_name"], response["model_version"]), ("add_sub", "1"))


@checks
def a_version_may_be_named(client: Any) -> None:
    same(client.infer("add_sub", pair(), model_version="1").as_numpy(SUM), LEFT + RIGHT)


@checks
def parameters_of_ones_own_do_no_harm(client: Any) -> None:
    own = {"who": "me", "score": 0.5, "flag": True}
    same(client.infer("add_sub", pair(), parameters=own, priority=1).as_numpy(SUM), LEFT + RIGHT)


@checks.each([(way, binary) for way in ("request", "response", "both") for binary in (True, False)])
def gzip_of(client: Any, what: tuple[str, bool]) -> None:
    way, binary = what
    large = np.zeros((1000, 16), np.int32)
    options = {f"{side}_compression_algorithm": "gzip" for side in ("request", "response") if way in (side, "both")}
    result = client.infer("add_sub", pair(large, large, binary=binary), outputs=wanted(SUM, binary=binary), **options)
    same(result.as_numpy(SUM), large)


@checks
def deflate_is_answered_or_refused(client: Any) -> None:
    try:
        result = client.infer("add_sub", pair(), request_compression_algorithm="deflate")
    except InferenceServerException as error:
        equal(error.status() in ("400", "415"), True)
    else:
        same(result.as_numpy(SUM), LEFT + RIGHT)


@checks
def a_gzipped_answer_is_gzip_on_the_wire(client: Any) -> None:
    """The client unpacks unseen, so here the body that it makes goes by another way."""
    large = np.zeros((1000, 16), np.int32)
    body, json_bytes = client.generate_request_body(pair(large, large))
    headers = {"Accept-Encoding": "gzip", "Inference-Header-Content-Length": str(json_bytes)}
    connection = http.client.HTTPConnection(address(), timeout=60)
    connection.request("POST", "/v2/models/add_sub/infer", body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    equal((answer.status, answer.headers["Content-Encoding"]), (200, "gzip"))
    equal(len(content) < large.nbytes, True)
    length = int(answer.headers["Inference-Header-Content-Length"])
    result = client.parse_response_body(content, header_length=length, content_encoding="gzip")
    same(result.as_numpy(SUM), large)


@checks
def many_at_once(client: Any) -> None:
    arrays = [np.full((rows, 16), rows, np.int32) for rows in range(1, 33)]
    with triton.InferenceServerClient(address(), concurrency=len(arrays)) as many:
        asked = [many.async_infer("add_sub", pair(array, array), request_id=str(len(array))) for array in arrays]
        for array, one in zip(arrays, asked, strict=True):
            result = one.get_result(timeout=60)
            same(result.as_numpy(SUM), array * 2)
            equal(result.get_response()["id"], str(len(array)))


# ── refusals ──


@checks
def a_wrong_shape_is_400(client: Any) -> None:
    narrow = np.zeros((2, 15), np.int32)
    holds(refused("400", client, "add_sub", pair(narrow, narrow)), "INPUT", "15")


@checks
def a_wrong_number_of_dimensions_is_400(client: Any) -> None:
    refused("400", client, "identity_FP32", floats(np.zeros(3, np.float32)))


@checks
def a_wrong_fixed_batch_is_400(client: Any) -> None:
    refused("400", client, "fixed", floats(np.zeros((3, 3), np.float32)))


@checks
def inputs_of_unlike_rows_are_400(client: Any) -> None:
    refused("400", client, "add_sub", pair(LEFT, RIGHT[:1].repeat(3, axis=0)))


@checks
def a_wrong_datatype_is_400(client: Any) -> None:
    holds(refused("400", client, "identity_INT64", floats()), "INT64")


@checks
def a_missing_input_is_400(client: Any) -> None:
    holds(refused("400", client, "add_sub", pair()[:1]), "INPUT1")


@checks
def an_unknown_input_is_400(client: Any) -> None:
    holds(refused("400", client, "add_sub", [*pair(), tensor("third", LEFT, "INT32")]), "third")


@checks
def an_unknown_output_is_400(client: Any) -> None:
    holds(refused("400", client, "add_sub", pair(), outputs=wanted("third")), "third")


@checks
def an_unknown_model_is_404(client: Any) -> None:
    holds(refused("404", client, "unknown", pair()), "unknown")


@checks
def an_unknown_version_is_404(client: Any) -> None:
    holds(refused("404", client, "add_sub", pair(), model_version="7"), "7")


@checks.each([1, 20_000])
def a_timeout_in_microseconds_is_a_deadline(client: Any, timeout_us: int) -> None:
    refused("504", client, "slow", floats(), timeout=timeout_us)


@checks
def without_a_timeout_the_slow_model_answers(client: Any) -> None:
    same(client.infer("slow", floats()).as_numpy("y"), ROW)


@checks
def a_long_timeout_does_no_harm(client: Any) -> None:
    same(client.infer("slow", floats(), timeout=60_000_000).as_numpy("y"), ROW)


@checks
def a_client_that_hangs_up_leaves_a_server_that_answers(client: Any) -> None:
    with triton.InferenceServerClient(address(), network_timeout=0.02) as impatient:
        refusal(Exception, lambda: impatient.infer("slow", floats()))
    same(client.infer("slow", floats()).as_numpy("y"), ROW)


def main() -> int:
    with triton.InferenceServerClient(address()) as client:
        return checks.run(client)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
