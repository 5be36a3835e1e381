# mypy: disable-error-code="import-not-found,misc"
"""MLServer: a custom runtime with adaptive batching, in the server's own process (no hop to a worker)."""

import asyncio

from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from benchmarks.servers.graph import BATCH_ROWS, BATCH_WAIT_S, HOST, PORT, Graph


class Dense(MLModel):
    async def load(self) -> bool:
        self.graph = Graph()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = NumpyCodec.decode_input(payload.inputs[0])  # (rows, features)
        output = NumpyCodec.encode_output("output", self.graph.run(rows))
        return InferenceResponse(model_name=self.name, outputs=[output])


async def main() -> None:
    settings = Settings(
        host=HOST, http_port=PORT, grpc_port=PORT + 1, metrics_port=PORT + 2, parallel_workers=0, debug=False
    )
    model = ModelSettings(name="dense", implementation=Dense, max_batch_size=BATCH_ROWS, max_batch_time=BATCH_WAIT_S)
    await MLServer(settings).start([model])


if __name__ == "__main__":
    asyncio.run(main())
