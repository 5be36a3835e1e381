"""The rows about models: what is served, what it is asked, and how fast the budgets are spent."""

from monitoring.objectives import Objectives
from monitoring.panels import (
    MODEL,
    ORANGE,
    PROCESS,
    RED,
    RULE,
    RULE_VERSION,
    VERSION,
    Panel,
    Query,
    bars,
    lines,
    stacked,
    stat,
    steps,
    table,
)
from monitoring.recording import DRIFT_WINDOW
from monitoring.rows_service import RATE

FEW = "too few rows in the window, or a model without a profile"
PSI = f"feature:slipway_drift_psi:increase{DRIFT_WINDOW}"
SHIFT = steps((0.1, ORANGE), (0.2, RED))


def models(_: Objectives) -> list[Panel]:
    """Make what is loaded, and how."""
    return [
        table(
            "What is served",
            "Versions that are loaded, with the hash of what they are.",
            Query(f"count by (model, version, task, precision, sha256) (slipway_model_info{{{VERSION}}})"),
            ("model", "version", "task", "precision", "sha256"),
        ),
        table(
            "How it runs",
            "Where runs happen (on the event loop or in a thread), with how many threads, and of how many "
            "rows at most; "
            "measured when the version was loaded.",
            Query(f"count by (model, version, run_on, threads, max_batch_rows) (slipway_engine_info{{{VERSION}}})"),
            ("model", "version", "run_on", "threads", "max_batch_rows"),
        ),
        lines(
            "Versions ready",
            "Replicas on which a version is ready. Lines that stay apart are replicas that do not serve the same. "
            "Passed over: replicas that started without it.",
            [
                Query(f"sum by (model, version) (slipway_model_ready{{{VERSION}}})", "{{model}} {{version}}"),
                Query(
                    f"sum by (model, version) (slipway_model_passed_over{{{VERSION}}}) > 0",
                    "{{model}} {{version}} passed over",
                    absent="none is passed over",
                ),
            ],
            "none",
            alert="SlipwayVersionSkew",
        ),
        lines(
            "Loads",
            "Loads that ended, in the last five minutes, by outcome.",
            [
                Query(
                    f"sum by (model, outcome) (increase(slipway_model_loads_total{{{MODEL}}}[5m]))",
                    "{{model}} {{outcome}}",
                )
            ],
            "none",
            alert="SlipwayLoadFailing",
        ),
        lines(
            "Time to load",
            "From the first byte read to ready: verify, load, prove, time.",
            [Query(f"max by (model, version) (slipway_model_load_seconds{{{VERSION}}})", "{{model}} {{version}}")],
            "s",
        ),
    ]


def data(_: Objectives) -> list[Panel]:
    """Make how far the world has moved from the training data."""
    live = f"bin:slipway_drift_live_share:ratio_increase{DRIFT_WINDOW}"
    share = f"feature:slipway_drift_{{}}:ratio_increase{DRIFT_WINDOW}"
    prediction = f'{RULE_VERSION},kind="prediction"'
    return [
        bars(
            "Drift of each feature, now",
            f"Population stability index over {DRIFT_WINDOW}: below 0.1 stable, above 0.2 a clear shift.",
            [Query(f"max by (feature) ({PSI}{{{RULE_VERSION}}})", "{{feature}}", absent=FEW)],
            "none",
            SHIFT,
        ),
        lines(
            "Drift of features",
            "The same over time.",
            [Query(f'max by (model, feature) ({PSI}{{{RULE_VERSION},kind="feature"}})', "{{feature}}", absent=FEW)],
            "none",
            SHIFT,
            alert="SlipwayFeatureDrift",
        ),
        lines(
            "Drift of predictions",
            "Of what the model answers. If it moves and no feature does, look at the model.",
            [
                Query(
                    f"max by (model, version) ({PSI}{{{prediction}}})",
                    "{{model}} {{version}}",
                    absent=FEW,
                )
            ],
            "none",
            SHIFT,
            alert="SlipwayPredictionDrift",
        ),
        bars(
            "Predictions: now and in training",
            "The share of each label, or of each tenth of the values in training.",
            [
                Query(f"max by (model, bin) ({live}{{{prediction}}})", "{{bin}} now ({{model}})", absent=FEW),
                Query(
                    f'max by (model, bin) (slipway_drift_training_share{{{VERSION},kind="prediction"}})',
                    "{{bin}} in training ({{model}})",
                ),
            ],
            "percentunit",
        ),
        lines(
            "Missing, unseen and out of range",
            "The largest share over the features: no value, a category that training never saw, a number "
            "beyond training's "
            "smallest and largest.",
            [
                Query(f"max(({share.format(name)}{{{RULE_VERSION}}}))", name.replace("_", " "), absent=FEW)
                for name in ("missing", "unseen", "out_of_range")
            ],
            "percentunit",
            alert="SlipwayFeatureDrift",
        ),
        lines(
            "Rows that were looked at",
            "Rows a second whose values were counted; a part of all when the traffic is high.",
            [Query(f"sum by (model, kind) (rate(slipway_drift_rows_total{{{VERSION}}}{RATE}))", "{{model}} {{kind}}")],
            "rowsps",
        ),
    ]


