"""Payments of a case: what came, where it went, a receipt for it; taking one by hand, taking one back."""

from datetime import date, datetime
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import credits, payments, queries
from cases.forms_payments import CreditForm, ReceiptForm, ReverseForm
from cases.models import Account, Case, LedgerEntry, Payment, Refund
from cases.refusal import Refused
from collections_app.shared import clock, refs
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed

SHOWN: Final = 200
TONES: Final = {"allocated": "ok", "unallocated": "soon", "reversed": "past", "received": "act"}
FIELDS: Final = {
    "not-positive": "amount", "inexact": "amount", "future": "value_on", "parts-differ": "division",
    "no-payer-name": "payer_name", "conflict": "reference", "no-fee": "fee",
}  # fmt: skip


def _accounts(case: Case) -> dict[int, Account]:
    mine = Account.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id, currency=case.currency)
    return {each.pk: each for each in mine.select_related("product", "creditor").order_by("-balance", "pk")}


def _of_case(case: Case) -> Any:
    mine = Payment.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id)
    return mine.select_related("account", "creditor", "batch")


def _find(case: Case, ref: str) -> Payment:
    try:
        pk = refs.decode("P", ref)
    except refs.BadReference:
        raise Http404 from None
    payment = _of_case(case).filter(pk=pk).first()
    if payment is None:
        raise Http404
    return payment


def ref_of(payment: Payment) -> str:
    """Return the number of a payment, which is that of its receipt too."""
    return refs.encode("P", payment.pk)


@require_safe
@allowed("cases.view_case")
def show(request: HttpRequest, ref: str) -> HttpResponse:
    """List what was paid on a case, newest first."""
    case = queries.find(request.user, ref)
    found = list(_of_case(case).order_by("-value_on", "-pk")[:SHOWN])
    parts: dict[int, dict[str, Any]] = {}
    lines = LedgerEntry.objects.filter(payment__in=found, kind=LedgerEntry.Kind.PAYMENT).order_by("pk")
    for entry in lines.values("payment_id", "account__number_last4", "amount"):
        mine = parts.setdefault(entry["payment_id"], {})
        mine[entry["account__number_last4"]] = mine.get(entry["account__number_last4"], 0) - entry["amount"]
    context = {
        "case": case,
        "payments": [
            {
                "row": payment,
                "ref": ref_of(payment),
                "tone": TONES.get(payment.status, "plain"),
                "endings": sorted(parts.get(payment.pk, {})),
            }
            for payment in found
        ],
        "total": sum((one.amount for one in found if one.status == Payment.Status.ALLOCATED), credits.ZERO),
        "may_record": request.user.has_perm("cases.record_payment"),
        "now": clock.now(),
    }
    return render(request, "cases/payments.html", context)


@require_safe
@allowed("cases.view_case")
def detail(request: HttpRequest, ref: str, payment: str) -> HttpResponse:
    """Show one payment: what it met on which account, what it kept or cured, and what can be done with it."""
    case = queries.find(request.user, ref)
    return render(request, "cases/payment.html", _page(request, case, _find(case, payment)))


def _page(request: HttpRequest, case: Case, payment: Payment, **forms: Any) -> dict[str, Any]:
    accounts = _accounts(case)
    lines = LedgerEntry.objects.filter(payment=payment).select_related("account").order_by("pk")
    credit = credits.of_payment(payment) if payment.status == Payment.Status.ALLOCATED else {}
    marked = credits.marked(payment) if credit else credits.ZERO
    waiting = list(Refund.objects.filter(payment=payment).select_related("marked_by", "sent_by").order_by("pk"))
    over = [(accounts[pk], amount) for pk, amount in credit.items() if pk in accounts]
    may_record = request.user.has_perm("cases.record_payment")
    free = over[0][1] - marked if over else credits.ZERO
    return {
        "case": case,
        "payment": payment,
        "ref": ref_of(payment),
        "tone": TONES.get(payment.status, "plain"),
        "lines": lines,
        "promises": payment.promises.select_related("promise").order_by("pk"),
        "over": over,
        "free": free,
        "refunds": waiting,
        "others": {pk: each for pk, each in accounts.items() if pk not in credit},
        "credit_form": forms.get("credit_form") or (
            CreditForm(
                accounts={pk: each for pk, each in accounts.items() if pk not in credit},
                currency=payment.currency,
                initial={"account_id": over[0][0].pk, "amount": free, "payee": payment.payer_name or str(case.person)},
            ) if over else None
        ),
        "reverse_form": forms.get("reverse_form") or ReverseForm(currency=payment.currency),
        "may_record": may_record,
        "may_reverse": request.user.has_perm("cases.reverse_payment")
        and payment.status in (Payment.Status.ALLOCATED, Payment.Status.UNALLOCATED),
        "user_id": request.user.pk,
        "now": clock.now(),
    }  # fmt: skip


@allowed("cases.record_payment")
def receive(request: HttpRequest, ref: str) -> HttpResponse:
    """Take a payment by hand. One that looks like another is asked about once."""
    case, at = queries.find(request.user, ref), clock.now()
    accounts = _accounts(case)
    if not accounts:
        raise Http404
    today = clock.business_day(at, case.creditor.time_zone)
    about: dict[str, Any] = {"accounts": accounts, "today": today, "currency": case.currency}
    form = ReceiptForm(request.POST or None, **about)
    looks_double = ""
    if request.method == "POST" and form.is_valid():
        try:
            recorded = _record(form, case, accounts, request=request, at=at)
        except payments.PaymentRefused as refused:
            if refused.code in ("looks-double", "looks-too-much"):
                looks_double = str(refused)
            else:
                form.add_error(_field(refused, form), str(refused))
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Payment recorded. Receipt %(ref)s.") % {"ref": ref_of(recorded)})
            return redirect("cases:payment", case.ref, ref_of(recorded))
    context = {"case": case, "form": form, "looks_double": looks_double, "today": today, "now": at}
    return render(request, "cases/receive_payment.html", context)


