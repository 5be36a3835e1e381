# mypy: disable-error-code="import-not-found,misc,untyped-decorator"
"""BentoML: one worker, adaptive batching, as `bentoml serve benchmarks.servers.bentoml:Dense` starts it."""

import bentoml
import numpy as np

from benchmarks.servers.graph import BATCH_ROWS, Graph


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Dense:
    def __init__(self) -> None:
        self.graph = Graph()

    @bentoml.api(batchable=True, max_batch_size=BATCH_ROWS)
    def predict(self, instances: np.ndarray) -> np.ndarray:
        return self.graph.run(instances)  # type: ignore[no-any-return]
