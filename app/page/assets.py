"""The files of the page as they are sent: read and compressed together, and anew when one of them changes.

    Assets.now()                ─> Version: its digest, and every file by its path
    Assets.find(digest, path)   ─> Asset of that version; None where it is not, or is no more

The digest is a part of the files' addresses, so files of two versions never meet in one page: a browser that has the
document of one gets all of its files, or a 404. Every process that has the same files says the same digest.
It knows no request and no header.
"""

import gzip
import hashlib
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from app.page import modules
from app.page.script import script
from app.page.stylesheet import short

STATIC = Path(__file__).parent / "static"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
NO_MODULE = re.compile(rf"(?:{'|'.join(modules.KINDS)})/[A-Za-z][A-Za-z0-9_-]{{0,63}}\.js")
ANY = b'export * from "./any.js";\n'  # stands for the module of a type that brings none
SCRIPT, STYLE = "page.js", "page.css"  # all modules of the page in one, and its stylesheet
KEPT = 4  # versions: in one that is read anew, pages that are open may still want a file


@dataclass(frozen=True)
class Asset:
    """A file as it is sent."""

    plain: bytes
    tag: str  # of its content
    media_type: str

    @classmethod
    def of(cls, plain: bytes, ending: str) -> "Asset":
        return cls(plain, hashlib.sha256(plain).hexdigest()[:16], TYPES[ending])

    @cached_property
    def packed(self) -> bytes:
        """Its bytes as gzip, made when they are first asked for: of most modules nobody does."""
        return gzip.compress(self.plain, 9, mtime=0)


@dataclass(frozen=True)
class Version:
    """All files as they were at one look."""

    digest: str
    files: Mapping[str, Asset]  # by the path below `static/`

    def find(self, path: str) -> Asset | None:
        """Return a file, or what stands for the module of a type."""
        found = self.files.get(path)
        return Asset.of(ANY, ".js") if found is None and NO_MODULE.fullmatch(path) else found


class Assets:
    """The files of the page and of the packages whose types are registered."""

    def __init__(self) -> None:
        self._looking = threading.Lock()  # they are read in threads, for it takes a tenth of a second
        self._seen: dict[str, tuple[Path, int, int]] = {}
        self._kept: dict[str, Version] = {}  # by digest, the newest last

    def now(self) -> Version:
        """Look at the files, and read them where anything has changed."""
        with self._looking:
            return self._now()

    def _now(self) -> Version:
        seen = {path: (file, (now := file.stat()).st_mtime_ns, now.st_size) for path, file in _places().items()}
        if seen != self._seen:
            version = _read({path: file for path, (file, _, _) in seen.items()})
            self._kept.pop(version.digest, None)
            self._kept = dict([*self._kept.items(), (version.digest, version)][-KEPT:])
            self._seen = seen
        return next(reversed(self._kept.values()))

    def find(self, digest: str | None, path: str) -> Asset | None:
        """Return a file of the version that is named, or as it is now."""
        version = self._kept.get(digest or "") or self.now()
        return version.find(path) if digest in (None, version.digest) else None


def _places() -> dict[str, Path]:
    own = {file.relative_to(STATIC).as_posix(): file for file in STATIC.rglob("*") if file.suffix in TYPES}
    return {**modules.found(), **own}


def _read(files: Mapping[str, Path]) -> Version:
    read = {path: Asset.of(file.read_bytes(), file.suffix) for path, file in sorted(files.items())}
    own = {
        path: asset.plain.decode()
        for path, asset in read.items()
        if files[path] == STATIC / path and path[-3:] == ".js"
    }
    read[SCRIPT] = Asset.of(script(own).encode(), ".js")
    read[STYLE] = Asset.of(short(read["style.css"].plain.decode()).encode(), ".css")
    lines = "\n".join([f"{path} {asset.tag}" for path, asset in read.items()])
    return Version(hashlib.sha256(lines.encode()).hexdigest()[:16], read)
