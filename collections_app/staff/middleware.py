"""Every page in the time zone of whoever looks at it."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from collections_app.shared import clock


class OwnTimeZone:
    """Activates the time zone of the signed-in user for the length of a request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        user = request.user
        if not user.is_authenticated:
            return self.get_response(request)
        try:
            place = clock.zone(user.time_zone)
        except clock.UnknownTimeZone:
            return self.get_response(request)
        with timezone.override(place):
            return self.get_response(request)
