"""The pictures of the report, as SVG."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")

import matplotlib.pyplot as plt

from benchmarks.comparison.claims import goodputs, median
from benchmarks.harness.peers import PEERS
from benchmarks.harness.results_store import Results

FOLDER = Path(__file__).parents[1] / "plots"
OURS, PEER, LIMIT = "#0b6e99", "#9aa5ab", "#d9b26f"
MODELS = ("tabular", "wide", "images")

mpl.rcParams.update({"svg.hashsalt": "slipway", "svg.fonttype": "none", "font.size": 9})
mpl.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})


def draw(results: Results) -> list[Path]:
    """Draw what the results hold, and return the files."""
    FOLDER.mkdir(exist_ok=True)
    made = []
    if results.get("compare", {}).get("points"):
        made += [_save(_cpu(results), "cpu"), _save(_latency(results), "latency")]
    if results.get("sweep"):
        made.append(_save(_open_loop(results), "open-loop"))
    return made


def _cpu(results: Results) -> Any:
    """Server CPU of a request at 128 connections, one panel a model."""
    figure, axes = plt.subplots(1, len(MODELS), figsize=(12, 3.6), layout="constrained")
    for axis, model in zip(axes, MODELS, strict=True):
        found = [(peer, median(results, peer, model, 128, "cpu_us")) for peer in PEERS]
        bars = sorted(((value, peer) for peer, value in found if value), reverse=True)
        if bars:
            _bars(axis, bars)
        axis.set_title(model)
        axis.set_xlabel("µs of server CPU a request, 128 connections (log)")
    return figure


def _bars(axis: Any, bars: Sequence[tuple[float, str]]) -> None:
    names = [peer for _, peer in bars]
    axis.barh(names, [value for value, _ in bars], color=[_colour(peer) for peer in names])
    axis.set_xscale("log")
    axis.set_xlim(left=1)
    for place, (value, _) in enumerate(bars):
        axis.text(value, place, f" {value:,.0f}", va="center")
    axis.set_xlim(right=bars[0][0] * 4)


def _colour(peer: str) -> str:
    if peer.startswith("slipway"):
        return OURS
    return LIMIT if PEERS[peer].limit else PEER


def _latency(results: Results) -> Any:
    """The p99 over the requests a second, a line a server through its numbers of connections."""
    figure, axes = plt.subplots(1, len(MODELS), figsize=(12, 3.8), layout="constrained")
    connections = sorted({point["connections"] for point in results["compare"]["points"]})
    for axis, model in zip(axes, MODELS, strict=True):
        for peer in PEERS:
            pairs = [[median(results, peer, model, c, field) for field in ("rps", "p99_ms")] for c in connections]
            known = [pair for pair in pairs if None not in pair]
            if known and not PEERS[peer].limit:
                axis.plot(*zip(*known, strict=True), marker="o", markersize=3, label=peer, **_line(peer))
        axis.set(xscale="log", yscale="log", title=model, xlabel="requests a second", ylabel="p99, ms")
    axes[0].legend(fontsize=7)
    return figure


def _line(peer: str) -> dict[str, Any]:
    if peer == "slipway":
        return {"linewidth": 2.5, "color": OURS}
    return {"linewidth": 1, "color": f"C{list(PEERS).index(peer)}"}


def _open_loop(results: Results) -> Any:
    """Goodput and the p99 of accepted requests over the offered rate."""
    sweeps = results["sweep"]
    figure, axes = plt.subplots(
        2, len(sweeps), figsize=(5 * len(sweeps), 5), sharex=True, squeeze=False, layout="constrained"
    )
    for (above, below), (model, found) in zip(axes.T, sweeps.items(), strict=True):
        good = goodputs(results, model)
        above.plot(list(good), [value / found["capacity"] for value in good.values()], marker="o", color=OURS)
        above.plot([0, 1, max(good)], [0, 1, 1], color=LIMIT, linewidth=1, linestyle="--")
        above.set(
            title=f"{model}: {found['capacity']:,.0f} requests a second", ylabel="goodput ÷ capacity", ylim=(0, 1.3)
        )
        slow = goodputs(results, model, "accepted_p99_ms")
        below.plot(list(slow), list(slow.values()), marker="o", color=OURS)
        below.axhline(found["deadline_ms"], color=LIMIT, linestyle="--", linewidth=1)
        below.set(xlabel="offered rate ÷ capacity", ylabel="p99 of accepted, ms", yscale="log")
    return figure


def _save(figure: Any, name: str) -> Path:
    path = FOLDER / f"{name}.svg"
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    return path
