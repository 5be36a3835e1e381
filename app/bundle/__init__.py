"""The contract on disk: manifest, what it may hold, sealed files, profile, signature."""

__all__ = ["limits", "manifest", "reader", "sealed_file", "signature", "signature_format"]
