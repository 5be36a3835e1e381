from typing import Any

import pytest

from tests.training.pretrained.small_folder import config
from training.errors import DataError
from training.pretrained import architecture


@pytest.mark.parametrize(("family", "longest"), [("bert", 24), ("distilbert", 24), ("roberta", 23)])
def test_families_say_the_same_in_words_of_their_own(family: str, longest: int) -> None:
    found = architecture.of(config(family))
    assert (found.width, found.inner, found.heads, found.layers) == (16, 32, 4, 2)
    assert found.longest == longest  # RoBERTa's positions begin behind its padding


def test_the_padding_of_a_family_stands_where_a_config_says_none() -> None:
    said = config("roberta")
    del said["pad_token_id"]
    assert architecture.of(said).padding == 1


@pytest.mark.parametrize("family", ["modernbert", "t5", None, 3, ["bert"]])
def test_another_family_is_refused_by_name(family: Any) -> None:
    with pytest.raises(DataError, match=r"expected bert, distilbert, roberta, xlm-roberta\. Received: "):
        architecture.of(config("bert") | {"model_type": family})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hidden_size": 0}, "`hidden_size`: expected a whole number from 1"),
        ({"hidden_size": "16"}, "Received: '16'"),
        ({"hidden_size": True}, "Received: True"),
        ({"num_hidden_layers": 10**9}, "`num_hidden_layers`: expected a whole number from 1 to 256"),
        ({"num_attention_heads": 3}, "expected a divisor of 16"),
        ({"hidden_act": "swish"}, "`hidden_act`: expected gelu, gelu_new, gelu_pytorch_tanh, relu"),
        ({"position_embedding_type": "relative_key"}, "expected absolute"),
        ({"is_decoder": True}, "expected False"),
        ({"layer_norm_eps": "tiny"}, "`layer_norm_eps`: expected a number from 0 to 1. Received: 'tiny'"),
        ({"layer_norm_eps": float("nan")}, "Received: nan"),
        ({"layer_norm_eps": -1.0}, "Received: -1.0"),
        ({"hidden_size": 16384, "vocab_size": 40_000}, "expected at most 2146435072 bytes of weights"),
        ({"pad_token_id": 99}, "`pad_token_id`: expected a whole number from 0 to 13"),
    ],
)
def test_a_network_that_would_be_another_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        architecture.of(config("bert") | change)


def test_positions_must_be_left_behind_the_padding() -> None:
    with pytest.raises(DataError, match="`max_position_embeddings`: expected more than 1"):
        architecture.of(config("roberta") | {"max_position_embeddings": 1})


def test_what_a_config_leaves_open_is_as_the_papers_have_it() -> None:
    assert architecture.of(config("bert") | {"layer_norm_eps": None}).epsilon == 1e-12
