"""A limit: a loop of `session.run` with nothing around it. Prints JSON: rows a run -> microseconds of a run."""

import json
import time

import numpy as np

from benchmarks.servers.graph import BATCH_ROWS, Graph

SECONDS = 0.5
PASSES = 3


def main() -> None:
    graph = Graph()
    generator = np.random.default_rng(0)
    times = {}
    for rows in (1, BATCH_ROWS):
        batch = generator.normal(size=(rows, graph.features)).astype(np.float32)
        graph.run(batch)
        times[rows] = min(_seconds_a_run(graph, batch) for _ in range(PASSES)) * 1e6
    print(json.dumps(times))


def _seconds_a_run(graph: Graph, batch: object) -> float:
    runs, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < SECONDS:
        graph.run(batch)
        runs += 1
    return elapsed / runs


if __name__ == "__main__":
    main()
