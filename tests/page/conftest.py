"""A browser of each worker, servers of real bundles, and pages that may not complain.

    def test_something(page):                       # the bundle `binary`, opened and usable
        page.get_by_label("age").fill("7")

    def test_more(open_page, complaints):
        page = open_page("wide", width=320, dark=True)         # a bundle of tests/page/bundles.py, by its name
        page = open_page("binary", row={"age": 7})             # the row in the address
        page = open_page("binary", "--api-keys", str(keys), usable=False)    # a service of its own; does not wait
        page = open_page(folder=models)                        # another folder of models, made by `bundles.write`
        complaints.expect("status of 401")                     # else any console message fails the test at its end

    address = serve(models, "--no-examples")        # a real process, one for a worker, folder and options
    page = open_page("binary", bypass_csp=True)     # where a test injects a script
    page = open_page("binary", fresh=True)          # where it sets what a page keeps (windows.py)

Playwright's synchronous calls keep a loop in this thread: tests of this folder are plain functions, none is `async`.
Wait for what shall come (`expect(locator).to_have_text(…)`), never for time.
A server is shared: a test that asks what the service counted serves a folder or options of its own.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.page import bundles as made
from tests.page.watching import Complaints
from tests.page.windows import Windows
from tests.support.once import once
from tests.support.serving import process
from tests.support.tools import chromium

HEIGHT = 900
EXPECT_MS = 30_000  # until what should be seen counts as absent, on a machine that is slow and busy

Serve = Callable[..., str]
OpenPage = Callable[..., Page]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for the tests of this folder that a worker runs."""
    program = chromium()
    expect.set_options(timeout=EXPECT_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def windows(browser: Browser) -> Windows:
    return Windows(browser)


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of models that holds every bundle of `tests/page/bundles.py`."""
    return once(tmp_path_factory, "page", made.write_all)


@pytest.fixture(scope="package")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start a service for a folder and options, or find the one that runs, and return its address."""
    addresses: dict[tuple[str, ...], str] = {}
    with ExitStack() as running:

        def address(folder: Path, *options: str) -> str:
            key = (str(folder), *options)
            if key not in addresses:
                started = process(folder, tmp_path_factory.mktemp("served"), *options)
                addresses[key] = running.enter_context(started).address
            return addresses[key]

        yield address


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """What the test's pages said or did wrong; anything that was not expected fails it."""
    seen = Complaints()
    yield seen
    assert seen.found == []


@pytest.fixture(scope="package")
def alone(tmp_path_factory: pytest.TempPathFactory, bundles: Path) -> Callable[[str], Path]:
    """A folder with one of the bundles, which a service of its own loads sooner than all."""

    def folder(name: str) -> Path:
        found = tmp_path_factory.getbasetemp() / f"alone-{name}"
        found.mkdir(exist_ok=True)
        if not (found / name).exists():
            (found / name).symlink_to(bundles / name)
        return found

    return folder


@pytest.fixture
def open_page(
    windows: Windows, bundles: Path, alone: Callable[[str], Path], serve: Serve, complaints: Complaints
) -> Iterator[OpenPage]:
    """Open the page of a bundle in a context that the test has to itself, and wait until it is usable."""
    with ExitStack() as ends:

        def opened(name: str = "binary", *options: str, folder: Path | None = None, **wanted: Any) -> Page:
            address = serve(folder or (alone(name) if options else bundles), *options)
            page = ends.enter_context(_window(windows, **wanted))
            ends.enter_context(complaints.watch(page.context, address))
            ends.callback(page.goto, "about:blank")
            page.goto(f"{address}/{_place(name, wanted.get('row'))}")
            if wanted.get("usable", True):
                wait_until_usable(page)
            return page

        yield opened


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """The page of the bundle `binary`."""
    return open_page()


@contextmanager
def _window(
    windows: Windows, *, width: int = 1280, dark: bool = False, bypass_csp: bool = False, fresh: bool = False, **_: Any
) -> Iterator[Page]:
    page = windows.make(bypass_csp) if fresh else windows.take(bypass_csp)
    page.set_viewport_size({"width": width, "height": HEIGHT})
    page.emulate_media(color_scheme="dark" if dark else "light")
    yield page
    if fresh:
        page.context.close()
    else:
        windows.give_back(page, bypass_csp)


def _place(name: str, row: dict[str, Any] | None) -> str:
    """What stands behind the # of an address."""
    return "#" + urlencode({"model": name, **({} if row is None else {"row": json.dumps(row)})})


def wait_until_usable(page: Page) -> None:
    """Wait until `main.js` has marked the page as usable."""
    page.wait_for_selector("main:not([aria-busy])")
