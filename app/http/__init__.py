"""What HTTP means without sockets: request ids, keys, rate limit, compression, who may ask for what."""

__all__ = [
    "access",
    "api_keys",
    "byte_budget",
    "compression",
    "conditional",
    "cors",
    "handler",
    "prefix",
    "purpose",
    "rate_limit",
    "request_ids",
]
