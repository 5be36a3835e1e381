import pytest

from tests.training.compression.made_up import FP32, candidate
from training.budget import USUAL, Budget
from training.compression.selection import FITS, SHIPS, choose, front
from training.errors import TrainingError


def test_the_smaller_and_faster_one_ships() -> None:
    static = candidate("int8-static", size=300, one=90, many=150)
    choice = choose((FP32, candidate("int8-dynamic", size=300, batch_effect=0.01), static), USUAL)
    assert choice.chosen is static
    assert "int8-static ships: 0.30 times the bytes" in choice.reason
    assert choice.verdicts["int8-static"] == SHIPS
    assert choice.verdicts["fp32"] == FITS
    assert "in other company" in choice.verdicts["int8-dynamic"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"loss_points": 0.6}, "loses 0.60 points on validation (budget 0.5)"),
        ({"loss_points": float("nan")}, "loses nan points"),
        ({"batch_effect": 0.01}, "answers a row differently in other company"),
        ({"portable": False}, "saturates on processors without VNNI"),
        ({"one": 130}, "takes 1.30 times as long at batch 1"),
        ({"many": 300}, "takes 1.50 times as long at batch 32"),
        ({"size": 950, "one": 101, "many": 199}, "is not smaller and faster"),
    ],
)
def test_what_is_not_worth_it_does_not_ship_and_the_reason_is_said(changes: dict[str, float], why: str) -> None:
    choice = choose((FP32, candidate("int8-static", **changes)), USUAL)  # type: ignore[arg-type]  # sizes are integers
    assert choice.chosen is FP32
    assert choice.reason.startswith("fp32 ships: int8-static ")
    assert why in choice.reason
    assert why in choice.verdicts["int8-static"]


def test_a_reason_is_said_where_nothing_smaller_was_tried() -> None:
    assert choose((FP32,), USUAL).reason == "fp32 ships: every smaller graph lost too much to be tried."


def test_a_few_microseconds_are_not_noticed() -> None:
    small = candidate("fp32", size=1000, one=14, many=60)
    static = candidate("int8-static", size=400, one=19, many=56)
    assert choose((small, static), USUAL).chosen is static


def test_of_those_that_fit_the_cheapest_ships() -> None:
    one = candidate("int8-static", size=300, one=90, many=180, loss_points=0.0)
    other = candidate("pruned-50", size=310, one=60, many=120, loss_points=0.4)
    assert choose((FP32, one, other), USUAL).chosen is other


def test_of_those_that_cost_alike_the_least_loss_ships() -> None:
    one = candidate("int8-static", size=300, one=90, many=180, loss_points=0.2)
    other = candidate("int8-static-entropy", size=300, one=91, many=182, loss_points=0.1)
    assert choose((FP32, one, other), USUAL).chosen is other


def test_a_precision_can_be_forced() -> None:
    choice = choose((FP32, candidate("int8-static", loss_points=9.0)), USUAL, "int8-static")
    assert choice.chosen.name == "int8-static"
    assert "--precision asked for it" in choice.reason


@pytest.mark.parametrize(
    ("budget", "chosen"),
    [
        (Budget(size_kb=0.5), "small"),  # fp32 is too large, so what is slower than fp32 may ship
        (Budget(latency_ms=0.19), "fast"),  # 200 µs at batch 32 are too many
        (Budget(size_kb=2), "fast"),  # fp32 fits as well: the usual rule
        (Budget(quality_points=0.05), "fp32"),
    ],
)
def test_limits_of_latency_and_size_pick(budget: Budget, chosen: str) -> None:
    small = candidate("small", size=100, one=900, many=900, loss_points=0.1)
    fast = candidate("fast", size=800, one=50, many=100, loss_points=0.1)
    assert choose((FP32, small, fast), budget).chosen.name == chosen


def test_nothing_ships_when_nothing_is_within_the_limits_and_each_break_is_named() -> None:
    near, far = candidate("near", size=300, many=100), candidate("far", size=100, many=900, loss_points=2.0)
    moves = candidate("moves", size=10, one=1, many=1, batch_effect=0.1)
    with pytest.raises(TrainingError) as raised:
        choose((FP32, near, far, moves), Budget(latency_ms=0.15, size_kb=0.25))
    said = str(raised.value)
    assert "within quality=0.5pt,latency_ms=0.15,size_kb=0.25" in said
    assert "fp32: takes 0.2 ms at batch 32 (budget 0.15); has 1.0 kB (budget 0.25)" in said
    assert "near: has 0.3 kB (budget 0.25)" in said
    assert "far: loses 2.00 points on validation (budget 0.5); takes 0.9 ms at batch 32 (budget 0.15)" in said
    assert "The nearest is near." in said
    assert said.endswith("make the network smaller (--hidden), or look among more candidates (--compress full).")


def test_a_full_search_is_not_advised_after_one() -> None:
    with pytest.raises(TrainingError, match=r"Allow more, or make the network smaller \(--hidden\)\.$"):
        choose((FP32,), Budget(size_kb=0.25), searched="full")


def test_a_forced_graph_is_held_to_latency_and_size() -> None:
    with pytest.raises(TrainingError, match=r"fp32: has 1.0 kB \(budget 0.5\)"):
        choose((FP32, candidate("int8-static")), Budget(size_kb=0.5), "fp32")


def test_a_precision_that_was_not_made_cannot_be_forced() -> None:
    with pytest.raises(TrainingError, match=r"`--precision`: expected a graph that fp16 makes smaller"):
        choose((FP32, candidate("int8-static")), USUAL, "fp16")


def test_the_front_has_the_points_that_none_beats() -> None:
    assert front([(3, 1), (1, 3), (2, 2), (3, 3), (1, 4), (2, 2)]) == [1, 2, 0]
    assert front([]) == []
