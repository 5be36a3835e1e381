"""The dashboard, row by row: the first row answers in ten seconds, the others say where to look.

    glance     does it keep its promise?          requests   rate, errors, duration
    time       where does the time go?            batches    what does the batcher do?
    refusals   what is refused, and why?          resources  what does a replica use?
    models     what is served, and how?           data       has the world moved?
    versions   who answers: canary, shadow        budgets    how fast are they spent?

The last row holds the runbook, so that it is at hand wherever the dashboard is.
"""

import json
from collections.abc import Callable

from monitoring import panels, rows_models, rows_service
from monitoring.objectives import Objectives
from monitoring.panels import PROCESS, Json, Panel

UID = "slipway"
RUNBOOK_PANEL = 1000
COLUMNS = 24

ROWS: tuple[tuple[str, Callable[[Objectives], list[Panel]]], ...] = (
    ("At a glance", rows_service.glance),
    ("Requests", rows_service.requests),
    ("Where the time goes", rows_service.time),
    ("Batches and the queue", rows_service.batches),
    ("Refusals and saturation", rows_service.refusals),
    ("Resources", rows_service.resources),
    ("Models", rows_models.models),
    ("Data and drift", rows_models.data),
    ("Versions, canary and shadow", rows_models.versions),
    ("Error budgets", rows_models.budgets),
)


def dashboard(objectives: Objectives, runbook: str) -> Json:
    """Make the whole dashboard as Grafana loads it from a file."""
    return {
        "uid": UID,
        "title": "Slipway",
        "description": "A model service: its objective, where the time goes, what it serves, and "
        "whether the data moved.",
        "tags": ["slipway"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,  # one cross-hair through all panels
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "links": [_link("Runbook", f"/d/{UID}?viewPanel={RUNBOOK_PANEL}")],
        "annotations": {"list": [_new_versions(), _alerts()]},
        "templating": {"list": _variables()},
        "panels": [*_placed(objectives), *_runbook(runbook)],
    }


def dashboard_file(objectives: Objectives, runbook: str) -> str:
    """Write the dashboard as its file."""
    return json.dumps(dashboard(objectives, runbook), indent=1, ensure_ascii=False) + "\n"


def _placed(objectives: Objectives) -> list[Json]:
    """Set the panels of each row side by side, as many as fit."""
    placed: list[Json] = []
    y = 0
    for place, (title, make) in enumerate(ROWS):
        placed.append(_row(100 * (place + 1), title, y))
        x, y, tallest = 0, y + 1, 0
        for number, panel in enumerate(make(objectives), start=1):
            if x + panel.width > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            placed.append(panel.json(100 * (place + 1) + number, x, y))
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest
    return placed


def _row(number: int, title: str, y: int, inside: list[Json] | None = None) -> Json:
    """Make a row; one with panels inside is closed until somebody opens it."""
    place = {"h": 1, "w": COLUMNS, "x": 0, "y": y}
    return {
        "id": number,
        "type": "row",
        "title": title,
        "collapsed": bool(inside),
        "gridPos": place,
        "panels": inside or [],
    }


def _runbook(content: str) -> list[Json]:
    below = 1000  # under everything
    page = panels.text("Runbook", "What each alert means, what to look at, what to do.", content)
    return [_row(RUNBOOK_PANEL - 1, "Runbook", below, [page.json(RUNBOOK_PANEL, 0, below + 1)])]


def _link(title: str, url: str) -> Json:
    return {
        "type": "link",
        "title": title,
        "url": url,
        "icon": "doc",
        "tags": [],
        "keepTime": True,
        "targetBlank": True,
    }


def _variables() -> list[Json]:
    source = {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": {},
        "refresh": 1,
    }
    return [
        source,
        _variable("namespace", "Namespace", "label_values(slipway_build_info, namespace)", every=".*"),
        _variable("job", "Job", 'label_values(slipway_build_info{namespace=~"$namespace"}, job)'),
        _variable(
            "instance", "Instance", 'label_values(slipway_build_info{namespace=~"$namespace",job=~"$job"}, instance)'
        ),
        _variable("model", "Model", f"label_values(slipway_model_ready{{{PROCESS}}}, model)", every=".*"),
        _variable(
            "version", "Version", f'label_values(slipway_model_ready{{{PROCESS},model=~"$model"}}, version)', every=".*"
        ),
    ]


def _variable(name: str, label: str, query: str, every: str = ".+") -> Json:
    """Make a variable of label values; "All" must also match what has no such label where `every` says so."""
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": panels.DATASOURCE,
        "query": {"query": query, "refId": "variable"},
        "definition": query,
        "refresh": 2,  # when the time range changes
        "sort": 3,
        "multi": True,
        "includeAll": True,
        "allValue": every,
        "current": {"text": ["All"], "value": ["$__all"], "selected": True},
    }


def _new_versions() -> Json:
    info = f"count by (model, version, sha256) (slipway_model_info{{{PROCESS}}}"
    return _annotation(
        "New versions",
        "green",
        f"{info}) unless {info} offset $__interval)",
        "{{model}} {{version}}",
    )


def _alerts() -> Json:
    return _annotation("Alerts", "red", 'ALERTS{alertname=~"Slipway.+",alertstate="firing"}', "{{alertname}}")


def _annotation(name: str, color: str, expr: str, title: str) -> Json:
    return {
        "name": name,
        "datasource": panels.DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": color,
        "expr": expr,
        "step": "30s",
        "titleFormat": title,
        "useValueForTime": False,
    }
