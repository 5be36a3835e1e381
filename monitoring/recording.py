"""The series that rules and panels share; named level:metric:operations.

Level `model` is a model over all its replicas and versions, `version` one version of it, `feature` and `bin` are parts
of what a version was asked. Namespace and job always stay, so that two installations never mix.
"""

from dataclasses import dataclass

from monitoring.objectives import FAILED, WINDOWS, Objectives

MODEL = "namespace, job, model"
VERSION = f"{MODEL}, version"
FEATURE = f"{VERSION}, kind, feature"

DRIFT_WINDOW = "1h"
DRIFT_ROWS = 1000  # fewer in the window: no value; see docs/drift.md
DRIFT_FLOOR = "1e-4"  # a share below it counts as this, on both sides; see docs/drift.md


@dataclass(frozen=True)
class Record:
    """One recording rule."""

    name: str
    expr: str


def requests(objectives: Objectives) -> list[Record]:
    """Make the rates of valid, failed and slow requests for each window."""
    return [rule for window in WINDOWS for rule in _requests(objectives, window)]


def _requests(objectives: Objectives, window: str) -> list[Record]:
    """Take valid and slow from one histogram: its series begin together, so their difference is exact."""
    failed, valid = f"model:slipway_requests_failed:rate{window}", f"model:slipway_requests_valid:rate{window}"

    def answered(part: str) -> str:
        return f"sum by ({MODEL}) (rate(slipway_request_duration_seconds_{part}[{window}]))"

    refused = f'slipway_rejections_total{{model!="_unknown",reason=~"{FAILED}"}}'
    fast = answered(f'bucket{{le="{objectives.bound}"}}')
    return [
        Record(failed, f"sum by ({MODEL}) (rate({refused}[{window}]))"),
        Record(valid, f"{answered('count')} + {failed}"),
        Record(f"model:slipway_requests_slow:rate{window}", f"clamp_min({valid} - {fast}, 0)"),
    ]


def work() -> list[Record]:
    """Make what the alerts about load look at."""
    seconds = "slipway_stage_duration_seconds_sum", "slipway_request_duration_seconds_sum"
    return [
        Record("model:slipway_requests:rate5m", f"sum by ({MODEL}) (rate(slipway_requests_total[5m]))"),
        Record(
            "model:slipway_request_duration_seconds:mean5m",
            f"sum by ({MODEL}) (rate({seconds[1]}[5m]))\n/\n"
            f"sum by ({MODEL}) (rate(slipway_request_duration_seconds_count[5m]))",
        ),
        Record(
            "model:slipway_queue_share:ratio_rate5m",
            f'sum by ({MODEL}) (rate({seconds[0]}{{stage="queue"}}[5m]))\n/\nsum by ({MODEL}) (rate({seconds[1]}[5m]))',
        ),
    ]


def drift() -> list[Record]:
    """Make the population stability index of each feature and of the prediction, over all replicas.

    PSI = Σ over bins of (live - training) · ln(live / training), shares below the floor taken as the floor.
    """
    w = DRIFT_WINDOW
    bins, rows, live, psi = (
        f"bin:slipway_drift_values:increase{w}",
        f"version:slipway_drift_rows:increase{w}",
        f"bin:slipway_drift_live_share:ratio_increase{w}",
        f"feature:slipway_drift_psi:increase{w}",
    )
    training = "bin:slipway_drift_training_share:max"
    floored = f"clamp_min({live}, {DRIFT_FLOOR})", f"clamp_min({training}, {DRIFT_FLOOR})"
    enough = f"and on ({VERSION}, kind) {rows} >= {DRIFT_ROWS}"
    return [
        Record(rows, f"sum by ({VERSION}, kind) (increase(slipway_drift_rows_total[{w}]))"),
        Record(bins, f"sum by ({FEATURE}, bin) (increase(slipway_drift_values_total[{w}]))"),
        # Every replica of a version exposes the same training: the largest is any.
        Record(training, f"max by ({FEATURE}, bin) (slipway_drift_training_share)"),
        Record(live, f"{bins}\n/ ignoring (bin) group_left ()\n(sum by ({FEATURE}) ({bins}) > 0)"),
        Record(
            psi,
            f"sum by ({FEATURE}) (\n  ({floored[0]} - {floored[1]})\n  * ln({floored[0]} / {floored[1]})\n)\n{enough}",
        ),
        *(
            Record(
                f"feature:slipway_drift_{bin_}:ratio_increase{w}",
                f'sum by ({FEATURE}) ({live}{{bin="{bin_}"}})\n{enough}',
            )
            for bin_ in ("missing", "unseen")
        ),
        # Its counter estimates all rows, as those of the bins do, where rows were sampled.
        Record(
            f"feature:slipway_drift_out_of_range:ratio_increase{w}",
            f"sum by ({VERSION}, feature) (increase(slipway_drift_out_of_range_total[{w}]))\n"
            f'/\n(sum by ({VERSION}, feature) ({bins}{{kind="feature"}}) > 0)\n'
            f'and on ({VERSION}) {rows}{{kind="feature"}} >= {DRIFT_ROWS}',
        ),
    ]
