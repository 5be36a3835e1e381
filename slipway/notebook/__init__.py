"""What people import: a frame to a bundle, and a bundle to answers, as the commands make and use them.

    train(frame, target=…, name=…)    ─> training.py ─> training/ ─> Bundle
    load("models/adult")              ─> loading.py  ─> app/      ─> Bundle ─ predict(frame) ─> answers

TensorFlow, ONNX Runtime and pyarrow are imported when they are needed, never before.
"""

from app.errors import SlipwayError
from slipway.notebook.bundle import Bundle
from slipway.notebook.card import Card
from slipway.notebook.loading import load
from slipway.notebook.training import train

__all__ = ["Bundle", "Card", "SlipwayError", "load", "train"]
