"""What a system that calls for us states about required disclosures: which were said in a call, and which were not.

A dialler ticks nothing on a screen; it states everything when it closes the call. The statement is an entry of the
audit trail, because ticks and their records name a person of ours.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from cases.refusal import Refused
from collections_app.shared.actor import Actor
from compliance import audit, words
from compliance.models import AuditEvent
from contacts.call_results import REACHED
from contacts.models import ContactAttempt
from contacts.scripts import saying

NAME: Final = "script.stated"


class StatementRefused(Refused):
    """`more` goes into the answer of the API: what is missing, with the words to say it in."""

    SENTENCES = {
        "unsaid": _("This call reached its person. State in “said” or “not_said”: %(missing)s."),
        "not-demanded": _("No rule demands this in this call: %(rules)s."),
        "both": _("Stated as said and as not said: %(rules)s."),
    }

    def __init__(self, code: str, *, more: dict[str, Any] | None = None, **values: Any) -> None:
        super().__init__(code, **values)
        self.more = more or {}


@dataclass(frozen=True, slots=True)
class Statement:
    """What was stated about a call, by whom and when. It reads as a record of ours: said is said without a tick."""

    by: str
    at: datetime
    required: tuple[str, ...]
    unticked: tuple[str, ...]
    unsaid: tuple[str, ...]
    ticked: tuple[str, ...] = ()


def demanded(attempt: ContactAttempt, *, at: datetime) -> list[dict[str, str]]:
    """Return what rules demand to be said in a call: each rule with its title and the words, in order."""
    return [_out(one) for one in saying.owed(attempt, at=at)]


def state(
    *, attempt_id: int, outcome: str, said: Iterable[str], not_said: Iterable[str], actor: Actor, at: datetime
) -> None:
    """Keep what a call had to say and what was said, where it reached its person; before its outcome is.

    Nothing is asked of calls that reached nobody. Raises StatementRefused.
    """
    if outcome not in REACHED:
        return
    rows = ContactAttempt.objects.select_related("case__person", "case__creditor", "decision")
    attempt = rows.get(pk=attempt_id)
    if attempt.channel != "phone":
        return
    due = saying.owed(attempt, at=at)
    rules = [one.line.rule for one in due]
    stated, left_out = list(dict.fromkeys(said)), list(dict.fromkeys(not_said))
    if both := [rule for rule in stated if rule in left_out]:
        raise StatementRefused("both", rules=", ".join(both))
    if unknown := [rule for rule in [*stated, *left_out] if rule not in rules]:
        raise StatementRefused("not-demanded", rules=", ".join(unknown))
    if missing := [one for one in due if one.line.rule not in {*stated, *left_out}]:
        named = words.listed(saying.named(one.line) for one in missing)
        raise StatementRefused("unsaid", missing=named, more={"missing": [_out(one) for one in missing]})
    if not due:
        return
    person = attempt.person_id
    audit.record(
        "script.stated", subject=attempt, actor=actor, at=at, person_id=person, required=rules, said=stated,
        unsaid=left_out,
    )  # fmt: skip
    if left_out:
        audit.record("script.unsaid", subject=attempt, actor=actor, at=at, person_id=person, rules=left_out)


def of_call(attempt: ContactAttempt) -> Statement | None:
    """Return what was stated about a call, the last where there are several; None where nothing was."""
    event = AuditEvent.objects.about(attempt).filter(name=NAME).order_by("-at", "-pk").first()
    if event is None:
        return None
    required, said, unsaid = (tuple(event.details.get(name, ())) for name in ("required", "said", "unsaid"))
    return Statement(event.actor_label, event.at, required, unticked=said, unsaid=unsaid)


def _out(one: saying.Owed) -> dict[str, str]:
    return {"rule": one.line.rule, "title": one.line.title, "words": one.line.text or one.line.words}
