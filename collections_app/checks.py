"""Checks of the whole product that `manage.py check` runs, beside Django's own."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security, deploy=True)
def clock_is_not_shifted(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a deployment whose clock a table can move."""
    if not settings.CLOCK_SHIFT:
        return []
    return [
        Error(
            "CLOCK_SHIFT is set: the clock follows a table, so no contact hour could be proved.",
            hint="Unset CLOCK_SHIFT; it is for demonstrations and tests only.",
            id="collections_app.E001",
        )
    ]
