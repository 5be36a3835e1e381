"""The Open Inference Protocol over gRPC, on a port of its own beside HTTP; the extra `grpc` brings what it needs.

    start     bind ─> services ─> answer
    call      bytes ─> a behaviour (`infer`, `methods`) ─> bytes, or a status (`status`)
    stop      refuse what is new ─> let calls under way finish, for so long ─> cancel the rest

It runs on the event loop of the application, and shares its models, batchers and health. Only the lifespan of
`app.main` imports it, and only when there is a port for it.
"""

import asyncio
import logging

import grpc
from grpc_health.v1 import health
from grpc_reflection.v1alpha import reflection

from app.health.health import Health
from app.protocols.endpoint import Serving
from app.protocols.open_inference_grpc.health import Mirror, Probe, services_of
from app.protocols.open_inference_grpc.infer import PROTOCOL, Infer
from app.protocols.open_inference_grpc.methods import Methods
from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from app.protocols.open_inference_grpc.receiving import WINDOW_BYTES, Receiver
from app.protocols.open_inference_grpc.sending import Abandoned, Answers
from app.protocols.open_inference_grpc.status import Behaviour, Calls, observed
from app.settings import Settings

SERVICE = pb.DESCRIPTOR.services_by_name["GRPCInferenceService"].full_name
SERVICES = (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
OPTIONS = (
    ("grpc.so_reuseport", 1),  # workers share the port, with each other and with who holds it for them
    ("grpc.max_send_message_length", -1),  # an answer is as large as its request makes it
    # A call holds what its window lets in until its message is read. Probing for the bandwidth would let in megabytes.
    ("grpc.http2.lookahead_bytes", WINDOW_BYTES),
    ("grpc.http2.bdp_probe", 0),
    ("grpc.max_concurrent_streams", 1000),  # calls under way on one connection; its client queues the others
    ("grpc.keepalive_time_ms", 60_000),  # a peer that vanished is noticed after these two together
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),  # clients may look after us as often
)
ABANDONED = Abandoned()


class RpcServer:
    """A gRPC server over the application's models; `version` is the application's."""

    def __init__(self, settings: Settings, version: str, serving: Serving, health: Health) -> None:
        self._settings = settings
        self._draining = asyncio.Event()
        self._stop: asyncio.Task[None] | None = None
        options = (*OPTIONS, ("grpc.max_receive_message_length", settings.max_body_bytes))
        self._server = grpc.aio.server(options=options)
        logging.getLogger("grpc._cython.cygrpc").addFilter(ABANDONED)
        self._calls = _calls(settings, serving)
        methods = Methods(settings, version, serving, health)
        behaviours: dict[str, Behaviour] = {**methods.behaviours(), "ModelInfer": Infer(serving)}
        handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            name: grpc.stream_unary_rpc_method_handler(
                observed(each, f"{SERVICE}/{name}", PROTOCOL if name == "ModelInfer" else "", self._calls)
            )
            for name, each in behaviours.items()
        }
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
        probe = Probe(health, SERVICES, self._draining, self._calls.receiver)
        mirror = Mirror(SERVICES, self._draining, self._calls.receiver)
        self._server.add_generic_rpc_handlers(services_of(probe, mirror, self._calls))
        self.port = 0

    async def start(self) -> None:
        """Bind, and answer from now on; raises `RuntimeError` when the port is taken."""
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        address, credentials = f"{host}:{self._settings.grpc_port}", _credentials(self._settings)
        if credentials is None:
            self.port = self._server.add_insecure_port(address)
        else:
            self.port = self._server.add_secure_port(address, credentials)
        await self._server.start()

    def stop(self) -> asyncio.Task[None]:
        """Refuse new calls from now on; the task ends when those under way have, or their time is up."""
        if self._stop is None:
            self._draining.set()
            self._calls.answers.stop()
            self._stop = asyncio.create_task(self._server.stop(self._settings.shutdown_timeout_s), name="stop gRPC")
        return self._stop


def _calls(settings: Settings, serving: Serving) -> Calls:
    receiver = Receiver(serving.budget, settings.max_body_bytes, settings.receive_timeout_s, settings.timeout_ms / 1000)
    answers = Answers(serving.budget, settings.send_timeout_s, serving.metrics.instruments.unread.inc)
    return Calls(receiver, answers, serving.observer)


def _credentials(settings: Settings) -> grpc.ServerCredentials | None:
    """Return what HTTPS is served with, for gRPC; a port without TLS beside one with it would be a way around it."""
    if settings.tls_certificate is None:
        return None
    chain = settings.tls_certificate.read_bytes()
    key = chain if settings.tls_key is None else settings.tls_key.read_bytes()  # one file may hold both
    authorities = None if settings.tls_client_ca is None else settings.tls_client_ca.read_bytes()
    return grpc.ssl_server_credentials([(key, chain)], authorities, require_client_auth=authorities is not None)
