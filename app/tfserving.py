"""TensorFlow Serving's predict, classify and regress: a decode and an encode around the batcher."""

from app.endpoint import Serving
from app.handler import Handler

PREFIX = "/v1/models/"


class TensorFlowServing:
    """Finds the handler of `POST /v1/models/{name}[/versions/{version}|/labels/{label}]:{verb}`."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    def find(self, path: bytes) -> Handler | None:
        """Return the handler of a raw path, or None when it is not one of these routes."""
        return None
