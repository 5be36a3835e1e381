"""`load`: a folder of bundles ─> the newest version, or the one that is named, verified as the service verifies it."""

from os import PathLike
from pathlib import Path

from app.errors import BundleError, SlipwayError
from app.printable import listed
from slipway.notebook.bundle import Bundle
from slipway.verbs import VERBS


def load(path: str | PathLike[str]) -> Bundle:
    """Return the bundle in a folder `<models>/<name>/<version>`, or the newest one in `<models>/<name>`.

    Its files must be what its manifest says, by their hashes, and signed, where SLIPWAY_VERIFY_KEY names a key.
    Whether it answers as it did for its trainer is checked before it first predicts.

    Raises:
        SlipwayError: there is no bundle, it is damaged, or a SLIPWAY_ variable is wrong; the message says what.
        ModuleNotFoundError: something must be installed first.
    """
    if (lacking := VERBS["score"].lacks("slipway.load")) is not None:
        raise ModuleNotFoundError(lacking)
    from app.bundle import reader, signature  # noqa: PLC0415 - after what may be missing
    from app.settings import of_environment  # noqa: PLC0415

    try:
        key = of_environment().verify_key
        folder = _version(Path(path))
        return Bundle(reader.read(folder, None if key is None else signature.signed(folder, key)))
    except SlipwayError as error:
        raise error.with_traceback(None) from None


def _version(path: Path) -> Path:
    """Return the folder of a version; raise a BundleError that says which there are."""
    from app.bundle import reader  # noqa: PLC0415 - as above

    if not path.is_dir():
        raise BundleError(f"{path}: expected the folder of a model, or of one of its versions. Received: no folder.")
    if (path / reader.MANIFEST).exists():
        return path
    if found := reader.versions(path):
        return path / str(found[-1])
    models = sorted([each.name for each in path.iterdir() if each.is_dir() and reader.versions(each)])
    hint = f"It holds the models {listed(models)}: say which" if models else "It holds none"
    raise BundleError(f"{path}: expected the folder of a model, or of one of its versions. {hint}.")
