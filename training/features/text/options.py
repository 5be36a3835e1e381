"""What a person may choose about texts; the registry names it. Nothing here imports pandas or TensorFlow."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from training.options.declare import option


@dataclass(frozen=True, kw_only=True)
class TextOptions:
    """How a text is encoded."""

    title: ClassVar[str] = "Texts"
    max_grams: int = option(  # as many as fill a table of 2^17 places; see front/slots.py
        127_000, "Most frequent n-grams kept of a column of texts.", unit="n-grams", low=100, high=1_000_000
    )
    longest_text: int = option(  # the graph pads the texts of a run to the longest
        10_000, "Characters of the longest text that is answered.", unit="characters", low=10, high=1_000_000
    )
    cut_texts: bool = option(False, "Cut longer texts where they end, instead of refusing them.")
    text_rate: float = option(6.0, "How far n-grams move a step.", unit="rate", low=1e-6)
    text_c: float = option(  # the penalty falls from here as long as the validation loss does
        3.0, "How freely n-grams are learned at first: the C of logistic regression.", unit="strength", low=1e-6
    )
    vectors: Path | None = option(
        None,
        "Folder of an encoder (BERT, DistilBERT, RoBERTa) that gives words vectors; needs the extra `text`.",
        unit="folder",
        unset="n-grams alone",
    )
    vectors_weight: float = option(  # by the validation loss of uci's sentences, whose words weigh twice
        0.7, "How much vectors count beside n-grams.", unit="weight", low=0.01, high=100
    )
    encoder: Path | None = option(
        None,
        "Folder of an encoder that reads texts whole, beside the n-grams; serving needs the extra `text`, too.",
        unit="folder",
        unset="n-grams alone",
    )
    encoder_tokens: int = option(
        256, "Tokens of a text that the encoder reads; what follows counts by its n-grams.", unit="tokens", low=2
    )
    encoder_weight: float = option(  # by the validation loss of uci's sentences
        0.4, "How much its vectors count beside n-grams.", unit="weight", low=0.01, high=100
    )
