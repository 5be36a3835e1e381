import numpy as np

from tests.training.features.text.test_encoder import column, encoders, rows
from training.features.text.hashing import OF_WORDS, hashes
from training.features.text.strongest import strengths


def word(text: str, of: object) -> int:
    """Return the hash of a single word."""
    return int(hashes([text], of.characters, 0, OF_WORDS)[0][0])  # type: ignore[attr-defined]  # a column


def test_the_card_names_what_speaks_for_each_label() -> None:
    its = column(0)
    fitted, served = encoders([its], 2)
    table = np.zeros((len(its.keys), 2), np.float32)
    table[np.searchsorted(its.keys, word("bad", its)), 0] = 1
    table[np.searchsorted(its.keys, word("good", its)), 1] = 2
    assert fitted._bag is not None
    fitted._bag.set_weights([table])
    served.adopt(fitted)
    (found,) = served.sections(rows(1), ["negative", "positive"])
    assert [line for line in found.splitlines() if line.startswith("| `")] == [
        "| `negative` | `bad` |",
        "| `positive` | `good` |",
    ]


def test_what_more_texts_hold_counts_more() -> None:
    its = column(0)
    fitted, served = encoders([its], 1)
    assert fitted._bag is not None
    fitted._bag.set_weights([1 / its.weights[:, None]])
    served.adopt(fitted)
    np.testing.assert_allclose(strengths([its], served._front)[:, 0], np.sqrt(its.rows_with), rtol=1e-5)


def test_nothing_is_said_of_a_network_that_is_only_fitted() -> None:
    fitted, _ = encoders([column(0)], 2)
    assert not list(fitted.sections(rows(1), ["a", "b"]))
