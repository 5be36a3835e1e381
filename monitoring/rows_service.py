"""The rows about the service: does it keep its promise, and where does the time go?"""

from monitoring.objectives import FAILED, Objectives
from monitoring.panels import (
    GREEN,
    ORANGE,
    PROCESS,
    RED,
    RULE,
    VERSION,
    Panel,
    Query,
    heatmap,
    lines,
    stacked,
    stat,
    steps,
)
from monitoring.recording import DRIFT_ROWS, DRIFT_WINDOW

RATE = "[$__rate_interval]"
DURATION = "slipway_request_duration_seconds"
STAGE = "slipway_stage_duration_seconds"


def share_kept(what: str, window: str) -> str:
    """Write the share of valid requests that did not fail, or were not slow, over a window."""
    mean = "sum(avg_over_time(model:slipway_requests_{}:rate5m{{{}}}[{}]))"
    return f"1 - {mean.format(what, RULE, window)} / {mean.format('valid', RULE, window)}"


def quantile(q: float, metric: str, labels: str, by: str = "le") -> str:
    """Write a quantile of a histogram over all that the labels select."""
    return f"histogram_quantile({q}, sum by ({by}) (rate({metric}_bucket{{{labels}}}{RATE})))"


def glance(objectives: Objectives) -> list[Panel]:
    """Make the numbers that answer whether it works; ten seconds are enough for them."""
    a, b = objectives.availability, objectives.latency
    left = f"1 - (1 - ({share_kept('failed', '30d')})) / {1 - a:.6g}"
    return [
        stat(
            "Answered",
            f"Valid requests that got predictions, in the time shown; the objective is {a:.2%}. What callers "
            "got wrong does "
            "not count; deadlines, failures and refusals for want of room do.",
            Query(share_kept("failed", "$__range")),
            "percentunit",
            steps((a - 9 * (1 - a), ORANGE), (a, GREEN), base=RED),
            decimals=3,
        ),
        stat(
            f"Within {objectives.bound_ms:g} ms",
            f"Valid requests that got predictions within the bound, in the time shown; the objective is {b:.2%}.",
            Query(share_kept("slow", "$__range")),
            "percentunit",
            steps((b - 9 * (1 - b), ORANGE), (b, GREEN), base=RED),
            decimals=2,
        ),
        stat(
            "Error budget left",
            "What is left of the failures that the objective allows over 30 days, as far back as Prometheus remembers.",
            Query(f"clamp_min({left}, 0)"),
            "percentunit",
            steps((0.1, ORANGE), (0.5, GREEN), base=RED),
            decimals=0,
        ),
        stat(
            "Requests",
            "Requests a second, whatever they were answered with.",
            Query(f"sum(rate(slipway_requests_total{{{VERSION}}}{RATE}))"),
            "reqps",
        ),
        stat(
            "p99",
            "Ninety-nine of a hundred answers with predictions were faster.",
            Query(quantile(0.99, DURATION, VERSION)),
            "s",
            steps((objectives.bound_ms / 1000, RED)),
        ),
        stat(
            "Without a model",
            "Replicas on which a model has no version that serves. The replicas that answer are in the row "
            "of versions.",
            Query(f"sum(max by (namespace, job, instance, model) (slipway_model_ready{{{VERSION}}}) == bool 0)"),
            "none",
            steps((1, RED)),
        ),
        stat(
            "Alerts",
            "Alerts of Slipway that are firing.",
            Query('count(ALERTS{alertname=~"Slipway.+",alertstate="firing"}) or vector(0)'),
            "none",
            steps((1, RED)),
        ),
        stat(
            "Largest drift",
            f"The largest population stability index of any feature or prediction over {DRIFT_WINDOW}: below "
            "0.1 is stable, "
            f"above 0.2 a clear shift. Below {DRIFT_ROWS} rows there is none.",
            Query(
                f"max(feature:slipway_drift_psi:increase{DRIFT_WINDOW}{{{RULE}}})",
                absent="too few rows in the window, or a model without a profile",
            ),
            "none",
            steps((0.1, ORANGE), (0.2, RED)),
            decimals=2,
            nothing="too few rows",
        ),
    ]


