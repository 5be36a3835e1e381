"""Fetch one file, take it only if its SHA-256 is the expected one: `python -I fetch.py URL SHA256 FOLDER`.

    download ─> compare ─> unpack (.tar, .tar.gz, .tgz: a folder of bundles) or move into place (anything else)

Nothing is left in FOLDER but what was verified. FETCH_MAX_BYTES bounds what is read, and what is unpacked (2 GiB).
It knows nothing of models; the service verifies a bundle against its own manifest afterwards.
"""

import hashlib
import os
import re
import sys
import tarfile
import urllib.error
import urllib.request
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

MAX_BYTES = int(os.environ.get("FETCH_MAX_BYTES", "2147483648"))
CHUNK_BYTES = 2**20
TIMEOUT_S = 30  # of one read, not of the whole
ARCHIVES = (".tar", ".tar.gz", ".tgz")


def main() -> None:
    """Fetch what the command line says; whatever is wrong ends in one sentence and status 1."""
    url, expected, folder = sys.argv[1:4]
    target = Path(folder)
    part = target / ".part"
    name = PurePosixPath(urlsplit(url).path).name
    if urlsplit(url).scheme not in ("http", "https") or not name:
        sys.exit(f"Invalid URL: expected http(s)://host/…/file. Received: {url}.")
    if not re.fullmatch("[0-9a-f]{64}", expected):
        sys.exit(f"Invalid SHA-256 of {name}: expected 64 digits 0-9a-f. Received: {expected!r}.")
    try:
        received = download(url, part)
        if received != expected:
            sys.exit(f"Invalid {name}: expected the SHA-256 {expected}. Received: {received}.")
        if name.endswith(ARCHIVES):
            unpack(part, target)
        else:
            part.rename(target / name)
    except (urllib.error.URLError, TimeoutError, tarfile.TarError, OSError) as error:
        sys.exit(f"Cannot fetch {name}: {error}.")
    finally:
        part.unlink(missing_ok=True)
    print(f"Fetched {name}: {expected}", flush=True)


def download(url: str, part: Path) -> str:
    """Write what is at `url` to `part` and return its SHA-256."""
    digest, size = hashlib.sha256(), 0
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer, part.open("wb") as file:  # noqa: S310 - see main()
        while chunk := answer.read(CHUNK_BYTES):
            size += len(chunk)
            if size > MAX_BYTES:
                sys.exit(
                    f"Invalid file at {url}: expected at most {MAX_BYTES} bytes (FETCH_MAX_BYTES). Received: more."
                )
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def unpack(archive: Path, target: Path) -> None:
    """Unpack plain files and folders that stay below `target`; anything else is an error."""
    if not hasattr(tarfile, "data_filter"):
        sys.exit("Cannot unpack: expected Python 3.11.4 or newer, which keeps an archive inside its folder.")
    with tarfile.open(archive) as tar:
        if sum(member.size for member in tar) > MAX_BYTES:
            sys.exit(f"Invalid archive: expected at most {MAX_BYTES} bytes unpacked (FETCH_MAX_BYTES). Received: more.")
        tar.extractall(target, filter="data")


if __name__ == "__main__":
    main()
