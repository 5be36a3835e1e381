"""Network: encoders of the features -> join -> trunk -> head, as Keras models with the preprocessing inside.

    tensors ─ fronts ─ lookups ─> what is learned from ─ encoders ─ join ─ family … head ─ + ─ finish
                       └ once a row ┘             └ what they say of the answer ───────────┘
                                                  └───── trunk (what is trained) ─────┘
                       └──────────── served (what is exported, behind the fronts) ─────────────┘

What is looked up, words for example, is looked up once before training, so that an epoch costs no hashing.
It knows no type of features by name, and nothing about optimizers, files or ONNX.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from numpy.typing import NDArray

from training.columns.arrays import Arrays, Outputs, joined, merged, take
from training.features.encoder import Encoder, Purpose
from training.features.features import Features
from training.network.architectures import WIDE, answer, beside
from training.network.tensors import tensor_of
from training.options import Options
from training.tasks.base import Task

LOOKUP_ROWS = 65_536


@dataclass(frozen=True)
class Network:
    """One set of weights, seen from training and from serving."""

    trunk: Any  # keras.Model: what is learned from -> logits or standardised value
    served: Any  # keras.Model: tensors -> probabilities or value
    encoders: Sequence[Encoder]
    outputs: tuple[str, ...]  # names, in the order of the manifest

    @property
    def exact(self) -> tuple[str, ...]:
        """Return the names of layers whose constants need 32 bits."""
        return tuple(name for encoder in self.encoders for name in encoder.exact)

    @property
    def unquantized(self) -> tuple[str, ...]:
        """Return the names of layers whose products stay as they are in a graph of 8 bits.

        Those of an encoding move raw columns about, and eight bits would destroy those; the linear part beside the
        network is tiny.
        """
        return (*self.exact, WIDE)

    @property
    def has_hidden(self) -> bool:
        """Whether there are hidden layers: encoders may say all by themselves."""
        return any(encoder.vector is not None for encoder in self.encoders)

    @property
    def is_ragged(self) -> bool:
        """Whether rows of what is learned from differ in length."""
        return any(tensor.ragged for tensor in self.trunk.inputs)

    def sections(self, arrays: Arrays, outputs: Sequence[str]) -> Iterator[str]:
        """Yield what encoders say of what they learned; see `training.features.encoder.Encoder.sections`."""
        for encoder in self.encoders:
            yield from encoder.sections(arrays, outputs)

    def encode(self, arrays: Arrays) -> dict[str, Any]:
        """Look up what is looked up once a row, as the trunk wants it."""
        return merged(_encoded(encoder, arrays) for encoder in self.encoders)

    def raw(self, arrays: Arrays) -> dict[str, Any]:
        """Return what stands behind the fronts."""
        return merged(encoder.front(arrays) for encoder in self.encoders)

    def predict(self, arrays: Arrays) -> Outputs:
        """Answer raw rows, as ONNX Runtime will."""
        raw = self.raw(arrays)
        inputs = [tensor_of(raw[tensor.name]) for tensor in self.served.inputs]
        answers = self.served(inputs, training=False)
        named = answers if isinstance(answers, dict) else {self.outputs[0]: answers}
        return {name: named[name].numpy() for name in self.outputs}


def build(
    features: Features,
    task: Task,
    options: Options,
    *,
    hidden: tuple[int, ...] | None = None,
    members: int = 1,
    fitted: bool = False,
    policy: str = "float32",
) -> Network:
    """Wire the models; every statistic is a constant of the graph.

    `hidden` is that of the options if it is None; each of the `members` is a head with a last hidden layer of its own.
    What helps to learn is left out where nothing is `fitted`. Hidden layers have the dtype `policy`, all else float32.
    """
    purpose = Purpose(fitted, 0 if task.has_own_network else task.width, task.flatness)
    encoders = features.encoders(options, purpose)
    said = [encoder.said for encoder in encoders if encoder.said is not None]
    if vectors := [encoder.vector for encoder in encoders if encoder.vector is not None]:
        encoded = keras.layers.Concatenate()(vectors) if len(vectors) > 1 else vectors[0]  # (batch, encoded)
        if task.has_own_network:
            said = [task.wire(encoded, options)]
        else:
            wanted = hidden or options.network.hidden
            of_trunk = answer(options.network, encoded, hidden=wanted, members=members, width=task.width, policy=policy)
            said = [of_trunk, *said]
    trunk = keras.Model(
        [tensor for encoder in encoders for tensor in encoder.learned],
        beside(said, bool(vectors), task.begin),
        name="trunk",
    )
    raw = [tensor for encoder in encoders for tensor in encoder.raw]
    middle = [
        tensor for each in encoders for tensor in (_listed(each.lookup(list(each.raw))) if each.lookup else each.raw)
    ]
    served = keras.Model(raw, _named(task.finish(trunk(middle))), name="slipway")
    return Network(trunk=trunk, served=served, encoders=encoders, outputs=tuple(output.name for output in task.outputs))


def _named(answers: Any) -> Any:
    """Give outputs by name a layer each of that name, for that is what the graph calls them."""
    if not isinstance(answers, dict):
        return answers
    made_by = {name: tensor._keras_history[0].name for name, tensor in answers.items()}
    return {
        name: tensor if made_by[name] == name else keras.layers.Identity(name=name)(tensor)
        for name, tensor in answers.items()
    }


def _encoded(encoder: Encoder, arrays: Arrays) -> dict[str, Any]:
    raw = encoder.front(arrays)
    if encoder.lookup is None:
        return raw
    starts = range(0, len(next(iter(raw.values()))), LOOKUP_ROWS)
    return joined([_looked_up(encoder, take(raw, slice(start, start + LOOKUP_ROWS))) for start in starts])


def _looked_up(encoder: Encoder, raw: Arrays) -> dict[str, NDArray[Any]]:
    assert encoder.lookup is not None
    found = _listed(encoder.lookup([tensor_of(raw[tensor.name]) for tensor in encoder.raw]))
    return {tensor.name: one.numpy() for tensor, one in zip(encoder.learned, found, strict=True)}


def _listed(found: Any) -> Sequence[Any]:
    return found if isinstance(found, list | tuple) else [found]
