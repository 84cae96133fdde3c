"""How soon a browser shows the page that it has kept, from the key that saves a call to the next person painted.

A real chromium (Playwright, the one installed on the machine) works at the product served over HTTP by a process of its
own, in a small book: what the browser does depends on one page, not on how many people there are. The clock of the
product stands at noon in New York, where the people of this book live and may be called.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from statistics import quantiles
from typing import Any, Final

from django.conf import settings
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.test import Client, override_settings
from django.urls import reverse

from cases.models import Address, Case
from collections_app.management.measures import people
from collections_app.shared import clock, sealed
from collections_app.staff.models import ClockOffset

TIMES: Final = 20
WARM: Final = 2  # not counted
NUMBER: Final = "+12125550100"
GUARD_MS: Final = 450  # keys act on a new page after 400 ms
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")


class NoBrowser(Exception):
    """There is nothing to measure with; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds until the next person is painted: from the server's answer, and from the key that saves the call."""

    kept_p50: float
    kept_p95: float
    saved_p50: float
    saved_p95: float


# The next page is kept: the script that keeps it says so. Looking at the page again asks it to do so at once.
KEPT: Final = """() => new Promise((done) => {
    document.addEventListener("keptahead", () => done(true), { once: true });
    document.dispatchEvent(new Event("visibilitychange"));
})"""
# Painted is after the second frame from the change on: the first begins with it, the second after it was drawn.
WATCH: Final = """() => {
    const before = document.querySelector("h1").textContent;
    let pressed = 0, answered = 0;
    document.addEventListener("keydown", (event) => { if (event.ctrlKey) pressed = event.timeStamp; }, true);
    document.addEventListener("htmx:beforeOnLoad", () => { answered = performance.now(); }, true);
    window.painted = new Promise((done) => {
        const watch = new MutationObserver(() => {
            const name = document.querySelector("h1");
            if (!name || name.textContent === before) return;
            watch.disconnect();
            requestAnimationFrame(() => requestAnimationFrame(() => {
                const now = performance.now();
                const ahead = document.documentElement.dataset.shownAhead;
                done({ kept: now - answered, saved: now - pressed, ahead: ahead });
            }));
        });
        watch.observe(document.body, { childList: true, subtree: true });
    });
}"""


def measure() -> Measured:
    """Let a collector save calls in the empty database in use, and see the next person each time. Raises NoBrowser."""
    if not settings.DEVELOPMENT:
        raise NoBrowser("production settings serve over TLS only")
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        raise NoBrowser(f"none of {', '.join(BROWSERS)} is installed")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise NoBrowser("playwright is not installed") from None
    user = people.caller()
    people.fill(TIMES + WARM + 2)
    Case.objects.update(team=user.team)
    Address.objects.update(value_sealed=sealed.seal(NUMBER))  # it is shown to whoever calls
    seconds = int((people.AT - clock.now() + clock.offset()).total_seconds())
    ClockOffset.objects.update_or_create(id=1, defaults={"seconds": seconds})
    with override_settings(CLOCK_SHIFT=True):
        client = Client(SERVER_NAME="localhost")
        client.force_login(user)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        with _served() as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
            context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="en-US")
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url}])
            seen = _work(context.new_page(), url)
            browser.close()
    kept, saved = (quantiles([one[name] for one in seen[WARM:]], n=100) for name in ("kept", "saved"))
    return Measured(kept[49], kept[94], saved[49], saved[94])


def _work(page: Any, url: str) -> list[dict[str, float]]:
    """Call one person after the other, nobody answers; return how long the next one took each time."""
    seen = []
    page.goto(url + reverse("cases:queue"))
    page.wait_for_timeout(GUARD_MS)
    with page.expect_navigation():
        page.keyboard.press("t")
    for _each in range(TIMES + WARM):
        page.wait_for_timeout(GUARD_MS)
        with page.expect_navigation():
            page.keyboard.press("c")
        page.evaluate(KEPT)
        page.wait_for_timeout(GUARD_MS)
        page.keyboard.press("1")
        page.evaluate(WATCH)
        page.keyboard.press("Control+Enter")
        one = page.evaluate("() => window.painted")
        if not one.pop("ahead", None):
            raise RuntimeError("the page that was shown was not the one that was kept")
        seen.append(one)
        page.locator("html[data-shown-true]").wait_for(state="attached")
    return seen


@contextmanager
def _served() -> Iterator[str]:
    """Serve the product over HTTP by a process of its own for as long as the block lasts; yield its address."""
    server = ThreadedWSGIServer(("localhost", 0), _Quiet)
    server.set_app(get_wsgi_application())
    connections.close_all()
    process = get_context("fork").Process(target=server.serve_forever)
    process.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        process.terminate()
        process.join()
        server.server_close()


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of each request."""
