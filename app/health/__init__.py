"""Started, ready, live, draining; is anything stuck?"""

__all__ = ["health", "loop_lag", "memory_return", "watchdog"]
