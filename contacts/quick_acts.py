"""Acts that are two keys away from anywhere on the case page: what the person asks, and holds. They act at once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from cases import holds, instructions
from cases.models import Case, Hold, Instruction, Undo
from cases.models.instruction import Source
from collections_app.shared.actor import Actor


@dataclass(frozen=True, slots=True)
class QuickAct:
    """One act: its second key, and whether it is a wish of the person or a hold."""

    key: str
    code: str
    label: str | LazyText
    is_hold: bool = True

    @property
    def needs(self) -> str:
        """The permission that it needs."""
        return "cases.place_hold" if self.is_hold else "contacts.give_instruction"

    @property
    def undo_kind(self) -> str:
        return Undo.Kind.HOLD if self.is_hold else Undo.Kind.ASKED


ACTS: Final = (
    QuickAct("s", Instruction.Kind.CEASE.value, _("stop all contact"), is_hold=False),
    QuickAct("d", Hold.Kind.DISPUTE.value, Hold.Kind.DISPUTE.label),
    QuickAct("r", Hold.Kind.HARDSHIP.value, Hold.Kind.HARDSHIP.label),
    QuickAct("v", Hold.Kind.VULNERABLE.value, Hold.Kind.VULNERABLE.label),
    QuickAct("c", Hold.Kind.COMPLAINT.value, Hold.Kind.COMPLAINT.label),
    QuickAct("l", Hold.Kind.REPRESENTED.value, Hold.Kind.REPRESENTED.label),
    QuickAct("b", Hold.Kind.BANKRUPTCY.value, Hold.Kind.BANKRUPTCY.label),
)
BY_CODE: Final = {act.code: act for act in ACTS}


def do(act: QuickAct, case: Case, *, actor: Actor, at: datetime) -> Instruction | Hold:
    """Put it in force, for every channel. Raises InstructionRefused, HoldRefused."""
    if act.is_hold:
        return holds.place(case=case, kind=act.code, source=Source.CALL, actor=actor, at=at)
    return instructions.give(person_id=case.person_id, kind=act.code, source=Source.CALL, actor=actor, at=at)
