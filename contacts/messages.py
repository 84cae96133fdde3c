"""A message that a person writes himself: decided and reserved when he presses the key, on its way five seconds later,
through the same door as every other (`contacts.dispatch.written`). Until then it can be taken back.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases import locks
from cases.refusal import Refused
from collections_app.shared import sealed
from collections_app.shared.actor import Actor
from compliance import audit, gate, previews
from compliance.facts import Question
from compliance.gate import Permit, Refusal
from compliance.previews import Preview
from contacts import dispatch, facts, forbidden, rendering, wording_rules
from contacts.channels import catalogue
from contacts.dispatch import wanted, wording
from contacts.dispatch.written import UNDO, as_wording
from contacts.facts import CaseFile
from contacts.models import ContactAttempt
from contacts.reserving import reserve
from contacts.wording_rules import Kind

COMPLETED: Final = frozenset({"US"})  # where the disclosure of a collector stands in every message
WRITABLE: Final = ("sms", "email", "chat")
REPLY, COLLECTION = "reply", "collection"
STALE_REPLY: Final = timedelta(days=30)  # an answer to something older is no answer


class MessageRefused(Refused):
    """The message may not be written. `decision` is the gate's stored refusal, where it was the gate that refused."""

    SENTENCES = {
        "gate": _("Not permitted now: %(rule)s."),
        "unknown": _("No decision could be made, so this is not permitted now."),
        "resolved": _("This case is cured or closed."),
        "stopped": _("All contact of this kind is stopped by order."),
        "channel": _("Nothing can be written by this channel."),
        "no-sender": _("No provider is set up for this channel."),
        "point": _("This number or address does not belong to the person, or does not fit."),
        "empty": _("Write something first."),
        "too-long": _("The text has %(length)s characters; at most %(limit)s are allowed."),
        "subject": _("An e-mail needs a subject."),
        "forbidden": _("“%(words)s” may not be written: %(reason)s"),
        "text": _("The text cannot be sent: %(why)s"),
        "not-a-reply": _("The message to be answered is not one of this case, or is too old."),
        "twice": _("A message of yours to this person is on its way already."),
        "gone": _("It is too late to take this back: it is being handed over, or has been."),
        "not-yours": _("This message is somebody else's."),
    }

    def __init__(self, code: str, *, decision: Refusal | None = None, **values: Any) -> None:
        super().__init__(code, **values)
        self.decision = decision


def check_text(text: str, *, subject: str = "", channel: str) -> None:
    """Look at the words themselves, before anybody is asked. Raises MessageRefused."""
    if channel not in WRITABLE:
        raise MessageRefused("channel")
    if not text.strip():
        raise MessageRefused("empty")
    limit = rendering.MOST_TEXT[channel]
    if len(text) > limit:
        raise MessageRefused("too-long", length=len(text), limit=limit)
    if channel == "email" and not subject.strip():
        raise MessageRefused("subject")
    for found in (*forbidden.find(subject), *forbidden.find(text)):
        raise MessageRefused("forbidden", words=found.words, reason=found.reason)
    if rendering.OPENS in subject + text or rendering.CLOSES in subject + text:
        raise MessageRefused("text", why="{{ }}")
    try:
        rendering.check_body(text, subject=subject, channel=channel)
    except rendering.RenderingRefused as refused:
        raise MessageRefused("text", why=str(refused)) from refused


def write(
    *,
    case_id: int,
    contact_point_id: int,
    channel: str,
    text: str,
    subject: str = "",
    in_reply_to: int | None = None,
    actor: Actor,
    at: datetime,
) -> ContactAttempt:
    """Ask for a message now; return the cleared attempt, which is handed over five seconds later unless taken back.

    in_reply_to: the inbound contact that is answered; the purpose is then a reply, which the rules judge otherwise.
    Raises MessageRefused; what the gate refused is kept.
    """
    text, subject = _clean(text), " ".join(_clean(subject).split())
    check_text(text, subject=subject, channel=channel)
    if not dispatch.is_connected(channel):
        raise MessageRefused("no-sender")
    with transaction.atomic():
        answer = _ask(
            case_id=case_id,
            contact_point_id=contact_point_id,
            channel=channel,
            text=text,
            subject=subject,
            in_reply_to=in_reply_to,
            actor=actor,
            at=at,
        )
    if isinstance(answer, Refusal):  # raised outside, so that the refusal is kept
        raise MessageRefused("gate", decision=answer, rule=", ".join(answer.failing))
    return answer


def preview(file: CaseFile, question: Question, *, subject: str, text: str) -> Preview:
    """Return what the gate would say to a message with these words. Nothing is stored. Raises RenderingRefused."""
    text = completed(file, question, subject=subject, text=text)
    told = wording_rules.told(question, subject=subject, body=as_wording(text, file))
    point_id = question.contact_point_id
    return previews.ask(told, file.facts(point_id if isinstance(point_id, int) else None))


