"""A sample of what this room's commands try by the thousand: tables read alike, damaged files told by a message."""

from itertools import islice
from pathlib import Path

import pytest

from tests.fuzz import files, tables


@pytest.mark.parametrize("seed", range(6))
def test_a_table_is_read_alike_in_every_format_and_piece(seed: int, tmp_path: Path) -> None:
    tables.examine(tables.made(seed), tmp_path)


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    outcomes = set()
    for name, content in islice(files.mutated(tmp_path, seed=1), 120):
        path = tmp_path / name
        path.write_bytes(content)
        outcomes.add(files.outcome(path))
    assert outcomes == {"read", "refused"}
