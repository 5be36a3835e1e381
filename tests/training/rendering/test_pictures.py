import numpy as np

from training.rendering import pictures as plots

PNG = b"\x89PNG"
RANDOM = np.random.default_rng(0)


def test_every_plot_is_a_small_png() -> None:
    y = RANDOM.integers(0, 3, 200)
    outputs = RANDOM.dirichlet([1, 1, 1], 200)
    drawn = [
        plots.learning_curves([1.0, 0.5], [1.1, 0.7], 2),
        plots.confusion_matrix(np.array([[5, 1], [0, 9]]), ["no", "yes"]),
        plots.roc_and_precision_recall(y, outputs, ["a", "b", "c"]),
        plots.roc_and_precision_recall(y % 2, outputs[:, :2], ["no", "yes"]),
        plots.residuals(RANDOM.normal(size=200), RANDOM.normal(size=200), "price"),
    ]
    assert all(picture.png.startswith(PNG) for picture in drawn)
    assert max(len(picture.png) for picture in drawn) < 80_000


def test_labels_without_rows_and_long_label_lists_are_drawn() -> None:
    labels = [f"label {i}" for i in range(40)]
    outputs = RANDOM.dirichlet(np.ones(40), 60)
    assert plots.roc_and_precision_recall(np.zeros(60, int), outputs, labels).png.startswith(PNG)
    assert plots.confusion_matrix(np.eye(40, dtype=int), labels).png.startswith(PNG)
