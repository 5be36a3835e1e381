"""gRPC's own context of a call, as this package uses it."""

from typing import Any

from grpc.aio import ServicerContext

Context = ServicerContext[Any, Any]
