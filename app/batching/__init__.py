"""Many `submit(rows)` to few `run(batch)`."""

__all__ = ["batcher", "concurrency_limit", "queue", "work"]
