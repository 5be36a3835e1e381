"""compose.yaml: what it mounts is there and lands where the other side looks; no Docker runs here.

Where Docker Compose is installed, its own `config` judges the file too.
"""

import json
import re
import subprocess
from typing import Any

import pytest
import yaml

from tests.support.serving import ROOT
from tests.support.tools import tool

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
GRAFANA = ROOT / "monitoring" / "grafana"


def mounted(service: str) -> dict[str, str]:
    """Where the repository's files lie in a service: inside -> in the repository."""
    mounts = [mount.split(":") for mount in SERVICES[service]["volumes"] if mount.startswith("./")]
    assert all(mount[2] == "ro" for mount in mounts)
    return {inside: outside for outside, inside, _ in mounts}


@pytest.mark.parametrize("service", [name for name, made in SERVICES.items() if "volumes" in made])
def test_every_file_that_is_mounted_exists(service: str) -> None:
    """Docker makes an empty folder of a file that is missing, and says nothing."""
    for outside in mounted(service).values():
        assert (ROOT / outside).exists(), outside


def test_prometheus_finds_its_rules_and_the_service() -> None:
    """The configuration names files and hosts as they are called inside."""
    config = yaml.safe_load((ROOT / "monitoring" / "prometheus.yml").read_text())
    assert set(config["rule_files"]) == {"/etc/prometheus/rules.yaml"} <= set(mounted("prometheus"))
    assert mounted("prometheus")["/etc/prometheus/rules.yaml"] == "./monitoring/rules.yaml"
    assert "--config.file=/etc/prometheus/prometheus.yml" in SERVICES["prometheus"]["command"]
    (scrape,) = config["scrape_configs"]
    host, _, port = scrape["static_configs"][0]["targets"][0].partition(":")
    assert host in SERVICES
    assert f"SLIPWAY_PORT={port}" in (ROOT / "Dockerfile").read_text()


def test_grafana_finds_prometheus_and_opens_on_the_dashboard() -> None:
    """Data source and dashboard are there at the first start; nobody clicks anything."""
    inside = mounted("grafana")
    (source,) = yaml.safe_load((GRAFANA / "datasource.yaml").read_text())["datasources"]
    assert source["type"] == "prometheus"
    assert re.fullmatch(r"http://(\w+):9090", source["url"])[1] in SERVICES  # type: ignore[index]
    (provider,) = yaml.safe_load((GRAFANA / "dashboards.yaml").read_text())["providers"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home.startswith(provider["options"]["path"] + "/")
    assert json.loads((ROOT / inside[home]).read_text())["uid"] == "slipway"
    assert any(path.startswith("/etc/grafana/provisioning/datasources/") for path in inside)
    assert any(path.startswith("/etc/grafana/provisioning/dashboards/") for path in inside)


def test_nothing_is_open_to_the_network() -> None:
    """Grafana lets anybody look, so only this machine may reach it."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_images_have_versions() -> None:
    """`latest` would be another program tomorrow."""
    for service in SERVICES.values():
        assert re.search(r":v?\d+\.\d+\.\d+$", service["image"])


def test_the_load_is_asked_for_and_waits_for_the_service() -> None:
    """Only with its profile; and the service's image says when it is healthy."""
    load = SERVICES["load"]
    assert load["profiles"] == ["load"]
    assert load["depends_on"]["slipway"]["condition"] == "service_healthy"
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()
    assert {inside.rpartition("/")[0] for inside in mounted("load")} == {load["working_dir"]}


def test_docker_compose_understands_it() -> None:
    """Its own words; it needs no daemon for this."""
    program = tool("docker-compose")
    told = subprocess.run(
        [program, "--profile", "load", "config", "--quiet"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
