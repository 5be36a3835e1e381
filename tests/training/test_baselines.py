import numpy as np

from training.baselines import boosting, trivial
from training.evaluate import Rows
from training.features import NUMERIC, take
from training.prepare import Data


def test_boosting_beats_the_trivial_model(data: Data) -> None:
    name, low = trivial(data.task, data.test)
    high = boosting(data.task, data.train, data.test, seed=0)
    main = data.task.budget_metrics[0]
    assert name in ("majority", "mean")
    assert high[main] > low[main] + 0.2
    assert high.keys() == low.keys()


def test_boosting_copes_with_labels_that_the_training_rows_lack(binary: Data) -> None:
    task = type(binary.task)(("no", "yes", "never"))  # type: ignore[call-arg]  # a Classification
    found = boosting(task, binary.train, binary.test, seed=0)
    assert np.isfinite(found["log_loss"])


def test_boosting_takes_tables_of_numbers_alone(binary: Data) -> None:
    def numbers(rows: Rows) -> Rows:
        return Rows({NUMERIC: take(rows.arrays, slice(None))[NUMERIC]}, rows.y)

    assert boosting(binary.task, numbers(binary.train), numbers(binary.test), seed=0)["roc_auc"] > 0.5
