"""Windows of the browser, used again: to make one takes it longer than most tests take.

Windows ── take() ─> a blank page, in a context that nobody else has now
        <─ give_back() ── blank again, without what a test had set

What cannot be taken back (a clock of its own, a script at the start of each page, a listener) wants a context that
is thrown away.
"""

from playwright.sync_api import Browser, Page

from tests.page.watching import say_violations
from tests.support.serving import PATIENCE_S


class Windows:
    """The blank pages that a worker has, those that keep to the policy of the page and those that do not."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._blank: dict[bool, list[Page]] = {False: [], True: []}

    def take(self, bypass_csp: bool) -> Page:
        return self._blank[bypass_csp].pop() if self._blank[bypass_csp] else self.make(bypass_csp)

    def make(self, bypass_csp: bool) -> Page:
        context = self._browser.new_context(bypass_csp=bypass_csp)
        context.set_default_timeout(PATIENCE_S * 1000)
        say_violations(context)
        return context.new_page()

    def give_back(self, page: Page, bypass_csp: bool) -> None:
        """Take back what a test set: routes, permissions, tabs, and that the network was away."""
        page.unroute_all()
        page.context.set_offline(False)
        page.context.clear_permissions()
        for other in page.context.pages:
            if other is not page:
                other.close()
        self._blank[bypass_csp].append(page)
