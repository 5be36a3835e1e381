"""Ten clients that others made, each a small program in its own language, through proxies that others made."""
