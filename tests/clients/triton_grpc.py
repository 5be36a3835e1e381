"""Triton's gRPC client, unmodified, against a running server that serves `tests/clients/models.py`.

.venv/clients/bin/python -m tests.clients.triton_grpc grpc://127.0.0.1:8001

is it there     live, ready, model ready
what is it      metadata, configuration, statistics, repository index
infer           every datatype; several inputs and outputs; ids, versions, compression, many at once
refusals        the codes of what cannot be answered, and that the server answers on
"""

import sys
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import tritonclient.grpc as triton  # type: ignore[import-not-found]
from tritonclient.utils import InferenceServerException  # type: ignore[import-not-found]

from tests.clients.checks import Checks, address, equal, holds, refusal, same
from tests.clients.samples import DIFFERENCE, FIXED, LEFT, RIGHT, ROW, SAMPLES, SUM, Array

checks = Checks()


def tensor(name: str, array: Array, datatype: str) -> Any:
    return triton.InferInput(name, list(array.shape), datatype).set_data_from_numpy(array)


def wanted(*names: str) -> list[Any]:
    return [triton.InferRequestedOutput(name) for name in names]


def pair(left: Array = LEFT, right: Array = RIGHT) -> list[Any]:
    return [tensor("INPUT0", left, "INT32"), tensor("INPUT1", right, "INT32")]


def floats(array: Array = ROW) -> list[Any]:
    return [tensor("x", array, "FP32")]


def refused(code: str, client: Any, model: str, inputs: Sequence[Any], **options: Any) -> str:
    """Return what the server says when it refuses, with `code`, and answers the next request all the same."""
    error = refusal(InferenceServerException, lambda: client.infer(model, inputs, **options))
    equal(error.status(), f"StatusCode.{code}")
    same(client.infer("identity_FP32", floats()).as_numpy("y"), ROW)
    equal(bool(error.message()), True)
    return str(error.message())


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


@checks.each([("unknown", ""), ("add_sub", "7")])
def an_unknown_model_or_version_is_not_ready(client: Any, what: tuple[str, str]) -> None:
    """Triton answers False, KServe NOT_FOUND; the protocol leaves it open."""
    try:
        equal(client.is_model_ready(*what), False)
    except InferenceServerException as error:
        equal(error.status(), "StatusCode.NOT_FOUND")


# ── what is it ──


@checks
def server_metadata(client: Any) -> None:
    metadata = client.get_server_metadata(as_json=True)
    holds(metadata, "name", "version", "extensions")
    holds(metadata["extensions"], "statistics", "model_configuration")


@checks
def model_metadata(client: Any) -> None:
    metadata = client.get_model_metadata("add_sub")
    equal(bool(metadata.platform), True)
    equal((metadata.name, list(metadata.versions)), ("add_sub", ["1"]))
    equal([tensor.name for tensor in metadata.inputs], ["INPUT0", "INPUT1"])
    outputs = [(tensor.name, tensor.datatype, list(tensor.shape)) for tensor in metadata.outputs]
    equal(outputs, [(name, "INT32", [-1, 16]) for name in (SUM, DIFFERENCE)])
    equal(client.get_model_metadata("add_sub", "1"), metadata)


@checks.each(SAMPLES)
def metadata_names_the_datatype(client: Any, datatype: str) -> None:
    (x,) = client.get_model_metadata(f"identity_{datatype}").inputs
    equal((x.name, x.datatype, list(x.shape)), ("x", datatype, [-1, -1]))


@checks
def metadata_of_a_scalar_and_of_a_fixed_batch(client: Any) -> None:
    shapes = {tensor.name: list(tensor.shape) for tensor in client.get_model_metadata("scalar").inputs}
    equal(shapes, {"x": [-1, 4], "factor": []})
    equal(list(client.get_model_metadata("fixed").inputs[0].shape), [2, 3])


@checks
def metadata_of_an_unknown_model_is_not_found(client: Any) -> None:
    error = refusal(InferenceServerException, lambda: client.get_model_metadata("unknown"))
    equal(error.status(), "StatusCode.NOT_FOUND")


