"""The page on metrics and what is served are the same list, and Prometheus' own linter finds nothing in it."""

import re
import subprocess
from pathlib import Path
from typing import NamedTuple, get_args

import httpx
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from app.errors import Reason
from app.main import Slipway
from app.metrics.instruments import PROTOCOLS, Instruments
from tests.app.bad_requests import GOOD, JSON, body_of
from tests.support import serving
from tests.support.tools import tool

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([\w, ]*)\| (.+?) \| ?(.*?) ?\|$", re.MULTILINE)
CONDITIONAL = "slipway_memory_limit_bytes"  # where the cgroup has a limit
BELOW_A_BUCKET = {"le"}


class Row(NamedTuple):
    """What the page, or a scrape, says of a family."""

    kind: str
    labels: frozenset[str]
    text: str


def listed() -> dict[str, Row]:
    """The rows of the page's first table."""
    table = PAGE.read_text().split("<!-- metrics:")[1].split("\n\n")[0]
    rows = {
        name: Row(kind, frozenset(labels.replace(" ", "").split(",")) - {""}, text)
        for name, kind, labels, text, _ in ROW.findall(table)
    }
    assert len(rows) == table.count("\n| `")
    return rows


def families(text: str) -> dict[str, Metric]:
    return {f"{f.name}_total" if f.type == "counter" else f.name: f for f in text_string_to_metric_families(text)}


def served(text: str, registry: CollectorRegistry) -> dict[str, Row]:
    """What a scrape shows; a family that has nothing to show yet has its labels from the registry."""
    made = {name: getattr(c, "_labelnames", ()) for c, names in registry._collector_to_names.items() for name in names}
    return {
        name: Row(
            family.type,
            frozenset(family.samples[0].labels) - BELOW_A_BUCKET if family.samples else frozenset(made[family.name]),
            family.documentation,
        )
        for name, family in families(text).items()
    }


def lint(text: str) -> "subprocess.CompletedProcess[str]":
    command = [tool("promtool"), "check", "metrics"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


@pytest.fixture
async def live(app: Slipway, client: httpx.AsyncClient) -> str:
    """The text of a scrape after requests of several kinds."""
    for body, status in ((body_of(GOOD), 200), (b"{", 400)):
        assert (await client.post("/predict", content=body, headers=JSON)).status_code == status
    assert (await client.post("/predict?model=nobody", content=body_of(GOOD), headers=JSON)).status_code == 404
    app.state.metrics.lagged.add(0.0)
    return (await client.get("/metrics")).text


async def test_the_page_and_the_scrape_are_the_same_list(live: str, app: Slipway) -> None:
    """Name, type, labels and help of each, in both directions."""
    rows, found = listed(), served(live, app.state.metrics.registry)
    assert sorted(rows.keys() - {CONDITIONAL}) == sorted(found.keys() - {CONDITIONAL})
    for name, row in found.items():
        assert row == rows[name], name


def test_the_limit_of_the_memory_is_on_the_page_and_shown_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("268435456\n")
    limited, free = Instruments(cgroup=tmp_path), Instruments(cgroup=tmp_path / "nothing")
    assert limited.registry.get_sample_value(CONDITIONAL) == 2**28
    assert free.registry.get_sample_value(CONDITIONAL) is None
    (family,) = (f for f in limited.registry.collect() if f.name == CONDITIONAL)
    assert listed()[CONDITIONAL] == Row(family.type, frozenset(), family.documentation)


def test_every_protocol_and_reason_is_on_the_page() -> None:
    """With the status that goes with the reason, where there is one."""
    text = PAGE.read_text()
    assert all(f"`{protocol}`" in text for protocol in PROTOCOLS)
    reasons = dict(re.findall(r"^\| `(\w+)` \| ([\d, ]+|none) \|", text.split("## Reasons")[1], re.MULTILINE))
    assert set(reasons) == set(get_args(Reason))


async def test_the_linter_of_prometheus_finds_nothing(live: str) -> None:
    """`promtool check metrics`: names, units, suffixes and help texts."""
    checked = lint(live)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


async def test_the_linter_would_say_so(live: str) -> None:
    """A family without a help text is a finding."""
    bad = live + "# TYPE slipway_made_up counter\nslipway_made_up 1\n"
    checked = lint(bad)
    assert checked.returncode != 0
    assert "slipway_made_up" in checked.stderr


async def test_no_series_says_when_it_was_made(live: str) -> None:
    """`_created` would be one more for each histogram and counter."""
    assert "_created" not in live


def test_the_environment_asks_for_the_linter() -> None:
    """Where everything is checked, promtool is installed."""
    assert "need promtool prometheus" in (serving.ROOT / ".ci" / "run").read_text()
