"""What a panel is: a title, a sentence, queries and how they are drawn, as Grafana's dashboard file wants them.

    Query          an expression and the name of its lines
    Panel          its size and looks; `json` places it
    stat, lines, stacked, heatmap, bars, table, text      the kinds that the dashboard uses

Colours and thresholds say one thing each: green holds the objective, orange wants a look, red wants a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Json = dict[str, Any]
DATASOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
GREEN, ORANGE, RED = "green", "orange", "red"

# Which replicas and models a query is about. What rules have summed over replicas knows no instance.
PROCESS = 'namespace=~"$namespace",job=~"$job",instance=~"$instance"'
MODEL = f'{PROCESS},model=~"$model"'
VERSION = f'{MODEL},version=~"$version"'
RULE = 'namespace=~"$namespace",job=~"$job",model=~"$model"'
RULE_VERSION = f'{RULE},version=~"$version"'


@dataclass(frozen=True)
class Query:
    """One target: PromQL, the legend, and if a healthy service may give no answer, why."""

    expr: str
    legend: str = ""
    absent: str = ""  # why there may be nothing: no panel may be empty for no reason
    form: str = "time_series"
    instant: bool = False


@dataclass(frozen=True)
class Panel:
    """One panel, without its place."""

    kind: str
    title: str
    description: str
    queries: Sequence[Query]
    unit: str
    width: int = 8
    height: int = 8
    defaults: Json = field(default_factory=dict)
    overrides: Sequence[Json] = ()
    options: Json = field(default_factory=dict)
    transformations: Sequence[Json] = ()
    alert: str = ""  # the alert about the same thing: its section of the runbook is linked

    def json(self, number: int, x: int, y: int) -> Json:
        """Write the panel at its place."""
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description + (f" Runbook: {self.alert}." if self.alert else ""),
            "gridPos": {"h": self.height, "w": self.width, "x": x, "y": y},
            "datasource": DATASOURCE,
            "targets": [_target(query, chr(ord("A") + i)) for i, query in enumerate(self.queries)],
            "fieldConfig": {"defaults": {"unit": self.unit} | self.defaults, "overrides": list(self.overrides)},
            "options": self.options,
            "transformations": list(self.transformations),
        }


def _target(query: Query, letter: str) -> Json:
    return {
        "refId": letter,
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "format": query.form,
        "instant": query.instant,
        "range": not query.instant,
    }


def steps(*limits: tuple[float, str], base: str = GREEN) -> Json:
    """Make thresholds: the colour from each limit upwards."""
    return {
        "mode": "absolute",
        "steps": [{"color": base, "value": None}, *({"color": color, "value": value} for value, color in limits)],
    }


def stat(
    title: str,
    description: str,
    query: Query,
    unit: str,
    thresholds: Json | None = None,
    *,
    decimals: int | None = None,
    nothing: str = "",
) -> Panel:
    """Make one large number; `nothing` is shown where there is none."""
    defaults: Json = {"thresholds": thresholds or steps(), "color": {"mode": "thresholds"}}
    if decimals is not None:
        defaults["decimals"] = decimals
    if nothing:
        defaults["noValue"] = nothing
    options = {
        "colorMode": "background_solid" if thresholds else "none",
        "graphMode": "none",
        "justifyMode": "center",
        "textMode": "value",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    made = replace(query, instant=True)
    return Panel("stat", title, description, [made], unit, width=3, height=4, defaults=defaults, options=options)


def lines(
    title: str,
    description: str,
    queries: Sequence[Query],
    unit: str,
    thresholds: Json | None = None,
    *,
    width: int = 8,
    alert: str = "",
) -> Panel:
    """Make lines over time; thresholds are drawn as lines of their own."""
    custom: Json = {"lineWidth": 1, "fillOpacity": 8, "showPoints": "never", "spanNulls": False}
    defaults: Json = {"custom": custom, "min": 0, "color": {"mode": "palette-classic"}}
    if thresholds:
        defaults["thresholds"] = thresholds
        custom["thresholdsStyle"] = {"mode": "dashed"}
    # Without it a line of zeros would have an axis to 100, or to 10,000 %.
    if unit not in {"s", "bytes"}:
        least = 0.01 if unit == "percentunit" else 1
        custom["axisSoftMax"] = thresholds["steps"][1]["value"] if thresholds else least
    options = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return Panel(
        "timeseries", title, description, queries, unit, width=width, defaults=defaults, options=options, alert=alert
    )


def stacked(panel: Panel) -> Panel:
    """Draw lines on top of one another: parts of a whole."""
    custom = panel.defaults["custom"] | {"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 40}
    return replace(panel, defaults=panel.defaults | {"custom": custom})


def heatmap(title: str, description: str, query: Query, unit: str, *, width: int = 8) -> Panel:
    """Make a heatmap of a histogram's buckets."""
    options: Json = {
        "calculate": False,
        "yAxis": {"unit": unit, "axisPlacement": "left"},
        "rowsFrame": {"layout": "le"},
        "cellGap": 1,
        "color": {
            "mode": "scheme",
            "scheme": "Oranges",
            "steps": 64,
            "exponent": 0.5,
            "reverse": False,
            "fill": "orange",
        },
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
    }
    made = replace(query, form="heatmap")
    return Panel("heatmap", title, description, [made], unit, width=width, options=options)


def bars(
    title: str, description: str, queries: Sequence[Query], unit: str, thresholds: Json | None = None, *, width: int = 8
) -> Panel:
    """Make one bar for each series, as it is now."""
    defaults: Json = {"min": 0, "thresholds": thresholds or steps(), "color": {"mode": "thresholds"}}
    defaults["decimals"] = 3 if unit == "none" else 1
    options = {
        "displayMode": "basic",
        "orientation": "horizontal",
        "valueMode": "color",
        "showUnfilled": True,
        "minVizHeight": 10,
        "namePlacement": "left",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    made = [replace(query, instant=True) for query in queries]
    return Panel("bargauge", title, description, made, unit, width=width, defaults=defaults, options=options)


def table(title: str, description: str, query: Query, columns: Sequence[str], *, width: int = 12) -> Panel:
    """Make a table of labels, in this order; the value of an information metric is always 1 and is hidden."""
    order = {name: place for place, name in enumerate(columns)}
    organize = {
        "id": "organize",
        "options": {
            "indexByName": order,
            "excludeByName": {"Time": True, "Value": True},
            "renameByName": {name: name.replace("_", " ") for name in columns},
        },
    }
    return Panel(
        "table",
        title,
        description,
        [replace(query, form="table", instant=True)],
        "none",
        width=width,
        defaults={"custom": {"align": "auto", "filterable": True}},
        options={"showHeader": True, "cellHeight": "sm"},
        transformations=[organize],
    )


def text(title: str, description: str, content: str, *, height: int = 40) -> Panel:
    """Make a page of Markdown."""
    options = {"mode": "markdown", "content": content}
    return Panel("text", title, description, [], "none", width=24, height=height, options=options)
