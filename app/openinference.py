"""The Open Inference Protocol's infer routes: a decode and an encode around the batcher."""

from app.endpoint import Serving
from app.handler import Handler

PREFIX = "/v2/models/"


class OpenInference:
    """Finds the handler of `POST /v2/models/{name}[/versions/{version}]/infer`."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    def find(self, path: bytes) -> Handler | None:
        """Return the handler of a raw path, or None when it is not an infer route."""
        return None
