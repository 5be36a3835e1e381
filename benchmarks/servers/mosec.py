# mypy: disable-error-code="import-not-found,misc"
"""mosec: Rust in front, one worker process, batches of 32 rows or 2 ms; JSON by msgspec, the faster of its ways."""

from typing import Any

import msgspec
from mosec import Server, Worker

from benchmarks.servers.graph import BATCH_ROWS, BATCH_WAIT_S, Graph


class Request(msgspec.Struct):
    instances: list[list[float]]


class Dense(Worker):
    def __init__(self) -> None:
        self.graph = Graph()
        self._decoder = msgspec.json.Decoder(Request)
        self._encoder = msgspec.json.Encoder()

    def deserialize(self, data: bytes) -> list[float]:
        return self._decoder.decode(data).instances[0]

    def serialize(self, data: Any) -> bytes:
        return self._encoder.encode({"predictions": [data]})

    def forward(self, data: list[list[float]]) -> list[list[float]]:
        return self.graph.run(data).tolist()  # type: ignore[no-any-return]


if __name__ == "__main__":
    server = Server()
    server.append_worker(Dense, num=1, max_batch_size=BATCH_ROWS, max_wait_time=int(BATCH_WAIT_S * 1000))
    server.run()
