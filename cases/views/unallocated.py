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

from cases import payments, reach
from cases.forms_imports import AllocateForm
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
    """List the payments without an account within reach, oldest first."""
    rows = reach.unallocated(request.user).select_related("creditor")
    page = keyset.page(rows, order=ORDER, asked=request.GET)
    context = {
        "payments": [_row(payment) for payment in page.rows],
        "page": page,
        "may_allocate": request.user.has_perm("cases.record_payment"),
        "now": clock.now(),
    }
    return render(request, "cases/unallocated.html", context)


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
        "reason": REASONS.get(payment.unallocated_reason, payment.unallocated_reason),
        "allocate_url": reverse("cases:allocate", args=[payment.pk]),
    }


@require_POST
@allowed("cases.record_payment")
def allocate(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a payment on the account whose number was given; ledger, promise and cure follow from it."""
    payment = get_object_or_404(reach.unallocated(request.user), pk=pk)
    form = AllocateForm(request.POST)
    account = _account(payment, form.cleaned_data["account"]) if form.is_valid() else None
    if account is None:
        messages.error(request, _("This creditor has no account with this number."))
        return redirect("cases:unallocated")
    try:
        payments.allocate(payment_id=payment.pk, account_id=account.pk, actor=Actor.of(request.user), at=clock.now())
    except payments.PaymentRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(
            request, _("Payment %(reference)s is on account %(account)s.")
            % {"reference": payment.external_ref, "account": account},
        )  # fmt: skip
    return redirect("cases:unallocated")


def _account(payment: Payment, number: str) -> Account | None:
    try:
        canon = canonical.account_number(number)
    except CellRefused:
        canon = number
    hashes = [sealed.digest("account", each) for each in dict.fromkeys([canon, number])]
    return Account.objects.filter(creditor_id=payment.creditor_id, number_hash__in=hashes).first()
