"""Many `submit(rows)` to few `run(batch)`."""

__all__ = ["area", "batcher", "concurrency_limit", "queue", "work"]
