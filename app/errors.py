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
"""

from typing import ClassVar

import msgspec


class SlipwayError(Exception):
    """The root: everything that Slipway raises on purpose."""


class BundleError(SlipwayError):
    """Raised when a bundle is missing, damaged, or answers its golden rows wrongly."""


class RequestError(SlipwayError):
    """The root of what a caller is told about; `status` is the HTTP status."""

    status: ClassVar[int] = 500

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


class Unauthorized(RequestError):
    """Raised when keys are asked for and no valid one was sent."""

    status = 401

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        return (("www-authenticate", "Bearer"),)


class NotFound(RequestError):
    """Raised when no such path, model or version is served."""

    status = 404


class MethodNotAllowed(RequestError):
    """Raised when the path exists but not with this method."""

    status = 405

    def __init__(self, message: str, allow: str) -> None:
        super().__init__(message)
        self.allow = allow

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        return (("allow", self.allow),)


class Conflict(RequestError):
    """Raised when what an operator asks for cannot be done with the models as they are; what served goes on."""

    status = 409


class BodyTooLarge(RequestError):
    """Raised when a body holds more bytes or rows than the settings allow."""

    status = 413


class UnsupportedMedia(RequestError):
    """Raised when the content type is not JSON."""

    status = 415


class Overloaded(RequestError):
    """Raised at the door when the queue is full."""

    status = 429

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        return (("retry-after", str(self.retry_after_s)),)


class ModelFailed(RequestError):
    """Raised when the run fails; the caller learns only that it did."""

    status = 500


class NotReady(RequestError):
    """Raised while no verified, warm model can answer."""

    status = 503


class DeadlineExceeded(RequestError):
    """Raised when the deadline passes before the answer is there."""

    status = 504


Headers = tuple[tuple[str, str], ...]


def render(error: Exception) -> tuple[int, bytes, Headers]:
    """Turn any exception into status, body and headers; a bug shows nothing of its text."""
    if isinstance(error, RequestError):
        return error.status, msgspec.json.encode({"error": error.message}), error.headers
    return 500, b'{"error":"Internal error."}', ()
