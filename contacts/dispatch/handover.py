"""Handing over (T3): the same locks, facts read afresh, the engine asked again, then the one remote call of the system.

The remote call is inside the transaction on purpose: while it lasts nobody can stop the person, count, or take the
row. The permit was committed before, so a crash here leaves the proof; the sweep finds out what happened.
"""

import hashlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, transaction

from cases import addresses, instructions
from cases.models import ContactPoint, Instruction
from cases.models.instruction import Source
from collections_app.shared import sealed
from compliance import audit, gate
from compliance.audit import Happened
from compliance.gate import Refusal
from contacts import rendering
from contacts.channels import catalogue, receipts
from contacts.channels.senders.base import (
    AccountRefused,
    Message,
    NotConfigured,
    NotPermitted,
    Permanent,
    Receipt,
    Temporary,
    Unknown,
)
from contacts.dispatch import carriers, outgoing, pacing, sql_message, wanted, wording
from contacts.dispatch.claims import back_off
from contacts.dispatch.clearing import (
    DISPATCH,
    ENTRANCE,
    Cleared,
    keep_place,
    put_off,
    question_of,
    rule_of,
    set_aside,
    unwritable,
)
from contacts.dispatch.outgoing import Outgoing
from contacts.dispatch.wanted import Obstacle
from contacts.facts import CaseFile
from contacts.faults import fault
from contacts.models import ContactAttempt, PlannedContact, TemplateVersion

log = logging.getLogger(__name__)
NEXT_TRY = timedelta(seconds=1)


def hand_over(cleared: Cleared, *, now: Callable[[], datetime]) -> str:
    """Hand a cleared message over, or not; return what became of the attempt (its status, or "lost", "waiting")."""
    claim = cleared.claim
    with transaction.atomic(durable=True):
        planned, attempt = outgoing.lock_to_hand_over(
            claim, address_id=cleared.address_id, attempt_id=cleared.attempt_id
        )
        if planned is None or attempt is None:
            return "lost"
        at = now()
        known = outgoing.read(planned, at=at)
        file = known.file
        version = next((one for one in known.approved if one.pk == cleared.wording_id), None)
        obstacle = _last_look(cleared, known, attempt, version, at=at)
        if obstacle is not None:
            return withhold(attempt, planned, obstacle, at=at)
        if version is None:
            return withhold(attempt, planned, Obstacle("no-approved-wording", at + NEXT_TRY), at=at)
        try:
            text = wording.write(version, file, known.owed, channel=planned.channel)
        except rendering.RenderingRefused as refused:
            return withhold(attempt, planned, unwritable(refused, at=at), at=at)
        point = file.point(cleared.contact_point_id)
        if point is None:
            return withhold(attempt, planned, Obstacle("no-contact-point", at + NEXT_TRY), at=at)
        return _send(cleared, planned, attempt, file, point, text, version.language, at=at, now=now)


def _last_look(
    cleared: Cleared, known: Outgoing, attempt: ContactAttempt, version: TemplateVersion | None, *, at: datetime
) -> Obstacle | None:
    """Return what has come in the way since the permit, or None: the permit's time, our own reasons, the law.

    version: the wording that was chosen then; None where it has been taken out of use since.
    """
    planned, file = known.planned, known.file
    if not cleared.permit.is_valid(at) or not cleared.claim.has_time():
        return Obstacle("permit-expired", at + NEXT_TRY)
    obstacle = wanted.still_wanted(known, at=at)
    if obstacle is not None:
        return obstacle
    if version is None:
        return Obstacle("no-approved-wording", at + NEXT_TRY)
    question = question_of(planned, file, cleared.contact_point_id, version)
    found = file.facts(cleared.contact_point_id, except_attempt=attempt.pk)
    if gate.preview(question, found).permitted:
        return None
    refusal = gate.decide(
        question,
        found,
        actor=DISPATCH,
        at=at,
        entrance=ENTRANCE,
        creditor_id=planned.creditor_id,
        case_id=planned.case_id,
    )
    if not isinstance(refusal, Refusal):
        raise gate.GateUnavailable("two answers to one question")
    planned.decision_id = refusal.decision_id
    planned.save(update_fields=["decision_id"])
    return Obstacle(rule_of(refusal), refusal.next_permitted or at + timedelta(days=1))


