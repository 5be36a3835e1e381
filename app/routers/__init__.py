"""The ordinary routes: service, admin, feedback, OpenAPI."""

__all__ = [
    "admin",
    "bundles",
    "context",
    "exception_handlers",
    "feedback",
    "gate",
    "methods",
    "now",
    "openapi",
    "page",
    "schemas",
    "service",
]
