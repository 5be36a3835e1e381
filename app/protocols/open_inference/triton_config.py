"""A version as Triton's model configuration: what its load generator and its clients ask for.

It describes what is; nothing can be configured by it.
"""

from collections.abc import Iterable
from typing import Any

from app.runtime.model import Model
from app.settings import Settings
from app.tensors import TensorSpec

Json = dict[str, Any]


def config_of(model: Model, settings: Settings) -> Json:
    """Describe a version.

    `max_batch_size` is what one request may hold, and 0 where requests cannot share a run; the rows of one run are
    `preferred_batch_size`, for a larger request is cut.
    """
    batched = model.signature.batched
    config: Json = {
        "name": model.name,
        "platform": "onnxruntime_onnx",
        "backend": "onnxruntime",
        "default_model_filename": "model.onnx",
        "version_policy": {"all": {}} if settings.versions == "all" else {"latest": {"num_versions": 1}},
        "max_batch_size": model.max_request_rows if batched else 0,
        "input": _tensors(model.signature.inputs, batched),
        "output": _tensors(model.signature.outputs, batched),
        "instance_group": [{"name": model.name, "kind": "KIND_CPU", "count": 1}],
    }
    if batched:
        rows, delay_us = [model.decision.max_batch_rows], settings.max_delay_us
        config["dynamic_batching"] = {"preferred_batch_size": rows, "max_queue_delay_microseconds": delay_us}
    return config


def _tensors(specs: Iterable[TensorSpec], batched: bool) -> list[Json]:
    """Leave the dimension of the rows out, as Triton does."""
    start = 1 if batched else 0
    types = {spec.name: "STRING" if spec.datatype.name == "BYTES" else spec.datatype.name for spec in specs}
    return [
        {"name": spec.name, "data_type": f"TYPE_{types[spec.name]}", "dims": spec.wire_shape[start:]} for spec in specs
    ]
