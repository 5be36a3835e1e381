"""Rules and alerts as a rule file for Prometheus, and as an object for its operator.

The words of YAML are few here on purpose: groups of rules, each with a name; no interval, so that the server's holds.
"""

from typing import Any

import yaml

from monitoring import recording
from monitoring.alert import Alert
from monitoring.alerts import ALERTS
from monitoring.burn import burns
from monitoring.objectives import Objectives
from monitoring.recording import Record

GENERATED = "# Written by `python -m monitoring`; change it there.\n"


def groups(objectives: Objectives, docs: str) -> dict[str, Any]:
    """Make the content of a rule file."""
    rules: dict[str, list[Record]] = {
        "slipway-requests": recording.requests(objectives),
        "slipway-work": recording.work(),
        "slipway-drift": recording.drift(),
    }
    alerts = {"slipway-objectives": burns(objectives), "slipway-alerts": ALERTS}
    return {
        "groups": [
            *({"name": name, "rules": [_record(rule) for rule in group]} for name, group in rules.items()),
            *({"name": name, "rules": [_alert(alert, docs) for alert in group]} for name, group in alerts.items()),
        ]
    }


def _record(rule: Record) -> dict[str, Any]:
    return {"record": rule.name, "expr": rule.expr}


def _alert(alert: Alert, docs: str) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expr,
        "for": alert.hold,
        "labels": {"severity": alert.severity} | alert.labels,
        "annotations": {
            "summary": alert.summary,
            "description": alert.description,
            "runbook_url": alert.runbook(docs),
        },
    }


def rule_file(objectives: Objectives, docs: str) -> str:
    """Write the rules as Prometheus reads them."""
    return GENERATED + _yaml(groups(objectives, docs))


def prometheus_rule(objectives: Objectives, docs: str) -> str:
    """Write the rules as the Prometheus operator reads them."""
    return GENERATED + _yaml(
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": "slipway"},
            "spec": groups(objectives, docs),
        }
    )


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they are, so that an expression can be read."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _yaml(content: dict[str, Any]) -> str:
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=10_000, allow_unicode=True)
