"""The few things a view says to htmx; each has a plain answer for a browser without scripts."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.cache import patch_vary_headers


def is_htmx(request: HttpRequest) -> bool:
    """Return whether htmx asks for a fragment. Back-button restores and boosted links want the whole page: False."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-History-Restore-Request") != "true"
        and headers.get("HX-Boosted") != "true"
    )


def hx_redirect(request: HttpRequest, to: Any, *args: Any, **kwargs: Any) -> HttpResponse:
    """Return an answer that leads to another page: a header for htmx, a plain 302 without scripts.

    to: a URL, the name of one, or an object with get_absolute_url, as for django.shortcuts.redirect.
    """
    url = resolve_url(to, *args, **kwargs)
    if request.headers.get("HX-Request") != "true":
        return HttpResponseRedirect(url)
    response = HttpResponse(status=200)
    response["HX-Redirect"] = url
    return response


def hx_trigger[Response: HttpResponseBase](response: Response, name: str, detail: Any = None) -> Response:
    """Add an event that the browser hears when the answer arrives, and return the answer.

    detail: anything that JSON can hold. Several calls add several events.
    """
    events: dict[str, Any] = json.loads(response.headers.get("HX-Trigger", "{}"))
    events[name] = detail
    response["HX-Trigger"] = json.dumps(events)
    return response


def vary_on_htmx[Response: HttpResponseBase](response: Response) -> Response:
    """Mark an answer that differs between a page and its fragment, so that no cache mixes the two up."""
    patch_vary_headers(response, ["HX-Request", "HX-Boosted", "HX-History-Restore-Request"])
    return response
