"""Every alert but those of the objectives, in one list, by what is wrong: gone, loaded, loaded up, asked.

A cluster's own alerts (a pod that crashes in a loop, a rollout that is stuck, throttled CPU) come with kube-prometheus;
what is here says what only the service can know.
"""

from monitoring.alert import Alert
from monitoring.recording import DRIFT_ROWS, DRIFT_WINDOW, MODEL, VERSION

MODEL_NAME = "{{ $labels.model }}"
INSTANCE = "{{ $labels.instance }}"
PERCENT = "{{ $value | humanizePercentage }}"
SECONDS = "{{ $value | humanizeDuration }}"

GONE = [
    Alert(
        "SlipwayAbsent",
        "critical",
        "5m",
        "absent(slipway_build_info)",
        "Prometheus sees no replica of Slipway.",
        "No target has exposed slipway_build_info for 5 minutes: nothing runs, or nothing is scraped.",
    ),
    Alert(
        "SlipwayTargetDown",
        "critical",
        "5m",
        "up == 0 and on (namespace, job) count by (namespace, job) (last_over_time(slipway_build_info[1h]))",
        f"{INSTANCE} of {{{{ $labels.job }}}} cannot be scraped.",
        f"Scrapes of {INSTANCE} have failed for 5 minutes. The process is gone, its event loop stands still, or the "
        "network keeps Prometheus out.",
    ),
    Alert(
        "SlipwayStuck",
        "critical",
        "1m",
        'max by (namespace, job, instance, what) (slipway_stuck{what!="load"}) > 0',  # that one harms nobody who asks
        f"The {{{{ $labels.what }}}} of {INSTANCE} is stuck.",
        f"The watchdog of {INSTANCE} says that its {{{{ $labels.what }}}} has not come back for longer than any honest "
        "work takes. Only a restart helps.",
    ),
    Alert(
        "SlipwayLoopLag",
        "warning",
        "10m",
        "histogram_quantile(0.99, sum by (namespace, job, instance, le) "
        "(rate(slipway_event_loop_lag_seconds_bucket[5m]))) > 0.1",
        f"The event loop of {INSTANCE} comes late.",
        f"In one turn of a hundred the event loop of {INSTANCE} came {SECONDS} late. Everybody waits that long, "
        "health checks too.",
    ),
    Alert(
        "SlipwayMemoryNearLimit",
        "warning",
        "10m",
        "process_resident_memory_bytes / on (namespace, job, instance) slipway_memory_limit_bytes > 0.9",
        f"{INSTANCE} is about to be killed for its memory.",
        f"{INSTANCE} holds {PERCENT} of the memory that its cgroup allows. At 100 % the kernel ends it.",
    ),
    Alert(
        "SlipwayFdsNearLimit",
        "warning",
        "10m",
        "process_open_fds / process_max_fds > 0.8 and on (namespace, job, instance) slipway_build_info",
        f"{INSTANCE} is about to run out of file descriptors.",
        f"{INSTANCE} has {PERCENT} of its file descriptors open. Without one no connection is accepted.",
    ),
]

LOADED = [
    Alert(
        "SlipwayNotReady",
        "critical",
        "5m",
        "max by (namespace, job, instance, model) (slipway_model_ready) == 0",
        f"{INSTANCE} serves no version of {MODEL_NAME}.",
        f"No version of {MODEL_NAME} has been ready on {INSTANCE} for 5 minutes: requests to it are answered with 503.",
    ),
    Alert(
        "SlipwayPassedOver",
        "critical",
        "0m",
        "max by (namespace, job, instance, model, version) (slipway_model_passed_over) > 0",
        f"{INSTANCE} started without the newest version of {MODEL_NAME}.",
        f"Version {{{{ $labels.version }}}} of {MODEL_NAME} was refused when {INSTANCE} started, and an older one "
        "answers in its place. Rollouts and scaling go on with it.",
    ),
    Alert(
        "SlipwayLoadFailing",
        "warning",
        "0m",
        f'sum by ({MODEL}) (increase(slipway_model_loads_total{{outcome="failed"}}[15m])) > 0\n'
        f"or\ncount by ({MODEL}) (slipway_model_ready == 0)",
        f"A version of {MODEL_NAME} was refused.",
        f"Loads of {MODEL_NAME} failed, or a version of it does not serve ({{{{ $value | humanize }}}} "
        "on all replicas). "
        "What served before goes on.",
    ),
    Alert(
        "SlipwayLoadStuck",
        "warning",
        "1m",
        'max by (namespace, job, instance) (slipway_stuck{what="load"}) > 0',
        f"A load on {INSTANCE} does not end.",
        f"{INSTANCE} loads a version for longer than SLIPWAY_WATCHDOG_S, or left a load that hangs in a thread. What "
        "served before goes on; no other version is loaded until this one is given up.",
    ),
    Alert(
        "SlipwayVersionSkew",
        "warning",
        "15m",
        # A version that is asked, but that not every replica which serves the model has …
        f"count by ({VERSION}) (slipway_model_ready == 1)\n"
        f"  < on ({MODEL}) group_left count by ({MODEL}) (max by ({MODEL}, instance) (slipway_model_ready == 1))\n"
        f'and on ({VERSION}) sum by ({VERSION}) (rate(slipway_requests_total{{code="200"}}[10m])) > 0\n'
        # … or one number with two contents.
        f"or\ncount by ({VERSION}) (count by ({VERSION}, sha256) (slipway_model_info)) > 1",
        f"Replicas do not serve the same {MODEL_NAME}.",
        f"Version {{{{ $labels.version }}}} of {MODEL_NAME} answers requests, but for 15 minutes some replicas did not "
        "have it, or had another content under its number.",
    ),
]

