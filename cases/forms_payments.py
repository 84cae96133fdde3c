"""What people type about money: a receipt, a reversal, credit that moves or goes back, a payment that is placed."""

from datetime import date
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from cases import splits
from cases.date_boxes import DayField
from cases.forms import AmountField
from cases.models import Account, Payment

DIVISIONS = (Payment.Division.ONE, *(Payment.Division(rule) for rule in splits.RULES), Payment.Division.INSTRUCTED)


class AccountChoice(forms.ChoiceField):
    """One of the accounts of a person, shown by its ending, product and balance."""

    def __init__(self, *, accounts: dict[int, Account], **kwargs: Any) -> None:
        choices = [
            (str(pk), f"…{each.number_last4} {each.product.name} · {each.balance:,.2f} {each.currency}")
            for pk, each in accounts.items()
        ]
        super().__init__(choices=choices, **kwargs)


class ReceiptForm(forms.Form):
    """A payment that a person takes: how much, for which day, how, and whose. `key` makes two clicks one payment."""

    key = forms.CharField(max_length=36, widget=forms.HiddenInput)
    is_another = forms.BooleanField(label=_("It is another payment"), required=False)
    amount = AmountField(label=_("Amount"))
    value_on = DayField(label=_("Counts from"))
    method = forms.ChoiceField(label=_("How"), choices=Payment.Method.choices)
    reference = forms.CharField(
        label=_("Reference"), max_length=70, required=False, help_text=_("Number of the slip. Left empty: one is made.")
    )
    payer = forms.ChoiceField(label=_("Paid by"), choices=Payment.Payer.choices)
    payer_name = forms.CharField(label=_("Name of the payer"), max_length=200, required=False)
    remittance = forms.CharField(label=_("What the payer wrote"), max_length=200, required=False)

    def __init__(self, *args: Any, accounts: dict[int, Account], today: date, currency: str, **kwargs: Any) -> None:
        kwargs["initial"] = {"key": uuid4().hex, "value_on": today, "payer": Payment.Payer.BORROWER}
        super().__init__(*args, **kwargs)
        amount = self.fields["amount"]
        assert isinstance(amount, AmountField)
        amount.currency = currency
        self.fields["account"] = AccountChoice(label=_("Account"), accounts=accounts)
        self.several = len(accounts) > 1
        if self.several:
            self.fields["division"] = forms.ChoiceField(
                label=_("Divided"), required=False, choices=[(one.value, one.label) for one in DIVISIONS]
            )
            for pk, each in accounts.items():
                self.fields[f"part_{pk}"] = AmountField(
                    label=f"…{each.number_last4}", currency=currency, required=False, zero=True
                )

    @property
    def part_fields(self) -> list[Any]:
        """Return the fields for what the payer said of each account."""
        return [self[name] for name in self.fields if name.startswith("part_")]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("payer") == Payment.Payer.THIRD_PARTY and not cleaned.get("payer_name", "").strip():
            self.add_error("payer_name", _("Say who paid: a third party is named."))
        if cleaned.get("division") == Payment.Division.INSTRUCTED and not self.parts() and not self.errors:
            self.add_error("division", _("Say how much goes to each account."))
        return cleaned

    def parts(self) -> dict[int, Any] | None:
        """Return what goes to each account as the payer said it, None where a rule decides."""
        if self.cleaned_data.get("division") != Payment.Division.INSTRUCTED:
            return None
        named = {
            int(name.removeprefix("part_")): self.cleaned_data.get(name) for name in self.fields if "part_" in name
        }
        return {pk: amount for pk, amount in named.items() if amount}

    @property
    def external_ref(self) -> str:
        """Return the reference under which the payment is kept: the slip's, or one of this form alone."""
        return self.cleaned_data["reference"].strip() or f"R-{self.cleaned_data['key'][:12].upper()}"


class ReverseForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("Why"),
        choices=[each for each in Payment.Undone.choices if each[0] != Payment.Undone.ROLLED_BACK],
    )
    reason = forms.CharField(label=_("In words"), max_length=200)
    fee = AmountField(label=_("Fee for the returned payment"), required=False, help_text=_("Left empty: none."))

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fee = self.fields["fee"]
        assert isinstance(fee, AmountField)
        fee.currency = currency


class CreditForm(forms.Form):
    """What was paid too much: to another account of the person, or back."""

    account_id = forms.IntegerField(widget=forms.HiddenInput)
    amount = AmountField(label=_("Amount"))
    instruction = forms.CharField(label=_("Who asked for it, and how"), max_length=200, required=False)
    payee = forms.CharField(label=_("Goes to"), max_length=200, required=False)

    def __init__(self, *args: Any, accounts: dict[int, Account], currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"] = AccountChoice(label=_("To the account"), accounts=accounts, required=False)
        amount = self.fields["amount"]
        assert isinstance(amount, AmountField)
        amount.currency = currency


class PlaceForm(forms.Form):
    """Where a payment belongs: the number of the account as the creditor writes it, or one that was suggested."""

    account = forms.CharField(label=_("Account number"), max_length=60, required=False)
    account_id = forms.IntegerField(required=False)
    division = forms.ChoiceField(
        required=False, choices=[(one.value, one.label) for one in DIVISIONS if one != Payment.Division.INSTRUCTED]
    )
