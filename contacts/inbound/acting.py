"""From what a message means to what is done about it at once, through the verbs of `cases`: written first, for
everybody who is bound, and confirmed after all is written, so that one slow lock delays nobody's stop.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from cases import holds, instructions
from cases.models import Address, Case, ContactPoint, Hold, Instruction
from cases.models.instruction import Source
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from contacts.inbound.recognise import HINT, LIKELY, Found
from contacts.models import InboundAction, InboundBinding

log = logging.getLogger(__name__)
INBOUND: Final = Actor.system("inbound")
Kind = Instruction.Kind
Done = InboundAction.Done
FORMS: Final = {"sms": Instruction.Form.SMS, "email": Instruction.Form.EMAIL, "chat": Instruction.Form.WRITTEN}
# What is held until somebody has looked, and under which kind.
HOLDS: Final = {
    "dispute": Hold.Kind.DISPUTE,
    "paid": Hold.Kind.DISPUTE,
    "fraud": Hold.Kind.FRAUD,
    "hardship": Hold.Kind.HARDSHIP,
    "distress": Hold.Kind.VULNERABLE,
    "deceased": Hold.Kind.DECEASED,
    "bankruptcy": Hold.Kind.BANKRUPTCY,
}
LANDLINE: Final = ("phone", "voice_notice")
OWING: Final = ("debtor", "joint_debtor", "guarantor")


def record(
    binding: InboundBinding,
    found: Found,
    *,
    text: str,
    cases: list[Case],
    party: str,
    place: int,
    received_at: datetime,
    at: datetime,
) -> list[InboundAction]:
    """Write what one intent brings for one person. Waits for no lock; `confirm` afterwards. Never raises Refused."""
    words = text[found.begins : found.ends][:200]
    steps: list[Callable[[], Instruction | Hold | None]] = []
    if found.acts:
        steps = _steps(binding, found, words=words, text=text, cases=cases, party=party, received_at=received_at, at=at)
    if not steps:
        return [_write(binding, found, place, Done.SHOWN, at=at)]
    rows = []
    for offset, step in enumerate(steps):
        try:
            with transaction.atomic():
                made = step()
        except Refused as refused:
            done = Done.STOOD if refused.code == "standing" else Done.REFUSED
            if done == Done.REFUSED:
                log.warning("inbound words not acted on", extra={"intent": found.intent, "why": refused.code})
            rows.append(_write(binding, found, place + offset, done, at=at))
            continue
        rows.append(_write(binding, found, place + offset, _done(made), made, at=at))
    return rows


def confirm(actions: list[InboundAction], *, at: datetime) -> None:
    """Wait until no hand-over that began before is under way, each in a transaction of its own."""
    for action in actions:
        if action.instruction_id is not None:
            instructions.confirm(instruction_id=action.instruction_id, actor=INBOUND, at=at)
        if action.hold_id is not None:
            holds.confirm(hold_id=action.hold_id, at=at)


def _done(made: Instruction | Hold | None) -> str:
    if made is None:
        return Done.STOOD
    return Done.HELD if isinstance(made, Hold) else Done.INSTRUCTED


def _write(
    binding: InboundBinding,
    found: Found,
    place: int,
    done: str,
    made: Instruction | Hold | None = None,
    *,
    at: datetime,
) -> InboundAction:
    return InboundAction.objects.create(
        binding=binding,
        place=place,
        intent=found.intent,
        strength=found.strength,
        language=found.language,
        begins=found.begins,
        ends=found.ends,
        done=done,
        instruction=made if isinstance(made, Instruction) else None,
        hold=made if isinstance(made, Hold) else None,
        done_at=at,
    )


def _steps(
    binding: InboundBinding,
    found: Found,
    *,
    words: str,
    text: str,
    cases: list[Case],
    party: str,
    received_at: datetime,
    at: datetime,
) -> list[Callable[[], Instruction | Hold | None]]:
    message, point = binding.message, binding.contact_point

    def ask(kind: str, **more: Any) -> Callable[[], Instruction | None]:
        def step() -> Instruction | None:
            if _stands(kind, binding, received_at, **more):
                return None
            return instructions.record(
                person_id=binding.person_id,
                kind=kind,
                form=FORMS.get(message.channel, Instruction.Form.WRITTEN if message.channel != "phone" else "oral"),
                source=Source.MESSAGE if message.channel != "phone" else Source.CALL,
                words=text[:500],
                evidence=message.ref,
                received_at=received_at,
                actor=INBOUND,
                at=at,
                **more,
            )

        return step

    def hold(case: Case, kind: str) -> Callable[[], Hold]:
        def step() -> Hold:
            return holds.record(
                case=case,
                kind=kind,
                reason=words,
                source=Source.MESSAGE,
                evidence=message.ref,
                starts_at=received_at,
                actor=INBOUND,
                at=at,
            )

        return step

    of_this_point = {"contact_point_id": point.pk} if point is not None else {}
    if found.intent == "stop":
        # A stop said on the telephone, or where no medium can be left out, means all of them.
        asked: list[Callable[[], Instruction | Hold | None]] = [
            ask(Kind.OPT_OUT, channel=message.channel, **of_this_point)
        ]
        if party not in OWING and point is not None:
            asked.append(ask(Kind.THIRD_PARTY_REFUSED, **of_this_point))
        return asked
    if found.intent == "stop_calls":
        return [ask(Kind.OPT_OUT, channel=channel) for channel in LANDLINE]
    if found.intent == "stop_all":
        return [ask(Kind.CEASE), ask(Kind.OPT_OUT, channel=message.channel, **of_this_point)]
    if found.intent == "wrong_number":
        return [ask(Kind.WRONG_PARTY, **of_this_point)] if point is not None else []
    if found.intent == "work":
        return [ask(Kind.PLACE, place="workplace")]
    if found.intent == "time":
        return [
            ask(window["kind"], details={"start": window["start"], "end": window["end"], "days": window["days"]})
            for window in (found.details, *found.details.get("more", ()))
        ]
    if found.intent == "lawyer":
        known: dict[str, Any] = {key: found.details[key] for key in ("name", "phone") if key in found.details}
        known["attorney_contact_known"] = found.details.get("attorney_contact_known", False)
        return [ask(Kind.ATTORNEY, details=known)]
    if found.intent == "complaint":
        return [ask(Kind.COMPLAINT)]
    if found.intent in HOLDS:
        return [hold(case, HOLDS[found.intent]) for case in cases]
    return []


def _stands(kind: str, binding: InboundBinding, at: datetime, **scope: Any) -> bool:
    """Whether the same was asked before and stands."""
    if kind == Kind.WRONG_PARTY:
        point = ContactPoint.objects.filter(pk=scope["contact_point_id"])
        if Address.objects.filter(pk__in=point.values("address_id"), suppressed_at__isnull=False).exists():
            return True
        same = Instruction.objects.filter(kind=kind, contact_point_id=scope["contact_point_id"])
    else:
        same = Instruction.objects.filter(
            person_id=binding.person_id,
            kind=kind,
            channel=scope.get("channel", ""),
            contact_point_id=scope.get("contact_point_id"),
            creditor_id__isnull=True,
        )
        if "details" in scope and kind != Kind.ATTORNEY:
            same = same.filter(details=scope["details"])
    same = same.filter(received_at__lte=at, withdrawal__isnull=True)
    return same.exclude(expires_at__lte=at).exists()


__all__ = ["HINT", "HOLDS", "INBOUND", "LIKELY", "confirm", "record"]
