"""A rollout: two replicas behind HAProxy are restarted in turn while callers ask, and nobody notices.

The proxy believes a replica until it has failed two looks, half a second apart, and sends nothing twice. So a replica
that ends at once takes with it what is sent there meanwhile; one that serves on for longer than that takes nothing.
`python -m benchmarks.resilience.restarts` does the same a hundred times.
"""

import sys
from pathlib import Path

import pytest

from benchmarks.harness.behind_proxy import FALL, INTER_MS, Outcome, restart
from tests.app.bad_requests import GOOD, body_of
from tests.support import tiny

RESTARTS = 2  # each replica once
CALLERS = 3  # of each kind
PAUSE_S = 0.005
UNNOTICED_S = FALL * INTER_MS / 1000  # for how long the proxy may still send to a replica that is ending
SLACK_S = 6.0  # a busy machine looks later than it should

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="HAProxy is installed from Debian")


async def rollout(tmp_path: Path, *options: str) -> Outcome:
    tiny.write(tmp_path / "models")
    models, body = tmp_path / "models", body_of(GOOD)
    return await restart(models, body, *options, restarts=RESTARTS, callers=CALLERS, pause_s=PAUSE_S)


async def test_a_rollout_loses_no_request(tmp_path: Path) -> None:
    """Neither of a caller who keeps a connection nor of one who opens one a request; every process exits with 0."""
    outcome = await rollout(tmp_path, "--drain-delay-s", str(UNNOTICED_S + SLACK_S))
    assert outcome.seen.examples == []
    assert outcome.lost == 0
    assert min(outcome.seen.answered["keep-alive"], outcome.seen.answered["new connection"]) > 100
    assert [code for code, _ in outcome.ends] == [0, 0]


async def test_without_the_drain_delay_requests_are_lost(tmp_path: Path) -> None:
    """What the delay is for; and the proof that the test above can fail."""
    outcome = await rollout(tmp_path, "--drain-delay-s", "0")
    assert outcome.lost > 0
    assert [code for code, _ in outcome.ends] == [0, 0], "ended in order all the same"


def test_the_manifests_wait_longer_than_a_probe_needs_to_notice() -> None:
    """The same condition in a cluster: two failures of readiness fit into the drain delay."""
    root = Path(__file__).parents[2] / "k8s" / "base"
    settings = dict(line.split("=", 1) for line in (root / "settings.env").read_text().splitlines() if "=" in line[1:])
    probe = (root / "deployment.yaml").read_text().partition("readinessProbe:")[2].partition("securityContext")[0]
    period_s, threshold = (
        int(probe.partition(f"{key}: ")[2].split()[0]) for key in ("periodSeconds", "failureThreshold")
    )
    assert float(settings["SLIPWAY_DRAIN_DELAY_S"]) >= period_s * threshold
