"""Fetch one file, take it only if its SHA-256 is the expected one: `python -I fetch.py URL SHA256 FOLDER`.

    download ─> compare ─> unpack (.tar, .tar.gz, .tgz: a folder of bundles) or take as it is ─> move into place

Nothing is left in FOLDER but what was verified and whole; whatever is wrong ends in one sentence and status 1. What may
be secret in a URL, its user and its query, is never printed. FETCH_MAX_BYTES bounds what is read, and what is unpacked
(2 GiB), FETCH_MAX_MEMBERS the files and folders of an archive (10,000), FETCH_MAX_S the whole (30 minutes).
It knows nothing of models; the service verifies a bundle against its own manifest afterwards.
"""

import gzip
import hashlib
import http.client
import os
import re
import shutil
import signal
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn
from urllib.parse import urlsplit

CHUNK_BYTES = 2**20
HEADER_MAX_BYTES = 2**20  # of one member: its names and what else the archive says of it
DEPTH_MAX = 32  # folders within one another
TIMEOUT_S = 30  # of one read
ARCHIVES = (".tar", ".tar.gz", ".tgz")
SCHEMES = ("http", "https")
GZIP = b"\x1f\x8b"


class Refused(Exception):
    """Something is not as expected; the message is the sentence."""


def main() -> None:
    """Fetch what the command line says."""
    try:
        print(f"Fetched {fetch(*sys.argv[1:])}", flush=True)
    except Refused as refusal:
        sys.exit(str(refusal))


def fetch(*words: str) -> str:
    """Fetch, compare, unpack and move; return the name and the hash."""
    if len(words) != 3:
        raise Refused(f"Invalid command: expected URL SHA256 FOLDER. Received: {len(words)} words.")
    url, expected, folder = words
    name = name_of(url)
    if not re.fullmatch("[0-9a-f]{64}", expected):
        raise Refused(f"Invalid SHA-256 of {name}: expected 64 digits 0-9a-f. Received: {len(expected)} characters.")
    max_bytes, max_members = bound("FETCH_MAX_BYTES", 2**31), bound("FETCH_MAX_MEMBERS", 10_000)
    limit(bound("FETCH_MAX_S", 1800))
    try:
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as place:
            part, content = Path(place, "part"), Path(place, "content")
            content.mkdir()
            received = download(url, part, max_bytes)
            if received != expected:
                raise Refused(f"Invalid {name}: expected the SHA-256 {expected}. Received: {received}.")
            if name.endswith(ARCHIVES):
                unpack(part, content, max_bytes, max_members)
            else:
                part.rename(content / name)
            move(content, Path(folder))
    except Refused:
        raise
    except Exception as error:  # a server and an archive may do anything
        raise Refused(f"Cannot fetch {name} from {shown(url)}: {said(error)}.") from None
    return f"{name}: {expected}"


def name_of(url: str) -> str:
    """Return what the file at `url` is called."""
    try:
        parts = urlsplit(url)
        name = PurePosixPath(parts.path).name
        secret = parts.username is not None or parts.password is not None
        fits = parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits, name, secret = False, "", False
    if secret or not fits or name in ("", ".", "..") or not name.isprintable():
        with_user = ", a user or a password within it" if secret else ""
        raise Refused(f"Invalid URL: expected http(s)://host/…/file. Received: {shown(url)}{with_user}.")
    return name


def shown(url: str) -> str:
    """Write a URL without its user and its query."""
    try:
        parts = urlsplit(url)
        port = "" if parts.port is None else f":{parts.port}"
        text = f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
    except ValueError:
        text = "no URL"
    return ascii(text)[1:-1][:200]


def said(error: Exception) -> str:
    """Say what went wrong in words that hold no address: those of the libraries may."""
    if isinstance(error, urllib.error.HTTPError):
        return f"the status {error.code} {http.client.responses.get(error.code, '')}".strip()
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        return said(error.reason)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, tarfile.TarError | EOFError | TimeoutError | gzip.BadGzipFile):
        return ascii(str(error) or "it took too long")[1:-1]
    return f"it cannot be read ({type(error).__name__})"


def bound(variable: str, default: int) -> int:
    """Return a bound from the environment."""
    text = os.environ.get(variable, str(default))
    if not re.fullmatch("[1-9][0-9]{0,17}", text):
        raise Refused(f"Invalid {variable}: expected a whole number above 0. Received: {ascii(text)[:80]}.")
    return int(text)


