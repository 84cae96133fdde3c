"""Closes of day: which ran, step by step with rows, seconds and progress; and the button that starts one."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cases import reach
from cases.date_boxes import DayField, PastDayInput
from cases.models import Creditor
from collections_app.shared import clock, keyset
from collections_app.shared.actor import Actor
from collections_app.shared.htmx import is_htmx, vary_on_htmx
from collections_app.staff.access import allowed
from contacts import night, tasks
from contacts.models import NightRun, NightStep
from contacts.night import progress
from contacts.night.runs import last_day_over
from contacts.views.run_words import STEPS, advice, checks_in_words, details_in_words, took_in_words, warning_in_words

ORDER: Final = ("-business_date", "-pk")
TONES: Final = {"running": "act", "done": "ok", "failed": "stop"}
GAPS_SHOWN: Final = 8
LOOKS_BACK: Final = timedelta(days=400)
NOT_HELD: Final = Q(lease_until__isnull=True) | Q(lease_until__lte=Now())  # by the database's clock, as the lease is


class CloseForm(forms.Form):
    """Which day of whose book."""

    creditor = forms.ModelChoiceField(Creditor.objects.none(), label=gettext_lazy("Creditor"), empty_label="–")
    business_date = DayField(label=gettext_lazy("Business date"), widget=PastDayInput)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["creditor"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = reach.creditors(user).filter(is_active=True)
        field.widget.attrs["class"] = "form-select"
        self.fields["business_date"].widget.attrs["class"] = "form-control"


@require_safe
@allowed("contacts.view_run")
def show(request: HttpRequest) -> HttpResponse:
    """List the closes within reach, newest first, and the days that are missing."""
    may_start = request.user.has_perm("contacts.run_night")
    return _page(request, CloseForm(user=request.user) if may_start else None)


def _page(request: HttpRequest, form: CloseForm | None, status: int = 200) -> HttpResponse:
    at, may_start = clock.now(), form is not None
    mine = list(reach.creditors(request.user))
    rows = NightRun.objects.filter(creditor__in=mine).select_related("creditor")
    code = request.GET.get("creditor", "")
    if code:
        rows = rows.filter(creditor__code=code)
    rows = rows.annotate(
        steps_total=Count("steps"), steps_done=Count("steps", filter=Q(steps__state__in=["done", "skipped"]))
    )
    page = keyset.page(rows, order=ORDER, asked=request.GET)
    planned = NightStep.objects.filter(run__in=[run.pk for run in page.rows], name="strategies")
    by_run = {run_id: details.get("planned", 0) for run_id, details in planned.values_list("run_id", "details")}
    context = {
        "runs": [_row(run, by_run.get(run.pk)) for run in page.rows],
        "missing": _missing(mine, at) if may_start or not code else [],
        "page": page,
        "can_start": may_start,
        "start_url": reverse("contacts:run-night"),
        "form": form,
        "filters": [{"label": _("Creditor"), "value": code, "remove_url": request.path}] if code else [],
        "now": at,
    }
    return render(request, "contacts/runs.html", context, status=status)


def _row(run: Any, planned: int | None) -> dict[str, Any]:
    return {
        "url": reverse("contacts:run", args=[run.pk]),
        "creditor": run.creditor.name,
        "business_date": run.business_date,
        "status_label": run.get_status_display(),
        "status_tone": TONES.get(run.status, "plain"),
        "started_at": run.started_at,
        "took": (run.finished_at - run.started_at).total_seconds() if run.finished_at else None,
        "steps_done": run.steps_done,
        "steps_total": run.steps_total,
        "planned": planned,
        "warnings": len(run.warnings),
        "is_running": run.status == NightRun.Status.RUNNING,
    }


def _missing(creditors: list[Creditor], at: datetime) -> list[dict[str, Any]]:
    """Return the days of closed books that are over and not closed, oldest first, in a fixed number of queries."""
    ids = [creditor.pk for creditor in creditors if creditor.is_active]
    days: dict[int, dict[date, str]] = {}
    recent = NightRun.objects.filter(creditor__in=ids, business_date__gte=at.date() - LOOKS_BACK)
    for creditor_id, on, status in recent.values_list("creditor_id", "business_date", "status"):
        days.setdefault(creditor_id, {})[on] = status
    gaps: list[dict[str, Any]] = []
    for creditor in creditors:
        known = days.get(creditor.pk)
        if not known:
            continue
        last, first = last_day_over(creditor, at=at), min(known)
        for number in range(min((last - first).days + 1, 1000)):
            on = date.fromordinal(first.toordinal() + number)
            if on not in known:
                gaps.append({"creditor": creditor.name, "creditor_id": creditor.pk, "business_date": on})
    return sorted(gaps, key=lambda gap: gap["business_date"])[:GAPS_SHOWN]


@require_POST
@allowed("contacts.run_night")
def start(request: HttpRequest) -> HttpResponse:
    """Close a day: in the background where a worker hears of it, else at once."""
    form = CloseForm(request.POST, user=request.user)
    if not form.is_valid():
        day_wrong = form.errors.get("business_date") if request.POST.get("business_date") else None
        messages.error(request, str(day_wrong[0]) if day_wrong else _("Choose a creditor and a date."))
        return _page(request, form, status=422)
    creditor, on = form.cleaned_data["creditor"], form.cleaned_data["business_date"]
    at = clock.now()
    if clock.business_day(at, creditor.time_zone) <= on:
        messages.error(request, str(night.NightRefused("not-over", date=on, creditor=creditor)))
        return redirect("contacts:runs")
    done = NightRun.objects.filter(creditor=creditor, business_date=on, status=NightRun.Status.DONE)
    again = "again" in request.POST and done.exists()
    if _ring(creditor.pk, on, again=again):
        messages.success(request, _("Asked for: the run appears here as soon as a worker takes it up."))
        return redirect("contacts:runs")
    try:
        run = night.close_of_day(
            creditor_id=creditor.pk, business_date=on, actor=Actor.of(request.user), at=at, resume=not again
        )
    except (night.NightRefused, night.NightBusy) as refused:
        messages.error(request, str(refused))
        return redirect("contacts:runs")
    messages.success(request, _("Closed."))
    return redirect("contacts:run", pk=run.pk)


def _ring(creditor_id: int, on: date, *, again: bool) -> bool:
    """Ask a worker to close the day. False: nobody can be asked, or tasks run in this process anyway."""
    if tasks.close_day.app.conf.task_always_eager:
        return False
    try:
        tasks.close_day.apply_async(
            kwargs={"creditor_id": creditor_id, "business_date": on.isoformat(), "again": again},
            retry=False,
            expires=3600,
        )
    except Exception:  # noqa: BLE001  (whatever the broker does, the day can be closed here)
        return False
    return True


@require_safe
@allowed("contacts.view_run")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one close step by step; while it runs, the steps ask for themselves."""
    run = get_object_or_404(
        NightRun.objects.select_related("creditor"), pk=pk, creditor__in=reach.creditors(request.user).values("pk")
    )
    steps = list(run.steps.order_by("position", "pk"))
    running = run.status == NightRun.Status.RUNNING
    is_left = running and NightRun.objects.filter(NOT_HELD, pk=run.pk).exists()
    found = progress.of_steps(steps, progress.last_close(run) if running else ())
    may_run = request.user.has_perm("contacts.run_night")
    newest = not NightRun.objects.filter(creditor=run.creditor_id, business_date__gt=run.business_date).exists()
    may = {"resume": may_run, "again": may_run and newest, "": False}
    context = {
        "run": {
            "url": request.path,
            "creditor": run.creditor.name,
            "creditor_id": run.creditor_id,
            "business_date": run.business_date,
            "status_label": run.get_status_display(),
            "status_tone": TONES.get(run.status, "plain"),
            "started_at": run.started_at,
            "finished_at": run.finished_at,
            "took_words": took_in_words(sum(float(step.seconds) for step in steps)),
            "is_running": running,
            "error": run.error,
            "close_url": reverse("contacts:run-night"),
        },
        "whole": _whole(steps, found) if running and not is_left else None,
        "advice": [each | {"may": may[each["action"]]} for each in advice(run, steps, is_left=is_left)],
        "steps": [_step(step, found[step.name], goes_on=running and not is_left) for step in steps],
        "warnings": [warning_in_words(each) for each in run.warnings],
        "checks": checks_in_words(run, steps),
        "now": clock.now(),
    }
    response = render(request, "contacts/run_detail.html", context)
    if is_htmx(request) and not running:
        response["HX-Refresh"] = "true"  # the last look of the progress: the rest of the page has changed too
    return vary_on_htmx(response)


def _whole(steps: list[NightStep], found: dict[str, progress.Progress]) -> dict[str, Any]:
    """Return how far the run is: percent of its time, and the seconds that are left (None: not known yet)."""
    spent, left = sum(float(step.seconds) for step in steps), progress.remaining(found)
    percent = None if left is None else min(99, int(100 * spent / (spent + left))) if spent + left else 0
    done = sum(step.state in ("done", "skipped") for step in steps)
    return {"percent": percent, "left": None if left is None else round(left), "done": done, "of": len(steps)}


def _step(step: NightStep, found: progress.Progress, *, goes_on: bool) -> dict[str, Any]:
    over = step.state in ("done", "skipped")
    return {
        "label": STEPS.get(step.name, step.name),
        "state": step.state,
        "state_label": step.get_state_display(),
        "done": step.rows if over else found.done,
        "total": None if over else found.total,
        "rate": int(found.rate) if found.rate else None,
        "remaining": found.remaining if goes_on and (found.remaining or 0) >= 1 else None,
        "took_words": took_in_words(float(step.seconds)),
        "note": details_in_words(step),
        "rows_url": "",
    }
