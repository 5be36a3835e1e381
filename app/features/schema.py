"""Manifest -> typed decoder, encoder and OpenAPI, all three from the one feature list.

    schema_of(manifest)        picks the kind's implementation: this is the seam for texts, images and interactions
    Schema                     what each kind must offer
It knows neither transport nor batches.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from app.bundle.reader import Kind, Manifest

Row = Any
"""What a kind makes of an instance: opaque to everybody else."""


class Schema(Protocol):
    """How the rows of one model are read, fed and answered."""

    def decode(self, body: bytes) -> Sequence[Row]:
        """Read the rows of a request; raises `InvalidInput` or `BodyTooLarge` with the path of the fault."""
        ...

    def rows(self, instances: Sequence[dict[str, Any]]) -> list[Row]:
        """Turn named instances, as in `golden.json`, into rows."""
        ...

    def assemble(self, rows: Sequence[Row]) -> dict[str, NDArray[Any]]:
        """Turn rows into the graph's inputs, each (rows, columns)."""
        ...

    def check(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Check tensors that did not come through `decode`; raises `InvalidInput` for what `decode` would refuse."""
        ...

    def encode(self, outputs: Sequence[NDArray[Any]]) -> list[bytes]:
        """Turn the graph's outputs into one JSON text a row."""
        ...

    def request_openapi(self) -> dict[str, Any]:
        """Describe the body of a request as JSON Schema."""
        ...

    def response_openapi(self) -> dict[str, Any]:
        """Describe one prediction as JSON Schema."""
        ...


def schema_of(manifest: Manifest, max_rows: int) -> Schema:
    """Return the schema of the manifest's kind; `max_rows` bounds the rows of one request."""
    from app.features.table import TableSchema  # noqa: PLC0415  (the kinds import this module)

    kinds: dict[Kind, Callable[[Manifest, int], Schema]] = {"table": TableSchema}
    return kinds[manifest.kind](manifest, max_rows)
