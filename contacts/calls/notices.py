"""Recorded notices once they are dialled: play when somebody answers, hang up when it was said, report how it ended.

The reports go the way of all receipts (`channels.receipts`), which waits for the hand-over where they are early.
"""

from datetime import datetime, timedelta
from typing import Final

from contacts.channels import receipts, telephony
from contacts.channels.receipts import Report
from contacts.channels.senders import voice
from contacts.channels.senders.voice import cti
from contacts.models import ContactAttempt, TelephoneEvent
from contacts.models.telephone import outcome_of

SETTLES: Final = timedelta(seconds=2)  # how long an end waits for what happened before it
HEARD, ANSWERED, FAILED = "delivered", "answered", "failed"


def apply(event: TelephoneEvent, *, at: datetime) -> bool:
    """Let an event of a notice do what follows; False: not yet."""
    match event.leg, event.what:
        case telephony.NOTICE, cti.ENTERED:
            _say(event)
        case telephony.SPEECH, cti.PLAYED:
            _report(event, HEARD, at=at)
            _hang_up(event)
        case telephony.SPEECH, cti.PLAY_FAILED:
            _report(event, ANSWERED, code="notice-not-played", at=at)
            _hang_up(event)
        case telephony.NOTICE, cti.ENDED:
            return _ended(event, at=at)
    return True


def _say(event: TelephoneEvent) -> None:
    """Play what the leg was dialled with. What is to be said travels with the leg, so that nothing is needed but it."""
    system, leg = voice.telephone_system(), event.name
    media = system.media_of(leg)
    if not media:
        system.hang_up(leg)
        return
    system.play(leg, media=media, playback=f"{telephony.SPEECH}-{event.key}")


def _hang_up(event: TelephoneEvent) -> None:
    if event.key is not None:
        voice.telephone_system().hang_up(telephony.name_of(telephony.NOTICE, event.key))


def _ended(event: TelephoneEvent, *, at: datetime) -> bool:
    """Report how a notice ended. Events overtake each other: the end waits a moment for what went before."""
    others = TelephoneEvent.objects.filter(key=event.key).exclude(pk=event.pk)
    if others.filter(leg=telephony.SPEECH, what=cti.PLAYED).exists():
        return True
    if others.filter(leg=telephony.NOTICE, what__in=[cti.ENTERED, cti.UP]).exists():
        _report(event, ANSWERED, code="notice-cut-short", at=at)
        return True
    if at - event.received_at < SETTLES:
        return False
    said = others.filter(what=cti.DIALLED).order_by("pk").values_list("dialstatus", flat=True).first() or ""
    outcome = outcome_of(event.cause, said)
    dead = outcome == ContactAttempt.Outcome.NOT_IN_SERVICE
    _report(event, FAILED, code=outcome or "line-failed", nobody=dead, at=at)
    return True


def _report(event: TelephoneEvent, status: str, *, code: str = "", nobody: bool = False, at: datetime) -> None:
    if event.key is None:
        return
    leg = telephony.name_of(telephony.NOTICE, event.key)
    receipts.keep(
        Report(
            provider=telephony.NAME,
            event_id=f"{leg}:{status}",
            ref=leg,
            key=str(event.key),
            status=status,
            code=code,
            nobody=nobody,
            occurred_at=event.occurred_at,
        ),
        at=at,
    )
