"""The page behind List-Unsubscribe: looking shows a button, posting acts (RFC 8058). Public, and it names nobody."""

import logging
from typing import Final

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from collections_app.shared import clock
from contacts import way_out

log = logging.getLogger(__name__)
WRONG_A_MINUTE: Final = 20  # links that were not made here, per address that asks


@csrf_exempt  # mail programs post without having looked; the link itself is the proof
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Show the button, or stop. Wrong links look all alike, and only so many are answered a minute."""
    try:
        way_out.key_in(token)
        if request.method == "POST":
            way_out.take(token, at=clock.now())
    except way_out.NoSuchWayOut:
        status = 429 if _too_many(request) else 404
        return _page(request, {"state": "unknown"}, status=status)
    return _page(request, {"state": "stopped" if request.method == "POST" else "asked"})


def _page(request: HttpRequest, context: dict[str, str], *, status: int = 200) -> HttpResponse:
    answer = render(request, "contacts/way_out.html", context, status=status)
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex"
    return answer


def _too_many(request: HttpRequest) -> bool:
    """Whether this address has asked for too many wrong links; without a cache nobody counts."""
    name = f"way-out:{request.META.get('REMOTE_ADDR', '')}"
    try:
        cache.add(name, 0, timeout=60)
        return cache.incr(name) > WRONG_A_MINUTE
    except Exception as error:  # noqa: BLE001  (a signature is checked either way; the limit is a convenience)
        log.warning("links are not counted", extra={"error": type(error).__name__})
        return False
