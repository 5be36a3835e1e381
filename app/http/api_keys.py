"""API keys from a file, compared in constant time and read again when the file changes.

A key comes as `Authorization: Bearer KEY` or `X-API-Key: KEY`. A line of the file is `KEY` or `NAME:KEY`; only digests
are kept, and neither keys nor what was sent in their place is ever logged.
"""

import hashlib
import hmac
import logging
from pathlib import Path

from app.errors import Overloaded, Unauthorized
from app.http.handler import Head
from app.http.rate_limit import Bucket

log = logging.getLogger("slipway.guard")

KEY_MIN_CHARS = 16  # shorter ones can be guessed
FILE_MAX_BYTES = 2**20
AUTHORIZATION, API_KEY = b"authorization", b"x-api-key"
KEY_HEADERS = frozenset((AUTHORIZATION, API_KEY))
BEARER = b"bearer "


class Guard:
    """The keys of one audience; without a file everybody passes, or nobody where keys are `required`.

    Each key may make `rate_per_s` calls a second; None does not count them.
    """

    def __init__(self, path: Path | None, rate_per_s: float | None = None, *, required: bool = False) -> None:
        self._path = path
        self._required = required
        self._rate_per_s = rate_per_s
        self._names: dict[bytes, str] = {}  # digest -> name
        self._buckets: dict[str, Bucket] = {}
        self._seen: tuple[int, int, int] | None = None  # what the file was when it was read
        self.generation = 0  # counts the changes, so that a verdict can be remembered for as long as it holds
        if path is not None:
            self.refresh()

    @property
    def open(self) -> bool:
        """True when there is nothing to check."""
        return self._path is None and self._rate_per_s is None and not self._required

    @property
    def keyed(self) -> bool:
        return self._path is not None

    def refresh(self) -> None:
        """Read the keys if the file has changed; while it cannot be read, nothing changes. To be called each second."""
        if self._path is None:
            return
        try:
            status = self._path.stat()
            seen = (status.st_ino, status.st_size, status.st_mtime_ns)
            if seen == self._seen:
                return
            if status.st_size > FILE_MAX_BYTES:
                raise ValueError(f"expected at most {FILE_MAX_BYTES} bytes. Received: {status.st_size}")
            names = _read(self._path.read_text())
        except (OSError, ValueError) as error:
            if self._seen != (0, 0, 0):
                log.error("%s: the keys cannot be read: %s.", self._path, error)
            self._seen = (0, 0, 0)
            return
        self._names, self._seen = names, seen
        self._buckets = {name: self._buckets[name] for name in names.values() if name in self._buckets}
        self.generation += 1
        log.info("%s: %d keys.", self._path, len(names))

    def check(self, head: Head) -> str:
        """Return the name of the caller as `identify` does, and count the call; raises `Overloaded` above its rate."""
        name = self.identify(head)
        if self._rate_per_s is not None:
            if name not in self._buckets:
                self._buckets[name] = Bucket(self._rate_per_s)
            if wait_s := self._buckets[name].take():
                message = f"Too many requests: expected at most {self._rate_per_s:g} a second. Try again later."
                raise Overloaded(message, retry_after_s=int(wait_s) + 1, reason="rate")
        return name

    def identify(self, head: Head) -> str:
        """Return the name of the caller, empty where there are no keys; raises `Unauthorized` where none is known."""
        if self._path is None and not self._required:
            return ""
        if head.verdict is not None and head.verdict[0] == self.generation and head.verdict[1] is self:
            known: str = head.verdict[2]
            return known
        name = self._find(_key_of(head))
        if name is None:
            raise Unauthorized("Expected a valid key, as `Authorization: Bearer KEY` or `X-API-Key: KEY`.")
        head.verdict = (self.generation, self, name)
        return name

    def _find(self, key: bytes) -> str | None:
        """Compare with every key, so that the time does not tell which one was close."""
        digest, found = _digest(key), None
        for known, name in self._names.items():
            if hmac.compare_digest(digest, known):
                found = name
        return found if key else None


def _key_of(head: Head) -> bytes:
    authorization = head.header(AUTHORIZATION)
    if authorization[: len(BEARER)].lower() == BEARER:
        return authorization[len(BEARER) :].strip()
    return head.header(API_KEY).strip()


def _read(text: str) -> dict[bytes, str]:
    """Read the lines of a file of keys; nothing of a line may stand in a message."""
    names: dict[bytes, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, colon, key = line.strip().rpartition(":")
        if len(key) < KEY_MIN_CHARS:
            raise ValueError(f"line {number}: expected at least {KEY_MIN_CHARS} characters. Received: {len(key)}")
        names[_digest(key.encode())] = name if colon else f"key {number}"
    return names


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
