"""Boxes for days, moments and hours that take what people say: fri, +3, 15号, tomorrow 14:30, 9pm; and ISO dates.

Below each stands how it was understood, while it is typed and, without scripts, after the first post: then what is not
written out is asked about once before it is saved.
"""

import re
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from cases import amounts, natural_dates, natural_times
from collections_app.shared import clock

DAY: Final = "%Y-%m-%d"
MOMENT: Final = "%Y-%m-%d %H:%M"
CLOCK: Final = "%H:%M"
SAID: Final = "__said"  # what was in the box when its meaning was shown; there only without scripts
LONGEST: Final = 60


class Said(str):
    """What was typed in a page without scripts whose meaning nobody has been shown yet."""


def day_of(text: str, *, today: date) -> date:
    """Return the day that was typed, as the reader's language writes days. Raises amounts.DayRefused."""
    return natural_dates.read(text, today=today, order=natural_dates.order_in(get_language() or "en"))


def past_day_of(text: str, *, today: date) -> date:
    """Return the day that was typed where days gone by are meant: fri and 25 are the last such day, +3 lies ahead.

    Raises amounts.DayRefused.
    """
    day = day_of(text, today=today)
    one = timedelta(days=1)
    is_counted = day - day_of(text, today=today - one) == one == day_of(text, today=today + one) - day
    if day <= today or is_counted:
        return day
    before = (day_of(text, today=today - timedelta(days=back)) for back in (7, 31))
    return next((each for each in before if each <= today), day)


def moment_of(text: str, *, zone: tzinfo | None = None, after: datetime | None = None) -> datetime:
    """Return the instant that was typed, on the user's own clock or that of `zone`. Raises amounts.DayRefused.

    after: what a time without a day comes after, instead of now.
    """
    here = (after or clock.now()).astimezone(zone or timezone.get_current_timezone())
    order = natural_dates.order_in(get_language() or "en")
    wall = natural_times.read(text, now=here, order=order)
    return timezone.make_aware(wall, here.tzinfo)


def today_here() -> date:
    """Return the calendar day on the user's own clock."""
    return clock.now().astimezone(timezone.get_current_timezone()).date()


def in_words(moment: date) -> str:
    """Return a day, or a moment, with its weekday."""
    weekday = _WEEKDAYS[moment.weekday()]
    return f"{weekday} {moment:{MOMENT if isinstance(moment, datetime) else DAY}}"


_WEEKDAYS: Final = (
    gettext_lazy("Monday"), gettext_lazy("Tuesday"), gettext_lazy("Wednesday"), gettext_lazy("Thursday"),
    gettext_lazy("Friday"), gettext_lazy("Saturday"), gettext_lazy("Sunday"),
)  # fmt: skip


def understood(text: str, *, kind: str, zone: tzinfo | None = None) -> tuple[str, str]:
    """Return how a typed day, moment or hour is understood, and what is wrong with it; one of the two is empty."""
    if not text.strip():
        return "", ""
    try:
        if kind == "clock":
            return f"{natural_times.read_clock(text):{CLOCK}}", ""
        if kind == "moment":
            return in_words(moment_of(text, zone=zone)), ""
        return in_words((past_day_of if kind == "past" else day_of)(text, today=today_here())), ""
    except amounts.DayRefused as refused:
        return "", str(refused)


_READS: Final = (
    '{}<span class="reads" data-reads aria-live="polite" hx-get="{}" '
    'hx-trigger="input delay:150ms from:previous [data-said]" hx-include="previous [data-said]" '
    'hx-params="{},box,kind" hx-vals=\'{{"box": "{}", "kind": "{}"}}\' '
    'hx-target="this" hx-swap="innerHTML" hx-disabled-elt="unset" hx-sync="this:replace">{}</span>'
)
_SHOWN: Final = '<noscript><input type="hidden" name="{}" value="{}"></noscript>'


HINTS: Final = {"moment": gettext_lazy("fri 14:30"), "clock": gettext_lazy("9, 14:30, 9pm")}


class SaidInput(forms.TextInput):
    """One line for a day, a moment or a time of day, with a line below that says how it is understood."""

    kind = "day"
    shape = DAY
    zone: tzinfo | None = None  # None: the user's own clock
    asks = True  # once about what is not written out, in a page without scripts

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        hint = HINTS.get(self.kind, gettext_lazy("fri, +3, 25, 30/11"))
        super().__init__({"autocomplete": "off", "placeholder": hint, "data-said": self.kind, **(attrs or {})})

    def format_value(self, value: Any) -> Any:
        if isinstance(value, datetime):
            place = self.zone or timezone.get_current_timezone()
            value = value.astimezone(place) if timezone.is_aware(value) else value
        return value.strftime(self.shape) if isinstance(value, date | time) else super().format_value(value)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        typed = data.get(name)
        shown = data.get(f"{name}{SAID}") if self.asks else None
        if typed and shown is not None and shown.strip() != typed.strip() and not self.is_plain(typed):
            return Said(typed)
        return typed

    def is_plain(self, text: str) -> bool:
        """Whether a text can mean nothing else."""
        return is_written_out(text)

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        box = super().render(name, value, attrs, renderer)
        text = self.format_value(value) or ""
        meaning, _wrong = understood(text, kind=self.kind, zone=self.zone) if isinstance(value, str) else ("", "")
        reads = format_html(_READS, box, reverse("cases:day-reads"), name, name, self.kind, meaning)
        return reads + format_html(_SHOWN, f"{name}{SAID}", text) if self.asks else reads


