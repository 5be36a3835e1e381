"""`python -m app`: serve the bundles of a folder.

signals ─> settings ─> application ─> uvicorn ─> address and a request that works
"""

import signal
import sys

# PID 1 ignores SIGTERM until there is a handler, and the imports below take a while.
# uvicorn raises the signal again after a graceful shutdown; this handler then makes it exit 0.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))

import asyncio
import logging
import shlex

import msgspec
import uvicorn
from pydantic_settings import CliApp

from app.main import Slipway, create_app
from app.protocol import fits, protocol_for
from app.settings import Settings

log = logging.getLogger("slipway")


class Server(uvicorn.Server):
    """uvicorn, which fails readiness at the first signal and says where it answers."""

    def __init__(self, config: uvicorn.Config, app: Slipway) -> None:
        super().__init__(config)
        self._app = app

    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        self._announcement = asyncio.create_task(self._announce())

    async def shutdown(self, sockets: object = None) -> None:
        self._app.state.health.draining = True
        self._announcement.cancel()
        await super().shutdown()

    async def _announce(self) -> None:
        """Print the address, and a curl line that works when pasted, once a model answers."""
        port = self.servers[0].sockets[0].getsockname()[1]
        host = "127.0.0.1" if self.config.host in ("0.0.0.0", "") else self.config.host  # noqa: S104
        address = f"http://{host}:{port}"
        registry = self._app.state.registry
        await registry.finished.wait()
        print(f"\nSlipway answers on {address} (documentation: {address}/docs)", flush=True)
        if not self._app.state.health.ready:
            reasons = " ".join(self._app.state.health.reasons())
            print(f"It is NOT ready: {reasons}", flush=True)
            return
        model = registry.models[-1]
        query = f"?model={model.name}" if len({m.name for m in registry.models}) > 1 else ""
        body = shlex.quote(msgspec.json.encode(model.example).decode())
        print(
            f"Try it:\n\ncurl -s '{address}/predict{query}' -H 'content-type: application/json' -d {body}\n", flush=True
        )


def main() -> None:
    """Serve until a signal."""
    settings = CliApp.run(Settings)
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=protocol_for(app.hot) if settings.door == "protocol" and fits() else "httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing here asks who the client is
        timeout_keep_alive=settings.keep_alive_s,
        timeout_graceful_shutdown=settings.shutdown_timeout_s,
    )
    Server(config, app).run()


if __name__ == "__main__":
    main()
