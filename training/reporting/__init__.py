"""The sections of card and report."""

__all__ = ["card", "findings_section"]
