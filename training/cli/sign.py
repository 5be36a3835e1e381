"""The command `python -m training sign FOLDER --key KEY.pem`: sign what is there already.

0 signed · 1 it could not be · 2 the folder or the key does not fit
"""

from pathlib import Path
from typing import Annotated

import typer

from training.bundle.signing import PASSPHRASE_HELP, Signer
from training.cli.generated import application
from training.cli.train import fail
from training.errors import TrainingError


def sign(
    folder: Annotated[Path, typer.Argument(help="Folder of a version, <models>/<name>/<version>.", show_default=False)],
    *,
    key: Annotated[Path, typer.Option(help=f"Private key (PEM). {PASSPHRASE_HELP}", show_default=False)],
) -> None:
    """Sign the files of a version, a bundle or a graph alone, in model.sig; what was signed before is signed anew."""
    try:
        Signer(key).sign(folder)
    except TrainingError as error:
        raise typer.Exit(fail(error)) from error
    print(f"Signed {folder}.")


signing = application(sign)
