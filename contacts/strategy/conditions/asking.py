"""What the questions share: one of several, counting rows, and whole days that have passed."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual

from cases.models import Account
from contacts.strategy.conditions.language import ALWAYS, Context


def one_of(field: str) -> Callable[[list[str], Context], Q]:
    """Return the question whether a column is one of the values."""
    return lambda values, context: Q(**{f"{field}__in": values})


def stated(field: str) -> Q:
    """Return the condition that a column says something."""
    return ~Q(**{f"{field}__in": ["", "unknown"]})


def codes(choices: Any) -> tuple[str, ...]:
    """Return the values of a choice that mean something."""
    return tuple(value for value in choices.values if value not in ("", "unknown"))


def some(rows: QuerySet[Any]) -> Q:
    """Return the condition that there is such a row."""
    return Q(Exists(rows.order_by()))


def number_of(rows: QuerySet[Any], by: str = "case_id", weight: int = 1) -> Coalesce:
    """Return how many rows there are, times the weight; 0 where there are none."""
    counted = Subquery(rows.order_by().values(by).annotate(number=Count("pk") * weight).values("number"))
    return Coalesce(counted, 0, output_field=IntegerField())


def so_many(rows: QuerySet[Any], count: int, by: str = "case_id") -> Q:
    """Return the condition that there are at least so many rows."""
    return ALWAYS if count <= 0 else Q(GreaterThanOrEqual(number_of(rows, by), count))


def of_the_person(rows: Any, **filters: Any) -> QuerySet[Any]:
    """Return the rows of the borrower of the case at its creditor."""
    found: QuerySet[Any] = rows.filter(person_id=OuterRef("person_id"), creditor_id=OuterRef("creditor_id"), **filters)
    return found


def accounts(**filters: Any) -> QuerySet[Account]:
    """Return the accounts of the borrower at the creditor."""
    return of_the_person(Account.objects.all(), **filters)


def ended_by(days: int, context: Context) -> datetime:
    """Return the instant before which something happened that is at least so many calendar days old."""
    return context.begins_at - timedelta(days=days - 1)


def months_before(day: date, months: int) -> date:
    """Return the same day so many months earlier, or the last day of that month where it is shorter."""
    place = day.year * 12 + day.month - 1 - months
    year, month = max(1, place // 12), place % 12 + 1
    following = date(year + (month == 12), month % 12 + 1, 1)
    return date(year, month, min(day.day, (following - timedelta(days=1)).day))
