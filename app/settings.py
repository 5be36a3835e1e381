"""Every knob of the service: unit, default and reason in one place.

Each is read from the environment as `SLIPWAY_<NAME>` and given on the command line as `--<name>`.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where to listen, what to serve, and the bounds that keep one caller from harming the others."""

    model_config = SettingsConfigDict(
        env_prefix="SLIPWAY_", frozen=True, cli_kebab_case=True, cli_implicit_flags=True, cli_prog_name="python -m app"
    )

    # where to listen
    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 in a container.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    keep_alive_s: int = Field(
        75, ge=0, description="Idle seconds until a connection is closed; above a proxy's own (60)."
    )

    grpc_port: int | None = Field(
        None, ge=0, le=65535, description="Port for gRPC, with the extra `grpc` installed; 0 takes a free one."
    )
    workers: int = Field(
        1, ge=1, description="Processes on this port; more only on one big machine, else use replicas."
    )
    door: Literal["protocol", "asgi"] = Field(
        "protocol", description="How hot routes are answered: inside uvicorn's protocol class, or as plain ASGI."
    )

    # what to serve
    models: Path = Field(Path("models"), description="Folder of bundles, each in `<name>/<version>/`.")
    versions: Literal["latest", "all"] = Field("latest", description="Versions of each model to load.")
    default_model: str | None = Field(
        None, description="Model that answers when a request names none and several are loaded."
    )

    labels: dict[str, dict[str, int]] = Field(
        default_factory=dict, description='Versions by label, as {"model": {"stable": 1, "canary": 2}}.'
    )

    # bounds
    max_body_bytes: int = Field(16 * 2**20, ge=1, description="Bytes of a request body; more is refused with 413.")
    max_request_rows: int = Field(10_000, ge=1, description="Rows of one request; more is refused with 413.")
    max_queue_rows: int = Field(20_000, ge=1, description="Rows waiting in a model's queue; more is refused with 429.")
    max_queue_bytes: int = Field(2**28, ge=1, description="Bytes of the bodies waiting in a model's queue; else 429.")
    timeout_ms: int = Field(10_000, ge=1, description="Milliseconds until a request without an answer gets 504.")
    shutdown_timeout_s: int = Field(
        20, ge=0, description="Seconds that accepted requests have to finish after SIGTERM."
    )

    # the engine; left out, it decides by measuring the model at load
    max_batch_rows: int | None = Field(None, ge=1, description="Rows of one run; left out: where more no longer pays.")
    max_delay_us: int = Field(0, ge=0, description="Microseconds that an idle engine waits for company; 0 never waits.")
    threads: int | None = Field(
        None, ge=1, description="Threads of a run; left out: one for a small model, else the CPUs."
    )
    run_on: Literal["auto", "loop", "thread"] = Field(
        "auto", description="Where a run happens: on the event loop if it takes microseconds, else in a worker thread."
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe level that is logged."
    )
