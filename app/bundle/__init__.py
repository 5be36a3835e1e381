"""The contract on disk: manifest, sealed files, profile, signature."""

__all__ = ["manifest", "reader", "sealed_file", "signature", "signature_format"]
