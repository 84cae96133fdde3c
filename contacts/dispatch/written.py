"""Handing over what a person wrote himself: five seconds after he pressed the key, decided again, once.

The reservation was committed then. The claim here is committed before the hand-over begins, so that a message whose
process died is never simply sent again: the sweep asks the provider by the key of the attempt, or a person decides.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError, transaction

from cases import addresses, locks
from cases.models import ContactPoint
from collections_app.shared import sealed
from compliance import audit, gate
from compliance.gate import Permit, Refusal
from contacts import facts, rendering, wording_rules
from contacts.channels import catalogue
from contacts.channels.senders.base import (
    AccountRefused,
    Message,
    NotConfigured,
    NotPermitted,
    Permanent,
    Receipt,
    Temporary,
)
from contacts.dispatch import carriers, pacing, sweeping
from contacts.dispatch.clearing import DISPATCH, rule_of
from contacts.dispatch.handover import doubt, record_sent
from contacts.facts import CaseFile
from contacts.faults import fault
from contacts.models import ContactAttempt

log = logging.getLogger(__name__)
UNDO: Final = timedelta(seconds=5)
ENTRANCE: Final = "dispatch"
LIMIT: Final = 50


def run_written(*, now: Callable[[], datetime], limit: int = LIMIT) -> dict[str, int]:
    """Hand over what was written at least five seconds ago; return how many became what. Safe to run in parallel."""
    tally: dict[str, int] = {}
    waiting = _waiting().filter(claim__isnull=True, at__lte=now() - UNDO)
    for pk in list(waiting.order_by("at", "pk").values_list("pk", flat=True)[:limit]):
        if not _waiting().filter(pk=pk, claim__isnull=True).update(claim=1):
            continue  # somebody else has taken it, or it was taken back
        fault("after_claim")
        try:
            became = hand_over(pk, now=now)
        except Exception:
            log.exception("hand-over of a written message failed", extra={"attempt": pk})
            became = "errors"
        tally[became] = tally.get(became, 0) + 1
    return tally


def as_wording(text: str, file: CaseFile) -> str:
    """Return a written text as the rules of wordings read it: who writes stands there as the variable that it is."""
    creditor = file.case.creditor
    for value, name in ((creditor.name, "creditor_name"), (creditor.phone, "creditor_phone")):
        if value and value in text:
            text = text.replace(value, f"{rendering.OPENS} {name} {rendering.CLOSES}")
    return text


def sweep_written(*, now: Callable[[], datetime], limit: int = LIMIT) -> int:
    """Settle what was claimed and whose process never came back."""
    lost = _waiting().filter(claim__isnull=False, valid_until__lt=now() - timedelta(minutes=1))
    settled = 0
    for found in list(lost.order_by("valid_until", "pk")[:limit]):
        said = sweeping.ask(found)
        with transaction.atomic(durable=True):
            locks.lock(person_ids=[found.person_id, found.contacted_id], address_ids=_addresses(found))
            attempt = _locked(found.pk)
            if attempt is None:
                continue
            at = now()
            if isinstance(said, Receipt):
                record_sent(attempt, None, said, began_at=attempt.at, at=at)
            elif said == "nothing":
                _withhold(attempt, "never-began", at=at)
            elif said == "cannot-say" and at < (attempt.valid_until or at) + sweeping.ASKED_FOR:
                continue
            else:
                doubt(attempt, None, at=at)
            settled += 1
    return settled


def hand_over(attempt_id: int, *, now: Callable[[], datetime]) -> str:
    """Hand one claimed message over, or not; return what became of it (its status, or "lost", "waiting")."""
    known = ContactAttempt.objects.get(pk=attempt_id)
    with transaction.atomic(durable=True):
        locks.lock(person_ids=[known.person_id, known.contacted_id], address_ids=_addresses(known))
        attempt = _locked(attempt_id)
        if attempt is None or attempt.case_id is None or attempt.contact_point_id is None:
            return "lost"
        at = now()
        file = facts.of_case(attempt.case_id, at=at)
        subject, body = _content(attempt)
        obstacle, permit = _last_look(attempt, file, subject, body, at=at)
        if permit is None:
            return _withhold(attempt, obstacle, at=at)
        return _send(attempt, file, permit, subject, body, at=at, now=now)


def _last_look(
    attempt: ContactAttempt, file: CaseFile, subject: str, body: str, *, at: datetime
) -> tuple[str, Permit | None]:
    """Return what has come in the way since the permit, or a permit for this very instant."""
    if attempt.valid_until is None or at >= attempt.valid_until:
        return "permit-expired", None
    if file.is_resolved:
        return "case-resolved", None
    if file.is_stopped(attempt.channel):
        return "stopped", None
    if not carriers.is_connected(attempt.channel):
        return "no-sender", None
    if pacing.is_held(carriers.provider_to(attempt.channel, attempt.address_id)):
        return "channel-held", None
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
        in_reply=attempt.purpose == "reply",
    )
    try:
        decision = gate.decide(
            wording_rules.told(question, subject=subject, body=as_wording(body, file)),
            file.facts(attempt.contact_point_id, except_attempt=attempt.pk),
            actor=DISPATCH,
            at=at,
            entrance=ENTRANCE,
            creditor_id=attempt.creditor_id,
            case_id=attempt.case_id,
        )
    except rendering.RenderingRefused:
        return "wording-refused", None
    return (rule_of(decision), None) if isinstance(decision, Refusal) else ("", decision)


def _send(
    attempt: ContactAttempt,
    file: CaseFile,
    permit: Permit,
    subject: str,
    body: str,
    *,
    at: datetime,
    now: Callable[[], datetime],
) -> str:
    point = file.point(attempt.contact_point_id)
    if point is None:
        return _withhold(attempt, "no-contact-point", at=at)
    message = Message(
        key=attempt.key,
        text=body,
        subject=subject,
        language=file.case.person.language,
        reference=file.case.ref,
        sender_name=file.case.creditor.name,
        sender_phone=file.case.creditor.phone,
        recipient=file.case.person.name,
        case_id=attempt.case_id,
        person_id=attempt.person_id,
        at=at,
    )
    fault("before_call")
    try:
        sender = carriers.sender_of(attempt.channel)
        receipt = sender.send(message, to=sealed.unseal(point.address.value_sealed), permit=permit, at=at)
    except (NotPermitted, NotConfigured):
        return _withhold(attempt, "no-sender", at=at)
    except AccountRefused as refused:
        provider = carriers.provider_to(attempt.channel, attempt.address_id)
        pacing.hold(provider, code=refused.code, began_at=at, at=now())
        return _withhold(attempt, refused.code, at=now())
    except Temporary as busy:
        return _fail(attempt, busy.code, permanent=False, at=now())
    except Permanent as refused:
        if refused.address_is_bad:
            addresses.mark(contact_point_id=point.pk, state=ContactPoint.State.BAD, actor=DISPATCH, at=now())
        return _fail(attempt, refused.code, permanent=True, at=now())
    except DatabaseError:
        raise
    except Exception as error:  # noqa: BLE001  (it may have left)
        log.warning("hand-over without an answer", extra={"attempt": attempt.pk, "error": type(error).__name__})
        if carriers.can_look_up(attempt.channel):
            return "waiting"
        doubt(attempt, None, at=now())
        return str(attempt.status)
    fault("after_call")
    record_sent(attempt, None, receipt, began_at=at, at=now())
    return str(attempt.status)


def _content(attempt: ContactAttempt) -> tuple[str, str]:
    whole = sealed.unseal(attempt.content_sealed) if attempt.content_sealed is not None else ""
    if attempt.channel != "email":
        return "", whole
    subject, _, body = whole.partition("\n\n")
    return subject, body


def _waiting():
    """Return the reserved messages that belong to no plan."""
    return ContactAttempt.objects.filter(
        status=ContactAttempt.Status.CLEARED, origin="ours", planned__isnull=True, channel__in=catalogue.SENDING
    )


def _locked(attempt_id: int) -> ContactAttempt | None:
    rows = ContactAttempt.objects.select_for_update(of=("self",), no_key=True)
    return rows.filter(pk=attempt_id, status=ContactAttempt.Status.CLEARED, claim__isnull=False).first()


def _addresses(attempt: ContactAttempt) -> list[int]:
    return [attempt.address_id] if attempt.address_id else []


def _withhold(attempt: ContactAttempt, code: str, *, at: datetime) -> str:
    attempt.withhold(reason_code=code)
    attempt.save(update_fields=["status", "reason_code"])
    audit.record("attempt.withheld", subject=attempt, actor=DISPATCH, at=at, person_id=attempt.person_id, rule=code)
    return str(attempt.status)


def _fail(attempt: ContactAttempt, code: str, *, permanent: bool, at: datetime) -> str:
    attempt.fail(reason_code=code, permanent=permanent)
    attempt.save(update_fields=["status", "reason_code", "is_permanent_failure"])
    audit.record("attempt.failed", subject=attempt, actor=DISPATCH, at=at, person_id=attempt.person_id, reason=code)
    return str(attempt.status)
