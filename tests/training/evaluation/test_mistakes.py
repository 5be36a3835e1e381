"""Which wrong answers are shown of a graph: those of validation rows with texts, with these texts."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto, helper

from training.data.prepare import Data, prepare
from training.evaluation.evaluate import surest_mistakes
from training.options import Options
from training.trained_model import TrainedModel

ROWS = 200
WORDS = ("the", "phone", "was", "slow", "and", "battery", "never", "lasted", "a", "day", "so", "returned")


def data_of(folder: Path, name: str, **chosen: object) -> Data:
    random = np.random.default_rng(0)
    texts = [" ".join([*random.choice(WORDS, 8), f"n{row}"]) for row in range(ROWS)]
    frame = pd.DataFrame({name: texts, "size": np.arange(ROWS) % 17, "label": np.where(np.arange(ROWS) % 3, "a", "b")})
    path = folder / "rows.csv"
    frame.to_csv(path, index=False)
    return prepare(Options.of(data=path, target="label", **chosen))


def graph(text: str) -> bytes:
    """Answer the first label to all texts, surer of one than of the others."""
    sure = helper.make_node(
        "LabelEncoder", ["texts"], ["second"], domain="ai.onnx.ml", keys_strings=[text], values_floats=[0.125],
        default_float=0.25,
    )  # fmt: skip
    one = helper.make_node("Constant", [], ["one"], value=helper.make_tensor("one", TensorProto.FLOAT, [], [1.0]))
    first = helper.make_node("Sub", ["one", "second"], ["first"])
    both = helper.make_node("Concat", ["first", "second"], ["probabilities"], axis=1)
    inputs = [helper.make_tensor_value_info("texts", TensorProto.STRING, [None, 1])]
    outputs = [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2])]
    made = helper.make_graph([sure, one, first, both], "sure", inputs, outputs)
    versions = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 2)]
    return helper.make_model(made, opset_imports=versions, ir_version=9).SerializeToString()


def model_of(data: Data, most: int, text: str = "") -> TrainedModel:
    options = Options.of(data=Path("rows.csv"), mistakes=most)
    choice = SimpleNamespace(chosen=SimpleNamespace(graph=graph(text)))
    return cast(TrainedModel, SimpleNamespace(options=options, data=data, choice=choice))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_the_surest_come_first_with_their_texts(tmp_path: Path, stream: bool) -> None:
    data = data_of(tmp_path, "note", stream=stream)
    wrong = np.flatnonzero(data.validation.y == 1)
    texts = data.table.features["note"].iloc[data.parts.validation].to_numpy()
    found = surest_mistakes(model_of(data, 5, texts[wrong[3]]))
    assert [one.mistake.row for one in found] == [wrong[3], *wrong[:3], wrong[4]]
    assert [one.values for one in found] == [{"note": texts[one.mistake.row]} for one in found]
    assert (found[0].mistake.sure, found[1].mistake.sure) == (0.875, 0.75)
    assert (found[0].mistake.answer, found[0].mistake.truth) == data.task.answer()["labels"]


def test_none_are_shown_where_none_are_wanted_or_no_person_could_judge_them(tmp_path: Path) -> None:
    assert not surest_mistakes(model_of(data_of(tmp_path, "note"), 0))
    assert not surest_mistakes(model_of(data_of(tmp_path, "note", drop=("note",)), 5))
