"""Types of values: JSON value to tensor, OpenAPI, what a graph must survive, drift."""

__all__ = ["base", "date", "feature_set", "json_errors", "names", "registry", "row_reader", "rows"]
