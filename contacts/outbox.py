"""Planned contacts and uncertain messages as lists: a figure and its page use the same set of rows."""

from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cases import reach
from contacts.models import ContactAttempt, PlannedContact, ProviderState

VIEWS: Final = {
    "due": _("Due now"),
    "withheld": _("Withheld"),
    "claimed": _("Being sent"),
    "planned": _("Planned"),
    "done": _("Done"),
    "cancelled": _("Cancelled"),
}


def planned(user: Any) -> QuerySet[PlannedContact]:
    """Return the planned contacts that this user may see."""
    return reach.limit(PlannedContact.objects.all(), user, creditor="")


def due(rows: QuerySet[PlannedContact], at: datetime) -> QuerySet[PlannedContact]:
    """Return the automatic contacts whose time has come and that are of use still."""
    return rows.filter(status__in=["planned", "withheld"], automated=True, try_again_at__lte=at, expires_at__gt=at)


def withheld(rows: QuerySet[PlannedContact]) -> QuerySet[PlannedContact]:
    """Return the ones that were put off with a reason."""
    return rows.filter(status="withheld")


def claimed(rows: QuerySet[PlannedContact]) -> QuerySet[PlannedContact]:
    """Return the ones that a worker has taken up."""
    return rows.filter(status="claimed")


def of_view(rows: QuerySet[PlannedContact], view: str, at: datetime) -> QuerySet[PlannedContact]:
    """Return the rows of one of VIEWS; of no view, all; of an unknown one, none."""
    if not view:
        return rows
    if view == "due":
        return due(rows, at)
    return rows.filter(status=view) if view in VIEWS else rows.none()


def held_providers() -> list[ProviderState]:
    """Return the providers that refuse us, longest first; nothing is handed to them."""
    return list(ProviderState.objects.filter(held_until__isnull=False).order_by("held_since", "pk"))


def uncertain(user: Any) -> QuerySet[ContactAttempt]:
    """Return the messages whose fate nobody knows, and that this user may see."""
    return reach.limit(ContactAttempt.objects.filter(status="uncertain"), user)


def within_reach(user: Any) -> QuerySet[ContactAttempt]:
    """Return every contact that this user may see."""
    return reach.limit(ContactAttempt.objects.all(), user)
