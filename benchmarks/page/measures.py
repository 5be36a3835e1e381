"""What is measured of the page, each by itself, on a service that was started for it.

sizes · usable · answers · looking · large_file · shapley ─> plain numbers
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.csv

from benchmarks.page import browsing
from benchmarks.page.unwatched import unwatched
from benchmarks.scoring import data

NS = 1e9
LOOK_S = 30
# When the first route of /docs is there to be tried.
DOCS_USABLE = """new MutationObserver((_, watch) => {
  if (!document.querySelector(".opblock")) return;
  watch.disconnect();
  performance.mark("usable");
}).observe(document, { childList: true, subtree: true });"""
MARK_MS = """() => new Promise((done) => {
  const look = () => {
    const [mark] = performance.getEntriesByName("usable");
    mark ? done(mark.startTime) : setTimeout(look, 10);
  };
  look();
})"""
SHAPLEY = """async (rows) => {
  const main = performance.getEntriesByType("resource").find(({ name }) => name.endsWith("/page.js")).name;
  const { plan, shares } = await import(main.replace("page.js", "shapley.js"));
  const ask = async (instances) => {
    const body = JSON.stringify({ instances });
    const headers = { "content-type": "application/json" };
    const reply = await fetch("predict?purpose=preview&model=adult-income", { method: "POST", headers, body });
    return (await reply.json()).predictions.map((one) => Object.values(one.probabilities)[1]);
  };
  const gaps = [];
  for (const row of rows.slice(1)) {
    const planned = plan(Object.keys(row), row, rows[0]);
    if (!planned.players.length) continue;
    const [values, [first, last]] = [await ask(planned.rows), await ask([rows[0], row])];
    const sum = shares(planned, values).reduce((total, { share }) => total + share, 0);
    gaps.push([planned.players.length, Math.abs(sum - (last - first))]);
  }
  return gaps;
}"""


@dataclass(frozen=True)
class Service:
    """Where the service answers, and its process."""

    address: str
    pid: int

    def cpu_s(self) -> float:
        """CPU seconds of its threads so far, to the nanosecond."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / NS


def sizes(service: Service, names: Sequence[str], file: Path) -> dict[str, int]:
    """Open each model, score a file, and return the page's files with their bytes on the wire."""
    found: dict[str, int] = {}
    with browsing.browser() as launched:
        for name in names:
            page = browsing.opened(launched, f"{service.address}/#model={name}")
            page.set_input_files("#rows-file", file)
            page.wait_for_selector(".report, #rows .error")
            found |= browsing.resources(page)
    return found


def usable(service: Service, pairs: int) -> list[tuple[float, float]]:
    """Return pairs of milliseconds until the page and /docs can be used, each in a browser that was just started."""
    return [_pair(service, page_first=at % 2 == 0) for at in range(pairs)]


def _pair(service: Service, *, page_first: bool) -> tuple[float, float]:
    ways = [("/#model=adult-income", ""), ("/docs", DOCS_USABLE)]
    taken = {path: _usable_ms(service.address + path, script) for path, script in ways[:: 1 if page_first else -1]}
    return taken[ways[0][0]], taken[ways[1][0]]


def _usable_ms(address: str, script: str) -> float:
    with browsing.browser() as launched:
        page = launched.new_page()
        if script:
            page.add_init_script(script)
        page.goto(address)
        found: float = page.evaluate(MARK_MS)
        return found


def answers(service: Service, times: int) -> list[float]:
    """Return milliseconds from a key press to the painted answer."""
    with browsing.browser() as launched:
        page = browsing.opened(launched, f"{service.address}/#model=adult-income")
        _focus_a_number(page)
        return browsing.press(page, "ArrowRight", "ArrowLeft", times)


def looking(service: Service, seconds: float = LOOK_S) -> tuple[float, float]:
    """Return the share of a core that the service takes without anybody, and with one who looks at what it does now."""
    alone = _share(service, seconds / 2)
    with browsing.browser() as launched:
        page = browsing.opened(launched, f"{service.address}/#model=adult-income")
        (page.query_selector("#now") or page.query_selector_all(".card")[-1]).scroll_into_view_if_needed()
        time.sleep(2)  # what the first look costs belongs to the opening
        return alone, _share(service, seconds)


def _share(service: Service, seconds: float) -> float:
    before, began = service.cpu_s(), time.monotonic()
    time.sleep(seconds)
    return (service.cpu_s() - before) / (time.monotonic() - began)


def large_file(service: Service, file: Path, presses: int) -> dict[str, Any]:
    """Score a file while somebody plays on, and again for what the tab holds at most."""
    with browsing.browser() as launched:
        page = browsing.opened(launched, f"{service.address}/#model=adult-income")
        began = time.monotonic()
        page.set_input_files("#rows-file", file)
        _focus_a_number(page)
        meanwhile = browsing.press(page, "ArrowRight", "ArrowLeft", presses, until=".report, #rows .error")
        page.wait_for_selector(".report, #rows .error")
        said = page.inner_text(".report > p, #rows .error")
        found = {"said": said, "seconds": time.monotonic() - began, "answer_ms": meanwhile}
    return {**found, "tab_peak_mb": _tab_peak_mb(service, file)}


def _tab_peak_mb(service: Service, file: Path) -> float:
    """Return the most that the tab holds while a file is scored and its form is used, in a browser nobody watches."""
    with unwatched(f"{service.address}/#model=adult-income") as tab:
        tab.wait(".answer > *")
        tab.choose("#rows-file", file)
        tab.evaluate("document.querySelector('[type=range]').focus()")
        tab.wait(".report, #rows .error", lambda: tab.press("ArrowRight", "ArrowLeft"))
        return browsing.tab_peak_mb()


def shapley(service: Service, rows: Sequence[dict[str, Any]]) -> list[tuple[int, float]]:
    """Return, for each row against the first: features that differ, and by how much the shares miss the difference."""
    with browsing.browser() as launched:
        page = browsing.opened(launched, f"{service.address}/#model=adult-income")
        found: list[tuple[int, float]] = page.evaluate(SHAPLEY, list(rows))
        return found


def adult_csv(folder: Path, rows: int) -> Path:
    """Write so many rows of Adult, with a key, as people have them: a CSV file."""
    path = folder / f"adult-{rows}.csv"
    pyarrow.csv.write_csv(data.table(rows), path)
    return path


def _focus_a_number(page: Any) -> None:
    page.get_by_role("slider").first.focus()


def busy() -> float:
    """Return how many processes want the processors: measurements are to be trusted below one."""
    return os.getloadavg()[0]
