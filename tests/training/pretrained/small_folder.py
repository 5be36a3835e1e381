"""A small encoder with random weights, written as Hugging Face writes one, and what it answers in plain NumPy."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

Array = NDArray[Any]
WIDTH, INNER, HEADS, LAYERS, POSITIONS = 16, 32, 4, 2, 24
MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
WORDS = ("good", "bad", "tea", "the", "is", "very", "##ly", "##s", "!", "?")
SIZES = {"bert": ("hidden_size", "intermediate_size", "num_attention_heads", "num_hidden_layers", "hidden_act"),
         "distilbert": ("dim", "hidden_dim", "n_heads", "n_layers", "activation")}  # fmt: skip
SIZES["roberta"] = SIZES["bert"]
NAMES = {
    "bert": ("encoder.layer", "attention.self.query", "attention.self.key", "attention.self.value",
             "attention.output.dense", "attention.output.LayerNorm", "intermediate.dense", "output.dense",
             "output.LayerNorm"),
    "distilbert": ("transformer.layer", "attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin",
                   "sa_layer_norm", "ffn.lin1", "ffn.lin2", "output_layer_norm"),
}  # fmt: skip
NAMES["roberta"] = NAMES["bert"]
DTYPES = {"float32": "F32", "float16": "F16", "int64": "I64"}


def write_folder(path: Path, family: str = "bert", start: str = "", **changes: Any) -> dict[str, Array]:
    """Write a folder and return its weights by their names; `start` is the head that the file was saved with."""
    path.mkdir(exist_ok=True)
    tokenizer = tokenizer_of(WORDS)
    tokenizer.save(str(path / "tokenizer.json"))
    (path / "config.json").write_text(json.dumps(config(family) | changes))
    weights = random_weights(family)
    write_safetensors(path / "model.safetensors", {start + name: array for name, array in weights.items()})
    return weights


def config(family: str) -> dict[str, Any]:
    sizes = zip(SIZES[family], (WIDTH, INNER, HEADS, LAYERS, "gelu"), strict=True)
    rest = {"model_type": family, "vocab_size": len(MARKS) + len(WORDS), "max_position_embeddings": POSITIONS}
    return {**dict(sizes), **rest, "pad_token_id": 0, "layer_norm_eps": 1e-6}


def tokenizer_of(words: Sequence[str]) -> Any:
    tokenizer = Tokenizer(models.WordPiece({word: n for n, word in enumerate((*MARKS, *words))}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.add_special_tokens(list(MARKS))
    return tokenizer


def random_weights(family: str) -> dict[str, Array]:
    random = np.random.default_rng(len(family))

    def drawn(*shape: int) -> Array:
        return random.normal(0, 0.3, shape).astype(np.float32)

    found = {"embeddings.word_embeddings.weight": drawn(len(MARKS) + len(WORDS), WIDTH)}
    found["embeddings.position_embeddings.weight"] = drawn(POSITIONS, WIDTH)
    if family != "distilbert":
        found["embeddings.token_type_embeddings.weight"] = drawn(2, WIDTH)
    layers = {"embeddings.LayerNorm": (WIDTH,)} | {
        f"{NAMES[family][0]}.{n}.{name}": shape for n in range(LAYERS) for name, shape in block_shapes(family).items()
    }
    for name, shape in layers.items():
        found |= {name + ".weight": drawn(*shape), name + ".bias": drawn(shape[0])}
    return found


def block_shapes(family: str) -> dict[str, tuple[int, ...]]:
    """Of each layer the shape of its weight: (units, inputs), or (units,) of a normalisation."""
    square, norm = (WIDTH, WIDTH), (WIDTH,)
    shapes = (square, square, square, square, norm, (INNER, WIDTH), (WIDTH, INNER), norm)
    return dict(zip(NAMES[family][1:], shapes, strict=True))


def write_safetensors(path: Path, arrays: Mapping[str, Array]) -> None:
    header, start = {}, 0
    for name, array in arrays.items():
        end = start + array.nbytes
        header[name] = {"dtype": DTYPES[array.dtype.name], "shape": array.shape, "data_offsets": [start, end]}
        start = end
    raw = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + b"".join(array.tobytes() for array in arrays.values()))


def answer(weights: Mapping[str, Array], family: str, ids: Sequence[int]) -> Array:
    """Return the vector of one text without padding in doubles, by the formulas of the papers: (width,)."""
    first = 1 if family == "roberta" else 0  # the padding is 0 here, and positions begin behind it
    x = weights["embeddings.word_embeddings.weight"][list(ids)].astype(np.float64)
    x += weights["embeddings.position_embeddings.weight"][first : first + len(ids)]
    x += weights.get("embeddings.token_type_embeddings.weight", np.zeros((2, WIDTH)))[0]
    x = normed(x, weights, "embeddings.LayerNorm")
    for number in range(LAYERS):
        x = block(x, weights, [f"{NAMES[family][0]}.{number}.{name}" for name in NAMES[family][1:]])
    mean: Array = x.mean(axis=0)
    return mean


def block(x: Array, weights: Mapping[str, Array], names: Sequence[str]) -> Array:
    query, key, value, output, attention_norm, inner, outer, block_norm = names
    seen = []
    for each in np.split(np.arange(WIDTH), HEADS):
        q, k, v = (dense(x, weights, name)[:, each] for name in (query, key, value))
        worth = np.exp(q @ k.T / math.sqrt(len(each)))
        seen.append(worth / worth.sum(axis=1, keepdims=True) @ v)
    x = normed(x + dense(np.concatenate(seen, axis=1), weights, output), weights, attention_norm)
    wide = dense(x, weights, inner)
    wide = 0.5 * wide * (1 + np.vectorize(math.erf)(wide / math.sqrt(2)))
    return normed(x + dense(wide, weights, outer), weights, block_norm)


def dense(x: Array, weights: Mapping[str, Array], name: str) -> Array:
    found: Array = x @ weights[name + ".weight"].T + weights[name + ".bias"]
    return found


def normed(x: Array, weights: Mapping[str, Array], name: str) -> Array:
    spread = np.sqrt(x.var(axis=1, keepdims=True) + 1e-6)
    found: Array = (x - x.mean(axis=1, keepdims=True)) / spread * weights[name + ".weight"] + weights[name + ".bias"]
    return found


def changed_header(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Rewrite the header of a file of weights, and leave its bytes as they are."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    change(header)
    new = json.dumps(header).encode()
    path.write_bytes(len(new).to_bytes(8, "little") + new + raw[8 + length :])
