"""Addresses: `s3://bucket/path` and the like, as a file system of pyarrow's and a path in it.

    address ─ opened ─> file system, path      explained: what a store says ─> one message
    s3 is tried; gs, abfs, hdfs and what else pyarrow.fs opens are let through, and are not

Keys and endpoints are those of the store's own variables (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, …) or of the address
(`?endpoint_override=host:9000&scheme=http&region=…`); a secret in an address is refused, for addresses are shown.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.fs

from app.scoring.errors import Failed, Refused, ScoringError

REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
# What a store says where trying again is no use.
NO_USE = re.compile(
    r"ACCESS_DENIED|INVALID_ACCESS_KEY|SIGNATURE|NO_SUCH_BUCKET|bucket does not exist|UNRECOGNIZED_CLIENT"
    r"|INVALID_CLIENT_TOKEN|EXPIRED_TOKEN|HTTP status 40[13]|INVALID_BUCKET"
)
TELLING = re.compile(r"(AWS Error .*?|curlCode: \d+, .*?)(?:\(Request ID:.*|\. Detail:.*)?$", re.DOTALL)
SHOWN_CHARS = 300


def is_remote(address: str) -> bool:
    """Say whether an address is no path of this machine."""
    return REMOTE.match(address) is not None


@lru_cache(maxsize=16)
def opened(address: str) -> tuple[pa.fs.FileSystem, str]:
    """Return a file system and the path in it; raises `Refused` for an address that means none."""
    if urlsplit(address).username or "secret" in urlsplit(address).query.lower():
        expected = (
            "an address without keys, which stand in variables (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) or files"
        )
        raise Refused(f"{shown(address)}: expected {expected}. Received: one with them.")
    try:
        system, path = pa.fs.FileSystem.from_uri(_in_one_request(address))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Refused(
            f"{shown(address)}: expected an address like s3://bucket/path. Received: {_said(error)}."
        ) from error
    return system, path.rstrip("/")


def below(address: str, name: str) -> str:
    """Return the address of something in a folder: the query stays at the end."""
    front, mark, query = address.partition("?")
    return f"{front.rstrip('/')}/{name}{mark}{query}"


def parent(address: str) -> str:
    """Return the address of the folder that something is in."""
    front, mark, query = address.partition("?")
    return f"{front.rstrip('/').rpartition('/')[0]}{mark}{query}"


def shown(address: str) -> str:
    """Write an address without what may be secret in it."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@contextmanager
def explained(address: str, expected: str) -> Iterator[None]:
    """Raise `Refused` where trying again is no use, else `Failed`, with what the store said in one line."""
    try:
        yield
    except ScoringError:
        raise
    except FileNotFoundError as error:
        raise Refused(f"{shown(address)}: expected {expected}. Received: nothing of that name.") from error
    except (OSError, pa.ArrowException) as error:
        kind = Refused if NO_USE.search(str(error)) else Failed
        raise kind(f"{shown(address)}: expected {expected}. Received: {_said(error)}.") from error


def _in_one_request(address: str) -> str:
    """Ask that a small object is put at once, not opened, sent and closed."""
    if not address.startswith("s3://") or "allow_delayed_open" in address:
        return address
    return f"{address}{'&' if '?' in address else '?'}allow_delayed_open=true"


def _said(error: BaseException) -> str:
    text = " ".join(str(error).split())
    found = TELLING.search(text)
    return (found[1] if found else text)[:SHOWN_CHARS].strip().rstrip(".")
