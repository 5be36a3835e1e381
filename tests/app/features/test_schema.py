"""The manifest's kind chooses how rows are read, fed and answered."""

import msgspec

from app.bundle.reader import Manifest
from app.features.schema import schema_of
from app.features.table import TableSchema
from tests.support import tiny


def test_the_kind_chooses_the_schema() -> None:
    """The seam for further kinds."""
    manifest = msgspec.convert({**tiny.manifest(tiny.Tiny()), "files": {}}, Manifest)
    assert isinstance(schema_of(manifest, 10), TableSchema)
