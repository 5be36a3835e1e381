import json

import pytest

from training.bundle.profile import profile
from training.columns.arrays import predict_in_batches
from training.data.prepare import Data
from training.network.network import Network


def test_every_feature_and_the_prediction_have_bins(data: Data, network: Network) -> None:
    outputs = predict_in_batches(network.predict, data.train.arrays)
    found = json.loads(json.dumps(profile(data.features, data.task, data.train.arrays, outputs), allow_nan=False))
    assert list(found["features"]) == list(data.features.order)
    assert found["rows"] == len(data.train)
    prediction = found["prediction"]
    labels = data.task.answer().get("labels")
    if labels is None:
        assert prediction["kind"] == "number"
    else:
        assert tuple(prediction["values"]) == labels
        assert sum(prediction["shares"]) == pytest.approx(1)
