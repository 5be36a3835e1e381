"""What the client scripts share: named checks, each run for itself, and what a check says of what it got.

    checks = Checks()

    @checks                     a check; its name is the function's, in words
    @checks.each(DATATYPES)     a check for each value; its name says the value too
    checks.run(client)          -> how many failed; prints "ok name" or "FAILED name: why"

It knows no protocol and no client; it runs in the clients' environment, where there is neither pytest nor the service.
"""

import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from tests.clients.samples import Array

Check = Callable[..., None]
LONGEST = 500  # characters of a reason


class Checks:
    """A list of named checks."""

    def __init__(self) -> None:
        self._checks: list[tuple[str, Check, tuple[Any, ...]]] = []

    def __call__(self, check: Check) -> Check:
        """Take `check`, a function of the client."""
        self._checks.append((words(check), check, ()))
        return check

    def each(self, values: Iterable[Any]) -> Callable[[Check], Check]:
        """Take a function of the client and a value, once for each of `values`."""

        def take(check: Check) -> Check:
            self._checks += [(f"{words(check)} [{value}]", check, (value,)) for value in values]
            return check

        return take

    def run(self, client: Any) -> int:
        """Run every check, whatever became of the others, and return how many failed."""
        failed = 0
        for name, check, values in self._checks:
            try:
                check(client, *values)
            except Exception as error:  # whatever a client raises is a failed check
                failed += 1
                line = traceback.extract_tb(error.__traceback__)[1].lineno
                why = " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST]
                print(f"FAILED {name}: {why} (line {line})", flush=True)
            else:
                print(f"ok {name}", flush=True)
        return failed


def words(check: Check) -> str:
    return check.__name__.replace("_", " ")


def address() -> str:
    """Return host and port of the first argument: some clients want no scheme."""
    return sys.argv[1].rpartition("://")[2].rstrip("/")


def equal(received: object, expected: object) -> None:
    """Raise unless both are equal."""
    if received != expected:
        raise AssertionError(f"expected {expected!r}. Received: {received!r}")


def holds(received: Any, *keys: Any) -> None:
    """Raise unless every one of `keys` is in what was received."""
    if missing := [key for key in keys if key not in received]:
        raise AssertionError(f"expected {missing} in it. Received: {received!r}")


def same(received: Array | None, expected: Array) -> None:
    """Raise unless both arrays have the same type, shape and values; text may come as bytes in UTF-8."""
    if received is None:
        raise AssertionError("expected an array. Received: nothing")
    equal((received.dtype, received.shape), (expected.dtype, expected.shape))
    plain = [text.decode() if isinstance(text, bytes) else text for text in received.flatten().tolist()]
    equal(plain, expected.flatten().tolist())


def refusal(error: type[Exception], action: Callable[[], object]) -> Any:
    """Return the exception of type `error` that `action` raises; raise when it raises none."""
    try:
        answer = action()
    except error as raised:
        return raised
    raise AssertionError(f"expected {error.__name__}. Received: {answer!r}")
