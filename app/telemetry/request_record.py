"""One request as logs and traces tell it: who, what, how it ended, and where its time went.

It holds neither keys nor payloads: no header, no query, no path but the route's form, no word of the body. An error is
there in the service's own words alone (`app.errors.RequestError.text`).
"""

from dataclasses import dataclass

from app.http.request_ids import Identity

Stage = tuple[float, float]


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
    error: str = ""  # without what the caller sent
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
