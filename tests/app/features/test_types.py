"""Each type of features: tensors of other protocols, columns of a table, texts, and what a graph must survive."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from app.bins.category import CategoryBins
from app.bins.number import NumberBins
from app.errors import InvalidInput
from app.features.feature_set import FeatureSet
from app.features.row_reader import RowReader
from tests.support import tiny

ALL = tiny.Tiny(
    format=2,
    numbers=("age", "hours"),
    booleans=("member",),
    strings=("level", "town"),
    dates=("since", "until"),
    optional=("hours", "town", "until"),
)
ROWS: list[dict[str, Any]] = [
    {
        "age": 1,
        "hours": 2.5,
        "member": True,
        "level": "low",
        "town": "?",
        "since": "2026-11-28",
        "until": "2026-11-28 23:30Z",
    },
    {"age": -3.0, "member": False, "level": "high", "since": "2024-02-29T13:05"},
]


def features(named: tiny.Tiny = ALL) -> FeatureSet:
    return tiny.row_reader(named).features


def expected() -> dict[str, Any]:
    return tiny.row_reader(ALL).rows(ROWS).arrays()


def assert_same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def wire(**changes: Any) -> dict[str, Any]:
    dates = [["2026-11-28", "2026-11-28 23:30Z"], ["2024-02-29T13:05", ""]]
    return {**expected(), "date": np.array(dates, object), **changes}


# ── tensors of other protocols ──


def test_callers_of_tensors_send_dates_as_texts() -> None:
    assert [str(spec) for spec in features().inputs][-1] == "date FP32 [-1, 10]"
    assert [str(spec) for spec in features().wire][-1] == "date BYTES [-1, 2]"
    assert [spec.name for spec in features().wire] == ["numeric", "boolean", "categorical", "date"]


def test_tensors_become_what_rows_become() -> None:
    assert_same(features().from_wire(wire()), expected())


WRONG = [
    ({"numeric": [[1, np.inf], [1, 1]]}, r"`numeric\[0\]\[1\]`: expected a value of `hours`\. Received: inf"),
    ({"numeric": [[1, 1], [np.nan, 1]]}, r"`numeric\[1\]\[0\]`: expected a value of `age`"),
    ({"boolean": [[1], [np.nan]]}, r"`boolean\[1\]\[0\]`: expected a value of `member`"),
    ({"categorical": [["low", ""], ["", ""]]}, r"`categorical\[1\]\[0\]`: expected a value of `level`"),
    ({"date": [["", ""], ["2026-11-28", ""]]}, r"`date\[0\]\[0\]`: expected a value of `since`"),
    ({"date": [["2026-11-28", ""], ["2026-11-28", "soon"]]}, r"`date\[1\]\[1\]`: expected a date as in ISO 8601.*soon"),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_what_a_row_could_not_hold_is_refused(change: dict[str, Any], message: str) -> None:
    ((name, rows),) = change.items()
    array = np.array(rows, object if name in ("categorical", "date") else np.float32)
    with pytest.raises(InvalidInput, match=message):
        features().from_wire(wire(**{name: array}))


def test_words_are_those_of_their_own_feature_in_rows_tensors_and_columns() -> None:
    """`town` knows " low" as it stands, `level` does not."""
    words = {"level": ("low", "high"), "town": (" low", "Z\u00fcrich")}
    known = FeatureSet(
        [
            msgspec.structs.replace(feature, vocabulary=words[feature.name]) if feature.name in words else feature
            for feature in features().features
        ]
    )
    reader = RowReader(known, 100)
    rows = [{**ROWS[0], "level": " low", "town": " low"}, {**ROWS[0], "level": "high\n", "town": "Zu\u0308rich\u00a0"}]
    wanted = [["low", " low"], ["high", "Z\u00fcrich"]]
    assert reader.rows(rows).arrays()["categorical"].tolist() == wanted
    sent = np.array([[row["level"], row["town"]] for row in rows], object)
    assert known.from_wire(wire(categorical=sent))["categorical"].tolist() == wanted
    assert sent[0, 0] == " low"  # a caller's tensor is not changed
    table = columns() | {name: pa.array([row[name] for row in rows]).dictionary_encode() for name in words}
    assert at_once(known, table)["categorical"].tolist() == wanted


FAR = tiny.Tiny(format=2, numbers=("age", "hours"), booleans=(), strings=(), optional=("hours",), far=1.7e12)
DOUBLES = [[1_700_000_000_001.0, np.nan], [1_700_000_000_002.0, 9_007_199_254_740_991.0]]


def test_doubles_are_exact_in_rows_tensors_and_columns() -> None:
    exact = {"numeric": np.array(DOUBLES, np.float64)}
    rows = [{"age": age, "hours": None if np.isnan(hours) else hours} for age, hours in DOUBLES]
    reader = tiny.row_reader(FAR)
    assert_same(reader.rows(rows).arrays(), exact)
    assert_same(reader.features.from_wire(exact), exact)
    table = {name: pa.array([row[name] for row in rows], pa.int64(), safe=False) for name in ("age", "hours")}
    assert_same(at_once(reader.features, table), exact)


def test_numbers_share_a_dtype() -> None:
    one, *others = features(FAR).features
    with pytest.raises(ValueError, match="expected one `dtype` for all numbers"):
        FeatureSet([msgspec.structs.replace(one, dtype="float32"), *others])


# ── columns of a table ──


def at_once(known: FeatureSet, table: dict[str, Any]) -> dict[str, Any]:
    """The tensors of a table of which every row is read."""
    arrays, unread = known.from_arrow(table, 2)
    assert not unread.any()
    return arrays


def columns() -> dict[str, Any]:
    return {
        "age": pa.array([1, -3]),
        "hours": pa.array([2.5, None]),
        "member": pa.array([True, False]),
        "level": pa.array(["low", "high"]).dictionary_encode(),
        "town": pa.array(["?", None]),
        "since": pa.array(["2026-11-28", "2024-02-29T13:05"]),
        "until": pa.array([datetime(2026, 11, 28, 23, 30, tzinfo=UTC), None], pa.timestamp("us", tz="UTC")),
    }


def test_columns_become_what_rows_become() -> None:
    assert_same(at_once(features(), columns()), expected())


TYPES = [
    ("age", pa.array(["1", "-3.0"])),
    ("age", pa.array(["+1", "-3e0"]).dictionary_encode()),
    ("age", pa.array([1.0, -3.0], pa.float16())),
    ("age", pa.array([1, -3], pa.int8())),
    ("age", pa.array(["1", "-3"]).cast(pa.decimal128(5, 2))),
    ("hours", pa.array(["2.5", None], pa.large_string())),
    ("hours", pa.array([2.5, np.nan])),
    ("hours", pa.array([2.5, None], pa.float32())),
    ("member", pa.array([1, 0])),
    ("member", pa.array(["TRUE", "0.0"])),
    ("level", pa.array([b"low", b"high"])),
    ("level", pa.array(["high", "low"]).dictionary_encode().take(pa.array([1, 0]))),
    ("town", pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), pa.array(["?", None]))),
    ("since", pa.array(["2026-11-28", "2024-02-29T13:05"]).dictionary_encode()),
    ("until", pa.array(["2026-11-29T00:30+01:00", None])),
]


@pytest.mark.parametrize(("name", "column"), TYPES)
def test_other_types_of_columns_become_the_same(name: str, column: Any) -> None:
    assert_same(at_once(features(), columns() | {name: column}), expected())


def test_dates_without_a_time_and_moments_without_a_zone_are_on_the_clock_of_the_column() -> None:
    days = pa.array([date(2026, 11, 28), date(2024, 2, 29)], pa.date32())
    moments = pa.array(np.array(["2026-11-29T00:30", "NaT"], "M8[ms]"))
    found = at_once(features(), columns() | {"since": days, "until": moments})["date"]
    np.testing.assert_array_equal(found[:, :5], [[2026, 11, 28, 6, 0], [2024, 2, 29, 4, 0]])
    np.testing.assert_array_equal(found[0, 5:], [2026, 11, 29, 7, 0])


UNREAD = [
    ("age", pa.array([1, None]), [False, True]),
    ("age", pa.array(["1", " 1"]), [False, True]),  # it may be one all the same
    ("age", pa.array(["nan", "(5)"]), [True, True]),
    ("age", pa.array([True, False]), [True, True]),
    ("hours", pa.array([1e300, 1.0]), [True, False]),
    ("hours", pa.array([np.inf, None]), [True, False]),
    ("hours", pa.array(["nan", None]), [True, False]),
    ("member", pa.array([None, True]), [True, False]),
    ("member", pa.array([2, 1]), [True, False]),
    ("level", pa.array(["low", ""]), [False, True]),
    ("level", pa.array([None, "low"]).dictionary_encode(), [True, False]),
    ("since", pa.array(["2026-11-28", None]), [False, True]),
    ("since", pa.array([2_932_897, 2_932_896], pa.date32()), [True, False]),  # beyond the year 9999
    ("until", pa.array(["2026-11-28", "soon"]), [False, True]),
]


@pytest.mark.parametrize(("name", "column", "unread"), UNREAD)
def test_a_cell_that_is_no_usual_value_marks_its_row(name: str, column: Any, unread: list[bool]) -> None:
    assert features().from_arrow(columns() | {name: column}, 2)[1].tolist() == unread


HELD = {
    "age": (pa.int64(), pa.string(), pa.decimal128(5, 2), pa.null()),
    "member": (pa.bool_(), pa.string(), pa.float64()),
    "level": (pa.string(), pa.int32(), pa.bool_(), pa.dictionary(pa.int8(), pa.string())),
    "since": (pa.string(), pa.date32(), pa.timestamp("ns", "UTC"), pa.dictionary(pa.int32(), pa.string())),
}
NOT_HELD = {
    "age": (pa.bool_(), pa.date32(), pa.list_(pa.int8())),
    "member": (pa.timestamp("s"),),
    "since": (pa.int64(), pa.bool_(), pa.struct([("day", pa.int8())])),
}


@pytest.mark.parametrize(("kinds", "held"), [(HELD, True), (NOT_HELD, False)])
def test_a_type_knows_which_columns_may_hold_its_values(kinds: dict[str, Any], held: bool) -> None:
    for name, each in kinds.items():
        feature = next(one for one in features().features if one.name == name)
        assert {features().type_of(name).holds(feature, kind) for kind in each} == {held}, name


def test_without_an_offset_of_the_column_a_moment_may_have_none() -> None:
    naive = features(replace(ALL, offset=None))
    assert naive.from_arrow(columns(), 2)[1].tolist() == [True, False]
    with pytest.raises(InvalidInput, match=r"`date\[0\]\[1\]`: expected a date without an offset"):
        naive.from_wire(wire())


# ── texts, and what a graph must survive ──


def test_texts_become_json_values() -> None:
    read = {name: features().text_reader(name) for name in features().names}
    assert (read["age"]("-1e3"), read["member"](" TRUE "), read["town"]("1"), read["since"]("2026-11-28")) == (
        -1000,
        True,
        "1",
        "2026-11-28",
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [("age", "1_000"), ("age", "nan"), ("age", "1e39"), ("member", "perhaps"), ("since", "28.11.2026")],
)
def test_texts_that_mean_nothing_are_refused_with_the_expectation(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"32-bit float|true or false|ISO 8601"):
        features().text_reader(name)(text)


def test_strange_rows_are_missing_unseen_and_extreme() -> None:
    missing, *others = features().strange(ROWS[0])
    assert [name for name, value in missing.items() if value is None] == ["hours", "town", "until"]
    assert {row["age"] for row in others} == {0.0, 10.0}
    assert {row["level"] for row in others} == {"\u2047", "low"}
    assert {row["since"] for row in others} == {"2020-01-01", "2029-12-31T23:59"}
    assert {row["member"] for row in others} == {True, False}
    tiny.row_reader(ALL).rows([missing, *others]).arrays()


def test_values_are_described() -> None:
    schemas = {feature.name: features().openapi(feature) for feature in features().features}
    assert schemas["since"]["type"] == "string"
    assert "read at +01:00 where it says no offset" in schemas["since"]["description"]
    assert schemas["until"]["type"] == ["string", "null"]


# ── usual values ──


def number_bins(edges: list[float], shares: list[float], maximum: float | None = None, missing: float = 0.0) -> Any:
    least = None if maximum is None else 0.0
    return NumberBins(edges=tuple(edges), shares=tuple(shares), missing=missing, minimum=least, maximum=maximum)


DECILES = number_bins(list(range(1, 10)), [0.1] * 10, 10.0)
HALF_ZERO = number_bins([0, 50], [0.9, 0.05, 0.05], 99_999.0)
MOSTLY_ONE = number_bins([0], [0.2, 0.8], 1.0)
NONE_SEEN = number_bins([], [0.0], missing=1.0)
WORDS = CategoryBins(values=("high", "low"), shares=(0.3, 0.4), other=0.3, missing=0.0)
DAYS = number_bins([18_262, 20_089.5], [0.2, 0.6, 0.2], 21_915.0)
BEYOND = number_bins([1e300], [1.0, 0.0], 1e300)


@pytest.mark.parametrize(
    ("name", "bins", "wanted"),
    [
        *(("age", DECILES, 5.0), ("age", HALF_ZERO, 0.0), ("age", MOSTLY_ONE, 1.0), ("age", None, 5.0)),
        *(("age", NONE_SEEN, 5.0), ("hours", NONE_SEEN, 5.0)),
        *(("member", MOSTLY_ONE, True), ("member", HALF_ZERO, False), ("member", None, False)),
        *(("level", WORDS, "low"), ("level", None, "low"), ("town", WORDS, "low")),
        *(("since", DAYS, "2025-01-01T12:00"), ("since", None, "2020-01-01"), ("since", BEYOND, "2020-01-01")),
    ],
)
def test_a_usual_value_is_the_middle_or_the_most_frequent(name: str, bins: Any, wanted: Any) -> None:
    """Of what was profiled, else of what the manifest knows; whatever it is, a row takes it."""
    row = features().typical({name: bins})
    assert row[name] == wanted
    tiny.row_reader(ALL).rows([row])


def test_where_nothing_is_known_a_usual_value_is_still_one() -> None:
    """As in a manifest that says neither minimum and maximum nor a vocabulary."""
    bare = [
        msgspec.structs.replace(feature, **dict.fromkeys({"minimum", "maximum", "vocabulary"} & set(keys), None))
        for feature in features().features
        for keys in [feature.__struct_fields__]
    ]
    row = FeatureSet(bare).typical({})
    assert list(row.values()) == [0.0, None, False, "\u2047", None, "2000-01-01", None]
    assert RowReader(FeatureSet(bare), 1).rows([row])