def requests(objectives: Objectives) -> list[Panel]:
    """Make rate, errors and durations."""
    failed = f'slipway_rejections_total{{{VERSION},reason=~"{FAILED}"}}'
    bound = objectives.bound_ms / 1000
    return [
        stacked(
            lines(
                "Requests by code",
                "Answers a second by their status. 429 is a full queue or a caller above its rate, 504 a deadline.",
                [Query(f"sum by (code) (rate(slipway_requests_total{{{VERSION}}}{RATE}))", "{{code}}")],
                "reqps",
                alert="SlipwayNoPredictions",
            )
        ),
        stacked(
            lines(
                "Requests by protocol",
                "Answers a second by the protocol in which they were asked.",
                [Query(f"sum by (protocol) (rate(slipway_requests_total{{{VERSION}}}{RATE}))", "{{protocol}}")],
                "reqps",
            )
        ),
        lines(
            "Failed requests",
            "The share of valid requests that failed, by model; the line is the objective.",
            [
                Query(
                    f"sum by (model) (rate({failed}{RATE})) / "
                    f"sum by (model) (model:slipway_requests_valid:rate5m{{{RULE}}} > 0)",
                    "{{model}}",
                )
            ],
            "percentunit",
            steps((1 - objectives.availability, RED)),
            alert="SlipwayErrorBudgetBurn",
        ),
        lines(
            "Duration",
            "From the last byte of a request to its encoded answer; answers with predictions only. The line "
            "is the bound of "
            "the objective.",
            [Query(quantile(q, DURATION, VERSION), f"p{q * 100:g}") for q in (0.5, 0.9, 0.99)],
            "s",
            steps((bound, RED)),
            width=12,
            alert="SlipwayLatencyBudgetBurn",
        ),
        heatmap(
            "Durations",
            "How many answers took how long; the darker, the more.",
            Query(f"sum by (le) (increase({DURATION}_bucket{{{VERSION}}}{RATE}))", "{{le}}"),
            "s",
            width=12,
        ),
    ]


def time(_: Objectives) -> list[Panel]:
    """Make where a request's time goes."""
    sums, counts = (f"sum by (stage) (rate({STAGE}_{part}{{{VERSION}}}{RATE}))" for part in ("sum", "count"))
    queue = f'sum by (model) (rate({STAGE}_sum{{{VERSION},stage="queue"}}{RATE}))'
    return [
        stacked(
            lines(
                "Mean time by stage",
                "Decode and queue are means of requests, run and encode of batches: a request waits for the whole run.",
                [Query(f"{sums} / {counts}", "{{stage}}")],
                "s",
            )
        ),
        lines(
            "Share spent in the queue",
            "Time in the queue as a part of the whole. Above one half more replicas help more than a faster model.",
            [Query(f"{queue} / sum by (model) (rate({DURATION}_sum{{{VERSION}}}{RATE}))", "{{model}}")],
            "percentunit",
            steps((0.5, ORANGE)),
            alert="SlipwayQueueWaitDominates",
        ),
        lines(
            "Engine busy",
            "Seconds of runs in a second, for each replica: at 100 % every further request waits.",
            [
                Query(
                    f'sum by (instance, model) (rate({STAGE}_sum{{{VERSION},stage="run"}}{RATE}))',
                    "{{model}} on {{instance}}",
                )
            ],
            "percentunit",
            steps((0.8, ORANGE)),
        ),
    ]


