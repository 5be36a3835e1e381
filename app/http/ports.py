"""Which paths belong to the main port, and which to the operations port beside it."""

from app.errors import NotFound

OPERATORS = ("/metrics", "/admin")  # not on the main port, where there is another


BOTH = ("/health", "/models")


MARK = "slipway.operations"  # in the scope of a request that came to this port


def answers(path: str, *, operations: bool) -> bool:
    """Say whether `path` belongs to the operations port, or else to the main one beside it."""
    operators = _below(path, OPERATORS)
    return operators or _below(path, BOTH) if operations else not operators


def elsewhere(path: str) -> NotFound:
    """Return the error for a path that belongs to the other port; it does not say that there is one."""
    return NotFound("Unknown path: expected one of those that this port answers.", f"`{path[:200]}`")


def _below(path: str, prefixes: tuple[str, ...]) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)
