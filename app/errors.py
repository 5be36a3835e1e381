"""Every error that Slipway raises on purpose, and the status that a caller sees.

    SlipwayError
    ├── FileError                     what a file or folder is wrong in; its message is escaped and bounded
    │   ├── BundleError               the folder on disk is not a bundle that may serve; never reaches a caller
    │   └── …                         `app.sources.errors`, `training.errors`
    ├── InvalidSettings               a SLIPWAY_ variable holds what its setting cannot be; the service's own command
    │                                 says it by itself, with the option's name (`app.command_line`)
    └── RequestError                  something a caller is told about, as {"error": message}
        ├── InputError                something is wrong at a place in the request: path, expectation, received value
        │   ├── InvalidInput      400  a value is not what the manifest or the protocol asks for
        │   ├── BodyTooLarge      413  there are more bytes or rows than the settings allow
        │   └── UnsupportedMedia  415  the body is not JSON
        ├── Unauthorized          401  no key, or none that is known
        ├── NotFound              404  no such path, model or version
        ├── MethodNotAllowed      405  the path exists, the method does not
        ├── Conflict              409  a model cannot be loaded, or there is none to go back to
        ├── Overloaded            429  the queue is full; try again after `retry_after_s`
        ├── ModelFailed           500  the run failed or answered with a number that is not finite
        ├── NotReady              503  no verified, warm model, or draining
        └── DeadlineExceeded      504  the answer did not come in time

Whatever is not in this tree is a bug: the caller gets a bare 500 and the log gets the trace. Beside its status each
error has a `reason`, the word under which it is counted in `slipway_rejections_total`. An error keeps the service's own
words (`text`) apart from what the caller sent (`received`): the caller is told both, a log only the first.
"""

from types import EllipsisType
from typing import ClassVar, Literal, Self

import msgspec

from app.printable import bounded

Reason = Literal[
    "invalid",  # the caller's fault: a body, a header or a path that means nothing
    "too_large",
    "queue_full",
    "wait",  # the answer would come too late by the pace of the last runs
    "concurrency",  # too many requests of the model are under way
    "memory",  # too many bytes of requests and answers are under way
    "deadline",
    "rate",  # the caller is above its rate
    "unauthorized",
    "not_ready",
    "unknown_model",
    "left",  # the caller was gone before its answer
    "failed",  # the run, the batcher, or a bug
]
"""Why a request got no prediction; a bounded set, for it is a label."""


class SlipwayError(Exception):
    """The root: everything that Slipway raises on purpose."""


class FileError(SlipwayError):
    """The root of what is wrong with a file; its message quotes strangers, on terminals and in logs."""

    def __init__(self, message: str) -> None:
        super().__init__(bounded(message))


class BundleError(FileError):
    """Raised when a bundle is missing, damaged, or answers its golden rows wrongly."""


class InvalidSettings(SlipwayError):
    """Raised when a variable of the environment holds what its setting cannot be."""

    def __init__(self, message: str) -> None:
        super().__init__(bounded(message))


Headers = tuple[tuple[str, str], ...]
Path = tuple[str | int | EllipsisType, ...]
"""A place in a request: its keys and indexes from the outside in, `...` for every index; () is the whole body."""


def path_text(path: Path) -> str:
    """Write a path as a caller reads it: `instances[3].age`."""
    steps = [f".{step}" if isinstance(step, str) else f"[{'*' if step is ... else step}]" for step in path]
    return "".join(steps).removeprefix(".")


class RequestError(SlipwayError):
    """The root of what a caller is told about, in whole sentences; what it sent is `received`, and kept from logs."""

    status: ClassVar[int] = 500
    reason: Reason = "failed"
    headers: Headers = ()  # of the response, beside those that every one has

    def __init__(self, text: str, received: str | None = None, hint: str = "") -> None:
        shown = "" if received is None else f" Received: {received}."
        super().__init__(text + shown + (hint and f" {hint}"))
        self.text, self.received, self.hint = text, received, hint


class InputError(RequestError):
    """The root of what is wrong at a place in a request.

    `noun` says what is meant where there is no path (`query`), or what about the path (`shape of`).
    """

    status = 400
    reason: Reason = "invalid"

    def __init__(self, path: Path, expected: str, received: object, *, noun: str = "", hint: str = "") -> None:
        place = f"`{path_text(path)}`" if path else ""
        subject = f"{noun} {place}".strip() or "body"
        super().__init__(f"Invalid {subject}: expected {expected}.", str(received), hint)
        self.path, self.expected, self.noun = path, expected, noun

    def at(self, path: Path) -> Self:
        """Return the same error at another place."""
        return type(self)(path, self.expected, self.received, noun=self.noun, hint=self.hint)


class InvalidInput(InputError):
    """Raised when a value is not what the manifest or the protocol asks for."""


class BodyTooLarge(InputError):
    """Raised when a body holds more bytes or rows than the settings allow."""

    status = 413
    reason = "too_large"


def too_many_bytes(limit_bytes: int, received_bytes: int) -> BodyTooLarge:
    """Return the error for a body over a limit, of which so much was announced or has come."""
    return BodyTooLarge((), f"at most {limit_bytes} bytes", f"{received_bytes} or more")


class UnsupportedMedia(InputError):
    """Raised when the content type is not JSON."""

    status = 415


class Unauthorized(RequestError):
    """Raised when keys are asked for and no valid one was sent."""

    status = 401
    reason = "unauthorized"
    headers = (("www-authenticate", "Bearer"),)


class NotFound(RequestError):
    """Raised when no such path, model or version is served."""

    status = 404
    reason = "unknown_model"


class MethodNotAllowed(RequestError):
    """Raised when the path exists but not with this method."""

    status = 405
    reason = "invalid"

    def __init__(self, expected: str, received: str, allow: str = "") -> None:
        super().__init__(f"Invalid method: expected {expected}.", received)
        self.headers = (("allow", allow or expected),)


class Conflict(RequestError):
    """Raised when what an operator asks for cannot be done with the models as they are; what served goes on."""

    status = 409
    reason = "invalid"


class Overloaded(RequestError):
    """Raised for a newcomer when the queue is full, or another limit is reached; `reason` says which."""

    status = 429

    def __init__(self, text: str, retry_after_s: int = 1, reason: Reason = "queue_full") -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s
        self.reason = reason
        self.headers = (("retry-after", str(retry_after_s)),)


class ModelFailed(RequestError):
    """Raised when the run fails; the caller learns only that it did."""


class NotReady(RequestError):
    """Raised while no verified, warm model can answer; `version` names it as (model, version) if one was meant."""

    status = 503
    reason = "not_ready"

    def __init__(self, text: str, version: tuple[str, int] | None = None) -> None:
        super().__init__(text)
        self.version = version


class DeadlineExceeded(RequestError):
    """Raised when the deadline passes before the answer is there."""

    status = 504
    reason = "deadline"


Response = tuple[int, bytes, Headers]  # status, body, and headers beside those that every response has
Rendered = tuple[int, bytes, Headers, str]  # a `Response` to an error, and what a log may say of it


def render(error: Exception) -> Rendered:
    """Turn any exception into a response; a bug shows nothing of its text."""
    if isinstance(error, RequestError):
        return error.status, msgspec.json.encode({"error": str(error)}), error.headers, error.text
    return 500, b'{"error":"Internal error."}', (), "Internal error."