def withhold(attempt: ContactAttempt, planned: PlannedContact, obstacle: Obstacle, *, at: datetime) -> str:
    """Take the reservation back: nothing was handed over."""
    attempt.withhold(reason_code=obstacle.code)
    attempt.save(update_fields=["status", "reason_code"])
    audit.record("attempt.withheld", subject=attempt, actor=DISPATCH, at=at, person_id=attempt.person_id,
                 rule=obstacle.code)  # fmt: skip
    set_aside(planned, obstacle, at=at)
    return str(attempt.status)


def _send(
    cleared: Cleared,
    planned: PlannedContact,
    attempt: ContactAttempt,
    file: CaseFile,
    point: ContactPoint,
    text: rendering.Text,
    language: str,
    *,
    at: datetime,
    now: Callable[[], datetime],
) -> str:
    message = Message(
        key=planned.key,
        text=text.body,
        subject=text.subject,
        language=language,
        reference=file.case.ref,
        sender_name=file.case.creditor.name,
        sender_phone=file.case.creditor.phone,
        recipient=file.case.person.name,
        case_id=planned.case_id,
        person_id=planned.person_id,
        at=at,
    )
    to = sealed.unseal(point.address.value_sealed)
    fault("before_call")
    try:
        sender = carriers.sender_of(planned.channel)
        again = pacing.again_at(sender.provider_for(to), at=at) if sender.has_several else None
        if again is not None:
            return withhold(attempt, planned, Obstacle("channel-held", again), at=at)
        receipt = sender.send(message, to=to, permit=cleared.permit, at=at)
    except (NotPermitted, NotConfigured):
        return withhold(attempt, planned, Obstacle("no-sender", at + timedelta(hours=1)), at=at)
    except AccountRefused as refused:
        return _held(attempt, planned, sender.provider_for(to), refused.code, began_at=at, at=now())
    except Temporary as busy:
        wait = timedelta(seconds=busy.retry_after) if busy.retry_after else back_off(planned.tries)
        return _fail(attempt, planned, busy.code, again=now() + wait, at=now())
    except Permanent as refused:
        return _refused(attempt, planned, file, point, refused, at=now())
    except DatabaseError:
        raise  # the transaction is lost, and with it whatever it held; the sweep finds out
    except Exception as error:
        if not isinstance(error, Unknown):
            log.exception("sender failed", extra={"attempt": attempt.pk, "channel": planned.channel})
        return _unknown(attempt, planned, at=now())
    fault("after_call")
    keep_content(attempt, text)
    if record_sent(attempt, planned, receipt, began_at=at, at=now()):
        pacing.release(receipt.provider, at=now())
    return str(attempt.status)


def keep_content(attempt: ContactAttempt, text: rendering.Text) -> None:
    """Keep what was said, sealed, with its hash in the open."""
    whole = f"{text.subject}\n\n{text.body}" if text.subject else text.body
    attempt.content_sealed = sealed.seal(whole)
    attempt.content_sha256 = hashlib.sha256(whole.encode()).hexdigest()
    attempt.segments = rendering.sms_segments(text.body)[0] if attempt.channel == "sms" else None


def record_sent(
    attempt: ContactAttempt, planned: PlannedContact | None, receipt: Receipt, *, began_at: datetime, at: datetime
) -> bool:
    """Write that the carrier has it, and take in any receipt that came before the answer did.

    The attempt, the row of the outbox and the last contact of the case are written in one statement. Return whether the
    provider was held.
    """
    attempt.send(began_at=began_at, at=max(at, began_at), provider=receipt.provider, provider_ref=receipt.ref)
    happened = [
        Happened("attempt.sent", attempt, DISPATCH, at, attempt.person_id, {"provider": receipt.provider}),
    ]
    if planned is not None:
        planned.finish(at=at)
        happened.append(Happened("planned.done", planned, DISPATCH, at, planned.person_id))
    key = planned.key if planned else attempt.key
    ((is_waited_for, is_held),) = sql_message.SENT.rows(
        [
            attempt.pk,
            str(attempt.status),
            str(attempt.outcome),
            attempt.started_at,
            attempt.ended_at,
            attempt.content_sealed,
            attempt.content_sha256,
            attempt.segments,
            attempt.provider,
            attempt.provider_ref,
            planned.pk if planned else None,
            at,
            attempt.case_id,
            attempt.at,
            str(key),
        ]
    )
    audit.record_together(happened)
    if is_waited_for:
        receipts.apply_waiting(attempt, key=key, at=at)
    return bool(is_held)


