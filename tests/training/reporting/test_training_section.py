from pathlib import Path

import pytest

from training.options import Options
from training.reporting.training_section import fitted, repeat
from training.trainer.fit import History

HISTORY = History((0.5, 0.4), (0.6, 0.5), best_epoch=2, interrupted=False, learning_rate=0.002, batch_rows=64)
TRAINING = {"command": "python -m training a.csv", "seed": 7, "data_sha256": "ab"}


def test_it_says_how_it_was_fitted() -> None:
    said = fitted(Options.of(data=Path()), HISTORY)
    assert "learning rate 0.002, 64 rows a batch, hidden layers 128, 64" in said
    assert said.endswith("It ended after 2 epochs; the weights of epoch 2 were kept.")


def test_16_bits_and_xla_are_said() -> None:
    said = fitted(Options.of(data=Path(), mixed_precision="bfloat16", jit=True), HISTORY)
    assert "computed in bfloat16 while it was fitted; what ships computes in float32" in said
    assert "compiled with XLA, so the seed need not repeat it" in said


@pytest.mark.parametrize(
    ("jit", "promise"), [(False, "gives the same numbers"), (True, "need not give the same numbers")]
)
def test_what_a_seed_repeats_is_said(jit: bool, promise: str) -> None:
    text = "\n".join(repeat({"libraries": {"keras": "3"}, "training": {**TRAINING, "jit": jit}}))
    assert "Seed 7" in text
    assert promise in text
