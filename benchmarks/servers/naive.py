"""The obvious service: FastAPI, pydantic, a `def` endpoint, a session. No batching."""

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.servers.graph import HOST, PORT, Graph


class Request(BaseModel):
    instances: list[list[float]]


class Response(BaseModel):
    predictions: list[list[float]]


app = FastAPI()
graph = Graph()


@app.post("/predict")
def predict(request: Request) -> Response:
    return Response(predictions=graph.run(request.instances).tolist())


if __name__ == "__main__":
    uvicorn.run(app, host=HOST, port=PORT, access_log=False, log_level="warning")
