"""Take out of an environment what wheels bring and serving never opens: `python trim.py ENVIRONMENT`.

    TRIMMED: pattern, why ─> files ─> gone, and gone from each package's RECORD

It runs after the hashes were checked: what is left is what the wheels' authors made, byte for byte.
A pattern that finds nothing ends the build, so that the list is never older than the lock.
That the service opens none of it is held by a test, which serves with it and looks at what it loaded.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

# Below site-packages; `**` stands for any folders. Whole folders end with `/**`.
TRIMMED = {
    "onnxruntime/capi/libonnxruntime.so*": "the runtime once more, for programs in C; Python's module has its own",
    "onnxruntime/transformers/**": "rewrites graphs of language models, offline",
    "onnxruntime/quantization/**": "quantizes graphs, offline",
    "onnxruntime/tools/**": "converts graphs for phones, offline",
    "onnxruntime/datasets/**": "example graphs",
    "numpy/**/tests/**": "NumPy's own tests",
    "numpy/f2py/**": "wraps Fortran, with a compiler",
    "numpy/_core/include/**": "headers, for a compiler",
    "numpy/_core/lib/**": "static libraries, for a linker",
    "numpy/random/lib/**": "static libraries, for a linker",
    "**/*.pyi": "types, for editors and checkers",
    "**/*.pyx": "sources, for Cython",
    "**/*.pxd": "sources, for Cython",
}


def main() -> None:
    """Trim the environment that the command line names."""
    [packages] = Path(sys.argv[1]).glob("lib/python3.*/site-packages")
    before = size_mb(packages)
    for pattern, why in TRIMMED.items():
        found = list(matching(packages, pattern))
        if not found:
            sys.exit(
                f"Invalid pattern `{pattern}`: expected a file that matches. Received: none; take it off the list."
            )
        print(f"{sum(path.stat().st_size for path in found) / 1e6:6.1f} MB  {pattern}: {why}")
        for path in found:
            path.unlink()
    for record in packages.glob("*.dist-info/RECORD"):
        shorten(record, packages)
    remove_empty(packages)
    print(f"{before:.1f} MB -> {size_mb(packages):.1f} MB")


def matching(packages: Path, pattern: str) -> Iterator[Path]:
    """Find the files of a pattern; a link counts as one."""
    for path in packages.glob(f"{pattern}/*" if pattern.endswith("**") else pattern):
        if path.is_symlink() or path.is_file():
            yield path


def shorten(record: Path, packages: Path) -> None:
    """Leave in a RECORD only the files that are still there."""
    with record.open(newline="") as file:
        rows = [row for row in csv.reader(file) if (packages / row[0]).exists()]
    with record.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def remove_empty(folder: Path) -> None:
    """Remove folders that hold nothing any more, the innermost first."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
            path.rmdir()


def size_mb(folder: Path) -> float:
    """Return the bytes of all files, in MB of 10^6."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir()) / 1e6


if __name__ == "__main__":
    main()
