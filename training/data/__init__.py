"""One road: file, clean, types, split; in chunks where it is large."""

__all__ = ["chunked_reader", "clean", "labelled_rows", "load", "prepare", "split", "stream"]
