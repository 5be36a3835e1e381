"""What a person writes by hand for Adult after the Keras tutorials: pandas, scikit-learn, `fit` with batches of 32.

    python -m benchmarks.training.keras_script adult.csv.gz [seed]

It prints one line of JSON: the test ROC AUC, the epochs, and the seconds of its parts. It is the other side of
`benchmarks/training/wall_time.py`: the same table, shares of the split, network (numbers in 48 pieces between quantiles
in which no value counts for more than one piece, an embedding of 8 for each string, 128 and 64 units, a linear model
beside them), optimizer and rule of stopping (seven epochs) as `python -m training` has by default. It comes within
0.003 of the command's test ROC AUC; what is left are learned sums of pieces and the mean of the weights, which it has
not, and other rows in its test part. With plain quantiles, nine tenths of which are the zeros of a gain, it stopped
sooner, a hundredth short. Nothing of it is slowed down on purpose; it does less than the command: it checks nothing,
exports nothing, compresses nothing, and stands beside no baseline.
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import json
import sys
import time
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

PIECES, EMBEDDING, HIDDEN, DROPOUT = 48, 8, (128, 64), 0.1
BATCH_ROWS, RATE, PATIENCE, MOST_EPOCHS = 32, 0.002, 7, 100


def encode_number(values: NDArray[Any], training: NDArray[Any]) -> NDArray[np.float32]:
    """Standardise, and cut into pieces between the quantiles of training: (rows, 1 + pieces)."""
    values_there, counts = np.unique(training, return_counts=True)
    capped = np.repeat(values_there, np.minimum(counts, len(training) // PIECES))  # the zeros of a gain are one piece
    edges = np.unique(np.quantile(capped, np.linspace(0, 1, PIECES + 1)))
    pieces = np.clip((values[:, None] - edges[:-1]) / np.diff(edges), 0, 1)
    standard = (values - training.mean()) / training.std()
    return np.hstack([standard[:, None], pieces]).astype(np.float32)


def prepare(path: str, seed: int) -> tuple[list[str], Any, Any, Any]:
    """Read and divide the table: the string columns, then inputs and target of each part."""
    frame = pd.read_csv(path, na_values="?", skipinitialspace=True).drop_duplicates()
    y = (frame.pop("income") == ">50K").to_numpy(np.int64)
    strings = [str(name) for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    rest, test = train_test_split(np.arange(len(y)), test_size=0.2, random_state=seed, stratify=y)
    train, validation = train_test_split(rest, test_size=0.15 / 0.8, random_state=seed, stratify=y[rest])
    numbers = [frame[name].to_numpy(np.float64) for name in frame if name not in strings]
    inputs = {"numbers": np.hstack([encode_number(column, column[train]) for column in numbers])}
    for name in strings:
        known = pd.Index(frame[name].iloc[train].fillna("missing").unique())
        inputs[name] = known.get_indexer(frame[name].fillna("missing")) + 1  # 0: unseen
    parts = [({name: column[rows] for name, column in inputs.items()}, y[rows]) for rows in (train, validation, test)]
    train_part, validation_part, test_part = parts
    return strings, train_part, validation_part, test_part


def build(strings: list[str], inputs: dict[str, NDArray[Any]]) -> Any:
    """Wire embeddings, two hidden layers, and a linear model beside them."""
    layers = keras.layers
    given = {"numbers": keras.Input((inputs["numbers"].shape[1],), name="numbers")}
    embedded = []
    for name in strings:
        given[name] = keras.Input((), name=name, dtype="int64")
        embedded.append(layers.Embedding(int(inputs[name].max()) + 2, EMBEDDING)(given[name]))
    x = joined = layers.Concatenate()([given["numbers"], *embedded])
    for units in HIDDEN:
        x = layers.Dropout(DROPOUT)(layers.Dense(units, activation="relu")(x))
    return keras.Model(given, layers.Add()([layers.Dense(2)(x), layers.Dense(2)(joined)]))


def main(path: str, seed: int) -> None:
    """Train, and print how good it is."""
    keras.utils.set_random_seed(seed)
    started = time.perf_counter()
    strings, train, validation, test = prepare(path, seed)
    prepared = time.perf_counter()
    model = build(strings, train[0])
    model.compile(
        keras.optimizers.AdamW(RATE), keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False
    )
    history = model.fit(
        *train,
        batch_size=BATCH_ROWS,
        epochs=MOST_EPOCHS,
        validation_data=validation,
        callbacks=[
            keras.callbacks.ReduceLROnPlateau(patience=3, factor=0.3),
            keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True),
        ],
        verbose=0,
    )
    fitted = time.perf_counter()
    logits = model.predict(test[0], batch_size=BATCH_ROWS, verbose=0)
    found = {
        "roc_auc": float(roc_auc_score(test[1], logits[:, 1] - logits[:, 0])),
        "epochs": len(history.epoch),
        "prepare_s": prepared - started,
        "fit_s": fitted - prepared,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
