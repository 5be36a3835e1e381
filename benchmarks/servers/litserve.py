# mypy: disable-error-code="import-not-found,misc"
"""LitServe: one worker process, its batching hooks, and `fast_queue`, which its documentation advises."""

from typing import Any

import litserve as ls
import numpy as np

from benchmarks.servers.graph import BATCH_ROWS, BATCH_WAIT_S, HOST, PORT, Graph


class Dense(ls.LitAPI):
    def setup(self, device: str) -> None:
        self.graph = Graph()

    def decode_request(self, request: dict[str, Any]) -> Any:
        return np.asarray(request["instances"][0], np.float32)  # (features,)

    def batch(self, inputs: list[Any]) -> Any:
        return np.stack(inputs)  # (rows, features)

    def predict(self, rows: Any) -> Any:
        return self.graph.run(rows)

    def unbatch(self, output: Any) -> list[Any]:
        return list(output)

    def encode_response(self, output: Any) -> dict[str, Any]:
        return {"predictions": [output.tolist()]}


if __name__ == "__main__":
    api = Dense(max_batch_size=BATCH_ROWS, batch_timeout=BATCH_WAIT_S)
    server = ls.LitServer(api, accelerator="cpu", workers_per_device=1, fast_queue=True)
    server.run(host=HOST, port=PORT, num_api_servers=1, log_level="warning", generate_client_file=False)
