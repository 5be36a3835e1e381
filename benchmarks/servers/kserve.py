# mypy: disable-error-code="import-not-found,misc"
"""KServe's Python server, protocol V1. Its package has no batching."""

from typing import Any

from kserve import Model, ModelServer

from benchmarks.servers.graph import PORT, Graph


class Dense(Model):
    def __init__(self) -> None:
        super().__init__("dense")
        self.load()

    def load(self) -> bool:
        self.graph = Graph()
        self.ready = True
        return True

    def predict(self, payload: dict[str, Any], headers: Any = None, response_headers: Any = None) -> dict[str, Any]:
        return {"predictions": self.graph.run(payload["instances"]).tolist()}


if __name__ == "__main__":
    ModelServer(http_port=PORT, workers=1, enable_grpc=False, enable_latency_logging=False).start([Dense()])
