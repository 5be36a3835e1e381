"""The service's own metrics, read from `/metrics`."""

import re

from benchmarks.harness.check_answer import send

LINE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Samples = list[tuple[str, dict[str, str], float]]


def scrape(port: int) -> Samples:
    """Fetch and parse."""
    return parse(send(port, "/metrics").body.decode())


def parse(text: str) -> Samples:
    """Read the Prometheus text format: name, labels and value of each sample."""
    samples = []
    for line in text.splitlines():
        match = LINE.match(line)
        if match:
            name, labels, value = match.groups()
            samples.append((name, dict(LABEL.findall(labels or "")), float(value)))
    return samples


def total(samples: Samples, name: str, **labels: str) -> float:
    """Add up the samples of a name that carry these labels."""
    return sum(value for n, found, value in samples if n == name and labels.items() <= found.items())


def has(samples: Samples, name: str) -> bool:
    return any(n == name for n, _, _ in samples)
