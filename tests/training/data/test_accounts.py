import pytest

from training.data.accounts import Column, check_some
from training.errors import DataError


def test_a_table_without_a_feature_is_refused_with_what_to_say_of_a_column() -> None:
    dropped = Column("note", "category", 0.0, 500, "x", "dropped: nearly every value is different")
    with pytest.raises(DataError, match=r"Received: note: dropped: nearly .*\. Say .*: --type NAME=text\."):
        check_some([dropped])
