"""One real case on a version: why it is here, what happens next, and what if. Nothing is stored."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cases.date_boxes import AskedDayInput, DayField
from cases.models import Case
from cases.models.case import Status
from collections_app.shared import clock
from collections_app.shared.htmx import is_htmx, vary_on_htmx
from collections_app.staff.access import allowed
from collections_app.templatetags.display import digits
from contacts import reasons
from contacts.models import Step, StrategyVersion
from contacts.rehearsal import alone
from contacts.rehearsal.alone import Day, WhatIf
from contacts.rehearsal.sending import send_day
from contacts.strategy import counts, lints_book, one_case, sentences
from contacts.views.designer_parts import ICONS

DAYS: Final = (14, 30)


class WhatIfForm(forms.Form):
    """What is supposed to happen."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What if"),
        required=False,
        choices=[
            ("", gettext_lazy("nothing else happens")),
            ("pays", gettext_lazy("a payment comes")),
            ("promises", gettext_lazy("a promise is made today and kept")),
            ("breaks", gettext_lazy("a promise is made today and broken")),
        ],
    )
    amount = forms.DecimalField(label=gettext_lazy("Amount"), required=False, min_value=Decimal(1), max_digits=18)
    on = DayField(label=gettext_lazy("On the day"), required=False, widget=AskedDayInput)
    days = forms.TypedChoiceField(
        label=gettext_lazy("For the next"),
        required=False,
        coerce=int,
        choices=[(14, gettext_lazy("14 days")), (30, gettext_lazy("30 days"))],
        empty_value=14,  # type: ignore[arg-type] # what `coerce` makes
    )


@require_safe
@allowed("contacts.view_run")
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one case on a version: `?ref=`, or `?any=1` for one that the segment `?node=` takes now."""
    version = get_object_or_404(StrategyVersion.objects.select_related("strategy"), pk=pk)
    at = clock.now()
    mine = Case.objects.visible_to(request.user)
    if request.GET.get("any"):
        segment = request.GET.get("node", "").partition("/")[0]
        chosen = counts.one_of(version, segment, among=mine, at=at)
        if chosen is not None:
            return redirect(f"{reverse('contacts:strategy-case', args=[pk])}?{urlencode({'ref': chosen.ref})}")
    ref = request.GET.get("ref", "").strip()
    case = mine.by_ref(ref).select_related("person", "creditor").first() if ref else None
    context: dict[str, Any] = {"version": version, "case": case, "ref": ref, "now": at}
    context["no_such_case"] = bool(ref) and case is None
    context["none_taken"] = bool(request.GET.get("any")) and not ref
    if case is not None:
        context |= _of_case(request, version, case)
        if context["is_part"] and is_htmx(request):
            return render(request, "contacts/designer_ahead.html", context)
    return vary_on_htmx(render(request, "contacts/designer_case.html", context))


def _of_case(request: HttpRequest, version: StrategyVersion, case: Case) -> dict[str, Any]:
    at = clock.now()
    today = clock.business_day(at, case.creditor.time_zone)
    friday = today + timedelta(days=(4 - today.weekday()) % 7 or 7)
    initial = {"kind": "", "amount": (case.balance / 2).quantize(Decimal(1)), "on": friday, "days": 14}
    asked = {name: request.GET.get(name) or initial[name] for name in initial}
    form = WhatIfForm(asked)
    is_for_it = version.creditors.filter(pk=case.creditor_id).exists()
    days: list[Day] = []
    segments = {segment.key: segment.title for segment in version.segments.all()}
    is_part = request.GET.get("part") == "ahead"
    if is_for_it and is_part and form.is_valid():
        data = form.cleaned_data
        supposed = WhatIf(data["kind"], data["amount"] or Decimal(1), data["on"]) if data["kind"] else None
        days = alone.ahead(case, version_id=version.pk, days=data["days"], at=at, send_day=send_day, what_if=supposed)
    return {
        "form": form,
        "is_for_it": is_for_it,
        "why": one_case.why(version, case, at=at) if is_for_it and not is_part else [],
        "taken": None if is_part or not is_for_it else one_case.taken_before(version, case, at=at),
        "others": [] if is_part else lints_book.of_others(version, [case.creditor], at=at),
        "is_part": is_part,
        "ahead_url": "?"
        + urlencode([*((key, str(each)) for key, each in asked.items()), ("part", "ahead"), ("ref", case.ref)]),
        "days": _shown(days, segments, case.currency),
        "zone": case.person.time_zone or case.creditor.time_zone,
        "examples": _examples(version, case, friday),
        "is_resolved": case.status in (Status.CURED, Status.CLOSED),
    }


def _examples(version: StrategyVersion, case: Case, friday: date) -> list[tuple[str, str]]:
    """Return questions that are asked with one click."""
    base = reverse("contacts:strategy-case", args=[version.pk])
    half = (case.balance / 2).quantize(Decimal(1))

    def link(**more: Any) -> str:
        return f"{base}?{urlencode({'ref': case.ref, **more})}"

    return [
        (link(kind="pays", amount=half, on=friday), _("half is paid on Friday")),
        (link(kind="pays", amount=case.balance, on=friday), _("all is paid on Friday")),
        (link(kind="breaks", amount=half, on=friday), _("a promise for Friday is broken")),
    ]


def _shown(days: list[Day], segments: dict[str, str], currency: str) -> list[dict[str, Any]]:
    """Return the days on which something happens, in words."""
    wanted = {done.step_id for day in days for done in day.steps}
    rows = Step.objects.filter(pk__in=wanted).select_related("template", "segment__version__strategy")
    steps = {step.pk: step for step in rows}
    for step in steps.values():  # of another strategy of the creditor, where that takes the case
        elsewhere = f"{step.segment.version.strategy.title} · {step.segment.title}"
        segments = {step.segment.key: elsewhere} | segments
    told = {
        "pays": _("The payment came the day before."),
        "kept": _("The promise was kept the day before."),
        "broken": _("The promise was broken the day before."),
    }
    shown, before = [], None
    for day in days:
        where = (day.segment, day.status)
        if day.steps or day.told or where != before:
            things = [_step(done, steps[done.step_id]) for done in day.steps if done.step_id in steps]
            status = dict(Status.choices).get(Status(day.status), day.status)
            segment = segments.get(day.segment, day.segment)
            shown.append(
                {
                    "day": day.day,
                    "balance": digits(day.balance, currency),
                    "past_due": digits(day.past_due, currency),
                    "dpd": day.dpd,
                    "segment": segment,
                    "status": status,
                    "is_new": where != before,
                    "told": told.get(day.told, ""),
                    "steps": things,
                }
            )
        before = where
    return shown


def _step(done: alone.Done, step: Step) -> dict[str, Any]:
    tones = {"sent": "ok", "withheld": "stop", "obstacle": "stop", "task": "act"}
    labels = {"sent": _("sent"), "withheld": _("refused"), "obstacle": _("not possible"), "task": _("a person's task")}
    picture = ICONS.get(step.template.channel if step.template else step.kind, "circle-dot")
    return {
        "words": sentences.name_of(step),
        "icon": picture,
        "at": done.at,
        "tone": tones.get(done.outcome, "plain"),
        "outcome": labels.get(done.outcome, done.outcome),
        "reason": str(reasons.REASONS.get(done.reason, done.reason)),
    }
