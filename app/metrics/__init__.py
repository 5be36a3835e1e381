"""Every metric, and how several workers show one sum."""

__all__ = ["feedback_metrics", "instruments", "multiprocess", "recent", "service_metrics"]
