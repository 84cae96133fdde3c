"""Asking the telephone system about calls whose events did not come: it was away, we were, or an answer was lost."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from contacts.calls import connecting, dialling, hearing
from contacts.channels import telephony
from contacts.channels.senders import voice
from contacts.channels.senders.base import NotConfigured, Temporary
from contacts.channels.senders.voice.cti import RINGING, UP, Cti
from contacts.models import TelephoneCall

SILENT_FOR: Final = timedelta(seconds=10)  # before a call is asked about
DIALS_WITHIN: Final = timedelta(seconds=45)  # of being wanted; longer than locks and the telephone system may take
JOINS_WITHIN: Final = timedelta(seconds=20)  # of an answer; an announcement may be heard until then
SLACK: Final = timedelta(seconds=20)  # over the time that a desk rings


def ask(*, now: Callable[[], datetime], limit: int = 200) -> int:
    """Look at every call that is not over; return how many were moved. Does nothing while it cannot be asked."""
    try:
        cti = voice.telephone_system()
    except NotConfigured:
        return 0
    since = now() - SILENT_FOR
    open_calls = TelephoneCall.objects.filter(ended_at__isnull=True, requested_at__lte=since)
    moved = 0
    for call in list(open_calls.select_related("attempt").order_by("requested_at", "pk")[:limit]):
        try:
            moved += _ask(call, cti, now=now)
        except Temporary:
            break  # it cannot say anything now
    return moved


def _ask(call: TelephoneCall, cti: Cti, *, now: Callable[[], datetime]) -> bool:
    desk = cti.state_of(telephony.name_of(telephony.DESK, call.key))
    if call.wanted_at is None:
        return _before_the_person(call, desk, now=now)
    person = cti.state_of(telephony.name_of(telephony.PERSON, call.key))
    at = now()
    if person is None:
        if call.dialled_at is None and at - call.wanted_at < DIALS_WITHIN:
            return False
        if call.dialled_at is None:
            dialling.note_problem(call, "fate-unknown")
        hearing.person_left(call, at=at, cause=None)
        return True
    unknown = TelephoneCall.objects.filter(pk=call.pk, dialled_at__isnull=True)
    moved = unknown.update(dialled_at=call.wanted_at) == 1
    if desk is None:
        dialling.hang_up_legs(call, telephony.PERSON)
        return True
    if person == RINGING:
        return TelephoneCall.objects.filter(pk=call.pk, rang_at__isnull=True).update(rang_at=at) == 1 or moved
    if person == UP:
        TelephoneCall.objects.filter(pk=call.pk, answered_at__isnull=True).update(answered_at=at)
        if call.connected_at is None and (call.answered_at is None or at - call.answered_at > JOINS_WITHIN):
            hearing.join(call, record=False, at=at)
            return True
    return moved


def _before_the_person(call: TelephoneCall, desk: str | None, *, now: Callable[[], datetime]) -> bool:
    at = now()
    if desk is None:
        return dialling.give_up(call, "never-began" if call.desk_up_at is None else "call-not-made", at=at)
    if desk == UP:
        TelephoneCall.objects.filter(pk=call.pk, desk_up_at__isnull=True).update(desk_up_at=at)
        return connecting.connect(call, now=now) != "lost"
    if at - call.requested_at > timedelta(seconds=telephony.LONGEST_RING_S) + SLACK:
        dialling.hang_up_legs(call, telephony.DESK)
        return dialling.give_up(call, "desk-no-answer", at=at)
    return False