class DayInput(SaidInput):
    """Takes a day."""


class PastDayInput(DayInput):
    """Takes a day that has gone by, as a rule."""

    kind = "past"


class AskedDayInput(DayInput):
    """Takes a day that a page is asked about: nothing is saved, and the answer says which day it is of."""

    asks = False


class MomentInput(SaidInput):
    """Takes a moment of the user's own clock."""

    kind = "moment"
    shape = MOMENT


class ClockInput(SaidInput):
    """Takes a time of day."""

    kind = "clock"
    shape = CLOCK

    def is_plain(self, text: str) -> bool:
        return re.fullmatch(r"\s*[0-9]{1,2}:[0-9]{2}\s*", text) is not None


def is_written_out(text: str) -> bool:
    """Whether a text is a day or moment of ISO 8601, so that it can mean nothing else."""
    try:
        datetime.fromisoformat(text.strip())
    except ValueError:
        return False
    return True


def asked_day(text: str) -> date | None:
    """Return the day that an address asks for, as people say what has gone by; None for one that cannot be read."""
    try:
        return past_day_of(text[:LONGEST], today=today_here()) if text.strip() else None
    except amounts.DayRefused:
        return None


def asked_box(name: str, text: str, day: date | None) -> SafeString:
    """Return the box for a day that a page is asked about. text: what was typed, where that is no day."""
    attrs = {"id": f"asked-{name}", "class": "form-control", "maxlength": LONGEST}
    box = PastDayInput()
    box.asks = False
    return box.render(name, day or text[:LONGEST], attrs)


def _ask_first(value: Any, meaning: str) -> None:
    """Refuse once what was typed without scripts and is not written out, saying how it is understood."""
    if isinstance(value, Said):
        raise ValidationError(_("Read as %(day)s. Save again if that is right.") % {"day": meaning}, "said")


class _Named:
    """A refusal names its box, so that it is understood wherever it is shown or read aloud."""

    label: Any

    def refused(self, sentence: str) -> ValidationError:
        return ValidationError(f"{self.label}: {sentence}" if self.label else sentence, code="invalid")


class DayField(_Named, forms.DateField):
    """A day as people say it. future: whether it may not lie before the user's today."""

    widget = DayInput

    def __init__(self, *, future: bool = False, **kwargs: Any) -> None:
        super().__init__(input_formats=[DAY], **kwargs)
        self.future = future

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str) or not value.strip():
            return super().to_python(value)
        today = today_here()
        try:
            day = (past_day_of if isinstance(self.widget, PastDayInput) else day_of)(value, today=today)
            if self.future and day < today:
                raise amounts.DayRefused("past", day=day)
        except amounts.DayRefused as refused:
            raise self.refused(str(refused)) from None
        _ask_first(value, in_words(day))
        return day


class MomentField(_Named, forms.DateTimeField):
    """An instant on the user's own clock, as people say it. future: whether it may not lie in the past."""

    widget = MomentInput
    zone: tzinfo | None = None

    def __init__(self, *, future: bool = False, **kwargs: Any) -> None:
        super().__init__(input_formats=[MOMENT], **kwargs)
        self.future = future

    def set_zone(self, zone: tzinfo | None) -> None:
        """Take what is typed for the clock of another place."""
        self.zone = self.widget.zone = zone

    def read(self, text: str) -> datetime:
        """Return the instant that a text means here."""
        return moment_of(text, zone=self.zone)

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str) or not value.strip():
            return super().to_python(value)
        try:
            moment = self.read(value)
            if self.future and moment < clock.now() - timedelta(minutes=1):
                raise amounts.DayRefused("past-time", moment=f"{moment:{MOMENT}}")
        except amounts.DayRefused as refused:
            raise self.refused(str(refused)) from None
        _ask_first(value, in_words(moment))
        return moment


class UntilField(MomentField):
    """The end of a span of which another box has the beginning: a time alone is the next such time after that.

    after: the name of that box, which stands before this one in the form.
    """

    def __init__(self, *, after: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.after, self.begins = after, None  # the form says the beginning when it knows it

    def read(self, text: str) -> datetime:
        return moment_of(text, zone=self.zone, after=self.begins)


class ClockField(_Named, forms.TimeField):
    """A time of day as people say it: 9, 21:30, 9pm, 下午3点; midnight at the end of a day too."""

    widget = ClockInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=[CLOCK], **kwargs)

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str) or not value.strip():
            return super().to_python(value)
        try:
            said = natural_times.read_clock(value)
        except amounts.DayRefused as refused:
            raise self.refused(str(refused)) from None
        _ask_first(value, f"{said:{CLOCK}}")
        return said
