"""The committed bundle of sentences: small, sound, and of use."""

from pathlib import Path

import numpy as np
import pytest

from app.runtime.model import Model, load
from app.settings import Settings

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "examples/models/sentiment/1"
MAX_BYTES = 500_000


@pytest.fixture(scope="module")
def loaded() -> Model:
    return load(FOLDER, Settings(models=FOLDER.parents[1]))


def test_it_is_small() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) <= MAX_BYTES


@pytest.mark.parametrize(
    ("sentence", "mood"),
    [
        ("I love this phone, it works great!", "positive"),
        ("Great food and wonderful service.", "positive"),
        ("What a waste of money, it broke after a day.", "negative"),
        ("The worst film that I have ever seen.", "negative"),
    ],
)
def test_it_tells_moods_apart(loaded: Model, sentence: str, mood: str) -> None:
    assert loaded.bundle is not None
    outputs = loaded.outputs({"texts": np.array([[sentence]], object)})
    said = loaded.bundle.answer.encode(outputs)[0].decode()
    assert f'"label":"{mood}"' in said, said
