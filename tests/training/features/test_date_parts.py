import numpy as np

from training.features.date_parts import parts, parts_in


def test_the_parts_are_those_of_the_clock_on_the_wall() -> None:
    found = parts("when", ["2024-02-29T23:05:01+02:00", "2023-02-30", "soon", None])
    assert list(found) == ["when_year", "when_month", "when_day", "when_weekday", "when_hour"]
    assert [values[0] for values in found.values()] == [2024, 2, 29, 4, 23]
    assert all(np.isnan(values[1:]).all() for values in found.values())


def test_parts_are_found_among_columns() -> None:
    assert parts_in(["when_hour", "when_year", "then_day", "when"], "when") == ["when_year", "when_hour"]
