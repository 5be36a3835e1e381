"""The dashboard: the rules of Grafana's dashboard linter, restated, and some of our own.

The linter's rules are those of grafana/dashboard-linter. Whether each query answers is in `test_live.py`.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from monitoring.__main__ import RUNBOOK
from monitoring.alerts import ALERTS
from monitoring.burn import burns
from monitoring.dashboard import COLUMNS, RUNBOOK_PANEL, dashboard, dashboard_file
from monitoring.objectives import Objectives

DASHBOARD = dashboard(Objectives(), RUNBOOK.read_text())
VARIABLES = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
COUNTER = re.compile(r"\b(slipway_\w+(?:_total|_bucket|_sum|_count)|process_cpu_seconds_total)\b")


def panels_of(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


PANELS = list(panels_of(DASHBOARD))
QUERIED = [panel for panel in PANELS if panel["type"] != "text"]
TARGETS = [(panel["title"], target["expr"]) for panel in QUERIED for target in panel["targets"]]


def test_it_is_one_file_with_an_address_that_stays() -> None:
    """A link to it in an alert or a chat outlives every new version of it; edits belong into the code."""
    assert DASHBOARD["uid"] == "slipway"
    assert DASHBOARD["editable"] is False
    ids = [panel["id"] for panel in [*DASHBOARD["panels"], *PANELS] if panel["type"] != "row"]
    assert len(set(ids)) == len(PANELS)


def test_the_source_of_the_data_is_a_variable() -> None:
    """template-datasource-rule, panel-datasource-rule: it works beside any Prometheus."""
    assert VARIABLES["datasource"]["type"] == "datasource"
    assert VARIABLES["datasource"]["query"] == "prometheus"
    assert VARIABLES["datasource"]["label"] == "Data source"
    for place in [*QUERIED, *DASHBOARD["annotations"]["list"], *list(DASHBOARD["templating"]["list"])[1:]]:
        assert place["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@pytest.mark.parametrize("name", ["namespace", "job", "instance", "model", "version"])
def test_what_is_shown_can_be_narrowed(name: str) -> None:
    """template-job-rule, template-instance-rule, template-on-time-change-reload-rule, template-label-promql-rule."""
    variable = VARIABLES[name]
    assert variable["label"] == name.capitalize()
    assert variable["multi"]
    assert variable["includeAll"]
    assert variable["refresh"] == 2
    assert re.fullmatch(rf"label_values\(slipway_\w+({{[^}}]*}})?, {name}\)", variable["query"]["query"])
    assert variable["allValue"] == (".+" if name in {"job", "instance"} else ".*")


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    """panel-title-description-rule, panel-units-rule, panel-no-targets-rule."""
    assert panel["title"]
    assert panel["description"].endswith(".")
    if panel["type"] != "text":
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["targets"]


@pytest.mark.parametrize(("title", "expr"), TARGETS)
def test_a_query_is_about_what_was_chosen(title: str, expr: str) -> None:
    """target-job-rule, target-instance-rule: what rules summed over replicas knows the job, but no instance."""
    for metric, selector in re.findall(r"\b((?:\w+:)?(?:slipway|process)_\w+(?::\w+)?)(\{[^}]*\})?", expr):
        if metric.startswith(("slipway", "process")) or ":" in metric:
            assert 'job=~"$job"' in selector, f"{title}: {metric}"
            assert 'namespace=~"$namespace"' in selector, f"{title}: {metric}"
            assert ":" in metric or 'instance=~"$instance"' in selector, f"{title}: {metric}"


@pytest.mark.parametrize(("title", "expr"), TARGETS)
def test_a_counter_is_shown_as_a_rate(title: str, expr: str) -> None:
    """target-counter-agg-rule, target-rate-interval-rule: a window that fits the zoom and the scrapes."""
    for found in COUNTER.finditer(expr):
        window = re.match(r"(?:\{[^}]*\})?\[(\S+?)\]", expr[found.end() :])
        assert window, f"{title}: {found[1]}"
        assert re.search(r"\b(rate|increase)\($", expr[: found.start()]), f"{title}: {found[1]}"
        assert window[1] in {"$__rate_interval", "$__range"} or title == "Loads"


def test_panels_stand_side_by_side_and_never_on_one_another() -> None:
    """Places are given by the code; two panels on one place would hide each other."""
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= COLUMNS
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


def test_the_first_row_answers_at_a_glance() -> None:
    """Numbers alone, in one line, each with the colour of its answer."""
    first = [panel for panel in PANELS if 100 < panel["id"] < 200]
    assert {panel["gridPos"]["y"] for panel in first} == {1}
    assert {panel["type"] for panel in first} == {"stat"}
    assert len(first) == COLUMNS // 3


def test_the_runbook_is_at_hand() -> None:
    """A link leads to the page inside the dashboard; panels name the alerts about what they show."""
    assert DASHBOARD["links"][0]["url"] == f"/d/slipway?viewPanel={RUNBOOK_PANEL}"
    page = next(panel for panel in PANELS if panel["id"] == RUNBOOK_PANEL)
    assert page["options"]["content"] == RUNBOOK.read_text()
    alerts = {alert.name for alert in [*ALERTS, *burns(Objectives())]}
    named = set(re.findall(r"Runbook: (\w+)\.", " ".join(panel["description"] for panel in PANELS)))
    assert named <= alerts
    assert len(named) >= 15


def test_every_alert_uses_what_the_dashboard_can_show() -> None:
    """Whoever follows an alert sees its cause: every series of an alert is on a panel, but for these."""
    shown = " ".join(expr for _, expr in TARGETS)
    series = {name for alert in ALERTS for name in re.findall(r"\b(slipway_\w+|\w+:\w+:\w+)", alert.expr)}
    hidden = {name for name in series if name not in shown}
    assert hidden == {
        "slipway_stuck",  # 0 until the moment at which only a restart helps
        "model:slipway_requests:rate5m",  # the sum of what "Requests by code" shows
        "model:slipway_queue_share:ratio_rate5m",  # the same as "Share spent in the queue"
        "model:slipway_request_duration_seconds:mean5m",  # the sum of "Mean time by stage"
    }


def test_it_fits_into_an_object_of_a_cluster() -> None:
    """`kubectl apply` keeps a copy of a ConfigMap in an annotation, and annotations end at 256 KiB."""
    assert len(dashboard_file(Objectives(), RUNBOOK.read_text()).encode()) < 200 * 1024