def finish(planned: PlannedContact, *, at: datetime) -> None:
    """Close a locked row: an attempt was made, or its fate waits for a person."""
    planned.finish(at=at)
    planned.save(update_fields=["status", "finished_at", "lease_until", "reason_code"])
    audit.record("planned.done", subject=planned, actor=DISPATCH, at=at, person_id=planned.person_id)


def doubt(attempt: ContactAttempt, planned: PlannedContact | None, *, at: datetime) -> None:
    """Write that nobody knows whether it left: it counts, and a person decides."""
    attempt.doubt(reason_code="fate-unknown")
    attempt.save(update_fields=["status", "reason_code", "content_sealed", "content_sha256", "segments"])
    audit.record("attempt.uncertain", subject=attempt, actor=DISPATCH, at=at, person_id=attempt.person_id)
    if planned is not None:
        finish(planned, at=at)


def _held(
    attempt: ContactAttempt, planned: PlannedContact, provider: str, code: str, *, began_at: datetime, at: datetime
) -> str:
    """The provider refuses us: it is held for everybody, the reservation is released, the row keeps its place."""
    pacing.hold(provider, code=code, began_at=began_at, at=at)
    attempt.withhold(reason_code=code)
    attempt.save(update_fields=["status", "reason_code"])
    audit.record("attempt.withheld", subject=attempt, actor=DISPATCH, at=at, person_id=attempt.person_id, rule=code)
    if provider != carriers.provider_of(planned.channel):  # the others of this channel go on: this row steps aside
        set_aside(planned, Obstacle(code, at + NEXT_TRY), at=at)
        return "held"
    keep_place(planned, code, at=at)
    return "held"


def _fail(attempt: ContactAttempt, planned: PlannedContact, code: str, *, again: datetime | None, at: datetime) -> str:
    attempt.fail(reason_code=code, permanent=again is None)
    attempt.save(update_fields=["status", "reason_code", "is_permanent_failure"])
    audit.record("attempt.failed", subject=attempt, actor=DISPATCH, at=at, person_id=attempt.person_id, reason=code)
    set_aside(planned, Obstacle(code, again), at=at)
    return str(attempt.status)


def _refused(
    attempt: ContactAttempt,
    planned: PlannedContact,
    file: CaseFile,
    point: ContactPoint,
    refused: Permanent,
    *,
    at: datetime,
) -> str:
    """The carrier will never take it: a bad address is marked, and the next one of the person is tried."""
    again = None
    if refused.opted_out:
        instructions.give(
            person_id=planned.person_id,
            kind=Instruction.Kind.OPT_OUT,
            channel=planned.channel,
            contact_point_id=point.pk,
            form=Instruction.Form.SMS if planned.channel == "sms" else Instruction.Form.EMAIL,
            source=Source.OTHER,
            evidence=f"{carriers.provider_of(planned.channel)}: {refused.code}",
            actor=DISPATCH,
            at=at,
        )
    if refused.address_is_bad:
        addresses.mark(contact_point_id=point.pk, state=ContactPoint.State.BAD, actor=DISPATCH, at=at)
        others = [other for other in file.points if other.pk != point.pk and other.address_id != point.address_id]
        if catalogue.best(planned.channel, others) is not None:
            again = at + NEXT_TRY
    return _fail(attempt, planned, refused.code, again=again, at=at)


def _unknown(attempt: ContactAttempt, planned: PlannedContact, *, at: datetime) -> str:
    """It may have left. The sweep asks the carrier once the lease is over; one that cannot be asked needs a person."""
    if carriers.can_look_up(planned.channel):
        log.warning(
            "hand-over without an answer", extra={"attempt": attempt.pk, "timeout_s": settings.PROVIDER_TIMEOUT_S}
        )
        return "waiting"
    doubt(attempt, planned, at=at)
    return str(attempt.status)


__all__ = ["doubt", "finish", "hand_over", "put_off", "record_sent"]
