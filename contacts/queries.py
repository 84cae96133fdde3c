"""What the case page says about reaching the person: every way, permitted now or not, and the call that is open."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import Case, ContactPoint, Person
from collections_app.shared import sealed
from collections_app.shared.asked_often import asked_often
from compliance import plain, previews, reasons
from compliance.limits import Limit
from compliance.previews import Preview
from compliance.reasons import Reason
from contacts import facts, stops
from contacts.channels import catalogue
from contacts.facts import CaseFile
from contacts.models import Channel, ContactAttempt

ICONS: Final = {
    "phone": "phone",
    "sms": "message",
    "email": "mail",
    "letter": "file-text",
    "chat": "brand-wechat",
    "visit": "map-pin",
}
SHOWN: Final = (Channel.PHONE, Channel.SMS, Channel.EMAIL, Channel.LETTER)
NUMBERS_SHOWN: Final = 3
OPEN: Final = ("cleared", "in_progress")
NO_POINT: Final = gettext_lazy("no usable number or address")


@dataclass(frozen=True, slots=True)
class Way:
    """One channel to one point, as the gate sees it at this moment. Nothing is stored.

    until: when it stops being permitted today. limits: the counts that apply, the scarcest first.
    """

    channel: str
    label: str
    icon: str
    permitted: bool
    point_id: int | None = None
    point_label: str = ""
    until: datetime | None = None
    next_permitted: datetime | None = None
    limits: list[Limit] = field(default_factory=list)
    reason: str = ""
    citation: str = ""
    rule: str = ""
    reasons: list[Reason] = field(default_factory=list)
    preview: Preview | None = None

    @property
    def scarcest(self) -> Limit | None:
        return self.limits[0] if self.limits else None

    @property
    def left(self) -> int | None:
        return self.limits[0].left if self.limits else None

    @property
    def limit(self) -> int | None:
        return self.limits[0].limit if self.limits else None

    @property
    def is_call(self) -> bool:
        return self.channel == Channel.PHONE


def ways(case: Case, *, staff_id: int | None, at: datetime) -> list[Way]:
    """Return every way to reach the person of a case, in the order of the contact bar."""
    file = facts.of_case(case.pk, at=at)
    orders = {order.scope: order for order in stops.standing()}
    found: list[Way] = []
    for channel in SHOWN:
        points = catalogue.candidates(channel, file.points)
        if not points:
            # A channel that the person never had is left out; one whose numbers are all bad is said.
            if channel in (Channel.PHONE, Channel.SMS):
                found.append(_without_point(channel))
            continue
        for point in points[: NUMBERS_SHOWN if channel == Channel.PHONE else 1]:
            if orders and stops.stops_call(creditor_code=case.creditor.code, channel=channel):
                found.append(_stopped(channel, point))
            else:
                found.append(way(file, channel, point, staff_id=staff_id))
    return found


def way(file: CaseFile, channel: str, point: ContactPoint, *, staff_id: int | None) -> Way:
    """Return one channel to one point: what the gate would say now, in the reader's language."""
    by_person = channel in (Channel.PHONE, Channel.VISIT)
    question = file.question(
        channel=channel,
        contact_point_id=point.pk,
        content_class=channel if by_person else "reminder",
        staff_id=staff_id if by_person else None,
        automated=not by_person,
    )
    preview = previews.ask(question, file.facts(point.pk))
    outcome = preview.outcome
    said = reasons.of_outcome(outcome)
    first = main_reason(said)
    return Way(
        channel=channel,
        label=_label(channel, point),
        icon=ICONS.get(channel, "point"),
        permitted=outcome.permitted,
        point_id=point.pk,
        point_label=_ending(point),
        until=previews.closes(preview) if outcome.permitted else None,
        next_permitted=outcome.next_permitted if not outcome.permitted else None,
        limits=preview.limits,
        reason=first.sentence if first else "",
        citation=first.source if first else "",
        rule=first.rule if first else "",
        reasons=said,
        preview=preview,
    )


def main_reason(said: list[Reason]) -> Reason | None:
    """Return the reason that is told first."""
    return plain.lasting(said)


def _label(channel: str, point: ContactPoint | None = None) -> str:
    """Return the name of a way: of several numbers each by its kind, of a message its medium."""
    named = point.get_kind_display() if point is not None and channel == Channel.PHONE else Channel(channel).label
    return str(named).capitalize()


def _ending(point: ContactPoint) -> str:
    return f"…{point.address.value_last4}" if point.address.kind == "phone" and point.address.value_last4 else ""


def _without_point(channel: str) -> Way:
    return Way(channel, _label(channel), ICONS[channel], permitted=False, reason=str(NO_POINT))


def _stopped(channel: str, point: ContactPoint) -> Way:
    reason = _("all contact of this kind is stopped by order")
    return Way(
        channel=channel,
        label=_label(channel, point),
        icon=ICONS[channel],
        permitted=False,
        point_id=point.pk,
        point_label=_ending(point),
        reason=reason,
    )


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call that was cleared for this user and whose outcome is not recorded yet, with the number to dial."""

    pk: int
    at: datetime
    number: str
    valid_until: datetime | None
    has_begun: bool
    contacted: Person

    @property
    def id(self) -> int:
        return self.pk

    @property
    def label(self) -> str:
        return self.number


def open_call(case: Case, *, user, at: datetime) -> OpenCall | None:
    """Return this user's open call on a case. Its number is shown because the gate has cleared dialling it."""
    attempt = _open_calls.first(case=case.pk, user=user.pk)
    if attempt is None:
        return None
    return OpenCall(
        pk=attempt.pk,
        at=attempt.at,
        number=sealed.unseal(attempt.address.value_sealed) if attempt.address else "",
        valid_until=attempt.valid_until,
        has_begun=attempt.status == ContactAttempt.Status.IN_PROGRESS,
        contacted=attempt.contacted,
    )


def call_elsewhere(user, *, but: Case) -> ContactAttempt | None:
    """Return a call that this user has open on another case."""
    return _calls_elsewhere.first(but=but.pk, user=user.pk)


@asked_often
def _open_calls(case: int, user: int) -> QuerySet[ContactAttempt]:
    calls = ContactAttempt.objects.filter(case_id=case, made_by_id=user, channel=Channel.PHONE, status__in=OPEN)
    return calls.select_related("address", "contacted").order_by("-at", "-pk")[:1]


@asked_often
def _calls_elsewhere(but: int, user: int) -> QuerySet[ContactAttempt]:
    calls = ContactAttempt.objects.filter(made_by_id=user, channel=Channel.PHONE, status__in=OPEN)
    return calls.exclude(case_id=but).select_related("case__person").order_by("-at", "-pk")[:1]


def usable_phones(points: Iterable[ContactPoint]) -> list[ContactPoint]:
    """Return the numbers that may be tried, best first."""
    return catalogue.candidates(Channel.PHONE, points)
