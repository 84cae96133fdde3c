"""What people type to give something up: amounts, shares and “all” are read one way, errors stand at their fields."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import amounts
from cases.date_boxes import DayField
from cases.imports import values
from cases.models import (
    Account,
    AssetForDebt,
    AuthorityLimit,
    ExclusionAppeal,
    ExclusionEntry,
    LedgerEntry,
    Settlement,
    Waiver,
)
from cases.models.settlement import MOST_PARTS
from cases.settlements.offer import ORDER
from cases.settlements.offering import Wanted
from collections_app.shared import money

ALL: Final = ("all", "全部", "全额", "全免")
PERCENT: Final = "%％"
LABELS: Final[Mapping[str, Any]] = dict(LedgerEntry.Component.choices)


def read_percent(text: str) -> Decimal | None:
    """Return the number before a percent sign, None where there is none. Raises ValidationError."""
    plain = values.plain(text[:40]).strip()
    if not plain or plain[-1] not in PERCENT:
        return None
    try:
        number = Decimal(plain[:-1].strip())
    except InvalidOperation:
        raise ValidationError(_("“%(text)s” is not a percentage. Write it like 30%%.") % {"text": text}) from None
    if not number.is_finite() or not 0 <= number <= 100:
        raise ValidationError(_("%(percent)s%% is not between 0 and 100.") % {"percent": number})
    if number != round(number, 2):
        raise ValidationError(_("A percentage has two decimals at most."))
    return number


def read_amount(text: str, currency: str, *, zero: bool = False) -> Decimal:
    """Return the amount typed. Raises ValidationError with a sentence."""
    try:
        return amounts.read(text, currency=currency, zero=zero)
    except amounts.AmountRefused as refused:
        raise ValidationError(str(refused)) from None


def read_part(text: str, owed: Decimal, currency: str) -> Decimal:
    """Return how much of what is owed was typed: an amount, a percentage of it, or “all”. Raises ValidationError."""
    if text.strip().lower() in ALL:
        return owed
    percent = read_percent(text)
    if percent is not None:
        return (owed * percent / 100).quantize(
            Decimal(1) if owed == owed.to_integral() and percent == 100 else Decimal("0.01")
        )
    return read_amount(text, currency, zero=True)


class OfferForm(forms.Form):
    """The offer of a settlement: what the person pays, or what is given up of each component; when, until when, why."""

    pays = forms.CharField(
        label=gettext_lazy("The person pays"),
        required=False,
        max_length=40,
        help_text=gettext_lazy("an amount, or a share like 70%"),
    )
    parts = forms.IntegerField(label=gettext_lazy("In parts"), min_value=1, max_value=MOST_PARTS, initial=1)
    first_due_on = DayField(label=gettext_lazy("First payment by"))
    expires_on = DayField(label=gettext_lazy("Offer stands until"))
    takes_effect = forms.ChoiceField(
        label=gettext_lazy("What is given up counts"), choices=Settlement.Effect.choices, required=False
    )
    grace_days = forms.IntegerField(label=gettext_lazy("Grace, days"), min_value=0, max_value=15, initial=3)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500)

    def __init__(
        self,
        *args: Any,
        owed: Mapping[str, Decimal],
        currency: str,
        accounts: list[Account],
        today: date,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.owed, self.currency = owed, currency
        self.fields["pays"].widget.attrs |= {"autofocus": True, "inputmode": "text"}
        self.initial.setdefault("first_due_on", today + timedelta(days=7))
        self.initial.setdefault("expires_on", today + timedelta(days=7))
        for name in ORDER:
            if owed.get(name, 0) > 0:
                self.fields[f"give_{name}"] = forms.CharField(label=LABELS[name], required=False, max_length=40)
        if len(accounts) > 1:
            choices = [("", _("all accounts")), *((str(each.pk), f"{each} {each.product}") for each in accounts)]
            self.fields["account"] = forms.ChoiceField(label=gettext_lazy("Account"), choices=choices, required=False)

    @property
    def gives(self) -> list[Any]:
        """Return the fields of what is given up by component, in their order."""
        return [self[name] for name in self.fields if name.startswith("give_")]

    def clean(self) -> dict[str, Any]:
        """Read what was typed into amounts; errors stand at their fields."""
        data = super().clean() or {}
        given: dict[str, Decimal] = {}
        for name in [name for name in self.fields if name.startswith("give_")]:
            text = data.get(name) or ""
            if not text.strip():
                continue
            component = name.removeprefix("give_")
            try:
                given[component] = read_part(text, self.owed[component], self.currency)
            except ValidationError as wrong:
                self.add_error(name, wrong)
        text = data.get("pays") or ""
        percent = pays = None
        if text.strip():
            try:
                share = read_percent(text)
                percent = None if share is None else 100 - share
                pays = None if share is not None else read_amount(text, self.currency)
            except ValidationError as wrong:
                self.add_error("pays", wrong)
        elif not given and "pays" not in self.errors and not any(name.startswith("give_") for name in self.errors):
            self.add_error("pays", _("Say what the person pays, or what is given up below."))
        data |= {"given": given, "percent": percent if not given else None, "amount": pays}
        return data

    def wanted(self) -> Wanted:
        """Return the offer that was typed."""
        data = self.cleaned_data
        return Wanted(
            pays=data["amount"],
            percent=data["percent"],
            given=data["given"] or None,
            account_ids=[int(data["account"])] if data.get("account") else (),
            parts=data["parts"],
            first_due_on=data["first_due_on"],
            expires_on=data["expires_on"],
            takes_effect=data["takes_effect"] or Settlement.Effect.FULFILMENT,
            grace_days=data["grace_days"],
            reason=data["reason"],
        )


class AcceptForm(forms.Form):
    """The person agreed: how, and what shows it."""

    how = forms.ChoiceField(
        label=gettext_lazy("Agreed"),
        choices=[choice for choice in Settlement.How.choices if choice[0] != Settlement.How.PAYMENT],
    )
    evidence = forms.CharField(
        label=gettext_lazy("Evidence"), max_length=200, help_text=gettext_lazy("recording, letter, signature")
    )


class WaiveForm(forms.Form):
    """A waiver alone: of what, how much, why."""

    what = forms.ChoiceField(label=gettext_lazy("Of"))
    amount = forms.CharField(
        label=gettext_lazy("Give up"),
        max_length=40,
        initial="all",
        help_text=gettext_lazy("an amount, a share like 50%, or all"),
    )
    cause = forms.ChoiceField(
        label=gettext_lazy("Cause"),
        choices=[choice for choice in Waiver.Cause.choices if choice[0] != Waiver.Cause.SETTLEMENT],
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500)

    def __init__(self, *args: Any, owed: Mapping[tuple[int, str], tuple[str, Decimal, str]], **kwargs: Any) -> None:
        """owed: (account, component) -> (label, amount, currency) of what may be given up."""
        super().__init__(*args, **kwargs)
        self.owed = {f"{account}:{component}": row for (account, component), row in owed.items()}
        field = self.fields["what"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(key, f"{label} · {amount} {unit}") for key, (label, amount, unit) in self.owed.items()]

    def clean(self) -> dict[str, Any]:
        """Read the amount of the component chosen."""
        data = super().clean() or {}
        key, text = data.get("what"), data.get("amount") or ""
        if key in self.owed and text:
            _label, owed, currency = self.owed[key]
            try:
                data["read"] = None if text.strip().lower() in ALL else read_part(text, owed, currency)
            except ValidationError as wrong:
                self.add_error("amount", wrong)
        return data

    def asked(self) -> dict[str, Any]:
        """Return what `waivers.ask` takes."""
        data = self.cleaned_data
        account, _colon, component = data["what"].partition(":")
        return {
            "account_id": int(account),
            "component": component,
            "amount": data["read"],
            "cause": data["cause"],
            "reason": data["reason"],
        }


class AccountForm(forms.Form):
    """Which account, and why."""

    account = forms.ChoiceField(label=gettext_lazy("Account"))
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500)

    def __init__(self, *args: Any, accounts: list[Account], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["account"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(str(each.pk), f"{each} {each.product} · {each.balance} {each.currency}") for each in accounts]
        self.currencies = {str(each.pk): each.currency for each in accounts}


class AssetForm(AccountForm):
    """Property for debt: what it is, whose, its value and who found it, what of the debt it pays."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=AssetForDebt.Kind.choices)
    description = forms.CharField(label=gettext_lazy("Description"), max_length=500)
    owner = forms.CharField(label=gettext_lazy("Belongs to"), max_length=120)
    valuation = forms.CharField(label=gettext_lazy("Valued at"), max_length=40)
    valued_by = forms.CharField(label=gettext_lazy("Valued by"), max_length=120)
    valued_on = DayField(label=gettext_lazy("Valued on"))
    evidence = forms.CharField(label=gettext_lazy("Valuation report"), max_length=200)
    amount = forms.CharField(label=gettext_lazy("Pays of the debt"), max_length=40)
    field_order = [
        "account",
        "kind",
        "description",
        "owner",
        "valuation",
        "valued_by",
        "valued_on",
        "evidence",
        "amount",
    ]

    def clean(self) -> dict[str, Any]:
        """Read both amounts."""
        data = super().clean() or {}
        currency = self.currencies.get(data.get("account", ""), "")
        for name in ("valuation", "amount"):
            if data.get(name):
                try:
                    data[name] = read_amount(data[name], currency)
                except ValidationError as wrong:
                    self.add_error(name, wrong)
        return data


