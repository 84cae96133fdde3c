"""The form of a new experiment: what is compared, by what measure, and what must not get worse."""

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cases.models import Creditor
from contacts.experiments.registering import GUARDRAILS
from contacts.experiments.results import GUARDRAIL_NAMES
from contacts.forms_conditions import Builder, of_post, reshape
from contacts.models import Experiment

ARMS: Final = 4  # rows of the form; those left empty do not count
CONDITION: Final = "c"  # prefix of the lines of the further condition


def condition_of(data: QueryDict, act: str = "") -> Builder:
    """Return the lines of the further condition as they were posted, with what `act` adds to them or drops."""
    return reshape(of_post(data, CONDITION, _("Further conditions")), act)


class ExperimentForm(forms.Form):
    """A new experiment. What cannot be compared is refused by `registering.register`, not here."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=40,
        help_text=gettext_lazy("Segments ask for a side by it: code:side. Persons are drawn by it; it never changes."),
    )
    question = forms.CharField(
        label=gettext_lazy("What is to be found out"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    creditors = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Creditors"),
        queryset=Creditor.objects.order_by("name", "pk"),
        widget=forms.CheckboxSelectMultiple,
    )
    dpd_from = forms.IntegerField(label=gettext_lazy("From days past due"), min_value=0, max_value=9999, required=False)
    dpd_until = forms.IntegerField(
        label=gettext_lazy("Until days past due"), min_value=0, max_value=9999, required=False
    )
    measure = forms.ChoiceField(label=pgettext_lazy("of an experiment", "Measure"), choices=Experiment.Measure.choices)
    within_days = forms.IntegerField(label=gettext_lazy("Days after entry"), min_value=1, max_value=366, initial=30)
    horizon_days = forms.IntegerField(
        label=gettext_lazy("Takes in persons for, days"), min_value=1, max_value=1098, initial=90
    )
    smallest_difference = forms.DecimalField(
        label=gettext_lazy("Smallest difference worth knowing, points"),
        min_value=Decimal("0.1"),
        max_value=50,
        decimal_places=1,
        initial=Decimal("2.0"),
        help_text=gettext_lazy("The intervals are narrowest for about this difference. Chosen now, not later."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in GUARDRAILS:
            self.fields[f"guardrail_{name}"] = forms.DecimalField(
                label=str(GUARDRAIL_NAMES[name]), required=False, min_value=0, max_value=1000, decimal_places=1
            )
        for number in range(1, ARMS + 1):
            wanted = number <= 2
            self.fields[f"arm_name_{number}"] = forms.CharField(
                label=gettext_lazy("Name of the side"), max_length=80, required=wanted
            )
            self.fields[f"arm_key_{number}"] = forms.CharField(
                label=gettext_lazy("Its code"), max_length=40, required=wanted
            )
            self.fields[f"arm_share_{number}"] = forms.IntegerField(
                label=gettext_lazy("Per cent"), min_value=1, max_value=99, required=wanted
            )
            if number > 1:
                self.fields[f"arm_holdout_{number}"] = forms.BooleanField(
                    label=gettext_lazy("Holdout: treated by nothing that is tried"), required=False
                )

    @property
    def arms(self) -> list[dict[str, Any]]:
        """The rows of sides, for the page: number and bound fields."""
        return [
            {
                "number": number,
                "name": self[f"arm_name_{number}"],
                "key": self[f"arm_key_{number}"],
                "share": self[f"arm_share_{number}"],
                "holdout": self[f"arm_holdout_{number}"] if number > 1 else None,
            }
            for number in range(1, ARMS + 1)
        ]

    @property
    def guardrails(self) -> list[forms.BoundField]:
        """The fields of what must not get worse."""
        return [self[f"guardrail_{name}"] for name in GUARDRAILS]

    @classmethod
    def as_typed(cls, data: QueryDict) -> "ExperimentForm":
        """Return a form that keeps what was typed and judges nothing yet."""
        several = {"creditors"}
        return cls(initial={name: data.getlist(name) if name in several else data[name] for name in data})

    def asked(self, further: Any) -> dict[str, Any]:
        """Return what `registering.register` is to be asked. further: what else is asked of those who take part."""
        data = self.cleaned_data
        parts = []
        if data["dpd_from"] is not None:
            parts.append({"fact": "dpd", "op": "at_least", "value": data["dpd_from"]})
        if data["dpd_until"] is not None:
            parts.append({"fact": "dpd", "op": "at_most", "value": data["dpd_until"]})
        if further:
            parts.append(further)
        arms = [
            {
                "key": data[f"arm_key_{number}"].strip(),
                "name": data[f"arm_name_{number}"].strip(),
                "share": data[f"arm_share_{number}"],
                "holdout": bool(data.get(f"arm_holdout_{number}")),
            }
            for number in range(1, ARMS + 1)
        ]
        return {
            "code": data["code"],
            "name": data["name"],
            "question": data["question"],
            "creditors": list(data["creditors"]),
            "arms": [arm for arm in arms if arm["key"] or arm["name"] or arm["share"]],
            "condition": parts[0] if len(parts) == 1 else {"all": parts} if parts else {},
            "measure": data["measure"],
            "within_days": data["within_days"],
            "horizon_days": data["horizon_days"],
            "smallest_difference": data["smallest_difference"],
            "guardrails": {name: data[f"guardrail_{name}"] for name in GUARDRAILS},
        }
