"""What the telephone system says: kept first, once per event, and applied then, in whatever order it comes.

Every instant of a call is written once, so that an event that comes twice, late or before the answer to our own
request changes nothing that is known already. Events about calls that nobody knows stay in the list.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction

from contacts.calls import connecting, dialling, notices
from contacts.calls.dialling import hang_up_legs, quietly
from contacts.channels import telephony
from contacts.channels.senders.voice import cti
from contacts.channels.senders.voice.cti import Heard
from contacts.models import TelephoneCall, TelephoneEvent

log = logging.getLogger(__name__)
TRIED_FOR: Final = timedelta(minutes=10)


def keep(heard: Heard, *, at: datetime) -> TelephoneEvent | None:
    """Write an event down; return None for one that was heard before, or that says nothing of any call."""
    if heard.what == cti.OTHER:
        return None
    part = telephony.part_of(heard.name)
    try:
        with transaction.atomic():
            return TelephoneEvent.objects.create(
                provider=telephony.NAME,
                event_id=heard.event_id,
                what=heard.what,
                name=heard.name,
                leg=part.kind if part else "",
                key=part.key if part else None,
                cause=heard.cause,
                dialstatus=heard.dialstatus,
                detail=heard.detail,
                occurred_at=heard.at,
                received_at=at,
            )
    except IntegrityError:
        return None


def take(heard: Heard, *, now: Callable[[], datetime]) -> bool:
    """Keep an event and apply it; return whether it changed anything."""
    event = keep(heard, at=now())
    return event is not None and apply(event, now=now)


def apply_waiting(*, now: Callable[[], datetime], limit: int = 200) -> int:
    """Apply events again that could not be: the call was not known yet, the telephone system was away."""
    waiting = TelephoneEvent.objects.filter(
        applied_at__isnull=True, key__isnull=False, received_at__gte=now() - TRIED_FOR
    )
    return sum(apply(event, now=now) for event in list(waiting.order_by("pk")[:limit]))


def apply(event: TelephoneEvent, *, now: Callable[[], datetime]) -> bool:
    """Let an event move its call; one that fails or is about nobody we know waits. Never raises."""
    if event.key is None:
        return False
    try:
        if event.leg in (telephony.NOTICE, telephony.SPEECH):
            done = notices.apply(event, at=now())
        else:
            call = TelephoneCall.objects.select_related("attempt").filter(key=event.key).first()
            done = call is not None and _apply(event, call, now=now)
    except Exception:
        log.exception("event of the telephone system not applied", extra={"event": event.pk})
        return False
    if done:
        TelephoneEvent.objects.filter(pk=event.pk).update(applied_at=now())
    return done


def _apply(event: TelephoneEvent, call: TelephoneCall, *, now: Callable[[], datetime]) -> bool:
    at = _instant(event, call)
    match event.leg, event.what:
        case telephony.DESK, cti.ENTERED:
            if _once(call, "desk_up_at", at):
                connecting.connect(call, now=now)
        case telephony.DESK, cti.ENDED:
            if _once(call, "desk_ended_at", at):
                _desk_left(call, at=now())
        case telephony.PERSON, cti.RINGING:
            _once(call, "rang_at", at)
        case telephony.PERSON, cti.UP:
            _once(call, "answered_at", at)
        case telephony.PERSON, cti.ENTERED:
            _once(call, "answered_at", at)
            _answered(call, at=at)
        case telephony.PERSON, cti.DIALLED:
            TelephoneCall.objects.filter(pk=call.pk, dialstatus="").update(dialstatus=event.dialstatus)
        case telephony.PERSON, cti.ENDED:
            person_left(call, at=at, cause=event.cause)
        case telephony.ANNOUNCEMENT, cti.PLAYED:
            join(call, record=True, at=at)
        case telephony.ANNOUNCEMENT, cti.PLAY_FAILED:
            dialling.note_problem(call, "announcement-failed")
            join(call, record=False, at=at)
        case telephony.RECORDING, cti.RECORDED:
            _once(call, "recorded_at", at)
        case telephony.RECORDING, cti.RECORD_FAILED:
            dialling.note_problem(call, "recording-failed")
    return True


def _once(call: TelephoneCall, column: str, at: datetime) -> bool:
    """Write an instant that is not known yet; return whether this was the first word of it."""
    unknown = TelephoneCall.objects.filter(pk=call.pk, **{f"{column}__isnull": True})
    return unknown.update(**{column: at}) == 1


def _instant(event: TelephoneEvent, call: TelephoneCall) -> datetime:
    """Return when it happened, by our own clock: that of the telephone system may run ahead, or lie."""
    return max(event.received_at, call.requested_at)


def _desk_left(call: TelephoneCall, *, at: datetime) -> None:
    call.refresh_from_db()
    code = "desk-no-answer" if call.desk_up_at is None else "call-not-made"
    if not dialling.give_up(call, code, at=at):
        hang_up_legs(call, telephony.PERSON)


def _answered(call: TelephoneCall, *, at: datetime) -> None:
    """Let the person hear that the call is recorded, where it will be; then let both speak."""
    call.refresh_from_db()
    if call.desk_ended_at is not None:
        hang_up_legs(call, telephony.PERSON)
        return
    if call.records:
        media = telephony.announcement(connecting.language_of(call))
        leg, playback = (telephony.name_of(kind, call.key) for kind in (telephony.PERSON, telephony.ANNOUNCEMENT))
        if media and not quietly(call, lambda pbx: pbx.play(leg, media=media, playback=playback)):
            return
        dialling.note_problem(call, "announcement-failed")
    join(call, record=False, at=at)


def join(call: TelephoneCall, *, record: bool, at: datetime) -> None:
    """Let desk and person hear each other, once; record only where the announcement was heard to its end."""
    if not _once(call, "connected_at", at):
        return
    bridge = telephony.name_of(telephony.BRIDGE, call.key)
    legs = (telephony.name_of(telephony.DESK, call.key), telephony.name_of(telephony.PERSON, call.key))
    if quietly(call, lambda pbx: pbx.connect(bridge, legs)):
        dialling.note_problem(call, "not-connected-through")
        hang_up_legs(call, telephony.PERSON, telephony.DESK)
        return
    if not (record and call.records):
        return
    recording = telephony.name_of(telephony.RECORDING, call.key)
    if quietly(call, lambda pbx: pbx.record(bridge, recording)):
        dialling.note_problem(call, "recording-failed")
    else:
        TelephoneCall.objects.filter(pk=call.pk).update(recording=recording)


def person_left(call: TelephoneCall, *, at: datetime, cause: int | None) -> None:
    """The call is over: keep why, and free the desk."""
    if not _once(call, "ended_at", at):
        return
    TelephoneCall.objects.filter(pk=call.pk, cause__isnull=True).update(cause=cause)
    hang_up_legs(call, telephony.DESK)
    bridge = telephony.name_of(telephony.BRIDGE, call.key)
    if call.connected_at is not None:
        quietly(call, lambda pbx: pbx.disconnect(bridge))