def _record(
    form: ReceiptForm, case: Case, accounts: dict[int, Account], *, request: HttpRequest, at: datetime
) -> Payment:
    typed = form.cleaned_data
    parts = form.parts()
    recorded = payments.receive(
        account=accounts[int(typed["account"])],
        external_ref=form.external_ref,
        amount=typed["amount"],
        currency=case.currency,
        received_at=at,
        value_on=typed["value_on"],
        division="" if parts is not None else typed.get("division", ""),
        parts=parts,
        payer=typed["payer"],
        payer_name=typed["payer_name"].strip(),
        method=typed["method"],
        remittance=typed["remittance"],
        is_another=typed["is_another"],
        actor=Actor.of(request.user),
        at=at,
    )
    return recorded.payment


def _field(refused: Refused, form: Any) -> str | None:
    name = FIELDS.get(refused.code)
    return name if name in form.fields else None


@allowed("cases.reverse_payment")
def reverse(request: HttpRequest, ref: str, payment: str) -> HttpResponse:
    """Take a payment back with everything that followed from it."""
    case = queries.find(request.user, ref)
    found = _find(case, payment)
    form = ReverseForm(request.POST or None, currency=found.currency)
    if request.method == "POST" and form.is_valid():
        try:
            payments.reverse(payment_id=found.pk, actor=Actor.of(request.user), at=clock.now(), **form.cleaned_data)
        except Refused as refused:
            form.add_error(_field(refused, form), str(refused))
        else:
            messages.success(request, _("Payment %(ref)s is reversed.") % {"ref": payment})
            return redirect("cases:payment", case.ref, payment)
    return render(request, "cases/payment.html", _page(request, case, found, reverse_form=form))


@require_POST
@allowed("cases.record_payment")
def credit(request: HttpRequest, ref: str, payment: str) -> HttpResponse:
    """Move what was paid too much, mark it for a refund, send a refund or give it up."""
    case, at = queries.find(request.user, ref), clock.now()
    found, actor = _find(case, payment), Actor.of(request.user)
    act = request.POST.get("act", "")
    try:
        if act in ("send", "drop"):
            refund = Refund.objects.filter(payment=found, pk=_number(request.POST.get("refund"))).first()
            if refund is None:
                raise Http404
            if act == "send":
                credits.send(refund_id=refund.pk, reference=request.POST.get("reference", ""), actor=actor, at=at)
                messages.success(request, _("The refund is sent."))
            else:
                credits.give_up(refund_id=refund.pk, actor=actor, at=at)
                messages.success(request, _("The refund is given up; the credit stays."))
            return redirect("cases:payment", case.ref, payment)
        form = CreditForm(request.POST, accounts=_accounts(case), currency=found.currency)
        if not form.is_valid():
            return render(request, "cases/payment.html", _page(request, case, found, credit_form=form))
        typed = form.cleaned_data
        if act == "refund":
            credits.mark(
                payment_id=found.pk, account_id=typed["account_id"], amount=typed["amount"], payee=typed["payee"],
                actor=actor, at=at,
            )  # fmt: skip
            messages.success(request, _("The refund is marked; somebody else sends it."))
        else:
            credits.move(
                payment_id=found.pk, account_id=typed["account_id"], to_id=_number(typed["to"]), amount=typed["amount"],
                instruction=typed["instruction"], actor=actor, at=at,
            )  # fmt: skip
            messages.success(request, _("The credit is on the other account."))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("cases:payment", case.ref, payment)


def _number(text: Any) -> int:
    return int(text) if str(text).isascii() and str(text).isdigit() and len(str(text)) < 19 else 0


@require_safe
@allowed("cases.view_case")
def receipt(request: HttpRequest, ref: str, payment: str) -> HttpResponse:
    """Show the receipt of a payment, to be printed, in the language of the person or the one asked for."""
    case = queries.find(request.user, ref)
    found = _find(case, payment)
    language = request.GET.get("language") or case.person.language or translation.get_language()
    language = "zh-hans" if str(language).startswith("zh") else "en"
    first = LedgerEntry.objects.filter(payment=found, kind=LedgerEntry.Kind.PAYMENT)
    shares: dict[int, dict[str, Any]] = {}
    for entry in first.select_related("account", "account__product").order_by("pk"):
        if hasattr(entry, "reversed_by") and found.status != Payment.Status.REVERSED:
            continue
        share = shares.setdefault(entry.account_id, {"account": entry.account, "amount": credits.ZERO})
        share["amount"] -= entry.amount
    with translation.override(language):
        context = {
            "case": case, "payment": found, "ref": ref_of(found), "shares": list(shares.values()),
            "language": language, "other": "en" if language == "zh-hans" else "zh-hans", "issued_on": _issued(case),
            "now": clock.now(),
        }  # fmt: skip
        return render(request, "cases/receipt.html", context)


def _issued(case: Case) -> date:
    return clock.business_day(clock.now(), case.creditor.time_zone)
