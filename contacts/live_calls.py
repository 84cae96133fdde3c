"""A call by the telephone system in words: how it stands, what it says of the outcome, why it is over."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from compliance import reasons as rule_reasons
from compliance.models import Decision
from contacts import reasons
from contacts.channels import telephony
from contacts.models import TelephoneCall

OPEN: Final = ("cleared", "in_progress")
SENTENCES: Final[dict[str, LazyText | str]] = {
    "desk": _("Your telephone rings: take it up"),
    "dialling": _("Being dialled"),
    "ringing": _("It rings"),
    "answered": _("Connected"),
    "ended": _("Ended"),
}
ICONS: Final = {
    "desk": "phone-incoming", "dialling": "phone-outgoing", "ringing": "phone-outgoing", "answered": "phone",
    "ended": "phone-off",
}  # fmt: skip
TONES: Final = {"desk": "soon", "dialling": "act", "ringing": "act", "answered": "ok", "ended": "past"}
# How the telephone system says it ended -> the ending that a collector would choose (`contacts.forms.ENDINGS`).
SUGGESTS: Final = {"busy": "busy", "no_answer": "no-answer", "not_in_service": "not-in-service"}


@dataclass(frozen=True, slots=True)
class LiveCall:
    """What the page shows of a call. mark: changes whenever anything of it does. suggests: an ending, or nothing."""

    attempt_id: int
    state: str
    sentence: str
    since: datetime
    icon: str
    tone: str
    is_over: bool
    is_recorded: bool
    suggests: str
    problem: str

    @property
    def mark(self) -> str:
        """What the page has seen."""
        return f"{self.state}-{self.problem}-{self.is_recorded:d}"

    @property
    def trouble(self) -> str:
        """What went wrong, as a sentence."""
        return reasons.say(self.problem) if self.problem else ""


def of(call: TelephoneCall) -> LiveCall:
    """Return a call as the page shows it."""
    state = call.state
    since = {
        "desk": call.requested_at,
        "dialling": call.desk_up_at,
        "ringing": call.rang_at,
        "answered": call.answered_at,
        "ended": call.ended_at,
    }[state]
    outcome = call.outcome
    sentence = str(SENTENCES[state])
    if outcome:
        sentence = reasons.say(
            {"busy": "line-busy", "no_answer": "nobody-answered"}.get(outcome, "number-not-in-service")
        )
    return LiveCall(
        attempt_id=call.attempt_id,
        state=state,
        sentence=sentence,
        since=since or call.requested_at,
        icon=ICONS[state],
        tone=TONES[state],
        is_over=call.is_over,
        is_recorded=bool(call.recording),
        suggests=SUGGESTS.get(outcome, ""),
        problem=call.problem,
    )


def of_attempt(attempt_id: int) -> LiveCall | None:
    """Return the call of an attempt; None where it is dialled by hand."""
    if not telephony.is_on():
        return None
    call = TelephoneCall.objects.filter(attempt_id=attempt_id).first()
    return of(call) if call is not None else None


def why_over(call: TelephoneCall) -> str:
    """Return why a call never reached the person, where it did not: a reason of ours, or the words of the rule."""
    code = call.attempt.reason_code
    if not code:
        return ""
    if code in reasons.REASONS:
        return reasons.say(code)
    refused = Decision.objects.filter(case_id=call.attempt.case_id, verdict="refuse").order_by("-at", "-pk").first()
    said = rule_reasons.of_decision(refused) if refused is not None else []
    return next((one.sentence for one in said if one.rule == code), code)


def desk_of(user: Any) -> str:
    """Return the extension at which the telephone system rings this user; nothing where it cannot."""
    return str(user.extension) if telephony.is_on() else ""
