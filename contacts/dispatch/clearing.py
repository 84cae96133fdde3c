"""Deciding (T2): under the locks of person and address, facts, decision and attempt in one transaction."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from cases.models import ContactPoint
from collections_app.shared.actor import Actor
from compliance import audit, gate
from compliance.facts import Question
from compliance.gate import Permit, Refusal
from contacts import rendering, seals, wording_rules, wordings
from contacts.channels import catalogue
from contacts.dispatch import carriers, outgoing, wanted, wording
from contacts.dispatch.claims import Claim, back_off, mine
from contacts.dispatch.outgoing import Outgoing
from contacts.dispatch.wanted import Obstacle
from contacts.facts import CaseFile
from contacts.faults import fault
from contacts.models import PlannedContact, TemplateVersion
from contacts.reserving import reserve, rule_of

DISPATCH: Final = Actor.system("dispatch")
ENTRANCE: Final = "dispatch"
A_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cleared:
    """A committed reservation: the permit and the attempt that it is for."""

    claim: Claim
    attempt_id: int
    contact_point_id: int
    address_id: int
    wording_id: int
    permit: Permit


def clear(claim: Claim, *, now: Callable[[], datetime]) -> Cleared | None:
    """Decide about a claimed row, and reserve. Returns None where nothing is to be handed over; the row says why."""
    fault("before_lock")
    with transaction.atomic(durable=True):
        address_ids, planned = outgoing.lock_to_decide(claim, kinds=catalogue.info(claim.channel).point_kinds)
        fault("after_lock")
        if planned is None:
            return None
        at = now()
        known = outgoing.read(planned, at=at)
        file = known.file
        found = prepare(known, at=at, among=address_ids)
        if isinstance(found, Obstacle):
            set_aside(planned, found, at=at)
            return None
        point, version = found
        question = question_of(planned, file, point.pk, version)
        decision = _decide(question, planned, file, point.pk, at=at)
        attempt = reserve(
            question,
            decision,
            file=file,
            address_id=point.address_id,
            planned=(planned.pk, planned.claim),
            template_version_id=version.pk,
            at=at,
        )
        if isinstance(decision, Refusal):
            audit.record("attempt.withheld", subject=attempt, actor=DISPATCH, at=at, person_id=planned.person_id,
                         rule=attempt.reason_code)  # fmt: skip
            put_off(planned, refusal=decision, at=at)
            return None
        audit.record("attempt.cleared", subject=attempt, actor=DISPATCH, at=at, person_id=planned.person_id)
        fault("before_permit_commit")
    return Cleared(claim, attempt.pk, point.pk, point.address_id, version.pk, decision)


def prepare(
    known: Outgoing, *, at: datetime, among: Collection[int] | None = None, write: Callable[..., object] = wording.write
) -> tuple[ContactPoint, TemplateVersion] | Obstacle:
    """Return the point to use and the wording, or what stands in the way before any law is asked.

    among: only these addresses, which are locked. write: what raises RenderingRefused where the wording cannot be
    filled.
    """
    planned, file = known.planned, known.file
    obstacle = wanted.still_wanted(known, at=at)
    if obstacle is not None:
        return obstacle
    if known.is_live:
        return Obstacle("fate-unknown", at + back_off(planned.tries))
    if not carriers.is_connected(planned.channel):
        return Obstacle("no-sender", at + wanted.LATER)
    usable = (point for point in file.points if among is None or point.address_id in among)
    point = catalogue.best(planned.channel, usable)
    if point is None:
        return Obstacle("no-contact-point", at + A_DAY)
    version = _wording(known)
    if version is None:
        return Obstacle("no-approved-wording", at + wanted.LATER)
    if wording.lacks_a_part(version, file):
        return Obstacle("wording-lacks-a-part", at + A_DAY)
    try:
        write(version, file, known.owed, channel=planned.channel)
    except rendering.RenderingRefused as refused:
        return unwritable(refused, at=at)
    return point, version


def unwritable(refused: rendering.RenderingRefused, *, at: datetime) -> Obstacle:
    """Return the obstacle that a wording which cannot be filled is."""
    if refused.code == "missing-value" and refused.values.get("name") == seals.PLACE:
        return Obstacle("no-seal", at + wanted.LATER)
    code = "missing-value" if refused.code == "missing-value" else "wording-refused"
    return Obstacle(code, at + A_DAY)


def _wording(known: Outgoing) -> TemplateVersion | None:
    """Return the approved wording for this reader; whom it is for draws the variant."""
    planned = known.planned
    return wordings.chosen(
        known.approved,
        language=known.file.case.person.language,
        jurisdictions=known.file.jurisdictions,
        of=f"{planned.template_id}/{planned.enrolment_id}",
    )


def question_of(planned: PlannedContact, file: CaseFile, contact_point_id: int, version: TemplateVersion) -> Question:
    """Return the proposal that a planned contact is, with what its wording says."""
    question = file.question(
        channel=planned.channel,
        contact_point_id=contact_point_id,
        purpose=planned.purpose,
        content_class=planned.template.content_class if planned.template else "reminder",
        automated=planned.automated,
    )
    return wording_rules.told(question, subject=version.subject, body=version.body)


def _decide(
    question: Question, planned: PlannedContact, file: CaseFile, point_id: int, *, at: datetime
) -> Permit | Refusal:
    return gate.decide(
        question,
        file.facts(point_id),
        actor=DISPATCH,
        at=at,
        entrance=ENTRANCE,
        creditor_id=planned.creditor_id,
        case_id=planned.case_id,
    )


def put_off(planned: PlannedContact, *, refusal: Refusal, at: datetime) -> None:
    """Withhold a row because the gate refused: until it is permitted, or a day when no time is known to cure it."""
    planned.decision_id = refusal.decision_id
    planned.save(update_fields=["decision_id"])
    set_aside(planned, Obstacle(rule_of(refusal), again_at(refusal.next_permitted, at=at)), at=at)


def again_at(next_permitted: datetime | None, *, at: datetime) -> datetime:
    """Return when what the gate refused is tried again."""
    return max(next_permitted or at + A_DAY, at + timedelta(minutes=1))


def waits_until(try_again_at: datetime, *, expires_at: datetime, at: datetime) -> datetime:
    """Return until when a withheld row waits: never past its own end, when it is looked at once more, and cancelled."""
    return min(try_again_at, max(expires_at, at))


def put_back(claim: Claim, *, now: Callable[[], datetime]) -> None:
    """Give a claimed row back to where it stood in the queue: nothing was tried with it."""
    with transaction.atomic():
        planned = mine(claim)
        if planned is not None:
            keep_place(planned, "channel-held", at=now())


def keep_place(planned: PlannedContact, code: str, *, at: datetime) -> None:
    """Withhold a locked row without moving it back in the queue."""
    planned.withhold(reason_code=code, try_again_at=planned.try_again_at)
    planned.tries = max(planned.tries - 1, 0)
    planned.save(update_fields=["status", "reason_code", "try_again_at", "lease_until", "tries"])
    audit.record("planned.withheld", subject=planned, actor=DISPATCH, at=at, person_id=planned.person_id, reason=code)


def set_aside(planned: PlannedContact, obstacle: Obstacle, *, at: datetime) -> None:
    """Withhold a locked row until the obstacle may be gone, or cancel it where that is never."""
    if obstacle.try_again_at is None:
        planned.cancel(at=at, reason_code=obstacle.code)
        name = "planned.cancelled"
    else:
        until = waits_until(obstacle.try_again_at, expires_at=planned.expires_at, at=at)
        planned.withhold(reason_code=obstacle.code, try_again_at=until)
        name = "planned.withheld"
    planned.save(update_fields=["status", "reason_code", "try_again_at", "lease_until", "finished_at"])
    audit.record(name, subject=planned, actor=DISPATCH, at=at, person_id=planned.person_id, reason=obstacle.code,
                 until=obstacle.try_again_at)  # fmt: skip
