"""Who of those who wait comes first: priority, and among the best whoever can be worked at this hour.

The best of a queue are read in the order of its index, and only so many: what is asked here costs the same in a book of
any size, by day and by night. What is said of a person is looked up person by person, by key.
"""

from collections.abc import Collection
from typing import Final

from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    F,
    Field,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)

from cases.models import Case, ContactPoint, NextAction, Person

NEAR: Final = 100  # among so many of the best, whoever has no number waits behind those who have one
FAR: Final = 1_000  # so far it is looked for somebody whose hour it is, when nobody of the nearest can be worked
DESK_WORK: Final = (NextAction.REVIEW, NextAction.VERIFY_PAYMENT)  # at any hour, and without a call
TELEPHONES: Final = ("mobile", "home_phone", "unknown_phone", "work_phone", "office_phone")


class _IsOneOf(Func):
    """A condition that compares with a list of some hundred values as one parameter: `IN` would take one for each."""

    arg_joiner = " = ANY("
    template = "(%(expressions)s))"
    output_field = BooleanField()


def by_priority(waiting: QuerySet[Case]) -> QuerySet[Case]:
    """Return cases in the order of the index `case_worklist`."""
    return waiting.order_by("-score", "pk")


def near(waiting: QuerySet[Case], zones: Collection[str]) -> QuerySet[Case]:
    """Return those of the nearest with whom something can be done now, the best first.

    zones: where it is daytime now.
    """
    return by_priority(_best(waiting, NEAR).filter(_at_this_hour(zones), ~Q(next_action=NextAction.CALL) | _number()))


def far(waiting: QuerySet[Case], zones: Collection[str]) -> QuerySet[Case]:
    """Return the best of the queue: first those who can be worked at this hour, then the others, each by priority."""
    at_hour = ExpressionWrapper(_at_this_hour(zones), output_field=BooleanField())
    return _best(waiting, FAR).annotate(is_at_hour=at_hour).order_by("-is_at_hour", "-score", "pk")


def _best(waiting: QuerySet[Case], number: int) -> QuerySet[Case]:
    """Return so many of the best. All that was asked of them stands in the outer query as well: whoever locks a row
    that has changed since must find there that it waits no longer."""
    place = Subquery(Person.objects.filter(pk=OuterRef("person_id")).values("time_zone"))
    return waiting.filter(pk__in=by_priority(waiting).values("pk")[:number]).alias(place=place)


def _at_this_hour(zones: Collection[str]) -> Q:
    return Q(next_action__in=DESK_WORK) | Q(_IsOneOf(F("place"), Value(list(zones), output_field=Field())))


def _number() -> Exists:
    """Return the condition that the borrower has a number that may be tried, as far as the number itself goes."""
    usable = ContactPoint.objects.filter(person_id=OuterRef("person_id"), kind__in=TELEPHONES)
    states = (ContactPoint.State.VERIFIED, ContactPoint.State.UNVERIFIED)
    return Exists(usable.filter(state__in=states, address__suppressed_at__isnull=True))
