"""The methods beside ModelInfer: health, metadata, and the extensions that Triton's clients call.

Each turns a request into a response at once. What they tell is what the routes of REST tell, from the same functions.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from google.protobuf import json_format
from google.protobuf.message import Message

from app.errors import NotReady
from app.health.health import Health
from app.http.access import RPC, access_of
from app.protocols.endpoint import Serving
from app.protocols.open_inference.routes import EXTENSIONS, PLATFORM, STATES
from app.protocols.open_inference.triton_config import config_of
from app.protocols.open_inference_grpc.messages import find, parse
from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from app.protocols.open_inference_grpc.status import Behaviour, Call
from app.settings import Settings
from app.tensors import TensorSpec

TensorMetadata = pb.ModelMetadataResponse.TensorMetadata
ModelIndex = pb.RepositoryIndexResponse.ModelIndex
Request = TypeVar("Request", bound=Message)


class Methods:
    """Answers for one application.

    Args:
        settings: of the application.
        version: of the server.
        serving: its models, what they have done, and who may call.
        health: of the process.
    """

    def __init__(self, settings: Settings, version: str, serving: Serving, health: Health) -> None:
        self._settings = settings
        self._version = version
        self._registry = serving.registry
        self._metrics = serving.metrics
        self._guards = serving.guards
        self._health = health

    def behaviours(self) -> dict[str, Behaviour]:
        """Return each method's behaviour by its name."""
        behaviours = {
            "ServerLive": _at_once(pb.ServerLiveRequest, self.server_live),
            "ServerReady": _at_once(pb.ServerReadyRequest, self.server_ready),
            "ServerMetadata": _at_once(pb.ServerMetadataRequest, self.server_metadata),
            "ModelReady": _at_once(pb.ModelReadyRequest, self.model_ready),
            "ModelMetadata": _at_once(pb.ModelMetadataRequest, self.model_metadata),
            "ModelConfig": _at_once(pb.ModelConfigRequest, self.model_config),
            "ModelStatistics": _at_once(pb.ModelStatisticsRequest, self.model_statistics),
            "RepositoryIndex": _at_once(pb.RepositoryIndexRequest, self.repository_index),
        }
        return {name: self._guarded(name, behaviour) for name, behaviour in behaviours.items()}

    def _guarded(self, name: str, behaviour: Behaviour) -> Behaviour:
        """Ask for the key of the method's audience first."""
        access = access_of(f"{RPC}/{name}")

        async def guarded(data: bytes, call: Call) -> bytes:
            self._guards.admit(access, call.head)
            return await behaviour(data, call)

        return guarded

    # ── the server ──

    def server_live(self, _: pb.ServerLiveRequest) -> pb.ServerLiveResponse:
        """Restart if this is false."""
        return pb.ServerLiveResponse(live=self._health.live)

    def server_ready(self, _: pb.ServerReadyRequest) -> pb.ServerReadyResponse:
        """Send traffic here if this is true."""
        return pb.ServerReadyResponse(ready=self._health.ready)

    def server_metadata(self, _: pb.ServerMetadataRequest) -> pb.ServerMetadataResponse:
        """Say who answers; raw contents are gRPC's own binary tensors, and need no extension."""
        extensions = [name for name in EXTENSIONS if name != "binary_tensor_data"]
        return pb.ServerMetadataResponse(name="slipway", version=self._version, extensions=extensions)

    # ── models ──

    def model_ready(self, request: pb.ModelReadyRequest) -> pb.ModelReadyResponse:
        """Say whether the version answers; one that was never found is an error."""
        try:
            model = find(self._registry, request.name, request.version)
        except NotReady:
            return pb.ModelReadyResponse(ready=False)
        return pb.ModelReadyResponse(ready=model.batcher.failure is None)

    def model_metadata(self, request: pb.ModelMetadataRequest) -> pb.ModelMetadataResponse:
        """Show the tensors of the version that answers, and which versions may be asked."""
        model = find(self._registry, request.name, request.version)
        versions = sorted([other.version for other in self._registry.models if other.name == model.name])
        return pb.ModelMetadataResponse(
            name=model.name,
            versions=[str(version) for version in versions],
            platform=PLATFORM,
            inputs=_tensors(model.signature.inputs),
            outputs=_tensors(model.signature.outputs),
        )

    def model_config(self, request: pb.ModelConfigRequest) -> pb.ModelConfigResponse:
        """Show the version as Triton would have it configured."""
        model = find(self._registry, request.name, request.version)
        return pb.ModelConfigResponse(config=json_format.ParseDict(config_of(model, self._settings), pb.ModelConfig()))

    def model_statistics(self, request: pb.ModelStatisticsRequest) -> pb.ModelStatisticsResponse:
        """Report the version, every version of the model, or every model that serves."""
        models = self._registry.models
        if request.name:
            model = find(self._registry, request.name, request.version)
            models = [model] if request.version else [other for other in models if other.name == model.name]
        report = {"model_stats": self._metrics.statistics(models)}
        return json_format.ParseDict(report, pb.ModelStatisticsResponse())

    def repository_index(self, request: pb.RepositoryIndexRequest) -> pb.RepositoryIndexResponse:
        """List every version found, its state, and the reason if it does not serve."""
        entries = [entry for entry in self._registry.entries if not request.ready or entry.state == "ready"]
        return pb.RepositoryIndexResponse(
            models=[
                ModelIndex(name=entry.name, version=str(entry.version), state=STATES[entry.state], reason=entry.reason)
                for entry in entries
            ]
        )


def _at_once(kind: type[Request], answer: Callable[[Request], Message]) -> Behaviour:
    async def behaviour(data: bytes, _: Call) -> bytes:
        return answer(parse(kind, data)).SerializeToString()

    return behaviour


def _tensors(specs: Iterable[TensorSpec]) -> list[TensorMetadata]:
    return [TensorMetadata(name=spec.name, datatype=spec.datatype.name, shape=spec.wire_shape) for spec in specs]
