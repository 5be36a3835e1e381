"""What is written: golden rows, profile, manifest, signature."""

__all__ = ["golden", "manifest", "profile", "signing", "writer"]
