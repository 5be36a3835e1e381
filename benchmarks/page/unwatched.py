"""A browser that nobody watches, for what a tab holds: Playwright has the browser keep the body of every answer.

unwatched(address) ─ Chromium over a pipe ─> Tab ─ evaluate, choose a file ─> the page
                                             └── pids: its renderers, whose memory /proc says

It speaks as much of the DevTools protocol as it takes to open a page, choose a file and ask for a value.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

FLAGS = ("--headless=new", "--no-sandbox", "--no-first-run", "--remote-debugging-pipe", "--window-size=1280,900")
LOOK_S = 0.2
PATIENCE_S = 600
CHUNK_BYTES = 2**16
KEYS = {"ArrowLeft": 37, "ArrowRight": 39}


class Tab:
    """One page of a browser, spoken to by messages that end with a zero."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._rest = b""
        self._last = 0
        self._session: dict[str, Any] = {}

    def open(self, address: str) -> None:
        """Open an address in a tab of its own."""
        target = self._ask("Target.createTarget", url=address)["targetId"]
        found = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": found["sessionId"]}

    def evaluate(self, expression: str) -> Any:
        """Return what an expression comes to, as JSON has it."""
        return self._ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def wait(self, selector: str, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Wait until an element is there."""
        ends = time.monotonic() + PATIENCE_S
        while not self.evaluate(f"document.querySelector({json.dumps(selector)}) !== null"):
            if time.monotonic() > ends:
                raise TimeoutError(f"Expected `{selector}` on the page. Received: nothing in {PATIENCE_S} s.")
            meanwhile()
            time.sleep(LOOK_S)

    def choose(self, selector: str, file: Path) -> None:
        """Choose a file as a person does."""
        found = self._ask("Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})")
        self._ask("DOM.setFileInputFiles", files=[str(file)], objectId=found["result"]["objectId"])

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            for kind in ("rawKeyDown", "keyUp"):
                self._ask("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=KEYS[key])

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters, **self._session}
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (found := self._next()).get("id") != self._last:
            pass
        if "error" in found:
            raise RuntimeError(f"{method}: {found['error']['message']}")
        result: dict[str, Any] = found["result"]
        return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self._from, CHUNK_BYTES)
            if not part:
                raise RuntimeError("The browser has ended.")
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found


@contextmanager
def unwatched(address: str) -> Iterator[Tab]:
    """Start a browser that knows nothing yet, open an address, and end the browser."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise typer.BadParameter("chromium is missing. On Debian: apt install chromium")
    (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
    # Chromium reads from descriptor 3 and writes to 4.
    command = ["bash", "-c", f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}', program, *FLAGS]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        started = subprocess.Popen(
            [*command, f"--user-data-dir={folder}", "about:blank"],
            pass_fds=(theirs_in, theirs_out), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            tab = Tab(ours_out, ours_in)
            tab.open(address)
            yield tab
        finally:
            started.terminate()
            started.wait()
            os.close(ours_out)
            os.close(ours_in)