class ExcludeForm(forms.Form):
    """A person for the exclusion list."""

    purpose = forms.ChoiceField(label=gettext_lazy("Purpose"), choices=ExclusionEntry.Purpose.choices)
    basis = forms.ChoiceField(label=gettext_lazy("Basis"), choices=ExclusionEntry.Basis.choices)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500)
    evidence = forms.CharField(label=gettext_lazy("Evidence"), max_length=200)
    default_ended_on = DayField(label=gettext_lazy("Default ended"), required=False)
    retain_until = DayField(label=gettext_lazy("Kept until"))


class WordsForm(forms.Form):
    """What the person says against it."""

    words = forms.CharField(
        label=gettext_lazy("In the person's words"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )


class OutcomeForm(forms.Form):
    """How an objection ends."""

    outcome = forms.ChoiceField(label=gettext_lazy("Outcome"), choices=ExclusionAppeal.Outcome.choices)
    retain_until = DayField(label=gettext_lazy("Kept until"), required=False)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)


class DayForm(forms.Form):
    """A day."""

    on = DayField(label=gettext_lazy("On"))


class LimitForm(forms.ModelForm):
    """One limit of authority."""

    class Meta:
        model = AuthorityLimit
        fields = (
            "kind", "component", "product", "role", "currency", "max_amount", "max_percent", "signatures", "days",
        )  # fmt: skip

    def __init__(self, *args: Any, kinds: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"] = forms.ChoiceField(label=gettext_lazy("What"), choices=kinds)
        self.fields["max_amount"] = forms.CharField(label=gettext_lazy("Up to"), required=False, max_length=40)
        self.fields["signatures"].help_text = gettext_lazy("besides whoever asks; 0: one of the role does it alone")
        self.order_fields(self.Meta.fields)

    def clean_max_amount(self) -> Decimal | None:
        """Read the amount as everywhere."""
        text = self.cleaned_data["max_amount"]
        return read_amount(text, str(self.data.get("currency", ""))[:3].upper(), zero=True) if text else None

    def clean_currency(self) -> str:
        """Write the code in capitals; refuse what is no currency."""
        code = str(self.cleaned_data["currency"]).upper()
        if code not in money.CURRENCIES:
            raise ValidationError(_("%(currency)s is not a currency these books keep.") % {"currency": code})
        return code
