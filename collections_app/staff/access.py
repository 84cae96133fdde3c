"""Who may open a page: signed in first, then the permission of the role, else 403."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme

View = Callable[..., HttpResponseBase]


def allowed(*permissions: str) -> Callable[[View], View]:
    """Let a view answer only somebody who is signed in and has all these permissions."""

    def protect(view: View) -> View:
        @wraps(view)
        def protected(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(_way_back(request))
            if not request.user.has_perms(permissions):
                raise PermissionDenied
            response = view(request, *args, **kwargs)
            # Personal data stays out of every cache, the browser's own included: nothing comes back after signing out.
            response.headers.setdefault("Cache-Control", "private, no-store")
            return response

        return protected

    return protect


def _way_back(request: HttpRequest) -> str:
    """Return where to go after signing in: the page that was asked for, or the one whose form was sent.

    A form that was posted after the session ended cannot be posted again; its page has what was typed in it.
    """
    is_part = "HX-Request" in request.headers
    if request.method == "GET" and not is_part:
        return request.get_full_path()
    page = request.headers.get("HX-Current-URL" if is_part else "Referer", "")
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure()):
        return "/"
    parts = urlsplit(page)
    return f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
