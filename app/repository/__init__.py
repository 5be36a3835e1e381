"""Which versions are served: folder, loader, reload, canary and shadow."""

__all__ = ["operations", "registry", "reload_signal", "reloader", "survey", "traffic_split", "versions"]
