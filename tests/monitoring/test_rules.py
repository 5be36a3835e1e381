"""Rules and alerts: what is committed is what the code writes, a real promtool likes it, and every alert is tried."""

import re
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.__main__ import DOCS, files, main
from monitoring.objectives import BURNS, CLIENT, FAILED, Objectives
from monitoring.rules import groups
from tests.support.tools import tool

ROOT = Path(__file__).parents[2]
CASES = sorted((ROOT / "tests" / "monitoring" / "alerts").glob("*.yaml"))
RULES = [rule for group in groups(Objectives(), DOCS)["groups"] for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]


def promtool(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([tool("promtool"), *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("path", files(Objectives()))
def test_a_generated_file_is_what_the_code_writes(path: str) -> None:
    """Nobody edits it by hand, and nobody forgets to write it anew."""
    assert (ROOT / path).read_text() == files(Objectives())[path], "write it anew with: python -m monitoring"


def test_the_linter_of_prometheus_finds_nothing() -> None:
    """Every lint is on, and a remark is a failure."""
    checked = promtool("check", "rules", "--lint=all", "--lint-fatal", ROOT / "monitoring" / "rules.yaml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"SUCCESS: {len(RULES)} rules found" in checked.stdout


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_and_only_then(path: Path) -> None:
    """Series by hand, and what each alert makes of them, to the last word of its description."""
    tried = promtool("test", "rules", path)
    assert tried.returncode == 0, tried.stdout + tried.stderr


def test_every_alert_is_tried_both_ways() -> None:
    """A case in which it fires, and one that comes near and in which it does not; for each window of a budget too."""
    fired: dict[tuple[str, str], set[bool]] = defaultdict(set)
    for case in (case for path in CASES for case in yaml.safe_load(path.read_text())["tests"]):
        assert case["input_series"], case["name"]
        for check in case["alert_rule_test"]:
            window = re.search(r"\((\d+[hd])\)", case["name"])
            long = window[1] if window else ""
            expected = any(alert["exp_labels"].get("long", "") == long for alert in check["exp_alerts"])
            assert case["name"].startswith(check["alertname"])
            assert ("fires" in case["name"]) == expected, case["name"]
            fired[check["alertname"], long].add(expected)
    assert fired == {(rule["alert"], rule["labels"].get("long", "")): {True, False} for rule in ALERTS}


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"] + rule["labels"].get("long", ""))
def test_an_alert_says_how_bad_what_and_where_to_read_on(rule: dict[str, Any]) -> None:
    """Severity, `for`, a summary, a description and a section of the runbook."""
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert re.fullmatch(r"\d+[mh]", rule["for"])
    words = rule["annotations"]
    assert words["summary"].endswith(".")
    assert words["description"] != words["summary"]
    page, _, anchor = words["runbook_url"].partition("#")
    sections = re.findall(r"^## (\w+)$", (ROOT / page).read_text(), re.MULTILINE)
    assert anchor in {section.lower() for section in sections}


def test_the_runbook_has_no_section_without_an_alert() -> None:
    """What nobody is sent to is not kept up; each section says what it means, what to look at and what to do."""
    sections = re.split(r"^## ", (ROOT / "docs" / "runbook.md").read_text(), flags=re.MULTILINE)[1:]
    assert {section.partition("\n")[0] for section in sections} == {rule["alert"] for rule in ALERTS}
    for section in sections:
        for part in ("**Means.**", "**Look at.**", "**Do.**"):
            assert section.count(part) == 1, section


def test_the_page_lists_every_alert_with_its_severity() -> None:
    """The table is what an operator reads before anything has happened."""
    page = (ROOT / "docs" / "monitoring.md").read_text()
    listed = re.findall(r"^\| \[`(\w+)`\]\(runbook\.md#(\w+)\) \| (\w+) \|", page, re.MULTILINE)
    severities: dict[str, set[str]] = defaultdict(set)
    for rule in ALERTS:
        severities[rule["alert"]].add(rule["labels"]["severity"])
    both = {name: found.pop() if len(found) == 1 else "both" for name, found in severities.items()}
    assert {name: severity for name, _, severity in listed} == both
    assert all(anchor == name.lower() for name, anchor, _ in listed)
    days = [burn.days for burn in BURNS]
    assert re.findall(r"^\| [^|]+, [^|]+ \| ([\d.]+) days \|", page, re.MULTILINE) == days


def test_recorded_names_say_level_metric_and_operations() -> None:
    """Prometheus' convention: level:metric:operations, and each name once."""
    names = [rule["record"] for rule in RULES if "record" in rule]
    assert len(names) == len(set(names))
    for name in names:
        assert re.fullmatch(r"(model|version|feature|bin):slipway_[a-z_]+:[a-z_]+\d*[smhd]?", name), name


def test_every_reason_to_refuse_is_the_services_fault_or_the_callers() -> None:
    """The objective knows every reason that the service counts, once."""
    from typing import get_args

    from app.errors import Reason

    known = [*FAILED.split("|"), *CLIENT.split("|")]
    assert sorted(known) == sorted(get_args(Reason))


def test_other_objectives_and_another_home_of_the_documents_reach_every_rule(tmp_path: Path) -> None:
    """The bound is a bucket, the budget a factor, and runbook_url a link."""
    main(
        [
            "--availability",
            "0.99",
            "--bound-ms",
            "250",
            "--docs",
            "https://docs.example/slipway/",
            "--out",
            str(tmp_path),
        ]
    )
    text = (tmp_path / "monitoring" / "rules.yaml").read_text()
    assert 'le="0.25"' in text
    assert 'le="0.1"' not in text
    assert "> 14.4 * 0.01\n" in text
    assert "took longer than 250 ms" in text
    assert "runbook_url: https://docs.example/slipway/runbook.md#slipwayabsent" in text
    assert "docs/runbook.md" not in text.replace("https://docs.example/slipway/runbook.md", "")
    checked = promtool("check", "rules", "--lint=all", "--lint-fatal", tmp_path / "monitoring" / "rules.yaml")
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("wrong", [["--availability", "99.9"], ["--bound-ms", "0"], ["--latency", "1"]])
def test_an_objective_that_is_none_is_refused(wrong: list[str], tmp_path: Path) -> None:
    """A share is between 0 and 1: 99.9 would make every alert silent."""
    with pytest.raises(SystemExit) as ended:
        main([*wrong, "--out", str(tmp_path)])
    assert ended.value.code == 2
    assert not list(tmp_path.iterdir())
