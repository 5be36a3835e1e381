"""`python -m app`: serve the models of a folder, or say what would be served.

python -m app [serve] [options]           signals ─> settings ─> sockets ─> serve, in this process or in several
python -m app check [MODELS] [options]    see `app.scoring.check`
python -m app drift DATA [options]        see `app.scoring.drift_report`
python -m app score DATA [options]        see `app.scoring.command`
"""

import os
import signal
import sys

# PID 1 ignores SIGTERM until there is a handler, and the imports below take a while. An exception would not do: while a
# module of C is initialised, it is turned into another or lost, and the process would live on.
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
signal.signal(signal.SIGINT, lambda *_: os._exit(0))

# FastAPI asks of each parameter whether it is a model of Pydantic 1, and would import all of it: 2 MB, and a tenth of
# the start. None says that it is not there.
unasked = sys.modules.setdefault("pydantic.v1", None) is None  # type: ignore[arg-type]

import functools
import socket
from collections.abc import Callable
from typing import Any

from app import command_line
from app.server import grpc_port as rpc_port
from app.server.uvicorn_server import serve
from app.settings import Settings
from app.telemetry import log_format as logs
from app.telemetry import tracing

if unasked:
    del sys.modules["pydantic.v1"]

PROGRAM = "python -m app"
Settled = tuple[type[Settings], Callable[[Any], int | None]]  # the settings of a command, and what it does with them


def main(arguments: list[str] | None = None) -> None:
    """Do what the first argument says; without a command, serve."""
    arguments = sys.argv[1:] if arguments is None else arguments
    command, program, rest = "serve", PROGRAM, arguments
    if arguments and arguments[0] in COMMANDS:
        command, program, rest = arguments[0], f"{PROGRAM} {arguments[0]}", arguments[1:]
    elif arguments and not arguments[0].startswith("-"):
        command_line.fail(f"Unknown command: expected one of {', '.join(COMMANDS)}. Received: `{arguments[0]}`.")
    elif {"-h", "--help"} & set(arguments):
        commands = "\n".join([f"  {name:8} {what}" for name, (what, _) in COMMANDS.items()])
        print(f"commands (`{PROGRAM} COMMAND --help` explains each):\n{commands}\n")
    sys.exit(run(command, rest, program))


def run(command: str, arguments: list[str], program: str) -> int | None:
    """Do what `command` does; `program` is its name in help and messages."""
    settings, do = COMMANDS[command][1]()
    return do(command_line.parse(settings, arguments, program))


def options(command: str) -> list[tuple[list[str], str, str]]:
    """Return each option of `command`: its names, what stands for its value ("" for a switch), what it means."""
    return command_line.options(COMMANDS[command][1]()[0])


def _serve(settings: Settings) -> None:
    """Serve until a signal."""
    if settings.feedback and settings.workers > 1:
        command_line.fail("Invalid `--feedback`: expected one worker: each remembers only what it predicted itself.")
    if settings.tracing and (reason := tracing.fault()):
        sys.exit(reason)
    settings = settings.model_copy(update={"host": rpc_port.available(settings.host)})
    sock = _bind(settings, settings.port, "--port 8001")
    settings, held = rpc_port.claim(settings)
    operations = _bind_operations(settings)
    if settings.workers == 1:
        serve(settings, sock, operations)
    else:
        from app.server.workers import supervise  # noqa: PLC0415 - most services are one process

        logs.configure(settings.log_level, settings.log_form)  # of the supervisor; each worker has its own
        supervise(settings.workers, sock, functools.partial(serve, settings, operations=operations))
    if held is not None:
        held.close()


def _check() -> Settled:
    from app.scoring.check import Check, check  # noqa: PLC0415 - as below

    return Check, check


def _drift() -> Settled:
    from app.scoring.drift_report import Drift, drift  # noqa: PLC0415 - a service needs no reader of tables

    return Drift, drift


def _score() -> Settled:
    from app.scoring.command import Score, score  # noqa: PLC0415 - as above

    return Score, score


COMMANDS: dict[str, tuple[str, Callable[[], Settled]]] = {
    "serve": ("serve the models of a folder; what happens without a command", lambda: (Settings, _serve)),
    "check": ("say which models would be served, how, and what is wrong with the others", _check),
    "score": ("answer the rows of files, and write the answers as files", _score),
    "drift": ("compare the rows of a CSV file with the data that a model learned from", _drift),
}


def _bind_operations(settings: Settings) -> socket.socket | None:
    port = settings.operations_port
    if port is None:
        return None
    if port and port == settings.port:
        sys.exit(f"Cannot serve operations on the main port, {port}. Choose another: --operations-port 9090")
    return _bind(settings, port, "--operations-port 9090")


def _bind(settings: Settings, port: int, choice: str) -> socket.socket:
    """Bind before anything is loaded: a port that is taken should be said at once."""
    try:
        return rpc_port.bound(settings.host, port)
    except OSError as error:
        sys.exit(f"Cannot listen on {settings.host}:{port}: {error.strerror}. Choose another port: {choice}")


if __name__ == "__main__":
    main()
