"""Every error that Slipway raises on purpose, and the status that a caller sees.

    SlipwayError
    ├── BundleError               the folder on disk is not a bundle that may serve; never reaches a caller
    └── RequestError              something a caller is told about, as {"error": message}
        ├── InvalidInput      400  the body is not what the manifest asks for
        ├── Unauthorized      401  no key, or none that is known
        ├── NotFound          404  no such path, model or version
        ├── MethodNotAllowed  405  the path exists, the method does not
        ├── Conflict          409  a model cannot be loaded, or there is none to go back to
        ├── BodyTooLarge      413  more bytes or rows than the settings allow
        ├── UnsupportedMedia  415  the body is not JSON
        ├── Overloaded        429  the queue is full; try again after `retry_after_s`
        ├── ModelFailed       500  the run failed or answered with a number that is not finite
        ├── NotReady          503  no verified, warm model, or draining
        └── DeadlineExceeded  504  the answer did not come in time

Whatever is not in this tree is a bug: the caller gets a bare 500 and the log gets the trace.
Beside its status each error has a `reason`, the word under which it is counted in `slipway_rejections_total`.
"""

from typing import ClassVar, Literal

import msgspec

Reason = Literal[
    "invalid",  # the caller's fault: a body, a header or a path that means nothing
    "too_large",
    "queue_full",
    "wait",  # the answer would come too late by the pace of the last runs
    "concurrency",  # too many requests of the model are under way
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


class BundleError(SlipwayError):
    """Raised when a bundle is missing, damaged, or answers its golden rows wrongly."""


class RequestError(SlipwayError):
    """The root of what a caller is told about; `status` is the HTTP status."""

    status: ClassVar[int] = 500
    reason: Reason = "failed"

    @property
    def message(self) -> str:
        """The text that the caller sees."""
        return str(self)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Response headers beside the body."""
        return ()


class InvalidInput(RequestError):
    """Raised when the body is not what the manifest asks for."""

    status = 400
    reason = "invalid"


class Unauthorized(RequestError):
    """Raised when keys are asked for and no valid one was sent."""

    status = 401
    reason = "unauthorized"

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        return (("www-authenticate", "Bearer"),)


class NotFound(RequestError):
    """Raised when no such path, model or version is served."""

    status = 404
    reason = "unknown_model"


class MethodNotAllowed(RequestError):
    """Raised when the path exists but not with this method."""

    status = 405
    reason = "invalid"

    def __init__(self, message: str, allow: str) -> None:
        super().__init__(message)
        self.allow = allow

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        return (("allow", self.allow),)


class Conflict(RequestError):
    """Raised when what an operator asks for cannot be done with the models as they are; what served goes on."""

    status = 409
    reason = "invalid"


class BodyTooLarge(RequestError):
    """Raised when a body holds more bytes or rows than the settings allow."""

    status = 413
    reason = "too_large"


class UnsupportedMedia(RequestError):
    """Raised when the content type is not JSON."""

    status = 415
    reason = "invalid"


class Overloaded(RequestError):
    """Raised at the door when the queue is full, or another limit is reached; `reason` says which."""

    status = 429

    def __init__(self, message: str, retry_after_s: int = 1, reason: Reason = "queue_full") -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.reason = reason

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        return (("retry-after", str(self.retry_after_s)),)


class ModelFailed(RequestError):
    """Raised when the run fails; the caller learns only that it did."""

    status = 500
    reason = "failed"


class NotReady(RequestError):
    """Raised while no verified, warm model can answer; `version` names it as (model, version) if one was meant."""

    status = 503
    reason = "not_ready"

    def __init__(self, message: str, version: tuple[str, int] | None = None) -> None:
        super().__init__(message)
        self.version = version


class DeadlineExceeded(RequestError):
    """Raised when the deadline passes before the answer is there."""

    status = 504
    reason = "deadline"


Headers = tuple[tuple[str, str], ...]
Response = tuple[int, bytes, Headers]
"""Status, body, and headers beside those that every response has."""


def render(error: Exception) -> Response:
    """Turn any exception into status, body and headers; a bug shows nothing of its text."""
    if isinstance(error, RequestError):
        return error.status, msgspec.json.encode({"error": error.message}), error.headers
    return 500, b'{"error":"Internal error."}', ()
