import numpy as np
import pandas as pd
import pytest

from training.data.clean import MIN_ROWS, clean
from training.errors import DataError


def test_identifiers_constants_and_repeated_rows_are_removed_and_said(frame: pd.DataFrame) -> None:
    table = clean(frame, "sold", ["price", "kind"])
    fates = {column.name: column.fate for column in table.columns}
    assert fates["planet"] == "dropped: the same value in every row"
    assert fates["id"] == "dropped: it numbers the rows"  # though repeated rows repeat it
    assert fates["price"] == "dropped: as asked"
    assert fates["sold"] == "target"
    assert list(table.features) == ["size", "weight", "color", "city", "old"]
    assert table.rows_read == len(frame)
    assert table.rows_repeated == 5


def test_a_column_without_any_value_is_dropped_and_said(frame: pd.DataFrame) -> None:
    table = clean(frame.assign(note=np.nan, remark=None), "sold")
    fates = {column.name: column.fate for column in table.columns}
    assert fates["note"] == fates["remark"] == "dropped: every cell is missing"


def test_rows_that_differ_only_in_their_number_are_repeated_rows(frame: pd.DataFrame) -> None:
    numbered = frame.assign(id=range(len(frame)))
    table = clean(numbered, "sold", ["price", "kind"])
    assert "id" not in table.features
    assert table.rows_repeated == 5
    assert not table.features.assign(target=table.target).duplicated().any()


def test_duplicates_stay_when_asked(frame: pd.DataFrame) -> None:
    table = clean(frame, "sold", keep_duplicates=True)
    assert len(table.features) == len(frame)
    assert table.rows_repeated == 0


def test_rows_without_a_target_are_counted(frame: pd.DataFrame) -> None:
    gaps = frame.assign(sold=frame["sold"].where(frame.index >= 10))
    table = clean(gaps, "sold")
    assert table.rows_without_target == 10
    assert table.target.notna().all()


def test_features_are_numbers_with_nan_and_text_with_blanks(frame: pd.DataFrame) -> None:
    features = clean(frame, "sold").features
    assert features["size"].isna().any()
    assert set(features["old"].unique()) == {0.0, 1.0}
    assert (features["color"] == "").any()
    assert all(type(value) is str for value in features["color"])


@pytest.mark.parametrize("target", [None, "nothing"])
def test_an_unknown_target_is_answered_with_the_columns(frame: pd.DataFrame, target: str | None) -> None:
    with pytest.raises(DataError, match="id, size, weight, color"):
        clean(frame, target)


@pytest.mark.parametrize(("value", "message"), [("yes", "two different values"), (None, "only missing cells")])
def test_a_target_without_two_values_is_refused(frame: pd.DataFrame, value: str | None, message: str) -> None:
    with pytest.raises(DataError, match=message):
        clean(frame.assign(sold=value), "sold")


def test_too_few_rows_are_refused_with_the_reason() -> None:
    rows = pd.DataFrame({"a": np.arange(10) % 5 + 0.5, "y": np.arange(10) % 5 + 0.5})
    with pytest.raises(DataError, match=rf"at least {MIN_ROWS}.*Received: 5 \(95 repeated rows.*--keep-duplicates"):
        clean(pd.concat([rows] * 10), "y")


def test_a_file_without_a_useful_column_is_refused_with_the_account() -> None:
    with pytest.raises(DataError, match="planet: dropped: the same value"):
        clean(pd.DataFrame({"planet": ["earth"] * 60, "y": [0, 1] * 30}), "y")


def test_the_target_cannot_be_dropped(frame: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="which is the target"):
        clean(frame, "sold", ["sold"])
