"""Health checking and reflection over gRPC, as Kubernetes and grpcurl meet them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2
from grpc import StatusCode
from grpc.aio import AioRpcError
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse, HealthListRequest
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub

from app.main import Slipway
from tests.support import serving

OIP = "inference.GRPCInferenceService"
SERVING, NOT_SERVING = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING
SERVICES = {OIP, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
FOREVER_S = 3600  # what ends earlier did not wait for the stop's own limit


@pytest.fixture
def app(models: Path) -> Slipway:
    return serving.app_of(models, grpc_port=0, shutdown_timeout_s=FOREVER_S)


@asynccontextmanager
async def channel_of(app: Slipway) -> AsyncIterator[grpc.aio.Channel]:
    """Run the application in this process, and give a channel to its port."""
    async with serving.running(app), asyncio.timeout(serving.PATIENCE_S), _channel(app) as channel:
        yield channel


def _channel(app: Slipway) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(f"127.0.0.1:{app.state.rpc.port}")


@pytest.mark.parametrize("service", ["", *sorted(SERVICES)])
async def test_a_check_tells_the_health_as_it_is(service: str, app: Slipway) -> None:
    """Of the whole and of each service: ready, draining, loading."""
    async with channel_of(app) as channel:
        stub, request = HealthStub(channel), HealthCheckRequest(service=service)
        assert (await stub.Check(request)).status == SERVING
        app.state.health.draining = True
        assert (await stub.Check(request)).status == NOT_SERVING
        app.state.health.draining = False
        app.state.registry.entries[0].state = "loading"
        assert (await stub.Check(request)).status == NOT_SERVING


async def test_a_service_that_is_not_there(app: Slipway) -> None:
    """NOT_FOUND for a check; a watcher may wait for it, as the standard says."""
    async with channel_of(app) as channel:
        with pytest.raises(AioRpcError) as failed:
            await HealthStub(channel).Check(HealthCheckRequest(service="nobody"))
        assert failed.value.code() == StatusCode.NOT_FOUND
        watch = HealthStub(channel).Watch(HealthCheckRequest(service="nobody"))
        assert (await watch.read()).status == HealthCheckResponse.SERVICE_UNKNOWN
        watch.cancel()


async def test_the_list_of_all(app: Slipway) -> None:
    async with channel_of(app) as channel:
        statuses = (await HealthStub(channel).List(HealthListRequest())).statuses
        assert {name: entry.status for name, entry in statuses.items()} == dict.fromkeys(["", *SERVICES], SERVING)


async def test_a_watcher_is_told_of_each_change(app: Slipway) -> None:
    async with channel_of(app) as channel:
        watch = HealthStub(channel).Watch(HealthCheckRequest())
        assert (await watch.read()).status == SERVING
        for draining, status in ((True, NOT_SERVING), (False, SERVING)):
            app.state.health.draining = draining
            assert (await watch.read()).status == status
        watch.cancel()


async def test_a_stop_ends_the_streams_and_waits_for_nobody(app: Slipway) -> None:
    """A watcher hears NOT_SERVING and the end; so does a reflection that was left open, and one that never began."""
    async with channel_of(app) as channel:
        watch = HealthStub(channel).Watch(HealthCheckRequest(service=OIP))
        assert (await watch.read()).status == SERVING
        open_one, silent = ServerReflectionStub(channel).ServerReflectionInfo(), reflect(channel)
        await open_one.write(ServerReflectionRequest(list_services=""))
        assert (await open_one.read()).HasField("list_services_response")
        await silent.wait_for_connection()
        await asyncio.wait_for(app.state.rpc.stop(), serving.PATIENCE_S)
        assert (await watch.read()).status == NOT_SERVING
        assert await watch.read() is grpc.aio.EOF
        assert await open_one.read() is grpc.aio.EOF
        assert await watch.code() == StatusCode.OK


def reflect(channel: grpc.aio.Channel) -> Any:
    return ServerReflectionStub(channel).ServerReflectionInfo()


async def test_reflection_lists_the_services_and_describes_them(app: Slipway) -> None:
    """All that a client without the .proto needs, names and numbers."""
    async with channel_of(app) as channel:
        call = reflect(channel)
        await call.write(ServerReflectionRequest(list_services=""))
        listed = (await call.read()).list_services_response.service
        assert {service.name for service in listed} == SERVICES
        await call.write(ServerReflectionRequest(file_containing_symbol=OIP))
        (text,) = (await call.read()).file_descriptor_response.file_descriptor_proto
        described = descriptor_pb2.FileDescriptorProto.FromString(text)
        (request,) = [message for message in described.message_type if message.name == "ModelInferRequest"]
        numbers = {entry.name: entry.number for entry in request.field}
        assert (numbers["model_name"], numbers["inputs"], numbers["raw_input_contents"]) == (1, 5, 7)
        await call.write(ServerReflectionRequest(file_containing_symbol="nobody"))
        assert (await call.read()).error_response.error_code == StatusCode.NOT_FOUND.value[0]
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
