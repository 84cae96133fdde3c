"""What people type about plans: what can be afforded, how it is paid, who signed."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from cases.date_boxes import DayField, MomentField
from cases.forms import AmountField
from cases.models import AffordabilityEvidence, Plan
from cases.plans.affordability import EXPENDITURES, INCOMES, MOST_PERSONS, Budget
from cases.plans.drafting import Draft
from cases.plans.schedule import MOST, MOST_RATE
from cases.plans.terms import Terms
from cases.refusal import Refused
from compliance.periods import add_months

# At which field a refusal of a plan stands; the others stand above the form.
FIELDS: Final = {
    "past": "first_on", "too-far": "first_on", "before": "first_on", "not-positive": "instalment",
    "too-little": "instalment", "never-ends": "instalment", "inexact": "instalment", "currency": "instalment",
    "number": "count", "no-number": "count", "law": "count", "too-long": "count", "one-payment": "count",
    "covers": "covers", "down-payment": "down_payment", "rate": "rate", "not-here": "kind", "no-reason": "reason",
    "who-signed": "by", "evidence": "evidence", "signed-future": "signed_at", "sign-late": "signed_at", "why": "why",
}  # fmt: skip


def object_to(form: forms.Form, refused: Refused) -> None:
    """Say at the field what is wrong with it, or above the form."""
    name = FIELDS.get(refused.code)
    form.add_error(name if name in form.fields else None, str(refused))


class InCurrency(forms.Form):
    """A form whose amounts are in the currency of its case."""

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        for each in self.fields.values():
            if isinstance(each, AmountField):
                each.currency = currency


class PlanForm(InCurrency):
    """How it is to be paid. The first four fields are enough; an empty number follows from the instalment."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    replaces = forms.IntegerField(required=False, widget=forms.HiddenInput)
    left = AmountField(
        label=_("Left after essentials"),
        required=False,
        zero=True,
        help_text=_("In a month, other debts paid. Empty: the form that stands."),
    )
    instalment = AmountField(label=_("Instalment"), required=False)
    first_on = DayField(label=_("First instalment on"))
    count = forms.IntegerField(
        label=_("How many"), required=False, min_value=1, max_value=MOST, help_text=_("Empty: as needed.")
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=Plan.Kind.choices, required=False)
    cycle = forms.ChoiceField(label=_("How often"), choices=Plan.Cycle.choices, required=False)
    down_payment = AmountField(label=_("Down payment"), required=False, zero=True)
    covers = AmountField(label=_("Amount of the plan"), required=False, help_text=_("Empty: the whole balance."))
    rate = forms.DecimalField(
        label=_("Interest, per cent a year"),
        required=False,
        max_digits=7,
        decimal_places=4,
        min_value=Decimal(0),
        max_value=MOST_RATE,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    fees_run = forms.BooleanField(label=_("Fees go on during the plan"), required=False)
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)

    FIRST: Final = ("left", "instalment", "first_on", "count")
    MORE: Final = ("kind", "cycle", "down_payment", "covers", "rate", "fees_run", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.fields["left"].widget.attrs["autofocus"] = True

    def first(self) -> Iterator[forms.BoundField]:
        """Yield the fields that are always seen."""
        yield from (self[name] for name in self.FIRST)

    def more(self) -> list[forms.BoundField]:
        """Return the fields that are seen when asked for."""
        return [self[name] for name in self.MORE]

    def more_is_open(self) -> bool:
        """Whether one of the further fields has an error, or says what is not usual."""
        usual = {"kind": Plan.Kind.INSTALMENT, "cycle": Plan.Cycle.MONTHLY}
        return any(
            bound.errors or (bound.value() or "") not in ("", usual.get(bound.name, "")) for bound in self.more()
        )

    def draft(self) -> Draft:
        """Return what was typed as what is asked for."""
        typed = self.cleaned_data
        return Draft(
            kind=typed["kind"] or Plan.Kind.INSTALMENT,
            first_on=typed["first_on"],
            count=typed["count"],
            instalment=typed["instalment"],
            cycle=typed["cycle"] or Plan.Cycle.MONTHLY,
            down_payment=typed["down_payment"] or Decimal(0),
            covers=typed["covers"],
            rate=typed["rate"] or Decimal(0),
            fees_run=typed["fees_run"],
            reason=typed["reason"],
            currency=self.currency,
        )


def first_date(today: date, terms: Terms) -> date:
    """Return the date that the form of a plan begins with: a month from now, or as far as the firm lets it be."""
    return min(add_months(today, 1), today + timedelta(days=terms.first))


class BudgetForm(InCurrency):
    """A month of the household, line by line; what is left empty is nothing."""

    household = forms.IntegerField(label=_("Persons in the household"), min_value=1, max_value=MOST_PERSONS, initial=1)
    debts = AmountField(label=_("Payments on other debts"), required=False, zero=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for prefix, kinds in (("in", INCOMES), ("out", EXPENDITURES)):
            for kind, label in kinds.items():
                self.fields[f"{prefix}_{kind}"] = AmountField(
                    label=capfirst(str(label)), required=False, zero=True, currency=self.currency
                )

    def incomes(self) -> list[forms.BoundField]:
        """Return the fields of what comes in."""
        return [self[f"in_{kind}"] for kind in INCOMES]

    def expenditures(self) -> list[forms.BoundField]:
        """Return the fields of what goes out."""
        return [self[f"out_{kind}"] for kind in EXPENDITURES]

    def budget(self) -> Budget:
        """Return the month that was typed."""
        typed = self.cleaned_data
        return Budget(
            currency=self.currency,
            household=typed["household"],
            incomes={kind: typed[f"in_{kind}"] for kind in INCOMES if typed.get(f"in_{kind}")},
            expenditures={kind: typed[f"out_{kind}"] for kind in EXPENDITURES if typed.get(f"out_{kind}")},
            debts=typed["debts"] or Decimal(0),
        )


class EvidenceForm(forms.Form):
    kind = forms.ChoiceField(label=_("What it is"), choices=AffordabilityEvidence.Kind.choices)
    file = forms.FileField(label=_("File"), widget=forms.ClearableFileInput(attrs={"class": "form-control"}))


class SignForm(forms.Form):
    how = forms.ChoiceField(label=_("How it was signed"), choices=Plan.Signing.choices)
    by = forms.CharField(label=_("Signed by"), max_length=100)
    signed_at = MomentField(label=_("When it was signed"), required=False, help_text=_("Left empty: now."))
    evidence = forms.CharField(
        label=_("What shows it"), max_length=200, required=False, help_text=_("The recording, the paper, the file.")
    )


class WhyForm(forms.Form):
    why = forms.CharField(label=_("Reason"), max_length=200)
