"""What the questions share: one of several, counting rows, and whole days that have passed."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import (
    BooleanField,
    Count,
    Exists,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models import Case as Choose
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual, IsNull

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


def one_by_one(rows: QuerySet[Any]) -> Q:
    """Return the condition that there is such a row, looked up for each case that is asked about.

    For a table that holds far more than the cases do: EXISTS may be answered by reading all of it.
    """
    return Q(IsNull(Subquery(rows.order_by().values("pk")[:1]), False))  # noqa: FBT003


def in_turn(asked: Sequence[Q]) -> Q:
    """Return the condition that all of these hold, each asked only where those before it hold."""
    if not asked:
        return ALWAYS
    last = Choose(When(asked[-1], then=Value(True)), default=Value(False), output_field=BooleanField())  # noqa: FBT003
    for each in reversed(asked[:-1]):
        last = Choose(When(each, then=last), default=Value(False), output_field=BooleanField())  # noqa: FBT003
    return Q(last)


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
