"""A promise as it is typed: an amount and a day, or several of both in one line (`cases.promise_reading` reads it)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.utils import formats
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from cases import amounts, date_boxes, natural_dates, promise_reading, working_days
from cases.models import Case, Promise
from cases.promise_parts import Part
from cases.refusal import Refused
from cases.working_days import Holiday

SHOWN: Final = "promise__said"  # what was typed when its meaning was shown; there only without scripts
DAYS: Final = "promise-days"  # id of the list of days that the fields offer

PROMISE_FIELDS: Final = {
    "not-positive": "amount",
    "too-much": "amount",
    "too-many": "amount",
    "inexact": "amount",
    "past": "due_on",
    "too-late": "due_on",
    "moved-too-far": "due_on",
}


class PromisedInput(forms.TextInput):
    """Takes an amount, or amounts with their days."""

    def __init__(self) -> None:
        super().__init__({"autocomplete": "off"})


class SaidDayInput(forms.TextInput):
    """Takes a day as people say it; the line of the promise says how it is understood."""

    def __init__(self) -> None:
        super().__init__({"autocomplete": "off", "placeholder": _("fri, +3d, 25, 30/11"), "list": DAYS})

    def format_value(self, value: Any) -> Any:
        return value.isoformat() if isinstance(value, date) else super().format_value(value)


class PromisedField(forms.CharField):
    widget = PromisedInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=200, **kwargs)


class SaidDayField(forms.CharField):
    widget = SaidDayInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=60, **kwargs)


class PromiseForm(forms.Form):
    """today: the creditor's business date. currency: of the case."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    amount = PromisedField(label=_("Amount"))
    due_on = SaidDayField(label=_("To be paid by"), required=False)
    method = forms.ChoiceField(label=_("How"), choices=Promise.Method.choices)
    promised_by = forms.ChoiceField(label=_("Promised by"), choices=Promise.By.choices, required=False)
    replace = forms.BooleanField(label=_("Replaces the open promise"), required=False)

    def __init__(self, *args: Any, today: date, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.currency = today, currency
        self.fields["due_on"].widget.is_required = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["parts"] = read_parts(self, "amount", "due_on", today=self.today, currency=self.currency)
        return cleaned


def read_parts(
    form: forms.Form, amount: str, day: str, *, today: date, currency: str, missing: Any = None
) -> tuple[Part, ...]:
    """Return the parts that two fields of a form say; what is wrong is put at the field that says it.

    missing: what to say where no day is given.
    """
    typed, said = form.cleaned_data.get(amount) or "", (form.cleaned_data.get(day) or "").strip()
    if not typed:
        return ()
    order = natural_dates.order_in(get_language() or "en")
    beside = None
    try:
        beside = natural_dates.read(said, today=today, order=order) if said else None
    except amounts.DayRefused as refused:
        if not has_days(typed):
            form.add_error(day, str(refused))
            return ()
    try:
        parts = promise_reading.read(typed, today=today, currency=currency, due_on=beside, order=order)
    except amounts.AmountRefused as refused:
        form.add_error(amount, str(refused))
    except amounts.DayRefused as refused:
        if has_days(typed):
            form.add_error(amount, str(refused))
        else:
            form.add_error(day, missing or form.fields[day].error_messages["required"])
    else:
        if _is_to_be_shown(form, typed, said):
            read = ", ".join(f"{part.amount} {date_boxes.in_words(part.due_on)}" for part in parts)
            form.add_error(amount, _("Read as %(day)s. Save again if that is right.") % {"day": read})
        return parts
    return ()


def _is_to_be_shown(form: forms.Form, typed: str, said: str) -> bool:
    """Whether a page without scripts has to show first how the days are understood; what is written out has no need."""
    shown = form.data.get(SHOWN)
    if shown is None or shown.strip() == f"{typed} {said}".strip():
        return False
    return has_days(typed) or not date_boxes.is_written_out(said)


def has_days(typed: str) -> bool:
    """Whether the field of the amount names days itself, so that the day beside it is not asked."""
    try:
        promise_reading.read(typed, today=date(2000, 1, 1), currency="", due_on=date(2000, 1, 1))
    except amounts.AmountRefused:
        return False
    except amounts.DayRefused:
        return True
    try:
        promise_reading.read(typed, today=date(2000, 1, 1), currency="")
    except amounts.DayRefused:
        return False
    return True


def promise_field(refused: Refused) -> str | None:
    """Return the field that a refused promise is about; None when it is about the case."""
    return PROMISE_FIELDS.get(refused.code)


def days_to_offer(today: date) -> list[dict[str, Any]]:
    """Return days that are often promised: tomorrow, the next Fridays, the end of the month, in a week."""
    friday = natural_dates.read("fri", today=today)
    days = {today + timedelta(days=1), friday, friday + timedelta(days=7), natural_dates.read("eom", today=today)}
    return [{"value": day.isoformat(), "label": formats.date_format(day, "D")} for day in sorted(days) if day > today]


@dataclass(frozen=True, slots=True)
class Line:
    """One part as it was understood, with the holiday that its day is."""

    part: Part
    holiday: Holiday | None


def understood(parts: tuple[Part, ...], case: Case, *, language: str) -> list[Line]:
    """Return each part with the holiday that its day is where the person lives."""
    place = case.person.jurisdiction
    return [Line(part, working_days.holiday(part.due_on, place=place, language=language)) for part in parts]


def holiday_sentences(parts: tuple[Part, ...], case: Case, *, language: str) -> list[str]:
    """Return what to say about the holidays among the days of a promise; nothing is refused because of one."""
    found = [line.holiday for line in understood(parts, case, language=language) if line.holiday is not None]
    return [
        str(_("%(day)s is a holiday (%(name)s); the next working day is %(next)s.")
            % {"day": one.day, "name": one.name, "next": one.next_working})
        for one in found
    ]  # fmt: skip
