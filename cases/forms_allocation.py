"""Forms of the allocation of cases: a preview to ask for, what somebody can take on. The rules are in `forms_rules`."""

from typing import Any, Final

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from cases.date_boxes import DayField
from cases.models import Creditor
from collections_app.staff.models import Absence, Team, WorkProfile
from collections_app.staff.work import LANGUAGES, Skill

EXAMPLE: Final = {
    "mode": "cases",
    "criteria": [{"name": "skill", "is": "must"}, {"name": "language", "is": "prefer"}],
    "needs": [{"skill": "legal", "tier": "senior", "when": {"buckets": ["M6", "M7+"]}}],
    "keep": {"while": "always", "absent_days": 7},
    "away": {"broken_promise": False, "complaint": True, "not_back_days": 30},
    "nightly": False,
}


class PreviewForm(forms.Form):
    """Whose cases are shared out, and for which day. A supervisor's team is his own."""

    creditor = forms.ModelChoiceField(label=_("Creditor"), queryset=Creditor.objects.none(), empty_label=None)
    team = forms.ModelChoiceField(
        label=_("Team"), queryset=Team.objects.none(), required=False, empty_label=_("all teams")
    )
    day = DayField(label=_("For the day"), required=False)

    def __init__(self, *args: Any, creditors: Any, teams: Any, is_bound_to_team: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["creditor"].queryset = creditors  # type: ignore[attr-defined]
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]
        if is_bound_to_team:
            self.fields["team"].required = True
            self.fields["team"].empty_label = None  # type: ignore[attr-defined]


class WorkForm(forms.ModelForm):
    """What one person can take on."""

    skills = forms.MultipleChoiceField(
        label=_("Skills"), choices=Skill.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    languages = forms.MultipleChoiceField(
        label=_("Speaks"), choices=LANGUAGES, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: the language of the screens."),
    )  # fmt: skip

    class Meta:
        model = WorkProfile
        fields = ("tier", "takes_cases", "max_cases", "minutes_a_day", "skills", "languages")


class AbsenceForm(forms.ModelForm):
    """Days on which somebody is away."""

    first_day = DayField(label=capfirst(_("away from")))
    last_day = DayField(label=capfirst(_("away until")))

    class Meta:
        model = Absence
        fields = ("first_day", "last_day")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = data.get("first_day"), data.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("The last day lies before the first."))
        return data
