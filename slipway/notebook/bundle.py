"""A bundle in a person's hands: what it is, how good it is, its card, and its answers.

    Bundle ─┬─ name, version, path, metrics, manifest, card    read and verified
            └─ predict(frame) ─> answers, in the kind of frame that was given

It knows nothing about how models are trained.
"""

import html
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from app.errors import SlipwayError
from slipway.notebook.card import Card

if TYPE_CHECKING:
    from app.bundle import reader
    from app.bundle.manifest import Manifest
    from app.scoring.scorer import Scorer

Frame = TypeVar("Frame")
Invalid = Literal["raise", "null"]
TEXT_MAX_BYTES = 2**23
SHIPPED = "shipped"  # the model among those that the manifest has metrics of


class Bundle:
    """One version of a model, verified."""

    def __init__(self, read: "reader.Bundle") -> None:
        self._read = read

    @property
    def path(self) -> Path:
        """The folder, `<models>/<name>/<version>`."""
        return self._read.folder

    @property
    def manifest(self) -> "Manifest":
        """All that the bundle says of itself: features, answer, how it was made."""
        return self._read.manifest

    @property
    def name(self) -> str:
        """The name of the model."""
        return self.manifest.name

    @property
    def version(self) -> int:
        """The number of the version."""
        return self.manifest.version

    @property
    def metrics(self) -> Mapping[str, float]:
        """Metric -> value of the model as it is served, on the test split."""
        return dict(self.manifest.metrics.get(SHIPPED, {}))

    @property
    def card(self) -> Card:
        """What the model is, how good it is and what it goes by; a notebook shows it with its pictures."""
        from app.bundle import reader  # noqa: PLC0415 - a bundle that is read has it

        text = self._read.content(reader.CARD, TEXT_MAX_BYTES)
        return Card(text.decode(errors="replace"), self._picture)

    @overload
    def predict(self, frame: Mapping[str, Any], *, invalid: Invalid = "raise") -> dict[str, list[Any]]: ...

    @overload
    def predict(self, frame: Sequence[Mapping[str, Any]], *, invalid: Invalid = "raise") -> list[dict[str, Any]]: ...

    @overload
    def predict(self, frame: Frame, *, invalid: Invalid = "raise") -> Frame: ...

    def predict(self, frame: Any, *, invalid: Invalid = "raise") -> Any:
        """Answer each row, with the checks of the service, and return a frame of the same kind and order.

        `frame` is what `train` takes, a dict of columns or a list of dicts; other columns than the features are left
        alone. Its index stays, where it is one of pandas; what is no frame of pandas or polars gets a table of Arrow.
        A row that the service would refuse raises, or, with `invalid="null"`, has no answer, and a warning says so.

        Raises:
            SlipwayError: the frame, one of its columns or a row of it does not fit, or the model is damaged.
        """
        from slipway.notebook import answers  # noqa: PLC0415 - it imports pyarrow

        try:
            return answers.predict(self._scorer, frame, invalid=invalid)
        except SlipwayError as error:
            raise error.with_traceback(None) from None

    @cached_property
    def _scorer(self) -> "Scorer":
        """The model as the service loads it; it has answered its golden rows as for its trainer."""
        from app.scoring.scorer import load_scorer  # noqa: PLC0415 - nobody needs it to look at a card

        return load_scorer(self.path)

    def __repr__(self) -> str:
        return f"Bundle('{self.path}')"

    def _repr_html_(self) -> str:
        """Return what a notebook shows of it; names and labels are a stranger's, and escaped."""
        said = self.manifest
        kinds = f"{said.task} from {len(said.features)} features, {said.precision}, {said.created}"
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{value:.4g}</td></tr>" for name, value in self.metrics.items()
        )
        head = f"<b>{html.escape(self.name)}</b> version {self.version}: <code>{html.escape(said.target)}</code>"
        table = f"<table><tr><th>metric</th><th>on the test split</th></tr>{rows}</table>" if rows else ""
        return f"<div>{head}, {html.escape(kinds)}{table}<code>{html.escape(str(self.path))}</code></div>"

    def _picture(self, name: str) -> bytes | None:
        return self._read.content(name, TEXT_MAX_BYTES) if name in self.manifest.files else None
