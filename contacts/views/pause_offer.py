"""The pause that is offered in the hour after an abusive call, on the page where its collector goes on.

It stands in the session, so that no page asks the database about it; `contacts.breaks` decides when it is taken.
"""

from datetime import datetime
from typing import Final

from django.http import HttpRequest

from contacts import breaks

KEY: Final = "pause_offer"


def make(request: HttpRequest, *, at: datetime) -> None:
    """Offer it from now on."""
    request.session[KEY] = (at + breaks.OFFERED).isoformat()


def stands(request: HttpRequest, *, at: datetime) -> bool:
    """Return whether it is offered at this instant."""
    until = request.session.get(KEY, "")
    return until != "" and at < datetime.fromisoformat(until)


def forget(request: HttpRequest) -> None:
    """Offer it no longer."""
    request.session.pop(KEY, None)
