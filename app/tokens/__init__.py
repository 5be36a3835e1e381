"""Tokens of texts: made by the tokenizer of an encoder, run in groups of like length."""

__all__ = ["ragged", "tokenizer"]
