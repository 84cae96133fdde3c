"""The ways in which a call ends, as collectors name them: what each says, what follows from it, when it is possible."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cases import promises
from cases.forms import morning_after
from cases.models import Case, NextAction
from cases.models.case import Status
from cases.refusal import Refused
from contacts.models import ContactAttempt

Outcome = ContactAttempt.Outcome
PROMISE: Final = "promise"
CALLBACK: Final = "callback"
PLAN: Final = "plan"


class EndingRefused(Refused):
    SENTENCES = {
        "on-plan": _("This case is on a plan; its instalments are what is agreed."),
        "held": _("Nothing can be agreed while there is a hold: %(hold)s."),
        "resolved": _("This case has ended; nothing more is agreed."),
    }


@dataclass(frozen=True, slots=True)
class Ending:
    """One way in which a call ends.

    outcome: what the attempt keeps. key: the digit that chooses it, always the same. says: kept as a note, because the
    outcome says less than this. action, hours, days: what follows if nothing else is chosen: hours from now, or half
    past nine of the person's morning days later.
    """

    value: str
    outcome: str
    label: str | LazyText
    icon: str
    key: str = ""
    needs: str = ""
    says: bool = False
    action: str = NextAction.CALL
    hours: int = 0
    days: int = 1

    @property
    def note(self) -> str:
        """What the note begins with; more may be written behind it."""
        said = {"outcome": self.label}
        return gettext("%(outcome)s: ") % said if self.says else gettext("%(outcome)s. ") % said


ENDINGS: Final = (
    Ending("no-answer", Outcome.NO_ANSWER, _("No answer"), "phone-off", "1"),
    Ending("promise", Outcome.CONVERSATION, _("Promises to pay"), "flag", "2", needs=PROMISE),
    Ending("callback", Outcome.CONVERSATION, _("Call back later"), "clock", "3", needs=CALLBACK),
    Ending("talked", Outcome.CONVERSATION, _("Nothing agreed"), "phone-check", "4", days=3),
    Ending("refuses", Outcome.CONVERSATION, _("Refuses to pay"), "ban", "5", says=True, action=NextAction.REVIEW),
    Ending(
        "says-paid",
        Outcome.CONVERSATION,
        _("Says it is paid"),
        "coin",
        "6",
        says=True,
        action=NextAction.VERIFY_PAYMENT,
        days=2,
    ),
    Ending("voicemail", Outcome.VOICEMAIL_NO_MESSAGE, _("Voicemail"), "message-off", "7"),
    Ending("plan", Outcome.CONVERSATION, _("Wants instalments"), "calendar", "8", needs=PLAN, says=True),
    Ending("not-in-service", Outcome.NOT_IN_SERVICE, _("Not in service"), "circle-x", "9", action=NextAction.REVIEW),
    Ending("wrong-number", Outcome.WRONG_NUMBER, _("Wrong number"), "x", action=NextAction.REVIEW),
    Ending("busy", Outcome.BUSY, _("Busy"), "hourglass", hours=2),
    Ending("dropped", Outcome.ANSWERED_DROPPED, _("Call dropped"), "phone"),
    Ending("message-left", Outcome.VOICEMAIL_MESSAGE, _("Message left"), "message", days=2),
    Ending("third-refuses", Outcome.THIRD_PARTY_REFUSED, _("Third person refuses"), "user", action=NextAction.REVIEW),
    Ending("third-pays", Outcome.OFFERS_TO_PAY, _("Third person pays"), "users", action=NextAction.REVIEW),
)
BY_VALUE: Final = {ending.value: ending for ending in ENDINGS}


def shut(case: Case) -> EndingRefused | None:
    """Return why nothing can be agreed on a case now, or None. One query."""
    if case.is_resolved:
        return EndingRefused("resolved")
    if case.status == Status.ON_PLAN:
        return EndingRefused("on-plan")
    hold = promises.forbidding_hold(case)
    return EndingRefused("held", hold=hold.get_kind_display()) if hold is not None else None


def agrees(ending: Ending) -> bool:
    """Whether a call that ends so agrees something about payment."""
    return ending.needs in (PROMISE, PLAN)


def follows(ending: Ending, case: Case, *, at: datetime) -> tuple[str, datetime] | None:
    """Return the next action that follows from an ending, and when; None where the case stays as it is.

    So it does after a promise and a callback, which say themselves what is next, while it waits for a promise or a
    plan, and when it has ended.
    """
    if case.is_resolved or ending.needs in (PROMISE, CALLBACK) or case.status in (Status.PROMISED, Status.ON_PLAN):
        return None
    due = at + timedelta(hours=ending.hours) if ending.hours else None
    return ending.action, due or morning_after(at, case.person.time_zone, days=ending.days)
