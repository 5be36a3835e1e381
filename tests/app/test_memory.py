"""The cgroup's limit of the memory, in both versions."""

from pathlib import Path

import pytest

from app.memory import limit_bytes

NONE_IN_V1 = "9223372036854771712"  # what version 1 shows on a machine with pages of 4 KiB


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("memory.max", "268435456\n", 2**28),
        ("memory.max", "max\n", None),
        ("memory/memory.limit_in_bytes", "268435456\n", 2**28),
        ("memory/memory.limit_in_bytes", f"{NONE_IN_V1}\n", None),
        ("memory.max", "rubbish", None),
        ("nothing", "1", None),
    ],
)
def test_the_limit_is_what_the_cgroup_says(file: str, text: str, expected: int | None, tmp_path: Path) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert limit_bytes(tmp_path) == expected


def test_the_newer_version_counts_where_both_are_there(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("1")
    (tmp_path / "memory.max").write_text("2")
    assert limit_bytes(tmp_path) == 2
