"""The methods beside ModelInfer: health, metadata, and the extensions that Triton's clients call.

Each turns a request into a response at once. What they tell is what the routes of REST tell, from the same functions.
"""

from collections.abc import Callable
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from app.errors import NotReady
from app.health.health import Health
from app.http.access import RPC, Audience, access_of
from app.protocols.endpoint import Serving
from app.protocols.open_inference.routes import EXTENSIONS, index_of, metadata_of, served
from app.protocols.open_inference.triton_config import config_of
from app.protocols.open_inference_grpc.messages import find, parse
from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from app.protocols.open_inference_grpc.status import Behaviour, Call
from app.settings import Settings


class Methods:
    """Answers for one application; `version` is the server's."""

    def __init__(self, settings: Settings, version: str, serving: Serving, health: Health) -> None:
        self._settings = settings
        self._version = version
        self._registry = serving.registry
        self._serving = serving
        self._health = health

    def behaviours(self) -> dict[str, Behaviour]:
        methods: dict[str, tuple[type[Message], Callable[[Any], Message]]] = {
            "ServerLive": (pb.ServerLiveRequest, lambda _: pb.ServerLiveResponse(live=self._health.live)),
            "ServerReady": (pb.ServerReadyRequest, lambda _: pb.ServerReadyResponse(ready=self._health.ready)),
            "ServerMetadata": (pb.ServerMetadataRequest, self.server_metadata),
            "ModelReady": (pb.ModelReadyRequest, self.model_ready),
            "ModelMetadata": (pb.ModelMetadataRequest, self.model_metadata),
            "ModelConfig": (pb.ModelConfigRequest, self.model_config),
            "ModelStatistics": (pb.ModelStatisticsRequest, self.model_statistics),
            "RepositoryIndex": (pb.RepositoryIndexRequest, self.repository_index),
        }
        return {name: self._behaviour(name, *method) for name, method in methods.items()}

    def _behaviour(self, name: str, kind: type[Message], answer: Callable[[Any], Message]) -> Behaviour:
        """Answer at once, but ask for the key of the method's audience first."""
        access = access_of(f"{RPC}/{name}")
        public = access.audience is Audience.PUBLIC

        async def behaviour(call: Call) -> bytes:
            self._serving.guards.admit(access, call.head)
            data = await (call.glance() if public else call.receive())
            return answer(parse(kind, data)).SerializeToString()

        return behaviour

    def server_metadata(self, _: pb.ServerMetadataRequest) -> pb.ServerMetadataResponse:
        """Say who answers; raw contents are gRPC's own binary tensors, and need no extension."""
        extensions = [name for name in EXTENSIONS if name != "binary_tensor_data"]
        return pb.ServerMetadataResponse(name="slipway", version=self._version, extensions=extensions)

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
        return pb.ModelMetadataResponse(**metadata_of(self._registry, model))

    def model_config(self, request: pb.ModelConfigRequest) -> pb.ModelConfigResponse:
        """Show the version as Triton would have it configured."""
        model = find(self._registry, request.name, request.version)
        return pb.ModelConfigResponse(config=json_format.ParseDict(config_of(model, self._settings), pb.ModelConfig()))

    def model_statistics(self, request: pb.ModelStatisticsRequest) -> pb.ModelStatisticsResponse:
        """Report the version, every version of the model, or every model that serves."""
        models = self._registry.models
        if request.name:
            model = find(self._registry, request.name, request.version)
            models = [model] if request.version else served(self._registry, model.name)
        report = {"model_stats": self._serving.metrics.statistics(models)}
        return json_format.ParseDict(report, pb.ModelStatisticsResponse())

    def repository_index(self, request: pb.RepositoryIndexRequest) -> pb.RepositoryIndexResponse:
        """List every version found, its state, and the reason if it does not serve."""
        return pb.RepositoryIndexResponse(models=index_of(self._registry, only_ready=request.ready))
