"""`python -m training DATA --target COLUMN`: from a data file to a bundle.

Beside it:

    python -m training inspect FILE                 says what a file holds              cli/inspect.py, data/
    python -m training evaluate FOLDER DATA         judges one on new labelled rows     cli/bundles.py, evaluation/
    python -m training compare FOLDER FOLDER        puts two side by side               cli/bundles.py, evaluation/
    python -m training sign FOLDER --key KEY.pem    signs one                           cli/sign.py, bundle/

Of a data file, in this order (`training/pipeline/train.py`):

    options    options/, cli/                 every choice, its default and its reason
    prepare    data/, columns/, features/     file -> features and target -> three parts
    search     tuning/                        with --tune: many fits -> the options of the best
    build      network/, tasks/               features and task -> Keras, preprocessing inside
    fit        trainer/, calibration/         -> the weights with the best validation loss; the baselines beside it
    export     export/                        Keras -> ONNX, the same answers
    compress   compression/                   candidates, each measured -> one chosen by a rule
    judge      evaluation/                    what it goes by; test metrics, how sure they are, where they are worst
    write      bundle/, reporting/            -> models/<name>/<version>/

`slipway train`, `evaluate`, `compare` and `sign` come here as well, by `run`.
"""

import sys

from training.cli.environment import set_environment

set_environment()

import typer  # noqa: E402 - libraries read the environment when they are imported
from typer.core import TyperOption  # noqa: E402

PROGRAM = "python -m training"
OTHERS = ("inspect", "evaluate", "compare", "sign")


def run(command: str, words: list[str], program: str) -> None:
    """Do what `command` does, and exit; `program` is its name in help and messages."""
    _typer(command)(words, prog_name=program)


def options(command: str) -> list[tuple[list[str], str, str]]:
    """Return each option of `command`: its names, what stands for its value ("" for a switch), what it means."""
    made = typer.main.get_command(_typer(command))
    context = made.make_context(PROGRAM, [], resilient_parsing=True)
    found = []
    for option in made.get_params(context):
        if isinstance(option, TyperOption):
            value = "" if option.is_flag else option.display_type(context)[1:-1]
            shown = "{" + value.replace("|", ",") + "}" if "|" in value else value.upper()
            found.append(([*option.opts, *option.secondary_opts], shown, option.help or ""))
    return found


def _typer(command: str) -> typer.Typer:
    """Import what the command needs, and no more."""
    if command == "train":
        from training.cli.train import app  # noqa: PLC0415

        return app
    if command == "inspect":
        from training.cli.inspect import app as inspecting  # noqa: PLC0415

        return inspecting
    if command == "sign":
        from training.cli.sign import signing  # noqa: PLC0415

        return signing
    from training.cli.bundles import COMMANDS  # noqa: PLC0415

    return COMMANDS[command]


if __name__ == "__main__":
    first, rest = sys.argv[1:2], sys.argv[2:]  # a data file called as a command is ./sign
    if first and first[0] in OTHERS:
        run(first[0], rest, f"{PROGRAM} {first[0]}")
    run("train", sys.argv[1:], PROGRAM)
