"""A browser for measurements: a fresh one each time, pages that note when something was painted, and the tab's memory.

browser() ─> Browser;  opened(browser, address) ─> a page that is usable
press(page, key, back)    real key presses ─> milliseconds until the answer to each was painted
tab_peak_mb()              the most that a renderer of this browser has held, from /proc
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.harness.process import family

PATIENCE_MS = 120_000
# The answer to a key press: the first change of its place, and the frame that shows it.
PAINTED = """() => {
  let pressed = null;
  window.painted = [];
  addEventListener("keydown", (event) => { pressed = event.timeStamp; }, true);
  const watch = new MutationObserver(() => {
    if (pressed === null) return;
    const at = pressed;
    pressed = null;
    requestAnimationFrame(() => setTimeout(() => window.painted.push(performance.now() - at)));
  });
  const changes = { childList: true, subtree: true };
  for (const place of document.querySelectorAll(".answer, .took")) watch.observe(place, changes);
}"""
MORE_THAN = """(known) => new Promise((done) => {
  const look = () => (window.painted.length > known ? done(window.painted.length) : setTimeout(look, 4));
  look();
})"""


@contextmanager
def browser() -> Iterator[Browser]:
    """Start a browser that knows nothing yet, and end it."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise typer.BadParameter("chromium is missing. On Debian: apt install chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield launched
        launched.close()


def opened(launched: Browser, address: str) -> Page:
    """Open an address in a context of its own, and wait until the page is usable and has its first answer."""
    page = launched.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    page.wait_for_selector("main:not([aria-busy])")
    page.wait_for_selector(".answer > *")
    return page


def press(page: Page, key: str, back: str, times: int, until: str | None = None) -> list[float]:
    """Press two keys by turns, each when the answer to the one before was painted.

    Args:
        page: a page whose first number has the focus.
        key: what moves it.
        back: what moves it back.
        times: how often, at most.
        until: a selector; what it matches ends the presses.
    """
    page.evaluate(PAINTED)
    known = 0
    while known < times and (until is None or not page.query_selector(until)):
        page.keyboard.press(back if known % 2 else key)
        known = page.evaluate(MORE_THAN, known)
    found: list[float] = page.evaluate("() => window.painted")
    return found


def tab_peak_mb() -> float:
    """Return the most memory that any renderer below this process has held, all that it shares counted in."""
    return max(_status_kb(pid, "VmHWM") for pid in _renderers()) / 1024


def _renderers() -> list[int]:
    below = family([os.getpid()], {pid: parent for pid in _pids() if (parent := _parent(pid)) is not None})
    return [pid for pid in below if b"--type=renderer" in _read(pid, "cmdline")]


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parent(pid: int) -> int | None:
    text = _read(pid, "stat").decode(errors="replace")
    return int(text[text.rindex(")") + 2 :].split()[1]) if text else None


def _status_kb(pid: int, key: str) -> int:
    lines = _read(pid, "status").decode().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{key}:")), 0)


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def resources(page: Page) -> dict[str, Any]:
    """Return the files of the page that were loaded so far -> bytes of each as it was sent."""
    found: dict[str, Any] = page.evaluate(
        """() => Object.fromEntries(["navigation", "resource"]
          .flatMap((type) => performance.getEntriesByType(type))
          .map(({ name, encodedBodySize }) => [new URL(name).pathname, encodedBodySize])
          .filter(([path]) => path === "/" || path.startsWith("/page/")))"""
    )
    return found
