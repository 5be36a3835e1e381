"""Words to options, errors to one message and an exit code."""

__all__ = ["bundles", "environment", "inspect", "library", "sign", "train"]
