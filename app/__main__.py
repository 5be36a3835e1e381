"""`python -m app`: serve the models of a folder, or say what would be served.

python -m app [serve] [options]           see `app.server.command`
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

from collections.abc import Callable
from typing import Any

from app import command_line
from app.settings import Settings

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


def _serve() -> Settled:
    # FastAPI asks of each parameter whether it is a model of Pydantic 1, and would import all of it: 2 MB, and a tenth
    # of the start. None says that it is not there.
    unasked = sys.modules.setdefault("pydantic.v1", None) is None  # type: ignore[arg-type]
    from app.server.command import serve  # noqa: PLC0415 - half a second, which no other command needs

    if unasked:
        del sys.modules["pydantic.v1"]
    return Settings, serve


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
    "serve": ("serve the models of a folder; what happens without a command", _serve),
    "check": ("say which models would be served, how, and what is wrong with the others", _check),
    "score": ("answer the rows of files, and write the answers as files", _score),
    "drift": ("compare the rows of a CSV file with the data that a model learned from", _drift),
}


if __name__ == "__main__":
    main()
