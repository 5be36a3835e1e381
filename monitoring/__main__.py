"""`python -m monitoring`: write the rules and the dashboard, for a Prometheus and a Grafana of one's own and for k8s/.

python -m monitoring                                       as they are committed
python -m monitoring --bound-ms 250 --availability 0.995   for other objectives (and SLIPWAY_OBJECTIVE_MS=250)
python -m monitoring --docs https://…/slipway/docs         runbook_url as a link into one's own copy of docs/
python -m monitoring --out folder                          elsewhere, and the repository stays as it is
"""

import argparse
from pathlib import Path

from monitoring import rules
from monitoring.dashboard import dashboard_file
from monitoring.objectives import AVAILABILITY, BOUND_MS, LATENCY, Objectives

ROOT = Path(__file__).parent.parent
DOCS = "docs"
RUNBOOK = ROOT / "docs" / "runbook.md"


def files(objectives: Objectives, docs: str = DOCS) -> dict[str, str]:
    """Make every generated file: its path in the repository and its content."""
    return {
        "monitoring/rules.yaml": rules.rule_file(objectives, docs),
        "k8s/components/prometheus-operator/prometheusrule.yaml": rules.prometheus_rule(objectives, docs),
        "k8s/components/grafana-dashboard/slipway.json": dashboard_file(objectives, RUNBOOK.read_text()),
    }


def _share(text: str) -> float:
    share = float(text)
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"expected a share between 0 and 1, such as 0.999. Received: {text}.")
    return share


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0. Received: {text}.")
    return number


def main(arguments: list[str] | None = None) -> None:
    """Write the files and say which."""
    parser = argparse.ArgumentParser(prog="python -m monitoring", description="Write rules, alerts and the dashboard.")
    parser.add_argument("--availability", type=_share, default=AVAILABILITY, help="share of requests that must succeed")
    parser.add_argument("--latency", type=_share, default=LATENCY, help="share of requests that must be fast")
    parser.add_argument("--bound-ms", type=_positive, default=BOUND_MS, help="what fast is: SLIPWAY_OBJECTIVE_MS")
    parser.add_argument("--docs", default=DOCS, help="where the alerts' readers find docs/")
    parser.add_argument("--out", type=Path, default=ROOT, help="folder to write below")
    given = parser.parse_args(arguments)
    objectives = Objectives(given.availability, given.latency, given.bound_ms)
    for path, content in files(objectives, given.docs.rstrip("/")).items():
        target = given.out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        print(target)


if __name__ == "__main__":
    main()