def batches(_: Objectives) -> list[Panel]:
    """Make what the batcher does."""
    rows, count = (f"sum by (model) (rate(slipway_batch_rows_{part}{{{VERSION}}}{RATE}))" for part in ("sum", "count"))
    return [
        heatmap(
            "Rows of a run",
            "How many runs had how many rows. Batches form while the engine is busy; an idle one runs single rows.",
            Query(f"sum by (le) (increase(slipway_batch_rows_bucket{{{VERSION}}}{RATE}))", "{{le}}"),
            "none",
        ),
        lines(
            "Rows a run, on average",
            "Rows divided by runs.",
            [Query(f"{rows} / {count}", "{{model}}")],
            "none",
        ),
        lines(
            "Rows a second",
            "Rows that were run.",
            [Query(rows, "{{model}}")],
            "rowsps",
        ),
        lines(
            "Queue, of its capacity",
            "Rows that wait, as a part of those that may. When it is full, callers get 429.",
            [
                Query(
                    f"sum by (instance, model) (slipway_queue_rows{{{VERSION}}})"
                    f" / sum by (instance, model) (slipway_queue_capacity_rows{{{VERSION}}})",
                    "{{model}} on {{instance}}",
                )
            ],
            "percentunit",
            steps((0.8, RED)),
            alert="SlipwayQueueNearlyFull",
        ),
        lines(
            "Wait in the queue, p95",
            "Ninety-five of a hundred requests waited less for their run to begin.",
            [
                Query(
                    quantile(0.95, STAGE, f'{VERSION},stage="queue"', "le, model"),
                    "{{model}}",
                )
            ],
            "s",
            alert="SlipwayDeadlinesExceeded",
        ),
        lines(
            "Batches that failed",
            "Runs that failed and were done again one request at a time, so that only the bad one fails.",
            [Query(f"sum by (model) (rate(slipway_batch_retries_total{{{VERSION}}}{RATE}))", "{{model}}")],
            "ops",
            alert="SlipwayErrorBudgetBurn",
        ),
    ]


def refusals(_: Objectives) -> list[Panel]:
    """Make what is refused, and what is about to be."""
    return [
        stacked(
            lines(
                "Refusals by reason",
                "Requests a second that got no prediction. Failed, deadline, not_ready, queue_full, wait, "
                "concurrency and memory are the service's; the others are the callers'.",
                [Query(f"sum by (reason) (rate(slipway_rejections_total{{{VERSION}}}{RATE}))", "{{reason}}")],
                "reqps",
                alert="SlipwayShedding",
            )
        ),
        lines(
            "In flight",
            "Requests that were accepted and not yet answered.",
            [Query(f"sum by (instance, model) (slipway_requests_in_flight{{{VERSION}}})", "{{model}} on {{instance}}")],
            "none",
        ),
        lines(
            "Event loop lag, p99",
            "How late the event loop comes, at worst in ninety-nine of a hundred looks. Everybody waits that long.",
            [Query(quantile(0.99, "slipway_event_loop_lag_seconds", PROCESS, "le, instance"), "{{instance}}")],
            "s",
            steps((0.1, RED)),
            alert="SlipwayLoopLag",
        ),
    ]


def resources(_: Objectives) -> list[Panel]:
    """Make what a replica uses, of what it has."""
    return [
        lines(
            "CPU",
            "Seconds of CPU in a second, of those that affinity and cgroup leave.",
            [
                Query(f"rate(process_cpu_seconds_total{{{PROCESS}}}{RATE})", "{{instance}}"),
                Query(f"max by (instance) (slipway_effective_cpus{{{PROCESS}}})", "{{instance}} may use"),
            ],
            "none",
        ),
        lines(
            "Memory",
            "Resident memory, what bodies and answers under way take of it, and the cgroup's limit if there is one.",
            [
                Query(f"process_resident_memory_bytes{{{PROCESS}}}", "{{instance}}"),
                Query(f"slipway_bytes_under_way{{{PROCESS}}}", "{{instance}}: bodies and answers"),
                Query(
                    f"slipway_memory_limit_bytes{{{PROCESS}}}",
                    "{{instance}} may use",
                    absent="no limit is set for the cgroup",
                ),
            ],
            "bytes",
            alert="SlipwayMemoryNearLimit",
        ),
        lines(
            "File descriptors",
            "Open ones, as a part of those that may be.",
            [Query(f"process_open_fds{{{PROCESS}}} / process_max_fds{{{PROCESS}}}", "{{instance}}")],
            "percentunit",
            steps((0.8, RED)),
            alert="SlipwayFdsNearLimit",
        ),
    ]