def limit(seconds: int) -> None:
    """End what takes longer, whatever it waits for; and leave nothing when the pod is stopped."""

    def late(*_: object) -> NoReturn:
        raise TimeoutError(f"it took more than {seconds} s (FETCH_MAX_S)")

    def stopped(*_: object) -> NoReturn:
        raise Refused("Stopped by a signal.")

    signal.signal(signal.SIGALRM, late)
    signal.signal(signal.SIGTERM, stopped)
    signal.alarm(min(seconds, 2**31 - 1))


class Redirects(urllib.request.HTTPRedirectHandler):
    """Follows those that stay with HTTP, and with TLS where there was some."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        before, scheme = urlsplit(req.full_url).scheme, urlsplit(newurl).scheme
        if scheme not in SCHEMES or (before == "https" and scheme != "https"):
            raise Refused(f"Cannot fetch: expected a redirect that stays with {before}. Received: one to {scheme!a}.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(url: str, part: Path, max_bytes: int) -> str:
    """Write what is at `url` to `part` and return its SHA-256."""
    digest, size = hashlib.sha256(), 0
    opener = urllib.request.build_opener(Redirects)
    with opener.open(url, timeout=TIMEOUT_S) as answer, part.open("wb") as file:
        while chunk := answer.read(CHUNK_BYTES):
            size += len(chunk)
            if size > max_bytes:
                text = f"expected at most {max_bytes} bytes (FETCH_MAX_BYTES). Received: more."
                raise Refused(f"Invalid file at {shown(url)}: {text}")
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


class Bounded:
    """A file of which `tarfile` may read so many bytes: it takes a header whole, whatever size the archive says."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.left_bytes = HEADER_MAX_BYTES
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        self.left_bytes -= size
        if size < 0 or self.left_bytes < 0:
            raise Refused(f"Invalid archive: expected headers of at most {HEADER_MAX_BYTES} bytes. Received: more.")
        data: bytes = self._file.read(size)
        return data


def unpack(archive: Path, target: Path, max_bytes: int, max_members: int) -> None:
    """Unpack plain files and folders below `target`; anything else is an error."""
    with archive.open("rb") as file:
        packed = file.read(len(GZIP)) == GZIP
    taken: set[str] = set()
    with gzip.open(archive) if packed else archive.open("rb") as file:
        source: Any = Bounded(file)
        with tarfile.open(fileobj=source, mode="r:") as tar:
            for member in members(tar, source, max_bytes, max_members):
                put(tar, member, target, taken)


def members(tar: tarfile.TarFile, source: Bounded, max_bytes: int, max_members: int) -> Iterator[tarfile.TarInfo]:
    """Give one after another; their number, their sizes together and the header of each are bounded."""
    for _ in range(max_members + 1):
        source.left_bytes = HEADER_MAX_BYTES
        member = tar.next()
        if member is None:
            return
        tar.members = []  # it would keep all of them
        max_bytes -= member.size
        if member.size < 0 or max_bytes < 0:
            raise Refused("Invalid archive: expected no more bytes than FETCH_MAX_BYTES unpacked. Received: more.")
        source.left_bytes = member.size + HEADER_MAX_BYTES
        yield member
    raise Refused(f"Invalid archive: expected at most {max_members} files and folders (FETCH_MAX_MEMBERS).")


def put(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path, taken: set[str]) -> None:
    """Write one member; `taken` are the names of the files before it."""
    parts = [part for part in member.name.split("/") if part not in ("", ".")]
    name, shown_name = "/".join(parts), ascii(member.name)[:200]
    if ".." in parts or "\0" in name or len(parts) > DEPTH_MAX:
        raise Refused(
            f"Invalid archive: expected names within the folder, of at most {DEPTH_MAX} parts. Received: {shown_name}."
        )
    if member.sparse is not None or not (member.isdir() or member.isreg()):
        raise Refused(f"Invalid archive: expected plain files and folders. Received: {shown_name}, which is neither.")
    path = target.joinpath(*parts)
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
        return
    if not parts or name.casefold() in taken:  # where volumes know no capitals, one would take the other's place
        raise Refused(f"Invalid archive: expected each name once. Received: {shown_name} again.")
    taken.add(name.casefold())
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        content: Any = tar.extractfile(member)  # there is some, for it is a file
        shutil.copyfileobj(content, file, 2**16)
        if file.tell() != member.size:
            raise EOFError(f"{shown_name} is shorter than the archive says")


def move(content: Path, folder: Path) -> None:
    """Put what is whole into `folder`, in the place of files of the same name."""
    for place, folders, files in os.walk(content):
        there = folder / Path(place).relative_to(content)
        for name in folders:
            (there / name).mkdir(exist_ok=True)
        for name in files:
            Path(place, name).replace(there / name)


if __name__ == "__main__":
    main()
