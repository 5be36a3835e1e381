"""Slipway as one command and one import: each verb is handed to the program that does it.

    slipway VERB …  ─> verbs.py ─> app/ or training/, imported when the verb is known

It needs the standard library alone, so that it starts at once and can say what is missing. It knows no models.
"""