@checks
def model_config(client: Any) -> None:
    config = client.get_model_config("add_sub", "1").config
    equal((config.name, bool(config.platform or config.backend)), ("add_sub", True))
    types = {tensor.name: triton.model_config_pb2.DataType.Name(tensor.data_type) for tensor in config.output}
    equal(types, dict.fromkeys((SUM, DIFFERENCE), "TYPE_INT32"))


@checks
def statistics_count_what_was_inferred(client: Any) -> None:
    before = client.get_inference_statistics("add_sub", "1").model_stats[0]
    client.infer("add_sub", pair())
    after = client.get_inference_statistics("add_sub").model_stats[0]
    equal((after.name, after.version), ("add_sub", "1"))
    equal(after.inference_count - before.inference_count, 2)  # rows, as Triton counts
    equal(after.execution_count - before.execution_count, 1)
    equal(after.inference_stats.success.count - before.inference_stats.success.count, 1)
    equal(after.inference_stats.compute_infer.ns > before.inference_stats.compute_infer.ns, True)


@checks
def statistics_of_all_models(client: Any) -> None:
    names = [stats.name for stats in client.get_inference_statistics().model_stats]
    holds(names, "add_sub", "identity_BYTES", "slow")


@checks
def repository_index(client: Any) -> None:
    index = {entry.name: entry for entry in client.get_model_repository_index().models}
    holds(index, "add_sub", "fixed", "identity_BYTES", "scalar", "slow")
    equal((index["add_sub"].version, index["add_sub"].state), ("1", "READY"))


# ── infer ──


@checks.each(SAMPLES)
def what_goes_in_comes_out(client: Any, datatype: str) -> None:
    array = SAMPLES[datatype]
    result = client.infer(f"identity_{datatype}", [tensor("x", array, datatype)], outputs=wanted("y"))
    same(result.as_numpy("y"), array)
    equal(result.get_output("y").datatype, datatype)


@checks
def bytes_that_are_no_text_are_refused_or_kept(client: Any) -> None:
    """ONNX strings are UTF-8: a server may refuse other bytes, but it may not answer with something else."""
    array = np.array([[b"\xff\xfe", b""]], object)
    try:
        result = client.infer("identity_BYTES", [tensor("x", array, "BYTES")])
    except InferenceServerException as error:
        equal(error.status(), "StatusCode.INVALID_ARGUMENT")
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
def inputs_and_outputs_may_come_in_any_order(client: Any) -> None:
    result = client.infer("add_sub", pair()[::-1], outputs=wanted(DIFFERENCE, SUM))
    same(result.as_numpy(DIFFERENCE), LEFT - RIGHT)
    same(result.as_numpy(SUM), LEFT + RIGHT)


@checks
def a_scalar_input(client: Any) -> None:
    inputs = [tensor("x", ROW, "FP32"), tensor("factor", np.array(3, np.int64), "INT64")]
    same(client.infer("scalar", inputs).as_numpy("y"), ROW * 3)


@checks
def a_fixed_batch(client: Any) -> None:
    same(client.infer("fixed", floats(FIXED)).as_numpy("y"), FIXED * 2)


@checks
def the_id_comes_back(client: Any) -> None:
    response = client.infer("add_sub", pair(), request_id="request 17 ü").get_response()
    equal(response.id, "request 17 ü")
    equal((response.model_name, response.model_version), ("add_sub", "1"))


@checks
def a_version_may_be_named(client: Any) -> None:
    same(client.infer("add_sub", pair(), model_version="1").as_numpy(SUM), LEFT + RIGHT)


@checks
def parameters_of_ones_own_do_no_harm(client: Any) -> None:
    own = {"who": "me", "score": 0.5, "flag": True}
    same(client.infer("add_sub", pair(), parameters=own, priority=1).as_numpy(SUM), LEFT + RIGHT)


@checks.each(["gzip", "deflate"])
def compression(client: Any, algorithm: str) -> None:
    large = np.zeros((1000, 16), np.int32)
    same(client.infer("add_sub", pair(large, large), compression_algorithm=algorithm).as_numpy(SUM), large)


@checks
def more_than_four_megabytes_each_way(client: Any) -> None:
    """gRPC's own limit, which the client lifts on its side."""
    large = np.ones((1, 2_000_000), np.float32)
    same(client.infer("identity_FP32", floats(large)).as_numpy("y"), large)


