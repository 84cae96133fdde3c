"""How a call ended, in one form: outcome, promise, next action, note. What is left empty follows from the outcome."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django import forms
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from cases import queries
from cases.date_boxes import MomentField
from cases.forms import morning_after
from cases.forms_promise import PromisedField, SaidDayField, read_parts
from cases.models import Case, NextAction, Promise
from cases.models.case import HUMAN_ACTIONS, Status
from contacts.calls import NextStep, PromiseTerms
from contacts.models import ContactAttempt

Outcome = ContactAttempt.Outcome
PROMISE: Final = "promise"
CALLBACK: Final = "callback"


@dataclass(frozen=True, slots=True)
class Ending:
    """One way in which a call ends, as a collector names it.

    outcome: what the attempt keeps. says: kept as a note where the outcome says less than this. action, hours, days:
    what follows if nothing else is chosen: hours from now, or half past nine of the person's morning days later.
    """

    value: str
    outcome: str
    label: str | LazyText
    icon: str
    needs: str = ""
    says: bool = False
    action: str = NextAction.CALL
    hours: int = 0
    days: int = 1


ENDINGS: Final = (
    Ending("no-answer", Outcome.NO_ANSWER, _("No answer"), "phone-off"),
    Ending("promise", Outcome.CONVERSATION, _("Promises to pay"), "flag", needs=PROMISE),
    Ending("callback", Outcome.CONVERSATION, _("Call back later"), "clock", needs=CALLBACK),
    Ending("talked", Outcome.CONVERSATION, _("Nothing agreed"), "phone-check", days=3),
    Ending("refuses", Outcome.CONVERSATION, _("Refuses to pay"), "ban", says=True, action=NextAction.REVIEW),
    Ending(
        "says-paid",
        Outcome.CONVERSATION,
        _("Says it is paid"),
        "coin",
        says=True,
        action=NextAction.VERIFY_PAYMENT,
        days=2,
    ),
    Ending("voicemail", Outcome.VOICEMAIL_NO_MESSAGE, _("Voicemail"), "message-off"),
    Ending("wrong-number", Outcome.WRONG_NUMBER, _("Wrong number"), "x", action=NextAction.REVIEW),
    Ending("not-in-service", Outcome.NOT_IN_SERVICE, _("Not in service"), "circle-x", action=NextAction.REVIEW),
    Ending("busy", Outcome.BUSY, _("Busy"), "hourglass", hours=2),
    Ending("dropped", Outcome.ANSWERED_DROPPED, _("Call dropped"), "phone"),
    Ending("message-left", Outcome.VOICEMAIL_MESSAGE, _("Message left"), "message", days=2),
    Ending("third-refuses", Outcome.THIRD_PARTY_REFUSED, _("Third person refuses"), "user", action=NextAction.REVIEW),
    Ending("third-pays", Outcome.OFFERS_TO_PAY, _("Third person pays"), "users", action=NextAction.REVIEW),
)
BY_VALUE: Final = {ending.value: ending for ending in ENDINGS}


class CallForm(forms.Form):
    """Validated as a whole on the server: the fields of other outcomes may be hidden, and empty.

    today: the creditor's business date. currency: of the case.
    """

    version = forms.IntegerField(widget=forms.HiddenInput)
    attempt = forms.IntegerField(widget=forms.HiddenInput)
    outcome = forms.ChoiceField(
        label=_("Outcome"),
        choices=[(ending.value, ending.label) for ending in ENDINGS],
        error_messages={"required": _("Say how the call ended.")},
    )
    promise_amount = PromisedField(label=_("Amount"), required=False)
    promise_on = SaidDayField(label=_("To be paid by"), required=False)
    promise_method = forms.ChoiceField(label=_("How"), choices=Promise.Method.choices, required=False)
    replace = forms.BooleanField(label=_("Replaces the open promise"), required=False)
    callback_at = MomentField(label=_("Call back at (your time)"), required=False)
    next_action = forms.ChoiceField(
        label=_("Next action"),
        choices=[("", _("as the outcome says")), *((one.value, one.label) for one in HUMAN_ACTIONS)],
        required=False,
    )
    next_at = MomentField(label=_("Due"), required=False)
    note = forms.CharField(
        label=_("Note"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 2, "data-key": "n"})
    )

    def __init__(self, *args: Any, today: date, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.currency = today, currency

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["parts"] = ()
        ending = BY_VALUE.get(cleaned.get("outcome", ""))
        if ending is None:
            return cleaned
        if ending.needs == PROMISE:
            self._needs("promise_amount", _("How much is promised?"))
            cleaned["parts"] = read_parts(
                self,
                "promise_amount",
                "promise_on",
                today=self.today,
                currency=self.currency,
                missing=_("By which day?"),
            )
        if ending.needs == CALLBACK:
            self._needs("callback_at", _("When does the person want to be called?"))
        if bool(cleaned.get("next_action")) != bool(cleaned.get("next_at")) and "next_at" not in self.errors:
            missing = "next_at" if cleaned.get("next_action") else "next_action"
            self.add_error(missing, _("A next action has a date, and a date an action."))
        return cleaned

    def _needs(self, name: str, question: Any) -> None:
        if self.cleaned_data.get(name) in (None, "") and name not in self.errors:
            self.add_error(name, question)

    @property
    def ending(self) -> Ending:
        return BY_VALUE[self.cleaned_data["outcome"]]

    def promise(self) -> PromiseTerms | None:
        """Return what was promised, where the outcome is a promise."""
        if self.ending.needs != PROMISE:
            return None
        typed = self.cleaned_data
        return PromiseTerms(
            parts=typed["parts"],
            method=typed["promise_method"] or Promise.Method.TRANSFER,
            replace=typed["replace"],
        )

    def note_text(self) -> str:
        """Return the note, headed by the outcome where the attempt itself does not keep it."""
        typed = self.cleaned_data["note"].strip()
        if not self.ending.says:
            return typed
        return f"{self.ending.label}: {typed}" if typed else str(self.ending.label)

    def next_step(self, case, *, at: datetime) -> NextStep | None:
        """Return what happens next: what was chosen, else what follows from the outcome.

        None leaves the case as it is: after a promise, when it is resolved, or while it waits for a promise or a plan.
        """
        typed, ending = self.cleaned_data, self.ending
        if case.is_resolved or ending.needs == PROMISE:
            return None
        if typed["next_action"]:
            return NextStep(typed["next_action"], typed["next_at"])
        if ending.needs == CALLBACK:
            return NextStep(NextAction.CALLBACK, typed["callback_at"])
        if case.status in (Status.PROMISED, Status.ON_PLAN):
            return None
        due = at + timedelta(hours=ending.hours) if ending.hours else None
        return NextStep(ending.action, due or morning_after(at, case.person.time_zone, days=ending.days))


def new_call_form(case, *, attempt_id: int, today) -> CallForm:
    """Return the empty form for an open call; a promise is for three days ahead unless said otherwise."""
    return CallForm(
        today=today,
        currency=case.currency,
        initial={
            "version": case.version,
            "attempt": attempt_id,
            "promise_on": today + timedelta(days=3),
            "promise_method": Promise.Method.TRANSFER,
        },
    )


def of_case(case: Case, *, at: datetime) -> dict[str, Any]:
    """Return what the form needs to know of its case."""
    return {"today": queries.today(case, at), "currency": case.currency}
