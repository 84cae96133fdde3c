"""Closes of day: which ran, step by step with rows, seconds and progress; and the button that starts one."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cases import reach
from cases.models import Creditor
from collections_app.shared import clock, keyset
from collections_app.shared.actor import Actor
from collections_app.shared.htmx import is_htmx, vary_on_htmx
from collections_app.staff.access import allowed
from contacts import night, tasks
from contacts.models import NightRun, NightStep
from contacts.night.runs import last_day_over

ORDER: Final = ("-business_date", "-pk")
TONES: Final = {"running": "act", "done": "ok", "failed": "stop"}
STEPS: Final = {
    "freshness": gettext_lazy("How old the balances are"),
    "ageing": gettext_lazy("Days past due and buckets"),
    "cases": gettext_lazy("Cases opened, updated, cured"),
    "promises": gettext_lazy("Promises judged"),
    "plans": gettext_lazy("Payment plans judged"),
    "holds": gettext_lazy("Holds ended or put up for review"),
    "strategies": gettext_lazy("Contacts planned"),
    "figures": gettext_lazy("Figures of the book"),
    "invariants": gettext_lazy("Checks of the whole book"),
}
CHECKS: Final = {
    "attempts_have_their_permit": gettext_lazy("Every contact has its own permit"),
    "stays_are_of_open_cases": gettext_lazy("Only open cases are in a strategy"),
    "outbox_is_of_open_cases": gettext_lazy("Only open cases have planned contacts"),
}
GAPS_SHOWN: Final = 8
LOOKS_BACK: Final = timedelta(days=400)


class CloseForm(forms.Form):
    """Which day of whose book."""

    creditor = forms.ModelChoiceField(Creditor.objects.none(), label=gettext_lazy("Creditor"))
    business_date = forms.DateField(
        label=gettext_lazy("Business date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

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
    at = clock.now()
    may_start = request.user.has_perm("contacts.run_night")
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
        "form": CloseForm(user=request.user) if may_start else None,
        "filters": [{"label": _("Creditor"), "value": code, "remove_url": request.path}] if code else [],
        "now": at,
    }
    return render(request, "contacts/runs.html", context)


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
        messages.error(request, _("Choose a creditor and a date."))
        return redirect("contacts:runs")
    creditor, on = form.cleaned_data["creditor"], form.cleaned_data["business_date"]
    at = clock.now()
    if clock.business_day(at, creditor.time_zone) <= on:
        messages.error(request, str(night.NightRefused("not-over", date=on, creditor=creditor)))
        return redirect("contacts:runs")
    if _ring(creditor.pk, on):
        messages.success(request, _("Asked for: the run appears here as soon as a worker takes it up."))
        return redirect("contacts:runs")
    try:
        run = night.close_of_day(
            creditor_id=creditor.pk, business_date=on, actor=Actor.of(request.user), at=at, resume=True
        )
    except (night.NightRefused, night.NightBusy) as refused:
        messages.error(request, str(refused))
        return redirect("contacts:runs")
    messages.success(request, _("Closed."))
    return redirect("contacts:run", pk=run.pk)


def _ring(creditor_id: int, on: date) -> bool:
    """Ask a worker to close the day. False: nobody can be asked, or tasks run in this process anyway."""
    if tasks.close_day.app.conf.task_always_eager:
        return False
    try:
        tasks.close_day.apply_async(
            kwargs={"creditor_id": creditor_id, "business_date": on.isoformat()}, retry=False, expires=3600
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
            "can_resume": run.status != NightRun.Status.DONE and request.user.has_perm("contacts.run_night"),
            "resume_url": reverse("contacts:run-night"),
        },
        "steps": [_step(step) for step in steps],
        "warnings": [warning_in_words(each) for each in run.warnings],
        "checks": _checks(run, steps),
        "now": clock.now(),
    }
    response = render(request, "contacts/run_detail.html", context)
    if is_htmx(request) and not running:
        response["HX-Refresh"] = "true"  # the last look of the progress: the rest of the page has changed too
    return vary_on_htmx(response)


def _step(step: NightStep) -> dict[str, Any]:
    seconds = float(step.seconds)
    return {
        "label": STEPS.get(step.name, step.name),
        "state": step.state,
        "state_label": step.get_state_display(),
        "done": step.rows,
        "total": None,
        "rate": int(step.rows / seconds) if seconds >= 1 else None,
        "remaining": None,
        "took_words": took_in_words(seconds),
        "note": _details(step),
        "rows_url": "",
    }


def took_in_words(seconds: float) -> str:
    """Return how long something took: to the hundredth below ten seconds, in whole seconds and minutes above."""
    if seconds < 10:
        return _("%(seconds)s s") % {"seconds": f"{seconds:.2f}"}
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return _("%(seconds)s s") % {"seconds": rest}
    return _("%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": f"{rest:02d}"}


_COUNTS: Final = {
    "opened": gettext_lazy("opened"),
    "refreshed": gettext_lazy("updated"),
    "updated": gettext_lazy("updated"),
    "cured": gettext_lazy("cured"),
    "entered": gettext_lazy("entered a strategy"),
    "left": gettext_lazy("left a strategy"),
    "cancelled": gettext_lazy("cancelled"),
    "drawn": gettext_lazy("drawn for an experiment"),
    "planned": gettext_lazy("planned"),
    "to_people": gettext_lazy("given to people"),
    "released": gettext_lazy("ended"),
    "flagged": gettext_lazy("put up for review"),
    "figures": gettext_lazy("figures"),
    "accounts": gettext_lazy("accounts"),
    "checked": gettext_lazy("checks"),
    "age": gettext_lazy("days old"),
    "allowed": gettext_lazy("days allowed"),
}


def _details(step: NightStep) -> str:
    parts = [
        f"{value} {_COUNTS[name]}"
        for name, value in step.details.items()
        if name in _COUNTS and isinstance(value, int) and not isinstance(value, bool) and value
    ]
    skipped = step.details.get("skipped")
    if isinstance(skipped, dict) and skipped:
        parts.append(_("%(count)s persons left out") % {"count": len(skipped)})
    return ", ".join(parts)


def warning_in_words(warning: Any) -> str:
    """Return what a run warns of as a sentence; a kind of a newer release reads as itself."""
    if not isinstance(warning, dict):
        return str(warning)
    code = warning.get("code")
    if code == "stale-feed" and warning.get("age") is None:
        return _("No tape has been loaded yet; automatic messages wait.")
    if code == "stale-feed":
        return _("The balances are %(age)s days old, %(allowed)s are allowed; automatic messages wait.") % {
            "age": warning.get("age"),
            "allowed": warning.get("allowed"),
        }
    if code == "skipped":
        return _("%(persons)s persons were left out of the step “%(step)s”; they are tried again the next night.") % {
            "persons": warning.get("persons"),
            "step": STEPS.get(str(warning.get("step")), warning.get("step")),
        }
    if code == "invariant":
        name = str(warning.get("name"))
        return _("%(count)s rows break the check “%(check)s”.") % {
            "count": warning.get("count"),
            "check": CHECKS.get(name, name.replace("_", " ")),
        }
    return str(code or warning)


def _checks(run: NightRun, steps: list[NightStep]) -> list[dict[str, Any]]:
    done = next((step for step in steps if step.name == "invariants"), None)
    if done is None or done.state not in (NightStep.State.DONE, NightStep.State.FAILED):
        return []
    broken = [each for each in run.warnings if isinstance(each, dict) and each.get("code") == "invariant"]
    checked = done.details.get("checked", 0)
    lines = [
        {
            "label": CHECKS.get(str(each.get("name")), str(each.get("name")).replace("_", " ")),
            "agrees": False,
            "detail": ", ".join(str(pk) for pk in each.get("ids", [])),
        }
        for each in broken
    ]
    if isinstance(checked, int) and checked > len(broken):
        lines.append({"label": _("%(count)s checks of the book") % {"count": checked - len(broken)}, "agrees": True})
    return lines
