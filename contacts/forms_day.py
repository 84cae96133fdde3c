"""What a supervisor types about the day of his team: targets, and feedback for one collector."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contacts.models import Feedback
from contacts.my_day import kpis
from contacts.my_day.feedback import LONGEST
from contacts.my_day.targets import TargetRefused, Terms


class TargetForm(forms.Form):
    """What is asked of each collector; empty is nothing."""

    calls = forms.IntegerField(label=kpis.CALLS.label, min_value=1, max_value=999, required=False)
    talks = forms.IntegerField(label=kpis.TALKS.label, min_value=1, max_value=999, required=False)
    promises = forms.IntegerField(label=kpis.PROMISES.label, min_value=1, max_value=999, required=False)
    kept_percent = forms.IntegerField(
        label=_("Promises kept of the last 30 days, percent"), min_value=1, max_value=100, required=False
    )
    money = forms.DecimalField(
        label=kpis.MONEY.label,
        min_value=1,
        max_digits=18,
        decimal_places=2,
        required=False,
        help_text=_("Only together with the share of promises that are kept."),
    )
    currency = forms.RegexField(label=_("Currency"), regex=r"^[A-Z]{3}$", required=False, initial="CNY")

    def clean(self) -> dict[str, Any]:
        """Refuse money without the share of kept promises."""
        data = super().clean() or {}
        if data.get("money") is not None and data.get("kept_percent") is None and "kept_percent" not in self.errors:
            self.add_error("money", str(TargetRefused("money-alone")))
        if data.get("money") is not None and not data.get("currency") and "currency" not in self.errors:
            self.add_error("currency", str(TargetRefused("currency")))
        return data

    def terms(self) -> Terms:
        """Return what is asked for."""
        return Terms(**{**self.cleaned_data, "currency": self.cleaned_data.get("currency") or ""})


class FeedbackForm(forms.Form):
    """What somebody is told, and whether it is praise."""

    to = forms.ChoiceField(label=_("To"))
    kind = forms.ChoiceField(label=_("Kind"), choices=Feedback.Kind.choices)
    text = forms.CharField(
        label=_("Feedback"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("About the work, in plain words. Only whom it is for reads it, and he may answer once."),
    )

    def __init__(self, *args: Any, people: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["to"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = people
