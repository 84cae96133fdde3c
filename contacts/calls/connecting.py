"""The second leg: the person is dialled only now that somebody is at the desk, and only if it is still permitted.

Under the locks the facts are read again and the gate is asked again, and the one request that rings a stranger's
telephone is made inside that transaction: while it lasts nobody can stop the person, and whoever did so before is seen.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from django.db import DatabaseError, transaction

from collections_app.shared import sealed
from collections_app.shared.actor import Actor
from compliance import audit, gate
from compliance.gate import Permit, Refusal
from contacts import facts
from contacts.calls.dialling import TELEPHONE, hang_up_legs, locked_attempt
from contacts.channels import catalogue, telephony
from contacts.channels.senders import voice
from contacts.channels.senders.base import NotConfigured, NotPermitted, Permanent, Temporary
from contacts.facts import CaseFile
from contacts.faults import fault
from contacts.models import ContactAttempt, TelephoneCall
from contacts.reserving import rule_of

log = logging.getLogger(__name__)


def connect(call: TelephoneCall, *, now: Callable[[], datetime]) -> str:
    """Dial the person of a call whose desk has answered, or not.

    Returns what became of the attempt (its status), "lost" where somebody else has dialled or given up.
    """
    mine = TelephoneCall.objects.filter(
        pk=call.pk, wanted_at__isnull=True, given_up_at__isnull=True, desk_ended_at__isnull=True
    )
    if not mine.update(wanted_at=now()):
        call.refresh_from_db()
        if call.ended_at is not None:  # given up meanwhile: nobody is to wait at the desk
            hang_up_legs(call, telephony.DESK)
        return "lost"
    fault("after_claim")
    became = _dial(call, now=now)
    call.refresh_from_db()
    if became != "in_progress" or call.desk_ended_at is not None:  # nobody is there to talk
        hang_up_legs(call, telephony.PERSON, telephony.DESK)
    return became


def _dial(call: TelephoneCall, *, now: Callable[[], datetime]) -> str:
    with transaction.atomic(durable=True):
        attempt = locked_attempt(call.attempt_id)
        at = now()
        if attempt.status != ContactAttempt.Status.CLEARED or attempt.case_id is None:
            _over(call, "", at=at)
            return "lost"
        file = facts.of_case(attempt.case_id, at=at, contacted_id=attempt.contacted_id, party=attempt.party)
        obstacle, permit = last_look(attempt, file, records=call.records, at=at)
        if permit is None:
            return _withhold(call, attempt, obstacle, at=at)
        return _ring(call, attempt, file, permit, at=at, now=now)


def last_look(attempt: ContactAttempt, file: CaseFile, *, records: bool, at: datetime) -> tuple[str, Permit | None]:
    """Return what has come in the way since the call was cleared, or a permit for this very instant."""
    if attempt.valid_from is None or attempt.valid_until is None:
        return "permit-expired", None
    if not attempt.valid_from <= at < attempt.valid_until:
        return "permit-expired", None
    if file.is_resolved:
        return "case-resolved", None
    if file.is_stopped(attempt.channel):
        return "stopped", None
    point = file.point(attempt.contact_point_id)
    if point is None or not catalogue.is_usable(point):
        return "no-contact-point", None
    question = file.question(
        channel=attempt.channel,
        contact_point_id=attempt.contact_point_id,
        purpose=attempt.purpose,
        content_class=attempt.content_class,
        automated=attempt.automated,
        staff_id=attempt.made_by_id,
    )
    if records:
        question = replace(question, recorded=True, recording_announced=True)
    made_by = attempt.made_by
    decision = gate.decide(
        question,
        file.facts(attempt.contact_point_id, except_attempt=attempt.pk),
        actor=Actor.of(made_by) if made_by is not None else TELEPHONE,
        at=at,
        entrance="screen",
        creditor_id=attempt.creditor_id,
        case_id=attempt.case_id,
    )
    return (rule_of(decision), None) if isinstance(decision, Refusal) else ("", decision)


def _ring(
    call: TelephoneCall,
    attempt: ContactAttempt,
    file: CaseFile,
    permit: Permit,
    *,
    at: datetime,
    now: Callable[[], datetime],
) -> str:
    point = file.point(attempt.contact_point_id)
    if point is None:
        return _withhold(call, attempt, "no-contact-point", at=at)
    leg = telephony.name_of(telephony.PERSON, call.key)
    number = sealed.unseal(point.address.value_sealed)
    fault("before_call")
    try:
        voice.telephone_system().ring_person(
            leg, number=number, language=file.case.person.language, permit=permit, at=at
        )
    except NotPermitted:
        return _withhold(call, attempt, "permit-expired", at=at)
    except NotConfigured:
        return _release(call, attempt, "no-sender", at=at)
    except (Temporary, Permanent) as error:  # it certainly rang nobody
        return _release(call, attempt, error.code, at=now())
    except DatabaseError:
        raise
    except Exception as error:  # noqa: BLE001  (it may ring: it counts, and is asked for by its name)
        log.warning("dialling without an answer", extra={"call": call.pk, "error": type(error).__name__})
        TelephoneCall.objects.filter(pk=call.pk, problem="").update(problem="fate-unknown")
    else:
        fault("after_call")
        TelephoneCall.objects.filter(pk=call.pk).update(dialled_at=at)
    attempt.begin(at=at)
    attempt.save(update_fields=["status", "started_at"])
    audit.record("attempt.started", subject=attempt, actor=TELEPHONE, at=at, person_id=attempt.person_id)
    return str(attempt.status)


def _withhold(call: TelephoneCall, attempt: ContactAttempt, code: str, *, at: datetime) -> str:
    """Permitted when the key was pressed, not any more: nobody is dialled."""
    attempt.withhold(reason_code=code)
    attempt.save(update_fields=["status", "reason_code"])
    audit.record("attempt.withheld", subject=attempt, actor=TELEPHONE, at=at, person_id=attempt.person_id, rule=code)
    _over(call, code, at=at)
    return str(attempt.status)


def _release(call: TelephoneCall, attempt: ContactAttempt, code: str, *, at: datetime) -> str:
    """The telephone system certainly dialled nobody: the permit is given back."""
    attempt.cancel(reason_code=code)
    attempt.save(update_fields=["status", "reason_code"])
    audit.record("attempt.cancelled", subject=attempt, actor=TELEPHONE, at=at, person_id=attempt.person_id, reason=code)
    _over(call, code, at=at)
    return str(attempt.status)


def _over(call: TelephoneCall, code: str, *, at: datetime) -> None:
    TelephoneCall.objects.filter(pk=call.pk).update(ended_at=at, **({"problem": code} if code else {}))


def language_of(call: TelephoneCall) -> str:
    """Return the language of the person of a call."""
    return call.attempt.contacted.language
