import re
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.bins.layout import decode
from app.bins.text import TextBins, text_bins
from app.sources.rules import ColumnRule
from tests.training.features.described import described
from tests.training.pretrained.small_folder import write_folder
from training.data.prepare import Data, prepare
from training.errors import DataError
from training.features.features import Features, recut
from training.features.registry import feature_type
from training.features.text.column import TextColumn
from training.features.text.hashing import hashes
from training.features.text.text import ODD
from training.options import Options

TEXT = feature_type("text")
WORDS = ("the", "phone", "was", "slow", "and", "battery", "never", "lasted", "a", "day", "so", "returned")
RANDOM = np.random.default_rng(0)
REVIEWS = ["Good case, excellent value.", "not good", "", "很好。 good case"] * 5


def features_of(*columns: list[str], **options: object) -> tuple[Features, pd.DataFrame]:
    frame = pd.DataFrame({f"c{number}": pd.Series(values, dtype=object) for number, values in enumerate(columns)})
    return described(frame, dict.fromkeys(frame.columns, "text"), **options), frame


def column_of(features: Features, name: str = "c0") -> TextColumn:
    column = features.columns[name]
    assert isinstance(column, TextColumn)
    return column


def reviews(rows: int = 200) -> pd.DataFrame:
    """Texts of which a word tells the label, beside a number."""
    random = np.random.default_rng(0)
    words = np.array(WORDS)
    good = random.random(rows) < 0.5
    texts = [
        " ".join([*random.choice(words, 8), "great" if one else "awful", f"n{row}"]) for row, one in enumerate(good)
    ]
    return pd.DataFrame(
        {"review": texts, "price": random.normal(size=rows).round(2), "label": np.where(good, "a", "b")}
    )


def prepared(frame: pd.DataFrame, folder: Path, **chosen: object) -> Data:
    path = folder / "rows.csv"
    frame.to_csv(path, index=False)
    return prepare(Options.of(data=path, target="label", **chosen))


def test_a_text_is_kept_as_it_is() -> None:
    values = pa.array(["  Two  blanks ", "e\u0301", None, "", "NA"], pa.string())
    assert TEXT.cells(values, ColumnRule()).tolist() == ["  Two  blanks ", "e\u0301", "", "", "NA"]


def test_a_column_is_found_beside_others_and_nothing_calls_it_nearly_all_different(tmp_path: Path) -> None:
    data = prepared(reviews(), tmp_path)
    assert {column.name: (column.type, column.fate) for column in data.table.columns} == {
        "review": ("text", "feature"),
        "price": ("number", "feature"),
        "label": ("category", "target"),
    }
    assert data.train.arrays["texts"].shape == (len(data.train), 1)
    assert not data.warnings


def test_a_person_may_say_so_and_otherwise(tmp_path: Path) -> None:
    frame = reviews().assign(review=lambda rows: rows["review"].str[:3])
    assert prepared(frame, tmp_path, type=("review=text",)).features.type_of("review").name == "text"
    other = prepared(reviews(), tmp_path, type=("review=category",))
    assert other.table.columns[0].fate.startswith("dropped: nearly every value is different")


def test_a_text_of_nothing_in_a_typed_file_is_missing_and_no_misfit(tmp_path: Path) -> None:
    frame = reviews()
    frame.loc[:3, "review"] = ["", None, "", None]
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pandas(frame), path)
    data = prepare(Options.of(data=path, target="label", type=("review=text",)))
    assert data.table.columns[0].missing_share == pytest.approx(4 / 200)
    with pytest.raises(DataError, match=re.escape("of type number. Received: 196 of 198")):
        prepare(Options.of(data=path, target="label", type=("review=number",)))