def completed(file: CaseFile, question: Question, *, subject: str, text: str) -> str:
    """Return a text with what the rules of COMPLETED places ask of every message and this one lacks, at its end.

    Raises RenderingRefused where a value for it is missing. Elsewhere the writer says it himself, or the gate refuses.
    """
    places = [place for place in wording.places_of(file) if place.jurisdiction.split("-")[0] in COMPLETED]
    kind = Kind(str(question.channel), str(question.purpose), str(question.content_class))
    lacks = wording_rules.lacking(subject, as_wording(text, file), kind=kind, places=places, at=file.at)
    if not lacks:
        return text
    language = file.case.person.language
    parts = " ".join(dict.fromkeys(lack.suggestion(language) for lack in lacks))
    values = wording.values_for(file, wanted.positions(file), language=language)
    added = rendering.render(parts, subject="", values=values, channel="chat").body
    return f"{text}\n{added}" if question.channel == "email" else f"{text} {added}"


@transaction.atomic
def take_back(*, attempt_id: int, actor: Actor, at: datetime) -> ContactAttempt:
    """Take a message back before it is handed over. Raises MessageRefused when it is too late."""
    known = ContactAttempt.objects.get(pk=attempt_id)
    locks.lock(person_ids=[known.person_id, known.contacted_id])
    attempts = ContactAttempt.objects.select_for_update(of=("self",), no_key=True)
    attempt = attempts.get(pk=attempt_id)
    if attempt.made_by_id != actor.id:
        raise MessageRefused("not-yours")
    if attempt.status != ContactAttempt.Status.CLEARED or attempt.claim is not None or attempt.planned_id is not None:
        raise MessageRefused("gone")
    attempt.cancel(reason_code="undone")
    attempt.save(update_fields=["status", "reason_code"])
    audit.record("attempt.cancelled", subject=attempt, actor=actor, at=at, person_id=attempt.person_id)
    return attempt


def _ask(
    *,
    case_id: int,
    contact_point_id: int,
    channel: str,
    text: str,
    subject: str,
    in_reply_to: int | None,
    actor: Actor,
    at: datetime,
) -> ContactAttempt | Refusal:
    if locks.lock_for_contact(case_id=case_id, contact_point_id=contact_point_id) is None:
        raise MessageRefused("point")
    file = facts.of_case(case_id, at=at)
    point = file.point_row(contact_point_id)
    if file.is_resolved:
        raise MessageRefused("resolved")
    if file.is_stopped(channel):
        raise MessageRefused("stopped")
    if point is None or point.kind not in catalogue.info(channel).point_kinds:
        raise MessageRefused("point")
    if file.has_open(made_by_id=actor.id, contact_point_id=contact_point_id):
        raise MessageRefused("twice")
    if in_reply_to is not None and not _may_answer(in_reply_to, case_id=case_id, at=at):
        raise MessageRefused("not-a-reply")
    question = question_of(
        file,
        contact_point_id=contact_point_id,
        channel=channel,
        in_reply=in_reply_to is not None,
        staff_id=actor.id if actor.kind == "user" else None,
    )
    try:
        text = completed(file, question, subject=subject, text=text)
        check_text(text, subject=subject, channel=channel)
        question = wording_rules.told(question, subject=subject, body=as_wording(text, file))
        decision = gate.decide(
            question,
            file.facts(contact_point_id),
            actor=actor,
            at=at,
            entrance="screen",
            creditor_id=file.creditor_id,
            case_id=case_id,
        )
    except rendering.RenderingRefused as refused:
        raise MessageRefused("text", why=str(refused)) from refused
    except gate.GateUnavailable as error:
        raise MessageRefused("unknown") from error
    attempt = reserve(
        question,
        decision,
        file=file,
        address_id=point.address_id,
        made_by_id=actor.id if actor.kind == "user" else None,
        at=at,
    )
    whole = f"{subject}\n\n{text}" if subject else text
    attempt.content_sealed = sealed.seal(whole)
    attempt.content_sha256 = hashlib.sha256(whole.encode()).hexdigest()
    attempt.segments = rendering.sms_segments(text)[0] if channel == "sms" else None
    attempt.save(update_fields=["content_sealed", "content_sha256", "segments"])
    name = "attempt.cleared" if isinstance(decision, Permit) else "attempt.withheld"
    audit.record(name, subject=attempt, actor=actor, at=at, person_id=file.person_id, channel=channel)
    return decision if isinstance(decision, Refusal) else attempt


def question_of(
    file: CaseFile, *, contact_point_id: int, channel: str, in_reply: bool, staff_id: int | None
) -> Question:
    """Return the proposal that a written message is; what it says is told to the gate besides."""
    return file.question(
        channel=channel,
        contact_point_id=contact_point_id,
        purpose=REPLY if in_reply else COLLECTION,
        content_class="reply" if in_reply else "reminder",
        automated=False,
        staff_id=staff_id,
        in_reply=in_reply,
    )


def _may_answer(attempt_id: int, *, case_id: int, at: datetime) -> bool:
    asked = ContactAttempt.objects.filter(pk=attempt_id, case_id=case_id, direction="inbound")
    return asked.filter(at__lte=at, at__gte=at - STALE_REPLY).exists()


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip()


__all__ = ["UNDO", "MessageRefused", "check_text", "preview", "question_of", "take_back", "write"]
