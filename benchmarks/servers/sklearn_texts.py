"""The obvious service of a text classifier: FastAPI, pydantic, a `def` endpoint, a pickled scikit-learn pipeline.

The harness says by environment what to serve: `BENCH_PIPELINE` (the pickle, which it has just written itself) and
`BENCH_PORT` (on 127.0.0.1).
"""

import os
import pickle
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class Request(BaseModel):
    texts: list[str]


class Response(BaseModel):
    predictions: list[list[float]]


app = FastAPI()
pipeline = pickle.loads(Path(os.environ["BENCH_PIPELINE"]).read_bytes())


@app.post("/predict")
def predict(request: Request) -> Response:
    return Response(predictions=pipeline.predict_proba(request.texts).tolist())


if __name__ == "__main__":
    port = int(os.environ["BENCH_PORT"])
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_level="warning")
