"""How much a bundle may hold: each bound by its name, and what keeps to it.

    check_values(where, content)    JSON, before it is decoded ─> as many values as can be held meanwhile
    check_counts(where, manifest)   what a manifest lists ─> features, labels, tensors, files, bytes

Whoever writes a bundle may be wrong, or a stranger, and another version serves while it is read. `docs/bundle.md` says
each bound. It knows no file by name.
"""

from collections.abc import Mapping
from pathlib import Path

from app.bundle.manifest import Manifest
from app.errors import BundleError

MANIFEST_MAX_BYTES = 16 * 2**20  # a vocabulary of 100,000 words is about 2 MB
GOLDEN_MAX_BYTES = 32 * 2**20  # 16 rows of 50,000 features are about 20 MB
PROFILE_MAX_BYTES = 16 * 2**20  # a thousand features with bins of thirty values are about 2 MB
FEATURE_FILE_MAX_BYTES = 32 * 2**20  # a tokenizer of 250,000 tokens is about 17 MB
FEATURE_FILE_VALUES_MAX = 2_000_000  # and has 750,000
VALUES_MAX = 1_000_000  # of each of these: 16 rows of 50,000 features are 800,000
PARTS_MAX = {"libraries": 1000, "metrics": 20_000, "training": 100_000, "reading": 100_000}  # values of a manifest's
GOLDEN_MAX_ROWS = 4096  # training writes 16
FEATURES_MAX = 50_000
LABELS_MAX = 10_000
TENSORS_MAX = 1000  # inputs, and outputs: a graph of 20,000 took 45 s and more to be tried
MODELS_MAX = 10_000  # folders: a look at them took 0.1 s
VERSIONS_MAX = 10_000  # of a model
FILES_MAX = 1000  # beside the manifest, as many as `app.repository.folder_scan` looks at
FILES_MAX_BYTES = 4096 * 2**20  # all of them, for each is hashed: the largest graph, and as much again
WEIGHTS_MAX_BYTES = 16 * 2**30  # beside a graph alone, and never more than half of the memory that there is
RTOL_MAX = 0.1  # training writes 0.02 at most

PORTION_BYTES = 2**20  # that are counted at once: other threads come between
MARKS = (b",", b"[", b"{")  # a value follows one of them, or a key that does


def check_values(where: Path | str, content: bytes, most: int = VALUES_MAX) -> None:
    """Raise `BundleError` where JSON may hold more values than `most`; marks within its texts count too."""
    found = 0
    for start in range(0, len(content), PORTION_BYTES):
        found += sum([content.count(mark, start, start + PORTION_BYTES) for mark in MARKS])
        if found > most:
            raise BundleError(f"{where}: expected at most {most} values. Received: more.")


def check_parts(where: Path, parts: Mapping[str, bytes]) -> None:
    """Raise `BundleError` for a part of a manifest, unread, that is more than may be decoded at once."""
    for name, part in parts.items():
        check_values(f"{where}: `{name}`", part, PARTS_MAX[name])


def check_counts(where: Path, manifest: Manifest) -> None:
    """Raise `BundleError` for the first of what a manifest lists that is too much."""
    counts = {
        "features": (len(manifest.features), FEATURES_MAX),
        "labels": (len(manifest.labels or ()), LABELS_MAX),
        "inputs": (len(manifest.inputs), TENSORS_MAX),
        "outputs": (len(manifest.outputs), TENSORS_MAX),
        "files": (len(manifest.files), FILES_MAX),
        "bytes of files": (sum([file.bytes for file in manifest.files.values()]), FILES_MAX_BYTES),
    }
    for what, (found, most) in counts.items():
        if found > most:
            raise BundleError(f"{where}: expected at most {most} {what}. Received: {found}.")
