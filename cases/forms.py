"""What people type about a case. Each error stands at its field; a form that is refused keeps what was typed."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cases import amounts
from cases.date_boxes import MomentField
from cases.models import Case, NextAction
from cases.models.case import HUMAN_ACTIONS
from cases.queries import SKIP_REASONS, reveal_reasons, skip_label
from collections_app.shared import clock
from collections_app.staff.models import User


class AmountField(forms.DecimalField):
    """An amount of money as people type it (see `cases.amounts`).

    currency: of what the form is about; a form that knows it sets it, then an amount in another one is refused. zero:
    whether nothing at all is an answer.
    """

    widget = forms.TextInput

    def __init__(self, *, currency: str = "", zero: bool = False, **kwargs: Any) -> None:
        super().__init__(max_digits=18, decimal_places=2, **kwargs)
        self.currency, self.zero = currency, zero
        self.widget.attrs.update({"inputmode": "decimal", "autocomplete": "off"})
        for name in ("step", "min", "max"):
            self.widget.attrs.pop(name, None)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and value.strip():
            try:
                return amounts.read(value, currency=self.currency, zero=self.zero)
            except amounts.AmountRefused as refused:
                raise ValidationError(str(refused), code="invalid") from None
        return super().to_python(value)


class NoteForm(forms.Form):
    text = forms.CharField(
        label=_("Note"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3}), help_text=_("It cannot be changed.")
    )
    corrects = forms.IntegerField(required=False, widget=forms.HiddenInput)


class SkipForm(forms.Form):
    reason = forms.ChoiceField(label=_("Why is this case skipped?"), choices=lambda: skip_choices())


def skip_choices(*, likely: str = "") -> list[tuple[str, str]]:
    """Return the reasons for which a case may be put aside, the likely one first."""
    return [(code, skip_label(code)) for code in sorted(SKIP_REASONS, key=lambda code: code != likely)]


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300)


class NextActionForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)
    action = forms.ChoiceField(
        label=_("Next action"), choices=[(value.value, value.label) for value in HUMAN_ACTIONS], initial=NextAction.CALL
    )
    due_at = MomentField(label=_("Due"), future=True)
    note = forms.CharField(label=_("Note"), max_length=200, required=False)


class AssessForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)
    default_reason = forms.ChoiceField(label=_("Reason for default"), choices=Case.DefaultReason.choices)
    willingness = forms.ChoiceField(label=_("Willingness"), choices=Case.Grade.choices)
    ability = forms.ChoiceField(label=_("Ability"), choices=Case.Grade.choices)
    is_hardship = forms.BooleanField(label=_("In hardship"), required=False)


class AssignForm(forms.Form):
    def __init__(self, *args: Any, team_id: int | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        users = User.objects.filter(is_active=True, role__in=["collector", "supervisor"])
        users = users.filter(team_id=team_id) if team_id else users.none()
        self.fields["owner"] = forms.ModelChoiceField(
            label=_("Owner"),
            queryset=users.order_by("name", "username"),
            required=False,
            empty_label=_("the whole team"),
        )


class RevealForm(forms.Form):
    """Why somebody looks at what is masked. The reason is kept with the name of whoever looked."""

    what = forms.CharField(widget=forms.HiddenInput)
    reason = forms.ChoiceField(label=_("Why do you need to see it?"), choices=lambda: reveal_reasons().items())


def morning_after(at: datetime, time_zone: str, *, days: int = 1) -> datetime:
    """Return half past nine, so many days later, on the clock of that place."""
    place = clock.zone(time_zone or "UTC")
    return datetime.combine(clock.local_date(at, place) + timedelta(days=days), time(9, 30), place)


def next_initial(case: Case, *, at: datetime) -> dict[str, Any]:
    """Return what the form of the next action begins with: a call on the person's next morning."""
    due = morning_after(at, case.person.time_zone)
    return {"version": case.version, "action": NextAction.CALL, "due_at": due}
