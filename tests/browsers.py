"""The product in a real browser, as tests open it: a window signed in as somebody, and waiting for what a page says.

Windows are used again: a test gets one without cookies, storage or open pages, whose stylesheets and scripts are
fetched already. Nothing is waited for by a string in the page, which the content security policy would refuse.
"""

from typing import Any

from django.conf import settings
from django.test import Client

GUARD_MS = 450  # keys act on a new page after 400 ms, so that one meant for the page before cannot reach it
TURN_MS = 50
PATIENCE_MS = 15_000
# What a page says of a request that it takes back when it is left; of one that failed it says more.
TAKEN_BACK = ("htmx:afterRequest,", "htmx:sendAbort,")
_windows: dict[str, list[Any]] = {}


def window(
    chromium: Any, site: Any, user: Any = None, *, width: int = 1366, height: int = 768, script: str = "",
    cookies: dict[str, str] | None = None, **options: Any,
) -> Any:  # fmt: skip
    """Return an empty page of a window of this size, signed in as the user; `page.complaints` are the browser's.

    script: runs before those of each page; options: those of Playwright's new_context. It is closed after the test.
    """
    size = {"width": width, "height": height}
    options = {"viewport": size, "locale": "en-US", "reduced_motion": "reduce", **options}
    key = f"{id(chromium)} {site.url} {sorted(options.items(), key=str)}"
    free = [context for context in _windows.get(key, []) if not context.pages]
    context = free[0] if free else chromium.new_context(**options)
    if not free:
        _windows.setdefault(key, []).append(context)
    context.clear_cookies()
    given = dict(cookies or {})
    if user is not None:
        given[settings.SESSION_COOKIE_NAME] = _session(user)
    if given:
        context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in given.items()])
    page = context.new_page()
    if free:
        _forget_what_was_stored(page, site.url)
    if script:
        page.add_init_script(script)
    page.complaints = []
    page.on("console", lambda said: None if said.text.startswith(TAKEN_BACK) else page.complaints.append(said.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    return page


def close_pages() -> None:
    """Close every page; the windows stay for the tests to come."""
    for context in [context for contexts in _windows.values() for context in contexts]:
        for page in context.pages:
            page.close()


def close_windows(url: str) -> None:
    """Close every window of a site that is no longer served."""
    for key in [key for key in _windows if f" {url} " in key]:
        for context in _windows.pop(key):
            context.close()


def keys_act(page: Any) -> None:
    """Wait until keys act on the page, or on the one that it leads to: what is seen of it can come long before."""
    until(page, "document.readyState === 'complete'", "Boolean(window.workKeys)")
    page.wait_for_timeout(GUARD_MS)


def arrived(page: Any, requests: list[Any], number: int = 1) -> None:
    """Wait until a route that a test keeps to itself has taken so many requests of the page into the list."""
    for _turn in range(PATIENCE_MS // TURN_MS):
        if len(requests) >= number:
            return
        page.wait_for_timeout(TURN_MS)
    raise AssertionError(f"only {len(requests)} of {number} requests came from {page.url}")


def until(page: Any, *conditions: str) -> None:
    """Wait until all these expressions are true on the page, or on the one that it leads to; say which they were where
    they do not come true.
    """
    for _turn in range(PATIENCE_MS // TURN_MS):
        if all(_is_true(page, condition) for condition in conditions):
            return
        page.wait_for_timeout(TURN_MS)
    raise AssertionError(f"still not true on {page.url}: {conditions}")


def _is_true(page: Any, condition: str) -> bool:
    from playwright.sync_api import Error

    try:
        return bool(page.evaluate(condition))
    except Error as error:
        if "context was destroyed" not in str(error):
            raise
        return False  # another page is coming


def _session(user: Any) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _forget_what_was_stored(page: Any, url: str) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send(
        "Storage.clearDataForOrigin", {"origin": url, "storageTypes": "local_storage,indexeddb,service_workers"}
    )
    devtools.detach()
