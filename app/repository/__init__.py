"""Which versions are served: folder, loader, reload, canary and shadow."""

__all__ = [
    "load_thread",
    "loader",
    "operations",
    "registry",
    "reload_signal",
    "reloader",
    "survey",
    "traffic_split",
    "versions",
]
