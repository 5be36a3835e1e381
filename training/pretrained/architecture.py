"""Architecture: what config.json says of an encoder, in one form for all families that are read.

    config.json ─ of ─> Architecture, or one message that says which families there are

BERT, DistilBERT, RoBERTa (MiniLM is one of them by its config) are the same network: they differ in the keys of their
configs, in the names of their weights, and in the number of the first position.
It knows nothing about weights or files.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from training.errors import DataError

LARGEST = {
    "vocabulary": 2_000_000,
    "positions": 100_000,
    "width": 16_384,
    "inner": 65_536,
    "heads": 1024,
    "layers": 256,
}
LARGEST_BYTES = 2**31 - 2**20  # of weights as floats: no message of protobuf, as a graph is one, can be larger
EPSILON = 1e-12  # where a config names none
ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu")

# Of each family: our names -> its own.
BERT = {
    "vocabulary": "vocab_size",
    "positions": "max_position_embeddings",
    "width": "hidden_size",
    "inner": "intermediate_size",
    "heads": "num_attention_heads",
    "layers": "num_hidden_layers",
    "activation": "hidden_act",
}
DISTILBERT = {
    "vocabulary": "vocab_size",
    "positions": "max_position_embeddings",
    "width": "dim",
    "inner": "hidden_dim",
    "heads": "n_heads",
    "layers": "n_layers",
    "activation": "activation",
}
FAMILIES = {"bert": BERT, "distilbert": DISTILBERT, "roberta": BERT, "xlm-roberta": BERT}
PADDED = {"bert": 0, "distilbert": 0, "roberta": 1, "xlm-roberta": 1}  # the id of padding, where a config names none


@dataclass(frozen=True)
class Architecture:
    """A stack of transformer blocks over embedded tokens; each sum is normalised after it is made."""

    family: str
    vocabulary: int  # tokens
    positions: int  # rows of the table of positions
    width: int  # of a token's vector
    inner: int  # of the wide layer in a block
    heads: int
    layers: int
    activation: str
    epsilon: float  # of the normalisations
    padding: int  # the token that is none
    first_position: int  # of a text's first token, in the table of positions
    pools_first: bool = False  # whether its first token's vector is that of a text, or the mean of all

    @property
    def longest(self) -> int:
        """Return how many tokens a text may have."""
        return self.positions - self.first_position

    @property
    def bytes(self) -> int:
        """Return how many bytes the tables and the matrices have as floats."""
        of_block = 4 * self.width**2 + 2 * self.width * self.inner
        return 4 * ((self.vocabulary + self.positions) * self.width + self.layers * of_block)


def of(config: Mapping[str, Any]) -> Architecture:
    """Return the architecture that a config says, or raise a DataError."""
    family = config.get("model_type")
    if not isinstance(family, str) or family not in FAMILIES:
        raise DataError(f"Invalid `model_type`: expected {', '.join(FAMILIES)}. Received: {family!r}.")
    keys = FAMILIES[family]
    sizes = {ours: size(config, keys[ours], LARGEST[ours]) for ours in LARGEST}
    check_kind(config, keys, sizes)
    padding = size(config, "pad_token_id", sizes["vocabulary"] - 1, low=0, default=PADDED[family])
    first = padding + 1 if family.endswith("roberta") else 0
    activation = config.get(keys["activation"], "gelu")
    others = {"activation": activation, "epsilon": epsilon(config), "padding": padding}
    others["first_position"] = first
    facts: dict[str, Any] = {**sizes, **others}
    found = Architecture(family, **facts)
    if found.longest < 1:
        raise DataError(f"Invalid `{keys['positions']}`: expected more than {first}. Received: {found.positions}.")
    if found.bytes > LARGEST_BYTES:
        raise DataError(f"Invalid sizes: expected at most {LARGEST_BYTES} bytes of weights. Received: {found.bytes}.")
    return found


def size(config: Mapping[str, Any], key: str, high: int, low: int = 1, default: int | None = None) -> int:
    """Return a whole number of a config within its bounds, or raise a DataError."""
    found = config.get(key, default)
    found = default if found is None else found
    if isinstance(found, bool) or not isinstance(found, int) or not low <= found <= high:
        raise DataError(f"Invalid `{key}`: expected a whole number from {low} to {high}. Received: {found!r}.")
    return found


def epsilon(config: Mapping[str, Any]) -> float:
    """Return what normalisations add to a variance, or raise a DataError."""
    found = config.get("layer_norm_eps")
    found = EPSILON if found is None else found
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= 1:
        raise DataError(f"Invalid `layer_norm_eps`: expected a number from 0 to 1. Received: {found!r}.")
    return float(found)


def check_kind(config: Mapping[str, Any], keys: Mapping[str, str], sizes: Mapping[str, int]) -> None:
    """Raise a DataError where the network would not be the one that is built here."""
    expected: dict[str, tuple[Any, ...]] = {
        keys["activation"]: (None, *ACTIVATIONS),
        "position_embedding_type": (None, "absolute"),
        "is_decoder": (None, False),
    }
    for key, allowed in expected.items():
        if config.get(key) not in allowed:
            words = ", ".join(str(each) for each in allowed if each is not None)
            raise DataError(f"Invalid `{key}`: expected {words}. Received: {config[key]!r}.")
    if sizes["width"] % sizes["heads"]:
        raise DataError(
            f"Invalid `{keys['heads']}`: expected a divisor of {sizes['width']}, the width. Received: {sizes['heads']}."
        )
