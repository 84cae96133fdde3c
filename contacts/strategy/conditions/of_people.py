"""What is asked about the borrower: holds, ways to reach him, who stands in, what was said and written, his arm."""

from datetime import timedelta
from typing import Any, Final

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import In

from cases.models import ContactPoint, Hold, PartyRole
from contacts.channels import catalogue
from contacts.models import ArmAssignment, ContactAttempt, InboundBinding, PostalLetter
from contacts.strategy.conditions.asking import ended_by, of_the_person, one_by_one, so_many, some
from contacts.strategy.conditions.language import ALWAYS, NEVER, Context

UNMADE: Final = (
    ContactAttempt.Status.WITHHELD,
    ContactAttempt.Status.FAILED,
    ContactAttempt.Status.CANCELLED,
)
STANDS_IN: Final = (PartyRole.Role.GUARANTOR, PartyRole.Role.COUNTER_GUARANTOR)
ARM: Final = ":"  # "experiment:arm"


def _holds(**filters: Any) -> QuerySet[Hold]:
    standing = Hold.objects.filter(person_id=OuterRef("person_id"), released_at__isnull=True, **filters)
    return standing.filter(Q(creditor_id__isnull=True) | Q(creditor_id=OuterRef("creditor_id"))).order_by()


def held() -> Q:
    """Return the condition that a hold stands against contacting the borrower for this creditor."""
    return some(_holds())


def hold_kind(kinds: list[str], context: Context) -> Q:
    """Whether a hold of one of these kinds stands."""
    return some(_holds(kind__in=kinds))


def reachable(channels: list[str]) -> Q:
    """Return the condition that the borrower has a usable number or address for one of these channels."""
    kinds = sorted({kind for channel in channels for kind in catalogue.info(channel).point_kinds})
    return one_by_one(
        ContactPoint.objects.filter(
            person_id=OuterRef("person_id"),
            kind__in=kinds,
            state__in=[ContactPoint.State.VERIFIED, ContactPoint.State.UNVERIFIED],
            address__suppressed_at__isnull=True,
        )
    )


def party(*roles: str) -> Q:
    """Return the condition that somebody has one of these parts in the borrower's debt."""
    return some(PartyRole.objects.filter(borrower_id=OuterRef("borrower_id"), until__isnull=True, role__in=roles))


# -- contacts ----------------------------------------------------------------------------------------------------------


def _contacts() -> QuerySet[ContactAttempt]:
    made = of_the_person(ContactAttempt.objects.filter(direction=ContactAttempt.Direction.OUTBOUND))
    return made.filter(contacted_id=F("person_id")).exclude(status__in=UNMADE).order_by()


def contacts_in(days: int, count: int, context: Context) -> Q:
    """Whether the borrower was contacted at least so many times in the days before this one, and on it so far."""
    return so_many(_contacts().filter(at__gte=context.begins_at - timedelta(days=days)), count, by="person_id")


def days_since(field: str, days: int, context: Context) -> Q:
    """Whether the instant in a column lies at least so many calendar days back."""
    return Q(**{f"{field}__lt": ended_by(days, context)}) if days > 0 else Q(**{f"{field}__isnull": False})


def last_outcome(values: list[str], context: Context) -> Q:
    """Whether the last contact of the case that came to anything came to one of these."""
    newest = _outcomes().order_by("-at", "-pk").values("outcome")[:1]
    return Q(In(Subquery(newest), values))


def _outcomes() -> QuerySet[ContactAttempt]:
    return ContactAttempt.objects.filter(case_id=OuterRef("pk")).exclude(outcome="")


def has_outcome() -> Q:
    """Whether a contact of the case came to anything."""
    return some(_outcomes())


def _replies() -> QuerySet[InboundBinding]:
    return InboundBinding.objects.filter(person_id=OuterRef("person_id"), message__kind="words").order_by()


def days_since_reply(days: int, context: Context) -> Q:
    """Whether the borrower wrote nothing for at least so many days."""
    return ~some(_replies().filter(message__received_at__gte=ended_by(days, context))) if days > 0 else ALWAYS


def has_replied() -> Q:
    """Whether the borrower ever wrote to us."""
    return some(_replies())


def _letters() -> QuerySet[PostalLetter]:
    return PostalLetter.objects.filter(case_id=OuterRef("pk"), posted_at__isnull=False)


def letter_returned(_value: Any, context: Context) -> Q:
    """Whether the last letter that was posted came back."""
    newest = _letters().order_by("-posted_at", "-pk").values("ending")[:1]
    return Q(In(Subquery(newest), [PostalLetter.Ending.RETURNED.value]))


def has_letter() -> Q:
    """Whether a letter was posted to the borrower."""
    return some(_letters())


# -- experiments -------------------------------------------------------------------------------------------------------


def _sides(values: list[str]) -> list[tuple[str, str]]:
    return [(experiment, arm) for experiment, _colon, arm in (value.partition(ARM) for value in values)]


def arm(values: list[str], context: Context) -> Q:
    """Whether the borrower is on one of these sides, each written "experiment:arm"."""
    found = NEVER
    for experiment, side in _sides(values):
        found |= some(
            ArmAssignment.objects.filter(person_id=OuterRef("person_id"), experiment__code=experiment, arm=side)
        )
    return found


def takes_part(values: Any, context: Context) -> Q:
    """Whether the borrower takes part in every one of these experiments; in any at all where none is named."""
    sides = ArmAssignment.objects.filter(person_id=OuterRef("person_id"))
    if values is None:
        return some(sides)
    known = ALWAYS
    for experiment in sorted({experiment for experiment, _arm in _sides(values)}):
        known &= some(sides.filter(experiment__code=experiment))
    return known
