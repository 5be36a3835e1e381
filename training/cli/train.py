"""The command `python -m training DATA`: options -> a bundle, and errors -> one message and an exit code.

    0 a bundle was written · 1 training failed · 2 the data or an option does not fit · 130 interrupted

TensorFlow is imported after the options are parsed and the data is read, so that --help and mistakes answer soon.
It knows nothing about the stages, nor any option but where the file is and what signs.
"""

import atexit
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console

from training.bundle.signing import Signer
from training.cli import generated
from training.cli.environment import held_stderr, loading, silence_loggers
from training.console import reading_bar
from training.errors import Helped, TrainingError
from training.options import Options
from training.rendering.terminal import Terminal

STANDARD_INPUT = "-"


def main(options: Options) -> None:
    """Run, and end the program with its exit code."""
    raise typer.Exit(run(options, Terminal()))


app = generated.application(
    generated.with_options(main, "Train a model on a table and write a bundle that the service can serve."),
    epilog="Of bundles that are there: python -m training evaluate, compare or sign, each with --help.",
)


def parse(words: Sequence[str]) -> Options:
    """Read the options of a command line without running it."""
    return generated.parse(app, words)


def run(options: Options, out: Console) -> int:
    """Train, and turn what may go wrong into a message and an exit code."""
    try:
        bundle(spooled(options), out)
    except Helped as done:
        out.print(str(done), highlight=False)
    except TrainingError as error:
        return fail(error)
    except KeyboardInterrupt:
        out.print("Interrupted; no bundle was written.")
        return 130
    return 0


def bundle(options: Options, out: Console) -> Path:
    """Train, and return the folder of the bundle; raises a TrainingError."""
    key = options.run.sign_key
    signer = None if key is None else Signer(key)  # it should not fail after hours
    with out.status("Read the data …"), reading_bar(out, "First pass") as seen:
        with loading():
            from training.data.prepare import prepare  # noqa: PLC0415 - so does pandas

        data = prepare(options, seen)
    with out.status("Load TensorFlow …"), held_stderr(), loading():
        from training.pipeline import train  # noqa: PLC0415 - it takes seconds, and mistakes should not wait
    silence_loggers()
    return train(options, out, signer, data)


def fail(error: TrainingError) -> int:
    """Say what went wrong, and return the exit code."""
    Terminal(stderr=True).print(f"Error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
    return error.exit_code


def spooled(options: Options) -> Options:
    """Take what stands on standard input, where `DATA` is -, for a file that can be read several times."""
    if str(options.data.path) != STANDARD_INPUT:
        return options
    folder = Path(tempfile.mkdtemp(prefix="slipway-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with (folder / "stdin").open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    return options.changed(data=folder / "stdin")
