"""Every knob of the service: unit, default and reason in one place.

Each is read from the environment as `SLIPWAY_<NAME>` and given on the command line as `--<name>`.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, FilePath, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from app.bundle.signature import PublicKey
from app.errors import InvalidSettings
from app.http.cors import Origins
from app.http.prefix import Prefix
from app.version_policy import Canary, PolicyText, Shadow

# The help of the command line begins a group at each of these; every setting that follows belongs to it.
HEADINGS = {
    "host": "most used",
    "operations_port": "ports and connections",
    "watch_s": "versions and traffic",
    "admin_keys_file": "callers",
    "max_body_bytes": "bounds",
    "receive_timeout_s": "deadlines and stopping",
    "max_batch_rows": "the engine; what is left out is decided by measuring the model at load",
    "drift": "drift, feedback and the objective",
    "log_form": "logs and traces",
}


class Settings(BaseSettings):
    """Where to listen, what to serve, and the bounds that keep one caller from harming the others."""

    model_config = SettingsConfigDict(env_prefix="SLIPWAY_", frozen=True, cli_kebab_case=True, cli_implicit_flags=True)

    host: str = Field("127.0.0.1", description="Address to listen on; :: is every one of IPv6 and IPv4.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    workers: int = Field(1, ge=1, description="Processes on this port; more only on one big machine, else replicas.")
    models: Path = Field(Path("models"), description="Folder of bundles, each in `<name>/<version>/`.")
    versions: PolicyText = Field(
        "latest", description='Versions of each model to load: latest, all, 1,3 or {"model": [1, 3]}; others: latest.'
    )
    default_model: str | None = Field(None, description="Model that answers if several are loaded and none is named.")
    grpc_port: int | None = Field(None, ge=0, le=65535, description="Port for gRPC (extra `grpc`); 0 takes a free one.")
    api_keys_file: FilePath | None = Field(None, description="API keys, KEY or NAME:KEY a line; left out, all may ask.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe level to log.")

    operations_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port for /metrics and /admin, which then leave the main one, /health and /models; 0 takes any.",
    )
    root_path: Prefix | None = Field(
        None, description="Prefix that a proxy takes away; the OpenAPI document says it, as /models/api."
    )
    keep_alive_s: int = Field(75, ge=0, description="Idle seconds until a connection closes; above a proxy's own (60).")
    door: Literal["protocol", "asgi"] = Field(
        "protocol", description="How hot routes are answered: inside uvicorn's protocol class, or as plain ASGI."
    )
    tls_certificate: FilePath | None = Field(None, description="Certificate chain (PEM) to serve HTTPS with.")
    tls_key: FilePath | None = Field(None, description="Private key (PEM) of the certificate.")
    tls_client_ca: FilePath | None = Field(None, description="Authorities (PEM) of every client (mutual TLS).")

    watch_s: float = Field(2.0, ge=0, description="Seconds between looks at the models; 0: at start and when asked.")
    load_timeout_s: float = Field(
        300.0,
        gt=0,
        description="Seconds that a load may take; then the version is refused; at the start the process ends.",
    )
    load_in_child: bool = Field(
        True,
        description="Load a version that arrives later in a process of its own first; what crashes it is refused.",
    )
    start_with_older: bool = Field(
        False, description="At the start, if the newest version is refused, serve an older one that proves itself."
    )
    labels: dict[str, dict[str, int]] = Field({}, description='Versions by label, as {"model": {"stable": 1}}.')
    canary: dict[str, Canary] = Field({}, description='Gets part of /predict: {"model": {"version": 2, "share": 0.1}}.')
    shadow: dict[str, Shadow] = Field(
        {}, description='Gets copies of /predict: {"model": {"version": 2, "share": 0.1}}.'
    )
    verify_key: PublicKey | None = Field(None, description="Public key (PEM); versions it did not sign are refused.")

    admin_keys_file: FilePath | None = Field(None, description="Keys of operators, likewise; without it no /admin.")
    max_requests_per_s: float | None = Field(
        None, gt=0, description="Requests a second of each API key, or of all callers without keys; more get 429."
    )

    cors_origins: Origins | None = Field(
        None,
        description="Origins whose pages may call and read, exactly: https://app.example.com,http://localhost:3000.",
    )

    max_body_bytes: int = Field(16 * 2**20, ge=1, description="Bytes of a request body; more is refused with 413.")
    max_bytes_under_way: int | None = Field(
        None,
        ge=2**20,
        description="Bytes of bodies and answers in memory at once, of all workers; large ones wait, others get 429; "
        "left out: an eighth of the cgroup's memory, or 256 MiB where it has no limit.",
    )
    max_head_bytes: int = Field(65536, ge=1024, description="Bytes of a request's head; more is refused with 431.")
    max_request_rows: int = Field(10_000, ge=1, description="Rows of one request; more is refused with 413.")
    max_queue_rows: int = Field(20_000, ge=1, description="Rows waiting in a model's queue; more is refused with 429.")
    max_queue_bytes: int = Field(2**28, ge=1, description="Bytes of bodies in a model's queue or to be read; else 429.")
    max_concurrent_requests: Annotated[int, Field(ge=1)] | dict[str, Annotated[int, Field(ge=1)]] | None = Field(
        None, description='Requests of a model that may wait or run at once, or {"model": 64} by model; more get 429.'
    )

    receive_timeout_s: float = Field(30.0, gt=0, description="Seconds from a request's first byte to last; else 408.")
    send_timeout_s: float = Field(
        30.0, gt=0, description="Seconds without a byte of an answer being read, until its connection is ended."
    )
    timeout_ms: int = Field(10_000, ge=1, description="Milliseconds until a request without an answer gets 504.")
    drain_delay_s: float = Field(
        0.0, ge=0, description="Seconds that it serves on after SIGTERM, but is not ready, where no preStop hook waits."
    )
    shutdown_timeout_s: int = Field(20, ge=0, description="Seconds that accepted requests have to end after SIGTERM.")
    watchdog_s: float = Field(
        60.0,
        ge=0,
        description="Seconds after which a run that does not end, or a loop that does not turn, counts as stuck; "
        "a run later where the deadline or the model's own runs are long; 0 never.",
    )

    max_batch_rows: int | None = Field(None, ge=1, description="Rows of one run; left out: where more no longer pays.")
    max_delay_us: int = Field(0, ge=0, description="Microseconds that an idle engine waits for company; 0 never waits.")
    threads: int | None = Field(None, ge=1, description="Threads of a run; left out: one for small models, else CPUs.")
    run_on: Literal["auto", "loop", "thread"] = Field(
        "auto", description="Where a run happens: on the event loop if it takes microseconds, else in a worker thread."
    )

    drift: bool = Field(True, description="Count values in training's bins, if a profile has them; see docs/drift.md.")
    page: bool = Field(True, description="Show people a page at /; without it, / leads to the documentation.")
    examples: bool = Field(True, description="Show the golden rows, which are real rows; else usual values stand in.")
    feedback: bool = Field(False, description="Take true values of predictions on /feedback; see docs/feedback.md.")
    feedback_rows: int = Field(100_000, ge=1, description="Predictions kept for feedback; 100,000 take up to 38 MB.")
    objective_ms: float = Field(
        100.0, gt=0, description="Milliseconds in which answers are promised; a bound of the latency histogram."
    )

    log_form: Literal["auto", "json", "text"] = Field(
        "auto", description="Form of the log: a JSON object a line, text for people, or by whether a terminal reads it."
    )
    log_requests: float = Field(0.0, ge=0, le=1, description="Share of good answers that are logged; errors all are.")
    tracing: bool = Field(False, description="Send spans to an OpenTelemetry collector (extra `tracing`); see OTEL_*.")


def of_environment() -> Settings:
    """Return the settings where there is no command line; raise `InvalidSettings`, a sentence a variable."""
    try:
        return Settings()
    except ValidationError as error:
        raise InvalidSettings(" ".join(map(_said, error.errors(include_url=False)))) from None
    except SettingsError as error:  # what should be JSON and is none
        raise InvalidSettings(f"Invalid settings: {error}.") from None


def _said(fault: ErrorDetails) -> str:
    name = f"SLIPWAY_{str(fault['loc'][0]).upper()}" if fault["loc"] else "settings"
    return f"Invalid {name}: {fault['msg']}. Received: {str(fault['input'])[:80]}."