LOAD = [
    Alert(
        "SlipwayShedding",
        "warning",
        "5m",
        f'sum by ({MODEL}) (rate(slipway_rejections_total{{reason=~"queue_full|wait|concurrency|memory"}}[5m]))\n'
        "/\nmodel:slipway_requests:rate5m > 0.01",
        f"{MODEL_NAME} refuses work.",
        f"{PERCENT} of the requests to {MODEL_NAME} were answered with 429 because the service had no room for them.",
    ),
    Alert(
        "SlipwayQueueNearlyFull",
        "warning",
        "5m",
        f"sum by ({VERSION}, instance) (slipway_queue_rows)\n/\n"
        f"sum by ({VERSION}, instance) (slipway_queue_capacity_rows) > 0.8",
        f"The queue of {MODEL_NAME} on {INSTANCE} is nearly full.",
        f"The queue of {MODEL_NAME} on {INSTANCE} has been {PERCENT} full. When it is full, callers get 429.",
    ),
    Alert(
        "SlipwayQueueWaitDominates",
        "warning",
        "10m",
        "model:slipway_queue_share:ratio_rate5m > 0.5\nand\nmodel:slipway_request_duration_seconds:mean5m > 0.02",
        f"Requests to {MODEL_NAME} mostly wait.",
        f"{PERCENT} of the time of a request to {MODEL_NAME} is spent in the queue, and requests take more than 20 ms "
        "on average: there are too few replicas for this traffic.",
    ),
    Alert(
        "SlipwayDeadlinesExceeded",
        "warning",
        "5m",
        f'sum by ({MODEL}) (rate(slipway_rejections_total{{reason="deadline"}}[5m]))\n'
        "/\nmodel:slipway_requests:rate5m > 0.01",
        f"Requests to {MODEL_NAME} run out of time.",
        f"{PERCENT} of the requests to {MODEL_NAME} were answered with 504 because their deadline passed.",
    ),
]

ASKED = [
    Alert(
        "SlipwayNoPredictions",
        "warning",
        "10m",
        f'sum by ({MODEL}) (rate(slipway_requests_total{{code="200"}}[10m])) == 0\n'
        f'and\nsum by ({MODEL}) (rate(slipway_requests_total{{code="200"}}[1h] offset 10m)) > 0.1',
        f"{MODEL_NAME} answers nobody any more.",
        f"{MODEL_NAME} gave predictions in the hour before, and none in the last 10 minutes. Either "
        "nobody asks, or nobody "
        "is answered.",
    ),
    Alert(
        "SlipwayInvalidInputs",
        "warning",
        "10m",
        f'sum by ({MODEL}) (rate(slipway_rejections_total{{reason="invalid"}}[5m]))\n'
        "/\nmodel:slipway_requests:rate5m > 0.05",
        f"Callers of {MODEL_NAME} send what it does not take.",
        f"{PERCENT} of the requests to {MODEL_NAME} were refused with 400: a caller or a model has changed.",
    ),
    Alert(
        "SlipwayFeatureDrift",
        "warning",
        "30m",
        f'feature:slipway_drift_psi:increase{DRIFT_WINDOW}{{kind="feature"}} > 0.2',
        f"{{{{ $labels.feature }}}} of {MODEL_NAME} is not what it was in training.",
        f"The population stability index of {{{{ $labels.feature }}}} of {MODEL_NAME} version "
        f"{{{{ $labels.version }}}} is "
        f'{{{{ $value | printf "%.2f" }}}} over the last {DRIFT_WINDOW} (at least {DRIFT_ROWS} rows); above '
        "0.2 is a clear shift.",
    ),
    Alert(
        "SlipwayPredictionDrift",
        "warning",
        "30m",
        f'feature:slipway_drift_psi:increase{DRIFT_WINDOW}{{kind="prediction"}} > 0.2',
        f"What {MODEL_NAME} predicts is not what it predicted in training.",
        f"The population stability index of the predictions of {MODEL_NAME} version {{{{ $labels.version }}}} is "
        f'{{{{ $value | printf "%.2f" }}}} over the last {DRIFT_WINDOW} (at least {DRIFT_ROWS} rows); above '
        "0.2 is a clear shift.",
    ),
]

ALERTS = [*GONE, *LOADED, *LOAD, *ASKED]
