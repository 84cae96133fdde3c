"""Payments that nobody could place: a supervisor says which account each belongs to."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cases import matching, payments, reach
from cases.forms_payments import PlaceForm
from cases.imports import canonical
from cases.imports.refusals import CellRefused
from cases.models import Account, Payment
from collections_app.shared import clock, keyset, sealed
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed

ORDER: Final = ("received_at", "pk")
REASONS: Final[dict[str, LazyText]] = {
    "unknown-account": gettext_lazy("no account has this number"),
    "wrong-currency": gettext_lazy("the account is in another currency"),
}


@require_safe
@allowed("dashboards.view")
def show(request: HttpRequest) -> HttpResponse:
    """List the payments without an account within reach, oldest first, one of them in hand with what points where."""
    rows = reach.unallocated(request.user).select_related("creditor")
    page = keyset.page(rows, order=ORDER, asked=request.GET)
    in_hand = _in_hand(request, page.rows)
    later = [payment for payment in page.rows if in_hand and payment.pk != in_hand.pk]
    may_allocate = request.user.has_perm("cases.record_payment")
    context = {
        "current": _row(in_hand) if in_hand else None,
        "guesses": _guesses(in_hand) if in_hand and may_allocate else [],
        "next_url": _in_hand_url(_after(in_hand, page.rows) or later[0]) if in_hand and later else "",
        "payments": [_row(payment) for payment in page.rows],
        "page": page,
        "may_allocate": may_allocate,
        "now": clock.now(),
    }
    return render(request, "cases/unallocated.html", context)


def _in_hand(request: HttpRequest, rows: list[Payment]) -> Payment | None:
    asked = request.GET.get("payment", "")
    chosen = [payment for payment in rows if str(payment.pk) == asked]
    return next(iter(chosen or rows), None)


def _after(payment: Payment, rows: list[Payment]) -> Payment | None:
    place = [each.pk for each in rows].index(payment.pk)
    return rows[place + 1] if place + 1 < len(rows) else None


def _in_hand_url(payment: Payment) -> str:
    return f"{reverse('cases:unallocated')}?payment={payment.pk}"


def _guesses(payment: Payment) -> list[dict[str, Any]]:
    return [
        {"key": str(place), "account": guess.account, "person": str(guess.account.person), "reasons": guess.reasons}
        for place, guess in enumerate(matching.guesses(payment), 1)
    ]


def _row(payment: Payment) -> dict[str, Any]:
    return {
        "reference": payment.external_ref,
        "source": payment.source,
        "creditor": payment.creditor.name,
        "amount": payment.amount,
        "currency": payment.currency,
        "received_at": payment.received_at,
        "value_on": payment.value_on,
        "hint": payment.account_hint_last4,
        "payer_name": payment.payer_name,
        "remittance": payment.remittance,
        "reason": REASONS.get(payment.unallocated_reason, payment.unallocated_reason),
        "allocate_url": reverse("cases:allocate", args=[payment.pk]),
        "in_hand_url": _in_hand_url(payment),
    }


@require_POST
@allowed("cases.record_payment")
def allocate(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a payment on the account that was chosen; ledger, promise, plan and cure follow from it."""
    payment = get_object_or_404(reach.unallocated(request.user), pk=pk)
    form = PlaceForm(request.POST)
    account = _chosen(payment, form)
    if account is None:
        messages.error(request, _("This creditor has no account with this number."))
        return redirect(_in_hand_url(payment))
    try:
        payments.allocate(
            payment_id=payment.pk,
            account_id=account.pk,
            division=form.cleaned_data["division"],
            actor=Actor.of(request.user),
            at=clock.now(),
        )
    except payments.PaymentRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(
            request, _("Payment %(reference)s is on account %(account)s.")
            % {"reference": payment.external_ref, "account": account},
        )  # fmt: skip
    return redirect("cases:unallocated")


def _chosen(payment: Payment, form: PlaceForm) -> Account | None:
    if not form.is_valid():
        return None
    account_id = form.cleaned_data["account_id"]
    if account_id is not None and 0 < account_id < 2**63:
        return Account.objects.filter(creditor_id=payment.creditor_id, pk=account_id).first()
    return _account(payment, form.cleaned_data["account"]) if form.cleaned_data["account"] else None


def _account(payment: Payment, number: str) -> Account | None:
    try:
        canon = canonical.account_number(number)
    except CellRefused:
        canon = number
    hashes = [sealed.digest("account", each) for each in dict.fromkeys([canon, number])]
    return Account.objects.filter(creditor_id=payment.creditor_id, number_hash__in=hashes).first()