def test_columns_share_the_tensor_and_their_n_grams_stay_apart() -> None:
    features, frame = features_of(REVIEWS, ["good case"] * 20)
    assert [(one.name, one.dtype, one.shape) for one in features.tensors] == [("texts", "string", (2,))]
    np.testing.assert_array_equal(features.arrays(frame)["texts"], frame.to_numpy(object))
    first, second = column_of(features), column_of(features, "c1")
    assert not set(first.keys) & set(second.keys)
    values, _ = hashes(["good case"], second.characters, 1)
    assert set(second.keys) == set(values.tolist())
    counts = dict(zip(second.keys.tolist(), second.rows_with.tolist(), strict=True))
    assert (np.diff(second.keys) > 0).all()
    assert set(counts.values()) == {20}


def test_a_column_takes_the_place_of_one_that_is_left_out() -> None:
    features, _ = features_of(REVIEWS, ["good case"] * 20)
    alone, _ = features_of(["good case"] * 20)
    left = features.without(["c0"])
    assert left.manifest("c1")["column"] == 0
    np.testing.assert_array_equal(column_of(left, "c1").keys, column_of(alone).keys)


def test_what_is_known_of_it_is_of_the_training_rows() -> None:
    features, _ = features_of(REVIEWS)
    column = column_of(features)
    assert (column.texts, column.missing_share) == (15, 0.25)
    once, _ = hashes(["not good"], column.characters)
    assert set(once.tolist()) <= set(column.keys.tolist())


def test_long_texts_are_cut_where_the_file_has_some_and_it_is_said(tmp_path: Path) -> None:
    frame = reviews()
    long = str(frame["review"][7]) + " \u5f88" * 100
    frame.loc[7, "review"] = long
    data = prepared(frame, tmp_path, longest_text=80)
    (said,) = data.warnings
    assert said == (
        f"`review` has texts of up to {len(long)} characters: they are cut at 80, here and by the "
        "service (--longest-text)"
    )
    assert data.features.manifest("review") == {"tensor": "texts", "column": 0, "longest": 80, "cut": True}
    assert max(map(len, data.features.arrays(frame)["texts"][:, 0])) == 80
    assert data.features.to_instances(frame)[7]["review"] == long


def test_where_none_is_too_long_callers_must_not_send_one() -> None:
    features, _ = features_of(REVIEWS)
    assert features.manifest("c0") == {"tensor": "texts", "column": 0, "longest": 10_000, "cut": False}
    (said,) = features.sections()
    assert said.endswith("Texts beyond 10,000 characters are refused.")


def test_words_with_vectors_are_known_at_the_place_of_their_column_and_said(tmp_path: Path) -> None:
    write_folder(tmp_path)  # whose words are good, bad, tea, the, is, very, ! and ?
    features, _ = features_of(REVIEWS, ["good or very bad, these?"] * 20, vectors=tmp_path)
    column = column_of(features, "c1")
    assert column.vectors is not None
    assert set(column.vectors.keys_at(column.place)) <= set(column.keys)
    assert column.vectors.trained == 4  # good, very, bad and ?; beside them "the" and "tea", whose letters are there
    assert "4 of its words, and 2 that no training text holds, have vectors" in list(features.sections())[-1]
    assert column.vectors.source in list(features.sections())[-1]


def test_where_an_encoder_reads_texts_their_tokens_stand_beside_them(tmp_path: Path) -> None:
    write_folder(tmp_path)
    features, frame = features_of(["good tea", "bad", "good good tea"] * 5, ["the tea"] * 15, encoder=tmp_path)
    assert [(tensor.name, tensor.shape) for tensor in features.tensors] == [("texts", (2,)), ("text_tokens", (2, None))]
    arrays = features.arrays(frame[:2])
    assert [[ids.tolist() for ids in row] for row in arrays["text_tokens"]] == [
        [[2, 4, 6, 3], [2, 7, 6, 3]],
        [[2, 5, 3], [2, 7, 6, 3]],
    ]
    dealt = features.mixed("c0", arrays, np.array([1, 0]))
    assert [ids.tolist() for ids in dealt["text_tokens"][:, 0]] == [[2, 5, 3], [2, 4, 6, 3]]
    assert [ids.tolist() for ids in features.alone("c1", arrays)["text_tokens"][:, 0]] == [[2, 7, 6, 3]] * 2
    spoiled = features.spoiled({name: np.repeat(array, 20, axis=0) for name, array in arrays.items()}, RANDOM)
    expected = features.arrays(pd.DataFrame(spoiled["texts"], columns=["c0", "c1"]))["text_tokens"]
    assert all(np.array_equal(*pair) for pair in zip(spoiled["text_tokens"].flat, expected.flat, strict=True))
    tokens = {"tensor": "text_tokens", "file": "tokenizer.json", "longest": 24, "padding": 0}
    assert all(features.manifest(name)["tokens"] == tokens for name in ("c0", "c1"))
    assert features.files() == {"tokenizer.json": (tmp_path / "tokenizer.json").read_bytes()}
    assert "An encoder reads the first 24 tokens" in features.sections()[1]


