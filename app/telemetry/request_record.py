"""One request as logs and traces tell it: who, what, how it ended, and where its time went.

    Record            the facts; made when the answer is there, and only if somebody asked for it
    record.stages()   decode ─> queue ─> run ─> encode, as far as it came
    error_of(body)    what the caller was told, without what the caller had sent

It holds neither keys nor payloads: no header, no query, no path but the route's form, no word of the body.
"""

import re
from dataclasses import dataclass

import msgspec

from app.http.request_ids import Identity

RECEIVED = re.compile(r"\s*Received:.*", re.DOTALL)  # by the form of our messages what follows is the caller's
PATH = re.compile(r" for `/[^`]*`")
ERROR_MAX_BYTES = 16384  # of a body that is read for its error; ours are far shorter

Stage = tuple[float, float]


class Fault(msgspec.Struct):
    """The body of every error."""

    error: str = ""


@dataclass(slots=True)
class Record:
    """What is known of a request that has its answer; empty or 0 where something is not known.

    Times are in seconds on `time.monotonic`.
    """

    identity: Identity
    status: int  # of HTTP, also where the protocol has a word of its own
    route: str = ""  # the path's form, or the gRPC method
    protocol: str = ""
    method: str = "POST"
    code: str = ""  # gRPC's word for the status
    model: str = ""
    version: int = 0
    rows: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    error: str = ""
    who: str = ""  # the name of the caller's key
    started: float = 0.0  # the request was whole
    submitted: float = 0.0  # it was decoded and queued
    run_from: float = 0.0
    run_to: float = 0.0
    encode_s: float = 0.0  # of that time, at its end: answers were written there
    ended: float = 0.0

    def stages(self) -> dict[str, Stage]:
        """Return the stages that the request went through, each as its beginning and end."""
        if not self.submitted:
            return {}
        stages = {"decode": (self.started, self.submitted)}
        if self.run_to:
            stages["queue"] = (self.submitted, self.run_from)
            stages["run"] = (self.run_from, self.run_to - self.encode_s)
            stages["encode"] = (self.run_to - self.encode_s, self.ended)
        else:
            stages["queue"] = (self.submitted, self.ended)
        return stages


def error_of(body: bytes) -> str:
    """Return the error that an answer tells, as far as it is ours; empty where it tells none."""
    if len(body) > ERROR_MAX_BYTES:
        return ""
    try:
        message = msgspec.json.decode(body, type=Fault).error
    except msgspec.DecodeError:
        return ""
    return ours(message)


def ours(message: str) -> str:
    """Return a message without what it shows of the request."""
    return PATH.sub("", RECEIVED.sub("", message, count=1))
