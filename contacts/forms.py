"""How a call ended, in one form: outcome, promise, next action, note. What is left empty follows from the outcome."""

from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from cases import callbacks, queries
from cases.date_boxes import MomentField, UntilField
from cases.forms_promise import PromisedField, SaidDayField, read_parts
from cases.models import Callback, Case, Promise
from cases.models.case import HUMAN_ACTIONS
from cases.refusal import Refused
from collections_app.shared import clock
from contacts.call_results import CallbackTerms
from contacts.calls import NextStep, PromiseTerms
from contacts.endings import BY_VALUE, CALLBACK, ENDINGS, PLAN, PROMISE, Ending, agrees, follows, shut

__all__ = ["BY_VALUE", "CALLBACK", "ENDINGS", "PLAN", "PROMISE", "CallForm", "Ending", "new_call_form", "of_case"]
ME: Final = "me"
TEAM: Final = "team"


class CallForm(forms.Form):
    """Validated as a whole on the server: the fields of other outcomes may be hidden, and empty.

    today: the creditor's business date. currency: of the case. zone: the person's clock, on which a callback is agreed.
    refused: why nothing can be agreed now, or None. at: the instant of the form.
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
    callback_at = MomentField(label=_("From (their time)"), required=False, future=True)
    callback_until = UntilField(label=_("Until"), required=False, after="callback_at")
    callback_by = forms.ChoiceField(
        label=_("Who calls"), choices=[(ME, _("I")), (TEAM, _("anybody of the team"))], required=False
    )
    fallback_to = forms.ChoiceField(label=_("If it is missed"), choices=Callback.Fallback.choices, required=False)
    fallback_at = MomentField(label=_("Then at (their time)"), required=False, future=True)
    next_action = forms.ChoiceField(
        label=_("Next action"),
        choices=[("", _("as the outcome says")), *((one.value, one.label) for one in HUMAN_ACTIONS)],
        required=False,
    )
    next_at = MomentField(label=_("Due"), required=False, future=True)
    note = forms.CharField(
        label=_("Note"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 2, "data-key": "n"})
    )

    def __init__(
        self,
        *args: Any,
        today: date,
        currency: str,
        zone: tzinfo | None = None,
        refused: Refused | None = None,
        at: datetime | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.currency, self.zone, self.refused = today, currency, zone, refused
        self.at = at or clock.now()
        self.fields["callback_until"].widget.attrs["placeholder"] = "15:30"
        for name in ("callback_at", "callback_until", "fallback_at"):
            self.fields[name].set_zone(zone)  # type: ignore[attr-defined]

    def again(self, data: Any) -> "CallForm":
        """Return the same form with other answers."""
        return CallForm(
            data, today=self.today, currency=self.currency, zone=self.zone, refused=self.refused, at=self.at
        )

    def clean_callback_at(self) -> datetime | None:
        """Return the beginning of the window; its end is read from there."""
        begins: datetime | None = self.cleaned_data["callback_at"]
        self.fields["callback_until"].begins = begins  # type: ignore[attr-defined]
        return begins

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["parts"] = ()
        ending = BY_VALUE.get(cleaned.get("outcome", ""))
        if ending is None:
            return cleaned
        if agrees(ending) and self.refused is not None:
            self.add_error("outcome", str(self.refused))
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
            self._check_window(cleaned)
        if bool(cleaned.get("next_action")) != bool(cleaned.get("next_at")) and "next_at" not in self.errors:
            missing = "next_at" if cleaned.get("next_action") else "next_action"
            self.add_error(missing, _("A next action has a date, and a date an action."))
        return cleaned

    def _needs(self, name: str, question: Any) -> None:
        if self.cleaned_data.get(name) in (None, "") and name not in self.errors:
            self.add_error(name, question)

    def _check_window(self, cleaned: dict[str, Any]) -> None:
        """Complete the window of a callback: an hour, and an hour after it the fallback, unless said otherwise."""
        starts = cleaned.get("callback_at")
        if starts is None or "callback_until" in self.errors or "fallback_at" in self.errors:
            return
        ends = cleaned.get("callback_until") or starts + callbacks.USUAL
        falls = cleaned.get("fallback_at") or ends + callbacks.AGAIN
        try:
            callbacks.check(starts_at=starts, ends_at=ends, fallback_at=falls, at=self.at)
        except Refused as refused:
            field = {"past": "callback_at", "window": "callback_until", "fallback": "fallback_at"}[refused.code]
            self.add_error(field, str(refused))
        cleaned["callback_until"], cleaned["fallback_at"] = ends, falls

    @property
    def is_rare(self) -> bool:
        """Whether the chosen outcome is one of those that have no key and stand folded away."""
        ending = BY_VALUE.get(str(self["outcome"].value() or ""))
        return ending is not None and not ending.key

    @property
    def typed_promise(self) -> str:
        """What was typed as a promise; a page without scripts sends it back once it has shown what it means."""
        return " ".join((self.data.get("promise_amount") or "", self.data.get("promise_on") or "")).strip()

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

    def callback(self, user: Any) -> CallbackTerms | None:
        """Return the window in which the person is to be called, and by whom, where the outcome is that."""
        if self.ending.needs != CALLBACK:
            return None
        typed = self.cleaned_data
        return CallbackTerms(
            starts_at=typed["callback_at"],
            ends_at=typed["callback_until"],
            owner_id=user.pk if typed["callback_by"] != TEAM else None,
            fallback_to=typed["fallback_to"] or Callback.Fallback.TEAM,
            fallback_at=typed["fallback_at"],
        )

    def note_text(self) -> str:
        """Return the note, headed by the outcome where the attempt itself does not keep it.

        What the outcome wrote there by itself is no note: the attempt says it already.
        """
        typed, ending = self.cleaned_data["note"].strip(), self.ending
        label = str(ending.label)
        if typed == ending.note.strip():
            typed = ""
        if not ending.says:
            return typed
        rest = typed.removeprefix(label).lstrip(":： ") if typed.startswith(label) else typed
        return f"{ending.note}{rest}" if rest else label

    def next_step(self, case: Case, *, at: datetime) -> NextStep | None:
        """Return what happens next: what was chosen, else what follows from the outcome; None leaves it as it is."""
        typed, ending = self.cleaned_data, self.ending
        if case.is_resolved or ending.needs in (PROMISE, CALLBACK):
            return None
        if typed["next_action"]:
            return NextStep(typed["next_action"], typed["next_at"])
        following = follows(ending, case, at=at)
        return NextStep(*following) if following is not None else None


def new_call_form(
    case: Case, *, attempt_id: int, today: date, typed: dict[str, Any] | None = None, at: datetime | None = None
) -> CallForm:
    """Return the form for an open call; a promise is for three days ahead unless said otherwise.

    typed: what stood in it when somebody went to the plan, or undid the outcome; it stands there again.
    """
    initial = {
        "promise_on": today + timedelta(days=3),
        "promise_method": Promise.Method.TRANSFER,
        **(typed or {}),
        "version": case.version,
        "attempt": attempt_id,
    }
    return CallForm(today=today, currency=case.currency, zone=zone_of(case), refused=shut(case), at=at, initial=initial)


def of_case(case: Case, *, at: datetime) -> dict[str, Any]:
    """Return what the form needs to know of its case."""
    return {
        "today": queries.today(case, at),
        "currency": case.currency,
        "zone": zone_of(case),
        "refused": shut(case),
        "at": at,
    }


def zone_of(case: Case) -> tzinfo | None:
    """Return the person's clock; None where it is not known, then the user's own counts."""
    return clock.zone(case.person.time_zone) if case.person.time_zone else None