@pytest.mark.parametrize("option", ["encoder", "vectors"])
def test_an_encoder_without_a_text_is_told_before_a_fit(option: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"`--{option}`: expected a column of texts"):
        prepared(reviews().drop(columns="review"), tmp_path, **{option: tmp_path})


def test_without_one_a_bundle_needs_no_file() -> None:
    features, _ = features_of(REVIEWS)
    assert features.files() == {}
    assert "tokens" not in features.manifest("c0")


def test_a_graph_is_tried_with_odd_texts_and_one_as_long_as_may_be() -> None:
    features, frame = features_of(REVIEWS * 10, REVIEWS * 10, longest_text=500)
    arrays = features.arrays(frame)
    spoiled = features.spoiled(arrays, np.random.default_rng(0))["texts"]
    assert set(ODD) <= set(spoiled.ravel())
    assert max(map(len, spoiled.ravel())) == 500
    assert (arrays["texts"] == frame.to_numpy(object)).all()


def test_slices_are_fifths_by_length_and_scripts() -> None:
    lengths = np.arange(1, 101)
    features, frame = features_of([("x\u6c34" * length)[:length] for length in lengths] + ["", "\u6c34 x \u6c34"])
    arrays = features.arrays(frame)
    found = {words: int(mask.sum()) for words, mask in features.slices("c0", arrays, arrays)}
    assert found == {
        "to 20 characters": 21,
        "above 20 to 40 characters": 20,
        "above 40 to 60 characters": 20,
        "above 60 to 80 characters": 20,
        "above 80 characters": 20,
        "han letters": 1,
        "latin letters": 100,
        "missing": 1,
    }


def test_the_profile_is_what_the_service_counts_in() -> None:
    features, frame = features_of(REVIEWS)
    found = features.bins("c0", features.arrays(frame))
    bins = decode(msgspec.json.encode(found), TextBins)
    assert bins == text_bins(frame["c0"].tolist())
    assert (bins.missing, bins.words["good"]) == (0.25, pytest.approx(3 / 10))


def test_dealing_texts_out_anew_leaves_the_others() -> None:
    features, frame = features_of(REVIEWS, REVIEWS[::-1])
    arrays = features.arrays(frame)
    order = np.arange(20)[::-1]
    mixed = features.mixed("c1", arrays, order)["texts"]
    np.testing.assert_array_equal(mixed[:, 0], arrays["texts"][:, 0])
    np.testing.assert_array_equal(mixed[:, 1], arrays["texts"][::-1, 1])


@pytest.mark.parametrize("longest", [10_000, 30])
def test_a_stream_knows_the_same(longest: int, tmp_path: Path) -> None:
    whole, streamed = (prepared(reviews(), tmp_path, stream=stream, longest_text=longest) for stream in (False, True))
    assert whole.warnings == streamed.warnings
    one, other = (column_of(data.features, "review") for data in (whole, streamed))
    assert set(one.keys) == set(other.keys)
    assert (one.texts, one.cut) == (other.texts, other.cut)


def test_other_options_describe_the_same_rows_anew() -> None:
    exact, _ = features_of(REVIEWS)
    sampled, _ = features_of(REVIEWS, max_grams=100)
    assert len(column_of(recut(exact, sampled)).keys) <= 100
