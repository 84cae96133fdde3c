"""The plan of a case: what can be afforded, the schedule while it is typed, the agreement, and what is paid."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import amounts, date_boxes, files, queries
from cases.forms_plans import BudgetForm, EvidenceForm, PlanForm, SignForm, WhyForm, first_date, object_to
from cases.models import Affordability, AffordabilityEvidence, Case, Plan
from cases.plans import agreeing, drafting, listing, taking, terms
from cases.plans.affordability import allowed as allowed_of
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.money import InexactAmount, Money
from collections_app.staff.access import allowed

LONG = 24  # instalments of a preview that are shown whole
LANGUAGES = (("zh-hans", "中文"), ("en", "English"))  # of an agreement


@require_safe
@allowed("cases.view_case")
def show(request: HttpRequest, ref: str) -> HttpResponse:
    """Show the plan of a case and the form of the next one."""
    case, at = queries.find(request.user, ref), clock.now()
    return render(request, "cases/plan.html", page(request, case, at=at))


def page(
    request: HttpRequest, case: Case, *, at: datetime, form: PlanForm | None = None, **more: Any
) -> dict[str, Any]:
    """Return everything that the page of a plan shows. form: a refused one, with what was typed."""
    user = request.user
    plan = listing.standing(case)
    beside = listing.drafted(case) if plan is not None and plan.is_running else None
    settles_on = _day_of(request.GET.get("on", ""))
    shown = listing.shown(plan, case, at=at, settles_on=settles_on) if plan is not None else None
    waiting = beside or (plan if plan is not None and plan.status in ("draft", "approved") else None)
    may_draft = user.has_perm("cases.make_promise") and not case.is_resolved
    running = plan is not None and plan.is_running
    again = running and plan is not None and plan.replaces_id is None and beside is None
    if form is None:
        form = _new_form(case, at=at, replaces=plan.pk if again and plan is not None else None)
    return {
        "case": case,
        "now": at,
        "today": queries.today(case, at),
        "shown": shown,
        "beside": listing.shown(beside, case, at=at) if beside is not None else None,
        "waiting": waiting,
        "number": listing.number_of(waiting) if waiting is not None else "",
        "agreement_languages": LANGUAGES,
        "afforded": taking.latest(case, at=at),
        "form": form,
        "sign_form": SignForm(auto_id="sign_%s"),
        "why_form": WhyForm(auto_id="why_%s"),
        "may": {"draft": may_draft, "new": may_draft and waiting is None and (not running or again)},
        "again": again,
        **more,
    }


def _day_of(text: str) -> date | None:
    """Return the day for which the figure that settles everything is asked; None for none, or one that is no day."""
    try:
        return date_boxes.day_of(text, today=date_boxes.today_here()) if text.strip() else None
    except amounts.DayRefused:
        return None


def _new_form(case: Case, *, at: datetime, replaces: int | None) -> PlanForm:
    bounds = terms.of_creditor(case.creditor_id, at=at)
    initial = {"version": case.version, "replaces": replaces, "first_on": first_date(queries.today(case, at), bounds)}
    form = PlanForm(currency=case.currency, initial=initial)
    if replaces is not None:  # whoever opens a running plan reads it first
        form.fields["left"].widget.attrs.pop("autofocus", None)
    return form


@require_POST
@allowed("cases.make_promise")
def preview(request: HttpRequest, ref: str) -> HttpResponse:
    """Show the schedule of what is typed so far; nothing is stored."""
    case, at = queries.find(request.user, ref), clock.now()
    form = PlanForm(request.POST, currency=case.currency)
    return render(request, "cases/plan.html#preview", {"case": case, "now": at, **_previewed(case, form, at=at)})


def _previewed(case: Case, form: PlanForm, *, at: datetime) -> dict[str, Any]:
    if not form.is_valid():
        said = [error for name, errors in form.errors.items() if form.data.get(name) for error in errors]
        return {"objections": said}
    left, standing = form.cleaned_data["left"], taking.latest(case, at=at)
    try:
        result = drafting.preview(
            case,
            form.draft(),
            at=at,
            form=_short(case, left, at=at) if left is not None else standing,
            again=form.cleaned_data["replaces"] is not None,
        )
    except InexactAmount:
        return {"objections": [_("%(currency)s has no such fraction.") % {"currency": case.currency}]}
    except Refused as refused:
        return {"objections": [] if refused.code == "no-number" else [str(refused)]}
    lines = result.schedule.lines
    cut = len(lines) > LONG
    return {
        "preview": result,
        "lines": lines[:LONG] if not cut else lines[: LONG - 1],
        "rest": len(lines) - LONG if cut else 0,
        "last": lines[-1] if cut else None,
        "over": "above" in result.reasons,
        "over_by": result.schedule.regular - result.allowed if result.allowed and "above" in result.reasons else None,
    }


def _short(case: Case, left: Decimal, *, at: datetime) -> Affordability:
    """Return the short form that would be kept, without keeping it."""
    share = terms.of_creditor(case.creditor_id, at=at).share
    part = allowed_of(Money(left, case.currency), share=share)
    return Affordability(
        case=case, is_quick=True, currency=case.currency, surplus=left, share=share, allowed=part.amount
    )


@require_POST
@allowed("cases.make_promise")
def draft(request: HttpRequest, ref: str) -> HttpResponse:
    """Make a plan of what was typed; it may be signed at once, or waits for a second person."""
    case, at = queries.find(request.user, ref), clock.now()
    form = PlanForm(request.POST, currency=case.currency)
    if form.is_valid():
        try:
            plan = drafting.draft(
                case_id=case.pk,
                wanted=form.draft(),
                left=form.cleaned_data["left"],
                replaces_id=form.cleaned_data["replaces"],
                version=form.cleaned_data["version"],
                actor=Actor.of(request.user),
                at=at,
            )
        except Refused as refused:
            object_to(form, refused)
        else:
            agreed = plan.status == Plan.Status.APPROVED
            messages.success(
                request, _("Agreed: print it and have it signed.") if agreed else _("Waits for a supervisor.")
            )
            return redirect("cases:plan", case.ref)
    case.refresh_from_db()
    context = page(request, case, at=at, form=form, refused=True, **_previewed(case, form, at=at))
    return render(request, "cases/plan.html", context)


@require_POST
@allowed("cases.make_promise")
def sign(request: HttpRequest, ref: str) -> HttpResponse:
    """Record how, when and by whom the agreement was signed; from then on nobody collects."""
    case, at = queries.find(request.user, ref), clock.now()
    plan = get_object_or_404(Plan, case=case, status=Plan.Status.APPROVED)
    form = SignForm(request.POST, auto_id="sign_%s")
    if form.is_valid():
        try:
            agreeing.sign(plan_id=plan.pk, actor=Actor.of(request.user), at=at, **form.cleaned_data)
        except Refused as refused:
            object_to(form, refused)
        else:
            messages.success(request, _("Signed. Collection stops while the plan is performed."))
            return redirect("cases:plan", case.ref)
    return render(request, "cases/plan.html", page(request, case, at=at, sign_form=form))


@require_POST
@allowed("cases.make_promise")
def cancel(request: HttpRequest, ref: str) -> HttpResponse:
    """Give up a plan, or what waits for approval or signature."""
    case, at = queries.find(request.user, ref), clock.now()
    plan = listing.drafted(case) or listing.standing(case)
    form = WhyForm(request.POST, auto_id="why_%s")
    if plan is not None and form.is_valid():
        try:
            agreeing.cancel(plan_id=plan.pk, why=form.cleaned_data["why"], actor=Actor.of(request.user), at=at)
        except Refused as refused:
            object_to(form, refused)
        else:
            messages.success(request, _("Plan given up."))
            return redirect("cases:plan", case.ref)
    return render(request, "cases/plan.html", page(request, case, at=at, why_form=form))


@allowed("cases.make_promise")
def afford(request: HttpRequest, ref: str) -> HttpResponse:
    """Take down income and expenditure in full."""
    case, at = queries.find(request.user, ref), clock.now()
    form = BudgetForm(request.POST or None, currency=case.currency)
    if request.method == "POST" and form.is_valid():
        try:
            taking.take(case=case, budget=form.budget(), actor=Actor.of(request.user), at=at)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Income and expenditure saved."))
            return redirect("cases:plan", case.ref)
    standing = taking.latest(case, at=at)
    share = terms.of_creditor(case.creditor_id, at=at).share
    context = {"case": case, "form": form, "now": at, "standing": standing, "share": share,
               "evidence_form": EvidenceForm(auto_id="evidence_%s"), **_read(standing)}  # fmt: skip
    return render(request, "cases/affordability.html", context)


def _read(standing: Affordability | None) -> dict[str, Any]:
    if standing is None:
        return {"read": [], "evidence": []}
    evidence = AffordabilityEvidence.objects.filter(form=standing).select_related("document").order_by("pk")
    return {"read": listing.lines_of(standing), "evidence": list(evidence)}


@require_POST
@allowed("cases.make_promise")
def add_evidence(request: HttpRequest, ref: str) -> HttpResponse:
    """Keep a file that shows what the form says."""
    case, at = queries.find(request.user, ref), clock.now()
    standing = taking.latest(case, at=at)
    form = EvidenceForm(request.POST, request.FILES)
    if standing is None or not form.is_valid():
        messages.error(request, _("Choose a file, and take down income and expenditure first."))
        return redirect("cases:affordability", case.ref)
    file = form.cleaned_data["file"]
    try:
        content = file.read(files.MOST_BYTES + 1)
        taking.add_evidence(
            form=standing,
            name=file.name,
            content=content,
            kind=form.cleaned_data["kind"],
            actor=Actor.of(request.user),
            at=at,
        )
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Evidence kept."))
    return redirect("cases:affordability", case.ref)


@require_safe
@allowed("cases.reveal")
def evidence(request: HttpRequest, ref: str, evidence_id: int) -> HttpResponse:
    """Hand out a file of a form; who reads it is kept."""
    case = queries.find(request.user, ref)
    kept = get_object_or_404(AffordabilityEvidence.objects.select_related("document", "form"), pk=evidence_id,
                             form__case=case)  # fmt: skip
    try:
        content = taking.read_evidence(evidence=kept, actor=Actor.of(request.user), at=clock.now())
    except (Refused, OSError):
        messages.error(request, _("The file is not there any more, or not the one that was kept."))
        return redirect("cases:affordability", case.ref)
    name = files.download_name(kept.document.title, kept.document.content_type)
    answer = HttpResponse(content, content_type=kept.document.content_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="evidence-{kept.pk}{name[name.rfind(".") :]}"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer


def address_of(case: Case) -> str:
    """Return the address of the page of a case's plan."""
    return reverse("cases:plan", args=[case.ref])
