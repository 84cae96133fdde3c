"""Who may open a page: signed in first, then the permission of the role, else 403."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

View = Callable[..., HttpResponseBase]


def allowed(*permissions: str) -> Callable[[View], View]:
    """Let a view answer only somebody who is signed in and has all these permissions."""

    def protect(view: View) -> View:
        @wraps(view)
        def protected(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                # A form that was posted after the session ended cannot be posted again: back to the page it was on.
                return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
            if not request.user.has_perms(permissions):
                raise PermissionDenied
            response = view(request, *args, **kwargs)
            # Personal data stays out of every cache, the browser's own included: nothing comes back after signing out.
            response.headers.setdefault("Cache-Control", "private, no-store")
            return response

        return protected

    return protect
