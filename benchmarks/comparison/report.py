"""Results to Markdown: the claims, a table a model, the sweep and the soak, between two markers of README.md."""

import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.comparison import plots
from benchmarks.comparison.claims import CLAIMS, goodputs, median
from benchmarks.harness.peers import PEERS
from benchmarks.harness.results_store import Results

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- results: begin (written by python -m benchmarks report) -->", "<!-- results: end -->"
MODELS = ("tabular", "wide", "images", "adult")
FOREIGN_SHARE = 0.05  # of the core: above it others disturbed the measurement


def write(results: Results, readme: Path = README) -> None:
    """Draw the plots and replace what stands between the markers."""
    pictures = plots.draw(results)
    text = readme.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    links = "\n\n".join(f"![{path.stem}](plots/{path.name})" for path in pictures)
    parts = [_where(results), claims_table(results), *_tables(results), _sweep(results), _soak(results), links]
    readme.write_text(f"{before}{BEGIN}\n\n" + "\n\n".join(part for part in parts if part) + f"\n\n{END}{after}")


def claims_table(results: Results) -> str:
    """Every claim with its bounds and what was measured."""
    rows = []
    for claim in CLAIMS:
        value = claim.value(results)
        sign = "≥" if claim.least else "≤"
        hope = "" if claim.hope is None else f"{sign} {claim.hope:g}{claim.unit}"
        found = "" if value is None else f"{_short(value)}{claim.unit}"
        rows.append([claim.text, f"{sign} {claim.must:g}{claim.unit}", hope, found, claim.verdict(value)])
    return "### Claims\n\n" + table(["claim", "must", "hope", "measured", ""], rows)


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """Make a Markdown table."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *lines])


def _where(results: Results) -> str:
    m = results["machine"]
    text = (
        f"Measured {results['date']} at commit `{results['commit']}` on {m['cores']} cores of {m['cpu']}, "
        f"{m['memory_gb']} GB, {m['system']}, kernel {m['kernel']}, Python {m['python']}, {m['wrk']}."
    )
    if not results["full"]:
        text += " **A partial run.**"
    shares = [point["foreign_share"] for point in results.get("compare", {}).get("points", [])]
    if shares and statistics.median(shares) > FOREIGN_SHARE:
        text += f" **The machine was not quiet: others took {statistics.median(shares):.0%} of the server's core.**"
    return text


def _tables(results: Results) -> list[str]:
    models = [
        model for model in MODELS if any(p["model"] == model for p in results.get("compare", {}).get("points", []))
    ]
    return [_table(results, model) for model in models]


def _table(results: Results, model: str) -> str:
    """One model: a row a server, the least CPU first, then those that could not be measured."""
    connections = sorted({point["connections"] for point in results["compare"]["points"]})
    most = connections[-1]
    cpu = {peer: median(results, peer, model, most, "cpu_us") for peer in PEERS}
    measured = sorted((value, peer) for peer, value in cpu.items() if value is not None)
    head = [
        "server",
        f"requests a second at {' / '.join(map(str, connections))}",
        "p50 / p99 / p99.9 ms at 32",
        f"CPU µs a request at 32; {most}",
        f"CPU ÷ Slipway at {most}",
        "memory MB",
        "start s",
        "errors",
    ]
    rows = [_row(results, peer, model, connections, cpu["slipway"]) for _, peer in measured]
    text = f"### {model}\n\n{table(head, rows)}"
    text += _failures(results, model)
    if bare := results["compare"].get("bare", {}).get(model):
        runs = ", ".join(f"{us:,.0f} µs for {rows} rows" for rows, us in bare.items())
        text += f"\n\nA bare `session.run` with one thread takes {runs}."
    return text


def _row(results: Results, peer: str, model: str, connections: list[int], ours: float | None) -> list[str]:
    def at(field: str, c: int) -> float | None:
        return median(results, peer, model, c, field)

    most = connections[-1]
    cpu = at("cpu_us", most)
    return [
        f"**{_title(results, peer)}**" if peer == "slipway" else _title(results, peer),
        " / ".join(_whole(at("rps", c)) for c in connections),
        " / ".join(_short(at(field, 32)) for field in ("p50_ms", "p99_ms", "p999_ms")),
        f"{_short(at('cpu_us', 32))}; {_short(cpu)}",
        _short(cpu / ours) if cpu and ours else "",
        _whole(at("rss_mb", most)),
        _start(results, peer, model),
        _errors(results, peer, model),
    ]


def _title(results: Results, peer: str) -> str:
    package = next(iter(PEERS[peer].packages), None)
    version = results.get("versions", {}).get(peer, {}).get(package)
    same = package is not None and package == PEERS[peer].environment
    return f"{PEERS[peer].title} {version}" if version and (same or peer == "triton") else PEERS[peer].title


def _failures(results: Results, model: str) -> str:
    failed = [f for f in results["compare"]["failures"] if f["model"] in (model, None)]
    lines = [f"- {PEERS[f['peer']].title}: not measured: {f['reason']}" for f in failed]
    return "\n\n" + "\n".join(lines) if lines else ""


def _start(results: Results, peer: str, model: str) -> str:
    times = [s["start_s"] for s in results["compare"]["starts"] if (s["peer"], s["model"]) == (peer, model)]
    return _short(statistics.median(times[0])) if times and times[0] else ""


def _errors(results: Results, peer: str, model: str) -> str:
    points = [p for p in results["compare"]["points"] if (p["peer"], p["model"]) == (peer, model)]
    errors = sum(point["errors"] for point in points)
    return f"{errors} of {sum(point['requests'] for point in points):,}" if errors else "0"


def _sweep(results: Results) -> str:
    return "\n\n".join(_sweep_of(results, model) for model in results.get("sweep", {}))


def _sweep_of(results: Results, model: str) -> str:
    found = results["sweep"][model]
    fields = ("goodput", "accepted_p50_ms", "accepted_p99_ms", "refused_p99_ms", "lag_p99_ms")
    columns = {field: goodputs(results, model, field) for field in fields}
    rows = []
    for fraction, good in columns["goodput"].items():
        points = [p for p in found["points"] if p["fraction"] == fraction]
        rows.append(
            [
                f"{fraction:g}",
                _whole(fraction * found["capacity"]),
                f"{good:,.0f} ({good / found['capacity']:.2f})",
                *(_short(columns[field][fraction]) for field in fields[1:]),
                _statuses(points),
            ]
        )
    head = [
        "rate ÷ capacity",
        "offered",
        "goodput (÷ capacity)",
        "p50 ms",
        "p99 ms",
        "refusals' p99 ms",
        "lag ms",
        "answers",
    ]
    what = (
        f"Capacity {found['capacity']:,.0f} requests a second. An answer is good if it is a 200 within "
        f"{found['deadline_ms']} ms of its intended time. {found['connections']} connections."
    )
    return f"### Open loop, {model}\n\n{what}\n\n{table(head, rows)}"


def _statuses(points: list[dict[str, Any]]) -> str:
    """Say what became of all that was offered."""
    counts: dict[str, int] = {}
    for point in points:
        for status, count in (
            *point["statuses"].items(),
            ("unsent", point["unsent"]),
            ("lost", point["socket_errors"]),
        ):
            counts[status] = counts.get(status, 0) + count
    offered = sum(point["offered"] for point in points)
    return ", ".join(f"{status} {count / offered:.0%}" for status, count in counts.items() if count)


def _soak(results: Results) -> str:
    if "soak" not in results:
        return ""
    found = results["soak"]
    rows = [
        [_whole(s["requests"]), _short(s["rss_mb"]), *(_whole(s[k]) for k in ("descriptors", "threads", "tasks"))]
        for s in found["samples"]
    ]
    verdict = f"grew: {', '.join(found['grown'])}" if found["grown"] else "flat"
    return f"### Soak\n\n{found['requests']:,} requests of mixed sizes: {verdict}.\n\n" + table(
        ["requests", "memory MB", "descriptors", "threads", "tasks"], rows
    )


def _short(value: float | None) -> str:
    """Write three significant digits."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _whole(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"
