import numpy as np
import tensorflow as tf

from training.features.category.category import CategoryColumn
from training.features.category.layers import ColumnCodes, EmbedColumns, offsets_of

COLORS = CategoryColumn("color", 0.1, ("red", "blue"))
CITIES = CategoryColumn("city", 0.0, ("blue", "rome"))


def test_each_column_has_its_own_codes_and_its_own_unknown() -> None:
    union = ["", "blue", "red", "rome"]
    layer = ColumnCodes((COLORS, CITIES), union)
    index = {value: 1 + place for place, value in enumerate(union)}
    words = [["red", "blue"], ["blue", "rome"], ["", ""], ["rome", "red"], ["new", "new"]]
    codes = layer(tf.constant([[index.get(word, 0) for word in row] for row in words], tf.int64)).numpy()
    assert codes.tolist() == [[1, 5], [2, 6], [3, 4], [0, 4], [0, 4]]


def test_offsets_count_the_unknown_and_the_missing() -> None:
    assert offsets_of((COLORS, CITIES)).tolist() == [0, 4, 7]


def test_training_forgets_some_codes_and_serving_none() -> None:
    layer = EmbedColumns((COLORS, CITIES), 2)
    codes = tf.constant([[1, 5]] * 2000, tf.int64)
    serving, training = layer(codes).numpy(), layer(codes, training=True).numpy()
    assert serving.shape == (2000, 4)
    assert len(np.unique(serving, axis=0)) == 1
    changed = (serving != training).any(axis=1).mean()
    assert 0.005 < changed < 0.05
