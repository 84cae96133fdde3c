"""Who of those who wait comes first: priority, and among the best whoever can be worked at this hour.

The best of a queue are read in the order of its index, and only so many: what is asked here costs the same in a book of
any size, by day and by night. What is said of a person is looked up person by person, by key.
"""

from collections.abc import Iterable
from typing import Any, Final

from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)

from cases.models import Case, ContactPoint, NextAction, Person
from collections_app.shared.asked_often import IsOneOf

NEAR: Final = 100  # among so many of the best, whoever has no number waits behind those who have one
CHOICE: Final = 50  # of those found far away; as many colleagues may be at the same ones
FAR: Final = 1_000  # so far it is looked for somebody whose hour it is, when nobody of the nearest can be worked
DESK_WORK: Final = (NextAction.REVIEW, NextAction.VERIFY_PAYMENT)  # at any hour, and without a call
TELEPHONES: Final = ("mobile", "home_phone", "unknown_phone", "work_phone", "office_phone")


def by_priority(waiting: QuerySet[Case]) -> QuerySet[Case]:
    """Return cases in the order of the index `case_worklist`."""
    return waiting.order_by("-score", "pk")


def near(waiting: QuerySet[Case], zones: Any) -> QuerySet[Case]:
    """Return those of the NEAR best with whom something can be done now, the best first.

    zones: the list of those where it is daytime, as a parameter of a question that is asked often.

    All that is asked of those who wait stands in the outer query as well: whoever locks a row that has changed since
    must find there that it waits no longer.
    """
    best = waiting.filter(pk__in=by_priority(waiting).values("pk")[:NEAR]).alias(place=_place())
    needs_no_number = ~Q(next_action=NextAction.CALL)
    return by_priority(best.filter(_is_at_this_hour(zones), needs_no_number | Q(_has_number())))


def far(waiting: QuerySet[Case], zones: Any) -> QuerySet[Case, tuple[int, bool]]:
    """Return the keys of the FAR best, the best first, each with whether it can be worked at this hour."""
    best = by_priority(waiting.alias(place=_place())).annotate(is_at_hour=_is_at_this_hour(zones))[:FAR]
    return best.values_list("pk", "is_at_hour")


def awake(far_ones: Iterable[tuple[int, bool]]) -> list[int]:
    """Return the keys of those of them who can be worked at this hour, the best first, CHOICE at most."""
    return [pk for pk, is_at_hour in far_ones if is_at_hour][:CHOICE]


def _place() -> Subquery:
    return Subquery(Person.objects.filter(pk=OuterRef("person_id")).values("time_zone"))


def _is_at_this_hour(zones: Any) -> ExpressionWrapper:
    is_daytime = Q(IsOneOf(F("place"), zones))
    return ExpressionWrapper(Q(next_action__in=DESK_WORK) | is_daytime, output_field=BooleanField())


def _has_number() -> Exists:
    """Return the condition that the borrower has a number that may be tried, as far as the number itself goes."""
    usable = ContactPoint.objects.filter(person_id=OuterRef("person_id"), kind__in=TELEPHONES)
    states = (ContactPoint.State.VERIFIED, ContactPoint.State.UNVERIFIED)
    return Exists(usable.filter(state__in=states, address__suppressed_at__isnull=True))
