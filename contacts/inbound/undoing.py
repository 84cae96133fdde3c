"""Undoing what a message was taken to mean. Always a withdrawal with a reason; what the person said in plain words, and
every wish for silence, is opened again only after a second person has looked.
"""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases import holds, instructions
from cases.holds import HoldRefused
from cases.instructions import InstructionRefused
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from compliance import audit
from contacts.inbound.recognise import PLAIN
from contacts.models import InboundAction

GRAVE: Final = ("stop", "stop_calls", "stop_all", "wrong_number", "lawyer", "distress", "deceased")
IN_FORCE: Final = (InboundAction.Done.INSTRUCTED, InboundAction.Done.HELD)


class UndoRefused(Refused):
    SENTENCES = {
        "no-reason": _("Say why."),
        "nothing": _("There is nothing to undo here."),
        "undone": _("This has been undone already."),
        "second-look": _("A supervisor looks at this first."),
        "own": _("Somebody else than who asked for it looks at this."),
    }


def needs_second_look(action: InboundAction) -> bool:
    """Whether only a supervisor may undo it: silence, what was said in plain words, and holds."""
    return action.intent in GRAVE or action.strength == PLAIN or action.hold_id is not None


@transaction.atomic
def ask(*, action_id: int, reason: str, actor: Actor, at: datetime) -> InboundAction:
    """Say that words were misunderstood; a supervisor looks. Nothing is opened by this. Raises UndoRefused."""
    action = _locked(action_id, reason)
    if action.asked_at is None:
        action.asked_at, action.asked_by_id, action.reason = at, actor.id, reason.strip()[:300]
        action.save(update_fields=["asked_at", "asked_by", "reason"])
        audit.record("inbound.undo_asked", subject=action, actor=actor, at=at, person_id=action.binding.person_id,
                     intent=action.intent)  # fmt: skip
    return action


@transaction.atomic
def undo(*, action_id: int, reason: str, may_decide: bool, actor: Actor, at: datetime) -> InboundAction:
    """Take back what was put in force because words were misunderstood. Raises UndoRefused.

    may_decide: the actor may undo what needs a second look, which is checked by the caller.
    """
    action = _locked(action_id, reason)
    if needs_second_look(action):
        if not may_decide:
            raise UndoRefused("second-look")
        if action.asked_by_id is not None and action.asked_by_id == actor.id:
            raise UndoRefused("own")
    try:
        if action.instruction_id is not None:
            instructions.withdraw(instruction_id=action.instruction_id, reason=reason, actor=actor, at=at)
        elif action.hold_id is not None:
            holds.release(hold_id=action.hold_id, reason=reason, actor=actor, at=at)
    except (InstructionRefused, HoldRefused) as refused:
        if refused.code not in ("withdrawn", "released"):
            raise
    action.undone_at, action.undone_by_id, action.reason = at, actor.id, reason.strip()[:300]
    action.save(update_fields=["undone_at", "undone_by", "reason"])
    audit.record("inbound.undone", subject=action, actor=actor, at=at, person_id=action.binding.person_id,
                 intent=action.intent)  # fmt: skip
    return action


def _locked(action_id: int, reason: str) -> InboundAction:
    if not reason.strip():
        raise UndoRefused("no-reason")
    rows = InboundAction.objects.select_for_update(of=("self",), no_key=True).select_related("binding")
    action = rows.get(pk=action_id)
    if action.undone_at is not None:
        raise UndoRefused("undone")
    if action.done not in IN_FORCE:
        raise UndoRefused("nothing")
    return action
