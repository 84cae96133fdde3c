"""Dialling by the telephone system: the desk of whoever calls is rung first, and nobody outside before he is there.

The call is written down before anything is asked of the telephone system. Whoever wants to dial the person and
whoever gives the call up write into the same row, and only one of the two can (`wanted_at`, `given_up_at`).
"""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases import locks
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from compliance import audit
from contacts.channels import telephone_line, telephony
from contacts.channels.senders import voice
from contacts.channels.senders.base import NotConfigured, Permanent, Temporary, Unknown
from contacts.channels.senders.voice.cti import Cti
from contacts.models import ContactAttempt, TelephoneCall

log = logging.getLogger(__name__)
TELEPHONE: Final = Actor.system("telephone")
_BY_HAND: Final = _("Nobody was called and nothing is counted. You can dial by hand.")


class DialRefused(Refused):
    """The telephone system was not asked, or certainly rings nobody; the permit was given back."""

    SENTENCES = {
        "not-open": _("This call is not open any more; ask for it again."),
        "no-extension": _("Your account has no extension; an administrator enters it. You can dial by hand."),
        "not-connected": _("No telephone system is set up. You can dial by hand."),
        "line-closed": _("Nobody listens to the telephone system. %(then)s"),
        "provider-unreachable": _("The telephone system cannot be reached. %(then)s"),
        "provider-busy": _("The telephone system has no free line. %(then)s"),
        "provider-refuses-us": _("The telephone system refuses our account. %(then)s"),
        "number-not-dialled": _("The telephone system does not know your extension %(extension)s. %(then)s"),
        "refused": _("The telephone system refused the call. %(then)s"),
    }


def dial(
    *, attempt_id: int, extension: str, records: bool = False, actor: Actor, now: Callable[[], datetime]
) -> TelephoneCall:
    """Ring the desk for a cleared call. Call outside a transaction. Raises DialRefused, with the permit given back.

    records: that it is recorded after an announcement was stated when the call was opened. Where the telephone system
    does not answer, the call stays open and counted, and it is asked for by its name (`asking`).
    """
    if not extension:
        raise DialRefused("no-extension")
    try:
        cti = voice.telephone_system()
    except NotConfigured as error:
        raise DialRefused("not-connected") from error
    call = _write_down(attempt_id, extension, records=records, provider=cti.name, actor=actor, at=now())
    if telephone_line.problem(at=now()):  # whoever answers would hear nothing
        give_up(call, "line-closed", at=now())
        raise DialRefused("line-closed", then=_BY_HAND)
    try:
        cti.ring_desk(telephony.name_of(telephony.DESK, call.key), extension=extension)
    except (Temporary, Permanent) as error:
        give_up(call, error.code, at=now())
        code = error.code if error.code in DialRefused.SENTENCES else "refused"
        raise DialRefused(code, extension=extension, then=_BY_HAND) from error
    except Unknown as error:
        log.warning("no answer from the telephone system", extra={"call": call.pk, "error": str(error)})
        note_problem(call, "desk-unknown")
    return call


def _write_down(
    attempt_id: int, extension: str, *, records: bool, provider: str, actor: Actor, at: datetime
) -> TelephoneCall:
    with transaction.atomic(durable=True):
        rows = ContactAttempt.objects.select_for_update(of=("self",), no_key=True)
        attempt = rows.filter(pk=attempt_id, channel="phone", status=ContactAttempt.Status.CLEARED).first()
        mine = attempt is not None and (actor.kind != "user" or attempt.made_by_id == actor.id)
        if attempt is None or not mine or hasattr(attempt, "telephone"):
            raise DialRefused("not-open")
        if attempt.valid_until is None or at >= attempt.valid_until:
            raise DialRefused("not-open")
        return TelephoneCall.objects.create(
            attempt=attempt,
            key=attempt.key,
            provider=provider,
            extension=extension,
            records=records,
            requested_at=at,
        )


def give_up(call: TelephoneCall, code: str, *, at: datetime) -> bool:
    """Say that nobody will dial the person any more, and give the permit back. Returns whether that could be said."""
    with transaction.atomic():
        open_calls = TelephoneCall.objects.filter(pk=call.pk, wanted_at__isnull=True, given_up_at__isnull=True)
        if not open_calls.update(given_up_at=at, ended_at=at, problem=code):
            return False
        attempt = locked_attempt(call.attempt_id)
        if attempt.status == ContactAttempt.Status.CLEARED:
            attempt.cancel(reason_code=code)
            attempt.save(update_fields=["status", "reason_code"])
            audit.record("attempt.cancelled", subject=attempt, actor=TELEPHONE, at=at, person_id=attempt.person_id,
                         reason=code)  # fmt: skip
    return True


def hang_up(*, attempt_id: int, actor: Actor, at: datetime) -> bool:
    """End a call from the page; one that never reached the person is given back. Returns whether it was given back.

    Raises DialRefused for a call of somebody else, or one that the telephone system does not have.
    """
    call = TelephoneCall.objects.select_related("attempt").filter(attempt_id=attempt_id).first()
    if call is None or (actor.kind == "user" and call.attempt.made_by_id != actor.id):
        raise DialRefused("not-open")
    given_back = give_up(call, "call-not-made", at=at)
    hang_up_legs(call, telephony.PERSON, telephony.DESK)
    return given_back


def leave(*, attempt_id: int) -> None:
    """End the line of a call that is recorded and left for the next case, so that nobody hears what is said there."""
    if not telephony.is_on():
        return
    call = TelephoneCall.objects.filter(attempt_id=attempt_id).first()
    if call is not None and not call.is_over:
        hang_up_legs(call, telephony.PERSON, telephony.DESK)


def hang_up_legs(call: TelephoneCall, *kinds: str) -> None:
    """End these legs as far as the telephone system can be reached; `asking` looks again at what is left."""
    for kind in kinds:
        leg = telephony.name_of(kind, call.key)
        quietly(call, partial(_hang_up, leg))


def _hang_up(leg: str, system: Cti) -> None:
    system.hang_up(leg)


def quietly(call: TelephoneCall, do: Callable[[Cti], None]) -> str:
    """Ask something of the telephone system; return why it was not done, or nothing."""
    try:
        do(voice.telephone_system())
    except NotConfigured:
        return "not-connected"
    except (Temporary, Permanent) as error:
        log.info("telephone system refused", extra={"call": call.pk, "code": error.code})
        return error.code
    except Unknown as error:
        log.warning("no answer from the telephone system", extra={"call": call.pk, "error": str(error)})
        return "provider-unreachable"
    return ""


def note_problem(call: TelephoneCall, code: str) -> None:
    """Keep what went wrong; the first word stays."""
    TelephoneCall.objects.filter(pk=call.pk, problem="").update(problem=code)


def locked_attempt(attempt_id: int) -> ContactAttempt:
    """Return the locked attempt of a call, after the locks of its persons and address. Call inside a transaction."""
    known = ContactAttempt.objects.get(pk=attempt_id)
    addresses = [known.address_id] if known.address_id else []
    locks.lock(person_ids=[known.person_id, known.contacted_id], address_ids=addresses)
    return ContactAttempt.objects.select_for_update(of=("self",), no_key=True).get(pk=attempt_id)
