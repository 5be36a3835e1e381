"""What a page must not do: print, fail, ask another host, break its policy.

Complaints ── watches ─> every context of a test, while it has it;  found ─> what was seen and not expected
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Request

# A violation of the policy becomes a message of the console that names the directive.
SAY_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`))"""


def say_violations(context: BrowserContext) -> None:
    """Let each page of a context say where it breaks its policy."""
    context.add_init_script(SAY_VIOLATIONS)


class Complaints:
    """Everything that a test's pages said or did wrong."""

    def __init__(self) -> None:
        self._seen: list[str] = []
        self._expected: list[re.Pattern[str]] = []

    def expect(self, pattern: str) -> None:
        """Let pass what matches: a refusal of the service that the test wants is a message of the console."""
        self._expected.append(re.compile(pattern))

    @property
    def found(self) -> list[str]:
        return [each for each in self._seen if not any(one.search(each) for one in self._expected)]

    @contextmanager
    def watch(self, context: BrowserContext, address: str) -> Iterator[None]:
        """Watch all pages of a context; `address` is the one service that they may ask."""
        listeners: dict[str, Any] = {
            "console": self._console,
            "weberror": lambda error: self._seen.append(f"error: {error.error}"),
            "request": lambda request: self._request(request, address),
        }
        for event, listener in listeners.items():
            context.on(event, listener)  # type: ignore[call-overload]  # of which each has an overload
        yield
        for event, listener in listeners.items():
            context.remove_listener(event, listener)

    def _console(self, message: ConsoleMessage) -> None:
        self._seen.append(f"console {message.type}: {message.text} ({message.location['url']})")

    def _request(self, request: Request, address: str) -> None:
        if not request.url.startswith((f"{address}/", "blob:", "data:")):
            self._seen.append(f"request to another host: {request.url}")
