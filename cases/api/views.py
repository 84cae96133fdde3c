"""Cases, accounts and payments for other systems, each within the creditors of the client that asks."""

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from cases import payments
from cases.api import idempotency
from cases.api.serializers import AccountOut, CaseOut, PaymentIn, PaymentOut, ReceiptOut, ReversalIn
from cases.models import Account, ApiClient, Case, Creditor, LedgerEntry, Payment
from cases.refusal import Refused
from collections_app.shared import clock, refs
from collections_app.shared.actor import Actor

KEY_HEADER = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, required=True, description="New for every payment."
)


class UnknownCreditor(Refused):
    SENTENCES: dict[str, Any] = {"unknown-creditor": gettext_lazy("%(creditor)s is not a creditor of this client.")}


def client_of(request: Request) -> ApiClient:
    """Return the client that asks. Raises NotAuthenticated."""
    client: Any = request.user
    if not isinstance(client, ApiClient):
        raise NotAuthenticated
    return client


def actor_of(client: ApiClient) -> Actor:
    """Return an API client as an actor."""
    return Actor.client(id=client.pk, label=client.name)


class ByReference:
    """Rows found by their public reference, within the creditors of the client; anything else is not found."""

    lookup_value_regex = r"[A-Za-z0-9-]{1,24}"
    prefix = ""

    def get_object(self) -> Any:
        try:
            pk = refs.decode(self.prefix, self.kwargs["pk"])  # type: ignore[attr-defined]
        except refs.BadReference:
            raise Http404 from None
        return generics.get_object_or_404(self.get_queryset(), pk=pk)  # type: ignore[attr-defined]


class PaymentViewSet(ByReference, mixins.RetrieveModelMixin, mixins.ListModelMixin, viewsets.GenericViewSet):
    """Payments: told once by their source, read back with what became of them."""

    scope = "payments:write"
    prefix = "P"
    serializer_class = PaymentOut
    filterset_fields = ["status", "external_ref"]

    def get_queryset(self) -> QuerySet[Payment]:
        client = self.request.user
        if not isinstance(client, ApiClient):
            return Payment.objects.none()
        return Payment.objects.filter(creditor__in=client.creditors.all()).select_related("creditor", "account")

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        self.body = request.body if request.method == "POST" else b""  # before a parser has consumed it
        return super().initialize_request(request, *args, **kwargs)

    @extend_schema(request=PaymentIn, responses={201: PaymentOut, 200: PaymentOut}, parameters=[KEY_HEADER])
    def create(self, request: Request) -> Response:
        """Record a payment. The same key or the same reference never makes a second one."""
        data = PaymentIn(data=request.data)
        data.is_valid(raise_exception=True)
        client, at = client_of(request), clock.now()

        def effect() -> tuple[int, dict[str, Any]]:
            known = data.validated_data
            creditor = Creditor.objects.filter(api_clients=client, code=known["creditor"]).first()
            if creditor is None:
                raise UnknownCreditor("unknown-creditor", creditor=known["creditor"])
            recorded = payments.record(
                creditor=creditor,
                source=client.name,
                external_ref=known["reference"],
                amount=known["amount"],
                currency=known["currency"],
                received_at=known["received_at"],
                value_on=known.get("value_on"),
                account_number=known.get("account", ""),
                division=known.get("division", ""),
                parts=_parts(creditor, known.get("accounts")),
                payer=known.get("payer", Payment.Payer.BORROWER),
                payer_name=known.get("payer_name", ""),
                method=known.get("method", ""),
                remittance=known.get("remittance", ""),
                actor=actor_of(client),
                at=at,
            )
            answer = dict(PaymentOut(recorded.payment).data)
            if recorded.payment.status == Payment.Status.UNALLOCATED:
                answer["detail"] = _("The payment is kept; a person will decide which account it belongs to.")
            return (201 if recorded.is_new else 200), answer

        return idempotency.once(request, client=client, body=self.body, endpoint="payments", at=at, effect=effect)

    @extend_schema(request=ReversalIn, responses=PaymentOut, parameters=[KEY_HEADER])
    @action(detail=True, methods=["post"])
    def reverse(self, request: Request, pk: str) -> Response:
        """Undo a payment and everything that followed from it."""
        data = ReversalIn(data=request.data)
        data.is_valid(raise_exception=True)
        payment, client, at = self.get_object(), client_of(request), clock.now()

        def effect() -> tuple[int, dict[str, Any]]:
            undone = payments.reverse(
                payment_id=payment.pk,
                reason=data.validated_data["reason"],
                kind=data.validated_data["kind"],
                fee=data.validated_data.get("fee"),
                actor=actor_of(client),
                at=at,
            )
            return 200, dict(PaymentOut(undone).data)

        return idempotency.once(
            request,
            client=client,
            body=self.body,
            endpoint=f"payments/{payment.pk}/reverse",
            at=at,
            effect=effect,
        )

    @extend_schema(responses=ReceiptOut)
    @action(detail=True, methods=["get"])
    def receipt(self, request: Request, pk: str) -> Response:
        """Give the receipt of a payment: its number, and what it met on each account."""
        payment = self.get_object()
        lines: dict[int, dict[str, Any]] = {}
        for entry in LedgerEntry.objects.filter(payment=payment).select_related("account").order_by("pk"):
            line = lines.setdefault(
                entry.account_id,
                {"account_last4": entry.account.number_last4, "amount": Decimal(0), "components": {}},
            )
            line["amount"] -= entry.amount
            met = line["components"]
            met[entry.component] = met.get(entry.component, Decimal(0)) - entry.amount
        for line in lines.values():
            line["components"] = {name: amount for name, amount in line["components"].items() if amount}
        shown = ReceiptOut(
            {
                "number": refs.encode("P", payment.pk),
                "creditor": payment.creditor.code,
                "reference": payment.external_ref,
                "amount": payment.amount,
                "currency": payment.currency,
                "value_on": payment.value_on,
                "status": payment.status,
                "payer": payment.payer,
                "accounts": [line for line in lines.values() if line["amount"]],
            }
        )
        return Response(shown.data)


def _parts(creditor: Creditor, named: Any) -> dict[int, Decimal] | None:
    """Return the accounts that a payer named, by id. Raises PaymentRefused for a number that the creditor has not."""
    if not named:
        return None
    found: dict[int, Decimal] = {}
    for part in named:
        account = payments.find_account(creditor, part["account"])
        if account is None or account.pk in found:
            raise payments.PaymentRefused("no-such-account", account=f"…{part['account'][-4:]}")
        found[account.pk] = part["amount"]
    return found


class CaseViewSet(ByReference, viewsets.ReadOnlyModelViewSet):
    """Cases, without names and numbers."""

    scope = "cases:read"
    prefix = "C"
    serializer_class = CaseOut
    filterset_fields = ["status", "opened_on"]

    def get_queryset(self) -> QuerySet[Case]:
        client = self.request.user
        if not isinstance(client, ApiClient):
            return Case.objects.none()
        return Case.objects.filter(creditor__in=client.creditors.all()).select_related("creditor", "team")


class AccountViewSet(ByReference, viewsets.ReadOnlyModelViewSet):
    """Accounts with their balance now; of the number only the last four."""

    scope = "cases:read"
    prefix = "K"
    serializer_class = AccountOut
    filterset_fields = ["status"]

    def get_queryset(self) -> QuerySet[Account]:
        client = self.request.user
        if not isinstance(client, ApiClient):
            return Account.objects.none()
        return Account.objects.filter(creditor__in=client.creditors.all()).select_related("creditor", "product")
