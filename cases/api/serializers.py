"""What the API takes and shows of cases, accounts and payments. Personal data stays masked: last four, no names."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from cases import splits
from cases.api.fields import StrictAmount, StrictInstant, StrictText
from cases.models import Account, Case, Payment
from collections_app.shared import refs


class PartIn(serializers.Serializer[Any]):
    """What one account gets of a payment, as the payer said it."""

    account = StrictText(max_length=40, help_text="Account number, as the creditor writes it.")
    amount = StrictAmount(help_text='Amount as a string: "1234.50". Positive.')


class PaymentIn(serializers.Serializer[Any]):
    """A payment as the paying system tells it. `reference` is unique per client and creditor.

    Either `account`, with `division` where a rule divides it over all accounts of that person at the creditor; or
    `accounts`, whose amounts add up to the payment.
    """

    creditor = StrictText(max_length=40, help_text="Code of the creditor.")
    reference = StrictText(max_length=80, help_text="The paying system's own reference of this payment.")
    account = StrictText(max_length=40, required=False, help_text="Account number, as the creditor writes it.")
    accounts = PartIn(many=True, required=False, help_text="Several accounts of one person; their amounts add up.")
    division = serializers.ChoiceField(choices=list(splits.RULES), required=False, help_text="How it is divided.")
    amount = StrictAmount(help_text='Amount as a string: "1234.50". Positive.')
    currency = StrictText(max_length=3, help_text="ISO 4217 code.")
    received_at = StrictInstant(help_text="When the money arrived, with offset.")
    value_on = serializers.DateField(required=False, allow_null=True, help_text="Date from which it counts.")
    payer = serializers.ChoiceField(choices=Payment.Payer.values, required=False, help_text="Who paid.")
    payer_name = StrictText(max_length=200, required=False, help_text="Needed of a third party.")
    method = serializers.ChoiceField(choices=Payment.Method.values, required=False, help_text="How it came.")
    remittance = StrictText(max_length=200, required=False, help_text="What the payer wrote.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = set(self.initial_data) - set(self.fields)
        if unknown:
            raise serializers.ValidationError({name: [_("There is no such field.")] for name in sorted(unknown)})
        if bool(attrs.get("account")) == bool(attrs.get("accounts")):
            raise serializers.ValidationError({"account": [_("Name one account, or several under “accounts”.")]})
        if attrs.get("accounts") and attrs.get("division"):
            raise serializers.ValidationError({"division": [_("Several accounts say themselves how it is divided.")]})
        return attrs


class ReversalIn(serializers.Serializer[Any]):
    """Why a payment is undone. `fee` is charged to the debtor of a payment that was returned or charged back."""

    reason = StrictText(max_length=200)
    kind = serializers.ChoiceField(
        choices=[value for value in Payment.Undone.values if value != Payment.Undone.ROLLED_BACK],
        default=Payment.Undone.OTHER.value,
    )
    fee = StrictAmount(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = set(self.initial_data) - set(self.fields)
        if unknown:
            raise serializers.ValidationError({name: [_("There is no such field.")] for name in sorted(unknown)})
        return attrs


class ReceiptLineOut(serializers.Serializer[Any]):
    account_last4 = serializers.CharField()
    amount = StrictAmount()
    components = serializers.DictField(child=StrictAmount(), help_text="What it met there.")


class ReceiptOut(serializers.Serializer[Any]):
    """The receipt of a payment: its number, and what it met on each account."""

    number = serializers.CharField()
    creditor = serializers.CharField()
    reference = serializers.CharField()
    amount = StrictAmount()
    currency = serializers.CharField()
    value_on = serializers.DateField()
    status = serializers.CharField()
    payer = serializers.CharField()
    accounts = ReceiptLineOut(many=True)


class PaymentOut(serializers.ModelSerializer[Payment]):
    ref = serializers.SerializerMethodField()
    creditor = serializers.CharField(source="creditor.code")
    account_last4 = serializers.SerializerMethodField()
    amount = StrictAmount()

    class Meta:
        model = Payment
        fields = [
            "ref",
            "creditor",
            "source",
            "external_ref",
            "status",
            "amount",
            "currency",
            "account_last4",
            "division",
            "payer",
            "method",
            "received_at",
            "value_on",
            "unallocated_reason",
            "reversed_at",
            "reversed_kind",
            "reversed_reason",
        ]

    def get_ref(self, payment: Payment) -> str:
        return refs.encode("P", payment.pk)

    def get_account_last4(self, payment: Payment) -> str:
        return payment.account.number_last4 if payment.account else payment.account_hint_last4


class CaseOut(serializers.ModelSerializer[Case]):
    ref = serializers.CharField()
    creditor = serializers.CharField(source="creditor.code")
    team = serializers.SerializerMethodField()
    balance = StrictAmount()

    class Meta:
        model = Case
        fields = [
            "ref",
            "creditor",
            "status",
            "team",
            "opened_on",
            "past_due_since",
            "balance",
            "currency",
            "default_reason",
            "next_action",
            "next_action_at",
            "last_contact_at",
            "last_right_party_at",
            "cured_at",
            "closed_at",
            "closed_reason",
            "version",
        ]

    def get_team(self, case: Case) -> str | None:
        return case.team.code if case.team else None


class AccountOut(serializers.ModelSerializer[Account]):
    ref = serializers.SerializerMethodField()
    creditor = serializers.CharField(source="creditor.code")
    product = serializers.CharField(source="product.code")
    balance = StrictAmount()

    class Meta:
        model = Account
        fields = ["ref", "creditor", "product", "number_last4", "currency", "balance", "credit_limit", "status"]

    def get_ref(self, account: Account) -> str:
        return refs.encode("K", account.pk)
