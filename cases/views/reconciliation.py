"""The bank beside the books: days, and one day line by line, stated by one person and closed by another."""

from datetime import date
from typing import Any, Final

from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import bank_days, reach, reconciliation
from cases.models import BankDay, BankLine, Creditor, Payment
from cases.refusal import Refused
from collections_app.shared import clock, refs
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed

SHOWN: Final = 60


@require_safe
@allowed("cases.reconcile")
def days(request: HttpRequest) -> HttpResponse:
    """List the days of which the bank or somebody has said anything, newest first."""
    within = list(reach.creditors(request.user))
    lines = BankLine.objects.filter(creditor__in=within).order_by()
    sums = lines.values("creditor_id", "booked_on", "currency").annotate(
        bank=Sum("amount"),
        lines=Count("pk"),
        open=Count("pk", filter=Q(payment__isnull=True, refund__isnull=True, explanation="")),
    )
    newest = sums.order_by("-booked_on", "creditor_id", "currency")[:SHOWN]
    stated = {
        (one.creditor_id, one.day, one.currency): one
        for one in BankDay.objects.filter(creditor__in=within).order_by("-day")[: SHOWN * 2]
    }
    names = {creditor.pk: creditor for creditor in within}
    rows = [
        {
            "creditor": names[row["creditor_id"]],
            "day": row["booked_on"],
            "currency": row["currency"],
            "bank": row["bank"],
            "lines": row["lines"],
            "open": row["open"],
            "stated": stated.get((row["creditor_id"], row["booked_on"], row["currency"])),
            "url": _url(names[row["creditor_id"]], row["booked_on"], row["currency"]),
        }
        for row in newest
    ]
    return render(request, "cases/bank_days.html", {"rows": rows, "now": clock.now()})


def _url(creditor: Creditor, day: date, currency: str, name: str = "bank-day") -> str:
    return reverse(f"cases:{name}", args=[creditor.code, day.isoformat(), currency])


def _found(request: HttpRequest, code: str, day: str, currency: str) -> tuple[Creditor, date, str]:
    creditor = get_object_or_404(reach.creditors(request.user), code=code)
    try:
        on = date.fromisoformat(day)
    except ValueError:
        raise Http404 from None
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise Http404
    return creditor, on, currency


@require_safe
@allowed("cases.reconcile")
def day(request: HttpRequest, code: str, day: str, currency: str) -> HttpResponse:
    """Show one day: what is in both, in one alone, or of another amount."""
    creditor, on, currency = _found(request, code, day, currency)
    return render(request, "cases/bank_day.html", _page(request, creditor, on, currency, reasons={}))


def _page(
    request: HttpRequest, creditor: Creditor, on: date, currency: str, *, reasons: dict[str, str]
) -> dict[str, Any]:
    found = reconciliation.compare(creditor, day=on, currency=currency)
    stated = BankDay.objects.filter(creditor=creditor, day=on, currency=currency)
    standing = stated.select_related("stated_by", "closed_by").first()
    said = (standing.reasons if standing else {}) | reasons
    choices = [{"key": each.key, "label": f"{each.amount:,.2f} · {each.reference}"} for each in found.only_books]
    now = (found.bank_total, found.books_total, found.accounted)
    return {
        "creditor": creditor,
        "day": on,
        "currency": currency,
        "found": found,
        "pairs": [_pair(each) for each in found.matched],
        "differing": [_pair(each) for each in found.differing],
        "elsewhere": [_pair(each) for each in (*found.elsewhere_bank, *found.elsewhere_books)],
        "only_bank": [
            {"line": each, "choices": [one for one in choices if (each.amount < 0) == one["label"].startswith("-")]}
            for each in found.only_bank
        ],
        "only_books": [{"movement": each, "said": said.get(each.key, "")} for each in found.only_books],
        "unsaid": bank_days.unsaid(found, said),
        "stated": standing,
        "has_changed": standing is not None
        and now != (standing.bank_total, standing.books_total, standing.explained_total),
        "is_mine": standing is not None and standing.stated_by_id == request.user.pk,
        "is_closed": standing is not None and standing.closed_at is not None,
        "state_url": _url(creditor, on, currency, "bank-state"),
        "close_url": _url(creditor, on, currency, "bank-close"),
        "now": clock.now(),
    }


def _pair(both: reconciliation.Pair) -> dict[str, Any]:
    payment = both.movement.payment
    return {
        "line": both.line,
        "movement": both.movement,
        "difference": both.difference,
        "ref": refs.encode("P", payment.pk) if payment else "",
    }


@require_POST
@allowed("cases.reconcile")
def line(request: HttpRequest, line_id: int) -> HttpResponse:
    """Match a line of the bank, part it, explain it, or take it in as a payment."""
    lines = BankLine.objects.filter(creditor__in=reach.creditors(request.user).order_by().values("pk"))
    found = get_object_or_404(lines.select_related("creditor"), pk=line_id)
    told: dict[str, Any] = {"line_id": found.pk, "actor": Actor.of(request.user), "at": clock.now()}
    act = request.POST.get("act", "")
    try:
        if act == "pair":
            bank_days.pair(key=request.POST.get("key", ""), **told)
        elif act == "part":
            bank_days.part(**told)
        elif act == "take":
            if not request.user.has_perm("cases.record_payment"):
                raise bank_days.BankRefused("person")
            payment = bank_days.take_in(**told)
            placed = payment.status == Payment.Status.ALLOCATED
            messages.success(
                request, _("Taken in, and put on its account.") if placed else _("Taken in; it waits for its account.")
            )
        else:
            bank_days.explain(text=request.POST.get("text", ""), **told)
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect(_url(found.creditor, found.booked_on, found.currency))


@require_POST
@allowed("cases.reconcile")
def state(request: HttpRequest, code: str, day: str, currency: str) -> HttpResponse:
    """State a day, with a reason for everything that the bank does not have. What was typed stays when refused."""
    creditor, on, currency = _found(request, code, day, currency)
    typed = {name: str(request.POST.get(name, "")).strip() for name in request.POST if name.startswith("why-")}
    reasons = {name.removeprefix("why-"): text[:200] for name, text in typed.items() if text}
    try:
        bank_days.state(
            creditor=creditor, day=on, currency=currency, reasons=reasons, actor=Actor.of(request.user), at=clock.now()
        )
    except Refused as refused:
        messages.error(request, str(refused))
        return render(request, "cases/bank_day.html", _page(request, creditor, on, currency, reasons=reasons))
    messages.success(request, _("The day is stated; somebody else closes it."))
    return redirect(_url(creditor, on, currency))


@require_POST
@allowed("cases.reconcile")
def close(request: HttpRequest, code: str, day: str, currency: str) -> HttpResponse:
    """Close a day that somebody else stated."""
    creditor, on, currency = _found(request, code, day, currency)
    try:
        bank_days.close(creditor=creditor, day=on, currency=currency, actor=Actor.of(request.user), at=clock.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The day is closed."))
    return redirect(_url(creditor, on, currency))
