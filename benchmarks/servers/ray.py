# mypy: disable-error-code="import-not-found,misc,untyped-decorator,attr-defined"
"""Ray Serve: one replica, `@serve.batch`, with the throughput flag and HAProxy that its documentation advises."""

import time
from typing import Any

import ray
from ray import serve
from starlette.requests import Request

from benchmarks.servers.graph import BATCH_ROWS, BATCH_WAIT_S, HOST, PORT, Graph


@serve.deployment(num_replicas=1, max_ongoing_requests=256)
class Dense:
    def __init__(self) -> None:
        self.graph = Graph()

    @serve.batch(max_batch_size=BATCH_ROWS, batch_wait_timeout_s=BATCH_WAIT_S)
    async def run(self, rows: list[list[float]]) -> list[list[float]]:
        return self.graph.run(rows).tolist()  # type: ignore[no-any-return]

    async def __call__(self, request: Request) -> dict[str, Any]:
        body = await request.json()
        return {"predictions": [await self.run(body["instances"][0])]}


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    serve.start(http_options={"host": HOST, "port": PORT})
    serve.run(Dense.bind(), route_prefix="/predict")
    while True:
        time.sleep(3600)
