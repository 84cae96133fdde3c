"""What people type about wishes, consents and holds. Only the kind is needed for a stop; the rest says its scope."""

from datetime import time
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases.date_boxes import ClockField, DayField, MomentField
from cases.forms import AmountField
from cases.instruction_checks import DAYS
from cases.models import Account, Case, Consent, ContactPoint, Hold, Instruction, Person
from cases.models.instruction import MATTERS, Source

Kind = Instruction.Kind
# What a person may ask, as one choice: the kind of instruction, and for a medium which one.
QUICK_ASKS: Final = (
    (Kind.CEASE.value, _("stop all contact")),
    ("opt_out:phone", _("no calls")),
    ("opt_out:sms", _("no text messages")),
    ("opt_out:email", _("no e-mail")),
    (Kind.ATTORNEY.value, _("a lawyer acts")),
    (Kind.DISPUTE.value, _("disputes the debt")),
    (Kind.ADVISER.value, _("a debt adviser is engaged")),
    (Kind.COMPLAINT.value, _("complains")),
    (Kind.EMPLOYER_PROHIBITS.value, _("employer forbids contact")),
    (Kind.OCCASION.value, _("bereavement or other occasion")),
)
FURTHER_ASKS: Final = (
    ("opt_out:letter", _("no letters")),
    ("opt_out:visit", _("no visits")),
    ("opt_out:chat", _("no chat messages")),
    ("opt_out", _("not this number or address")),
    (Kind.INCONVENIENT_WINDOW.value, _("no contact at certain times")),
    (Kind.ONLY_TIMES.value, _("contact only at certain times")),
    (Kind.PLACE.value, _("no contact at a place")),
    (Kind.WORKPLACE.value, _("no calls at work")),
    (Kind.WRONG_PARTY.value, _("the number belongs to a stranger")),
    (Kind.VULNERABLE.value, _("needs special care")),
    (Kind.ATTORNEY_AGREES.value, _("the lawyer agrees to direct contact")),
    (Kind.ORIGINAL_CREDITOR.value, _("asks who the original creditor is")),
    (Kind.ASKED_TO_LEAVE.value, _("asked the visitors to leave")),
    (Kind.RENOUNCED.value, _("renounces the inheritance")),
)
TIMED: Final = (Kind.INCONVENIENT_WINDOW, Kind.ONLY_TIMES)
PLACES: Final = (("", _("any place")), ("home", _("home")), ("workplace", _("workplace")))
CHANNELS: Final = (
    ("phone", _("calls")), ("sms", _("text messages")), ("email", _("e-mail")), ("chat", _("chat")),
    ("letter", _("letters")), ("visit", _("visits")),
)  # fmt: skip
WEEK: Final = tuple(zip(DAYS, (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")), strict=True))


class OfCase(forms.Form):
    """A form about the person of one case: his numbers and addresses, masked, and his accounts, to choose from."""

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.case = case
        if "point" in self.fields:
            points = ContactPoint.objects.filter(person_id=case.person_id).exclude(state=ContactPoint.State.REMOVED)
            choices = [
                (str(point.pk), str(point)) for point in points.select_related("address").order_by("position", "pk")
            ]
            self.fields["point"].choices = [("", _("every number and address")), *choices]  # type: ignore[attr-defined]
        if "account" in self.fields:
            accounts = Account.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id)
            debts = [(str(account.pk), str(account)) for account in accounts.order_by("pk")]
            self.fields["account"].choices = [("", _("every debt")), *debts]  # type: ignore[attr-defined]

    def chosen(self, name: str) -> int | None:
        """Return the key that was chosen, or None."""
        value = self.cleaned_data.get(name)
        return int(value) if value else None


class WishForm(OfCase):
    """What the person asks. Only the kind is needed, so that a stop takes two keys."""

    kind = forms.ChoiceField(label=_("The person asks"), choices=[*QUICK_ASKS, *FURTHER_ASKS])
    words = forms.CharField(label=_("In the person's words"), max_length=500, required=False)
    source = forms.ChoiceField(label=_("How it came"), choices=Source.choices, required=False)
    form = forms.ChoiceField(label=_("How it was said"), choices=Instruction.Form.choices, required=False)
    point = forms.ChoiceField(label=_("Which number or address"), required=False)
    account = forms.ChoiceField(label=_("Which debt"), required=False)
    place = forms.ChoiceField(label=_("Which place"), choices=PLACES, required=False)
    days = forms.MultipleChoiceField(
        label=_("On these days"), choices=WEEK, required=False, widget=forms.CheckboxSelectMultiple
    )
    window_from = ClockField(label=pgettext_lazy("a time of day", "From"), required=False)
    window_until = ClockField(
        label=pgettext_lazy("a time of day", "Until"),
        required=False,
        help_text=_("Only for certain times, on the person's own clock."),
    )
    sent_at = MomentField(label=_("Sent"), required=False)
    received_at = MomentField(label=_("Received"), required=False, help_text=_("Left empty: now."))
    expires_at = MomentField(label=_("Ends"), required=False, help_text=_("Left empty: until it is taken back."))
    review_on = DayField(label=_("Review on"), required=False)
    evidence = forms.CharField(label=_("Evidence"), max_length=200, required=False)
    lawyer = forms.CharField(label=_("Name of the lawyer or adviser"), max_length=200, required=False)
    lawyer_unknown = forms.BooleanField(label=_("It is not known how to reach the lawyer"), required=False)
    amount = AmountField(label=_("Disputed part"), required=False, help_text=_("Left empty: all of it."))
    level = forms.ChoiceField(
        label=_("How sure it is"), required=False, choices=[c for c in Person.Vulnerability.choices if c[0] != "none"]
    )
    avoid = forms.MultipleChoiceField(
        label=_("Not by these ways"), choices=CHANNELS, required=False, widget=forms.CheckboxSelectMultiple
    )

    SCOPE = ("point", "account", "place", "days", "window_from", "window_until")
    DATES = ("sent_at", "received_at", "expires_at", "review_on", "evidence")
    DETAILS = ("lawyer", "lawyer_unknown", "amount", "level", "avoid")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        kind, _colon, _channel = str(cleaned.get("kind", "")).partition(":")
        if kind in TIMED:
            for name in ("window_from", "window_until"):
                if cleaned.get(name) is None and name not in self.errors:
                    self.add_error(name, _("Give a beginning and an end, such as 12:00 and 13:30."))
        if kind in (Kind.PLACE, Kind.WORKPLACE) and not cleaned.get("place"):
            cleaned["place"] = "workplace" if kind == Kind.WORKPLACE else ""
            if kind == Kind.PLACE:
                self.add_error("place", _("Say which place: home or workplace."))
        if (cleaned.get("kind") == "opt_out" or kind == Kind.WRONG_PARTY) and not cleaned.get("point"):
            self.add_error("point", _("Say which number or address."))
        return cleaned

    def kind_in_words(self) -> str:
        """Return what the person asks, as the choice says it."""
        return str(dict([*QUICK_ASKS, *FURTHER_ASKS])[self.cleaned_data["kind"]])

    def groups(self) -> list[dict[str, Any]]:
        """Return the fields that need not be seen at first, group by group; one with an error or a value is open."""
        titles = ((_("Scope: number, debt, place, times"), self.SCOPE), (_("Dates and evidence"), self.DATES),
                  (_("Lawyer, dispute, care"), self.DETAILS))  # fmt: skip
        return [_group(self, title, names) for title, names in titles]

    def instruction(self) -> dict[str, Any]:
        """Return the arguments for `instructions.give`, without who and when."""
        typed = self.cleaned_data
        kind, _colon, channel = typed["kind"].partition(":")
        asked = {
            "kind": kind,
            "channel": "phone" if kind == Kind.WORKPLACE else channel,
            "form": typed["form"] or Instruction.Form.ORAL,
            "source": typed["source"] or Source.CALL,
            "words": typed["words"],
            "evidence": typed["evidence"],
            "contact_point_id": self.chosen("point"),
            "account_id": self.chosen("account"),
            "place": typed["place"],
            "sent_at": typed["sent_at"],
            "received_at": typed["received_at"],
            "expires_at": typed["expires_at"],
            "details": self._details(kind),
        }
        if kind in MATTERS:
            asked["review_on"] = typed["review_on"]
            asked["team_id"] = self.case.team_id
        return asked

    def _details(self, kind: str) -> dict[str, Any]:
        typed = self.cleaned_data
        details: dict[str, Any] = {}
        if kind in TIMED:
            details = {"start": f"{typed['window_from']:%H:%M}", "end": _end(typed["window_until"])}
            details |= {"days": typed["days"]} if typed["days"] else {}
        if kind in (Kind.ATTORNEY, Kind.ADVISER) and typed["lawyer"]:
            details["name"] = typed["lawyer"]
        if kind == Kind.ATTORNEY:
            details["attorney_contact_known"] = not typed["lawyer_unknown"]
        if kind == Kind.DISPUTE and typed["amount"] is not None:
            details |= {"amount": str(typed["amount"]), "currency": self.case.currency}
        if kind == Kind.VULNERABLE:
            details = {"level": typed["level"] or Person.Vulnerability.SUSPECTED, "channels": typed["avoid"]}
        return details


def _end(at: time) -> str:
    """Return a closing time; midnight as an end is the end of the day."""
    return "24:00" if at == time(0) else f"{at:%H:%M}"


def _group(form: forms.Form, title: Any, names: tuple[str, ...]) -> dict[str, Any]:
    fields = [form[name] for name in names]
    typed = form.is_bound and any(form.data.get(name) for name in names)
    return {"title": title, "fields": fields, "is_open": typed or any(bound.errors for bound in fields)}


class ConsentForm(OfCase):
    """What the person agreed to, for what, until when, and what shows it."""

    kind = forms.ChoiceField(label=_("The person agrees to"), choices=Consent.Kind.choices)
    evidence = forms.CharField(
        label=_("What shows it"), max_length=200, help_text=_("A recording, a letter, a message.")
    )
    context = forms.ChoiceField(label=_("Given"), choices=Consent.Context.choices, required=False)
    form = forms.ChoiceField(label=_("How it was said"), choices=Instruction.Form.choices, required=False)
    source = forms.ChoiceField(label=_("How it came"), choices=Source.choices, required=False)
    channel = forms.ChoiceField(label=_("By which way"), choices=[("", _("any way")), *CHANNELS], required=False)
    point = forms.ChoiceField(label=_("Which number or address"), required=False)
    account = forms.ChoiceField(label=_("Which debt"), required=False)
    place = forms.ChoiceField(label=_("Which place"), choices=PLACES, required=False)
    days = forms.MultipleChoiceField(
        label=_("On these days"), choices=WEEK, required=False, widget=forms.CheckboxSelectMultiple
    )
    window_from = ClockField(label=pgettext_lazy("a time of day", "From"), required=False)
    window_until = ClockField(
        label=pgettext_lazy("a time of day", "Until"), required=False, help_text=_("On the person's own clock.")
    )
    only = forms.BooleanField(label=_("At no other time"), required=False)
    express = forms.BooleanField(label=_("Said expressly"), required=False, initial=True)
    once = forms.BooleanField(label=_("For one contact only"), required=False)
    per_day = forms.IntegerField(label=_("Calls a day at most"), required=False, min_value=1, max_value=50)
    given_at = MomentField(label=_("Given on"), required=False, help_text=_("Left empty: now."))
    expires_at = MomentField(label=_("Ends"), required=False, help_text=_("Left empty: until it is taken back."))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        both = cleaned.get("window_from"), cleaned.get("window_until")
        if (both[0] is None) != (both[1] is None):
            empty = "window_from" if both[0] is None else "window_until"
            if empty not in self.errors:
                self.add_error(empty, _("Give a beginning and an end, such as 12:00 and 13:30."))
        return cleaned

    def groups(self) -> list[dict[str, Any]]:
        """Return the fields that need not be seen at first."""
        times = ("days", "window_from", "window_until", "only", "once", "per_day")
        scope = ("channel", "point", "account", "place", *times)
        return [
            _group(self, _("Scope: way, number, debt, times"), scope),
            _group(self, _("Dates and evidence"), ("form", "source", "express", "given_at", "expires_at")),
        ]

    def consent(self) -> dict[str, Any]:
        """Return the arguments for `consents.give`, without who and when."""
        typed = self.cleaned_data
        details: dict[str, Any] = {name: True for name in ("only", "express", "once") if typed[name]}
        if typed["window_from"] is not None:
            details |= {"start": f"{typed['window_from']:%H:%M}", "end": _end(typed["window_until"])}
        details |= {"days": typed["days"]} if typed["days"] else {}
        details |= {name: typed[name] for name in ("per_day", "place") if typed[name]}
        return {
            "kind": typed["kind"],
            "evidence": typed["evidence"],
            "context": typed["context"],
            "form": typed["form"] or Instruction.Form.ORAL,
            "source": typed["source"] or Source.CALL,
            "channel": typed["channel"],
            "contact_point_id": self.chosen("point"),
            "account_id": self.chosen("account"),
            "given_at": typed["given_at"],
            "expires_at": typed["expires_at"],
            "details": details,
        }


class HoldForm(OfCase):
    """A reason to contact nobody, until a day or until somebody looks again."""

    kind = forms.ChoiceField(label=_("Hold for"), choices=Hold.Kind.choices)
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)
    ends_on = DayField(
        label=_("Ends on"),
        required=False,
        help_text=_("Left empty: until somebody releases it. A breathing space ends by itself after 60 days."),
    )
    review_on = DayField(label=_("Review on"), required=False, help_text=_("Left empty: in 14 days."))
    account = forms.ChoiceField(label=_("Which debt"), required=False)
    source = forms.ChoiceField(label=_("How it came"), choices=Source.choices, required=False, initial=Source.OTHER)
    evidence = forms.CharField(label=_("Evidence"), max_length=200, required=False)
    starts_at = MomentField(label=_("Since"), required=False, help_text=_("Left empty: now."))

    def groups(self) -> list[dict[str, Any]]:
        """Return the fields that need not be seen at first."""
        return [_group(self, _("Debt, source and evidence"), ("account", "source", "evidence", "starts_at"))]

    def hold(self) -> dict[str, Any]:
        """Return the arguments for `holds.place`, without whom, who and when."""
        typed = self.cleaned_data
        return {
            **{name: typed[name] for name in ("kind", "reason", "ends_on", "review_on", "evidence", "starts_at")},
            "account_id": self.chosen("account"),
            "source": typed["source"] or Source.OTHER,
        }


class LaterForm(forms.Form):
    """A further day, and why."""

    on = DayField(label=_("Until"))
    reason = forms.CharField(label=_("Reason"), max_length=300)


class TreatmentForm(forms.Form):
    on = DayField(label=_("The treatment ended on"))


class ConfirmForm(forms.Form):
    received_at = MomentField(label=_("Received"))
    evidence = forms.CharField(label=_("Evidence"), max_length=200, required=False)
