"""Which rows somebody may see: all of them with that right, else those of his own team; in doubt, nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Model, Q, QuerySet

from cases.models import Creditor, Payment
from collections_app.shared import clock


def creditors(user: Any) -> QuerySet[Creditor]:
    """Return the creditors whose book this user may see, by name."""
    everyone = Creditor.objects.order_by("name", "pk")
    if not user.is_active:
        return everyone.none()
    if user.has_perm("cases.view_all"):
        return everyone
    if user.has_perm("cases.view_team") and user.team_id is not None:
        return everyone.filter(team_id=user.team_id)
    return everyone.none()


def limit[Row: Model](
    rows: "QuerySet[Row]", user: Any, *, case: str = "case", creditor: str = "creditor", team: str = ""
) -> "QuerySet[Row]":
    """Return the rows of cases that this user may see; a row without a case goes with its creditor's team.

    case, creditor: the fields of the row that lead there ("" where the row has no such field). team: the field of a
    row that names the team itself, instead of a case.
    """
    if not user.is_active:
        return rows.none()
    if user.has_perm("cases.view_all"):
        return rows
    if not user.has_perm("cases.view_team") or user.team_id is None:
        return rows.none()
    holder = team or case
    if not holder:
        return rows.filter(**{f"{creditor}__team_id": user.team_id})
    mine = Q(**{f"{team}_id" if team else f"{case}__team_id": user.team_id})
    if creditor:
        mine |= Q(**{f"{holder}__isnull": True, f"{creditor}__team_id": user.team_id})
    return rows.filter(mine)


@dataclass(frozen=True, slots=True)
class Day:
    """One business date of the creditors that live in one time zone, with the instants at which it begins and ends."""

    creditor_ids: tuple[int, ...]
    on: date
    begins: datetime
    ends: datetime


def days(of: Collection[Creditor], at: datetime) -> tuple[Day, ...]:
    """Return the business date of each of these creditors at an instant, creditors of one time zone together."""
    zones: dict[str, list[int]] = {}
    for creditor in of:
        zones.setdefault(creditor.time_zone, []).append(creditor.pk)
    found = []
    for name, ids in sorted(zones.items()):
        zone, today = clock.zone(name), clock.business_day(at, name)
        begins = datetime.combine(today, time(0), tzinfo=zone)
        ends = datetime.combine(today + timedelta(days=1), time(0), tzinfo=zone)
        found.append(Day(tuple(ids), today, begins, ends))
    return tuple(found)


def on_days(of: tuple[Day, ...], field: str, *, since: int = 0, until: int = 0, creditor: str = "creditor_id") -> Q:
    """Return the condition that a date lies within so many days of each creditor's business date, both included."""
    condition = Q(pk__in=[])
    for day in of:
        first, last = day.on + timedelta(days=since), day.on + timedelta(days=until)
        condition |= Q(**{f"{creditor}__in": day.creditor_ids, f"{field}__gte": first, f"{field}__lte": last})
    return condition


def within_today(of: tuple[Day, ...], field: str, *, creditor: str = "creditor_id") -> Q:
    """Return the condition that an instant lies within each creditor's present business date."""
    condition = Q(pk__in=[])
    for day in of:
        condition |= Q(**{f"{creditor}__in": day.creditor_ids, f"{field}__gte": day.begins, f"{field}__lt": day.ends})
    return condition


def unallocated(user: Any) -> QuerySet[Payment]:
    """Return the payments without an account that this user may see."""
    return limit(Payment.objects.filter(status=Payment.Status.UNALLOCATED), user, case="")