@checks
def many_at_once(client: Any) -> None:
    arrays = [np.full((rows, 16), rows, np.int32) for rows in range(1, 33)]
    came: dict[int, tuple[Any, Any]] = {}
    all_came = threading.Event()

    def take(number: int, result: Any, error: Any) -> None:
        came[number] = (result, error)
        if len(came) == len(arrays):
            all_came.set()

    for number, array in enumerate(arrays):
        back = lambda result, error, number=number: take(number, result, error)  # noqa: E731
        client.async_infer("add_sub", pair(array, array), back, request_id=str(number))
    equal(all_came.wait(60), True)
    for number, array in enumerate(arrays):
        result, error = came[number]
        equal(error, None)
        same(result.as_numpy(SUM), array * 2)
        equal(result.get_response().id, str(number))


# ── refusals ──


@checks
def a_wrong_shape_is_an_invalid_argument(client: Any) -> None:
    narrow = np.zeros((2, 15), np.int32)
    holds(refused("INVALID_ARGUMENT", client, "add_sub", pair(narrow, narrow)), "INPUT", "15")


@checks
def a_wrong_number_of_dimensions_is_an_invalid_argument(client: Any) -> None:
    refused("INVALID_ARGUMENT", client, "identity_FP32", floats(np.zeros(3, np.float32)))


@checks
def a_wrong_fixed_batch_is_an_invalid_argument(client: Any) -> None:
    refused("INVALID_ARGUMENT", client, "fixed", floats(np.zeros((3, 3), np.float32)))


@checks
def inputs_of_unlike_rows_are_an_invalid_argument(client: Any) -> None:
    refused("INVALID_ARGUMENT", client, "add_sub", pair(LEFT, RIGHT[:1].repeat(3, axis=0)))


@checks
def a_wrong_datatype_is_an_invalid_argument(client: Any) -> None:
    holds(refused("INVALID_ARGUMENT", client, "identity_INT64", floats()), "INT64")


@checks
def a_missing_input_is_an_invalid_argument(client: Any) -> None:
    holds(refused("INVALID_ARGUMENT", client, "add_sub", pair()[:1]), "INPUT1")


@checks
def an_unknown_input_is_an_invalid_argument(client: Any) -> None:
    holds(refused("INVALID_ARGUMENT", client, "add_sub", [*pair(), tensor("third", LEFT, "INT32")]), "third")


@checks
def an_unknown_output_is_an_invalid_argument(client: Any) -> None:
    holds(refused("INVALID_ARGUMENT", client, "add_sub", pair(), outputs=wanted("third")), "third")


@checks
def an_unknown_model_is_not_found(client: Any) -> None:
    holds(refused("NOT_FOUND", client, "unknown", pair()), "unknown")


@checks
def an_unknown_version_is_not_found(client: Any) -> None:
    holds(refused("NOT_FOUND", client, "add_sub", pair(), model_version="7"), "7")


@checks.each([1, 20_000])
def a_timeout_in_microseconds_is_a_deadline(client: Any, timeout_us: int) -> None:
    refused("DEADLINE_EXCEEDED", client, "slow", floats(), timeout=timeout_us)


@checks
def the_clients_own_timeout_is_a_deadline(client: Any) -> None:
    refused("DEADLINE_EXCEEDED", client, "slow", floats(), client_timeout=0.02)


@checks
def without_a_timeout_the_slow_model_answers(client: Any) -> None:
    same(client.infer("slow", floats()).as_numpy("y"), ROW)


@checks
def long_timeouts_do_no_harm(client: Any) -> None:
    same(client.infer("slow", floats(), timeout=60_000_000, client_timeout=60).as_numpy("y"), ROW)


@checks
def a_request_may_be_called_back(client: Any) -> None:
    errors: list[Any] = []
    over = threading.Event()

    def take(result: Any, error: Any) -> None:
        errors.append(error)
        over.set()

    client.async_infer("slow", floats(), take).cancel()
    equal(over.wait(60), True)
    equal(errors[0].status(), "StatusCode.CANCELLED")
    same(client.infer("slow", floats()).as_numpy("y"), ROW)


def main() -> int:
    with triton.InferenceServerClient(address()) as client:
        return checks.run(client)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