def versions(_: Objectives) -> list[Panel]:
    """Make who answers: canary, shadow, replicas that come and go, and what callers said about the answers."""
    copies, agreed = f"slipway_shadow_requests_total{{{VERSION}}}", "slipway_shadow_rows_total"
    no_shadow, no_feedback = "no version is a shadow", "feedback is off"
    return [
        stacked(
            lines(
                "Predictions by version",
                "Requests that got predictions: a canary's share is its part of the height.",
                [
                    Query(
                        f'sum by (model, version) (rate(slipway_requests_total{{{VERSION},code="200"}}{RATE}))',
                        "{{model}} {{version}}",
                    )
                ],
                "reqps",
                width=7,
            )
        ),
        lines(
            "Replicas",
            "Processes that are scraped, by version of the service; and how many of them are finishing.",
            [
                Query(f"count by (version) (slipway_build_info{{{PROCESS}}})", "{{version}}"),
                Query(f"sum(slipway_draining{{{PROCESS}}})", "draining"),
            ],
            "none",
            width=7,
            alert="SlipwayTargetDown",
        ),
        stat(
            "Shadow copies",
            "Copies of requests that a shadow was given, a second.",
            Query(f"sum(rate({copies}{RATE}))", absent=no_shadow),
            "reqps",
            nothing="no shadow",
        ),
        stat(
            "Shadow agrees",
            "Rows for which a shadow gave the label that the caller got.",
            Query(
                f'sum(increase({agreed}{{{VERSION},agreed="true"}}[$__range]))'
                f" / sum(increase({agreed}{{{VERSION}}}[$__range]))",
                absent=no_shadow,
            ),
            "percentunit",
            nothing="no shadow",
        ),
        stat(
            "Lowest score",
            "The lowest of the running scores that callers' feedback gives (accuracy, F1), by version.",
            Query(f'min(slipway_feedback_score{{{VERSION},score=~"accuracy|f1"}})', absent=no_feedback),
            "percentunit",
            nothing="no feedback",
        ),
    ]


def budgets(objectives: Objectives) -> list[Panel]:
    """Make how fast the budgets are spent, in the windows of the alerts."""
    return [
        lines(
            title,
            f"1 spends the budget of 30 days in 30 days; alerts look at {what} requests from 1 (3 days) to "
            "14.4 (an hour).",
            [
                Query(
                    f"max by (model) (model:slipway_requests_{what}:rate{window}{{{RULE}}} "
                    f"/ model:slipway_requests_valid:rate{window}{{{RULE}}} / {1 - objective:.6g})",
                    f"{{{{model}}}} {window}",
                )
                for window in ("5m", "1h", "6h", "3d")
            ],
            "none",
            steps((1, ORANGE), (14.4, RED)),
            width=12,
            alert=alert,
        )
        for title, what, objective, alert in (
            ("Budget of failures: burn rate", "failed", objectives.availability, "SlipwayErrorBudgetBurn"),
            ("Budget of slow answers: burn rate", "slow", objectives.latency, "SlipwayLatencyBudgetBurn"),
        )
    ]
