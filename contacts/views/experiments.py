"""Experiments: which are there, what came of one so far, registering one, letting it begin, ending it."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.htmx import hx_redirect, is_htmx, vary_on_htmx
from collections_app.shared.listing import listed
from collections_app.staff.access import allowed
from collections_app.staff.models import User
from contacts.experiments import registering, results
from contacts.forms_conditions import Builder, new_line
from contacts.forms_experiments import ExperimentForm, condition_of
from contacts.models import ArmAssignment, Experiment
from contacts.strategy import sentences_of_conditions

TONES: Final = {"registered": "plain", "running": "ok", "ended": "past", "dropped": "past"}
MEASURES: Final[dict[str, Any]] = {
    Experiment.Measure.CURED: ngettext_lazy("cured within %(days)s day", "cured within %(days)s days", "days"),
    Experiment.Measure.PAID_ANY: ngettext_lazy(
        "paid anything within %(days)s day", "paid anything within %(days)s days", "days"
    ),
    Experiment.Measure.PAID_SHARE: ngettext_lazy(
        "share of the balance paid within %(days)s day", "share of the balance paid within %(days)s days", "days"
    ),
}
SHOWN: Final = 100
# Field of the form beside which a refusal is shown; the others stand above it.
FIELDS: Final = {
    "code": "code",
    "taken": "code",
    "no-name": "name",
    "no-creditors": "creditors",
    "measure": "measure",
    "days": "within_days",
    "difference": "smallest_difference",
    "champion": "arm_name_1",
}


@require_safe
@allowed("contacts.view_run")
def show(request: HttpRequest) -> HttpResponse:
    """List the experiments, the newest first."""
    found = Experiment.objects.prefetch_related("creditors").order_by("-registered_at", "-pk")[:SHOWN]
    rows = [
        {
            "experiment": each,
            "status": each.get_status_display(),
            "tone": TONES.get(each.status, "plain"),
            "creditors": listed(creditor.name for creditor in each.creditors.all()),
            "arms": " · ".join(f"{arm['name']} {arm['share']}\u00a0%" for arm in each.arms),
            "measure": _measure(each),
            "persons": ArmAssignment.objects.filter(experiment_id=each.pk).count(),
        }
        for each in found
    ]
    context = {"rows": rows, "may_register": request.user.has_perm("contacts.configure")}
    return render(request, "contacts/experiments.html", context)


@require_safe
@allowed("contacts.view_run")
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what was registered, and what came of it so far."""
    experiment = get_object_or_404(Experiment.objects.select_related("registered_by", "begun_by", "ended_by"), pk=pk)
    found = results.of_experiment(experiment, at=clock.now())
    context = {
        "experiment": experiment,
        "status": experiment.get_status_display(),
        "tone": TONES.get(experiment.status, "plain"),
        "creditors": listed(experiment.creditors.order_by("name").values_list("name", flat=True)),
        "who": sentences_of_conditions.of_condition(experiment.condition) if experiment.condition else "",
        "measure": _measure(experiment),
        "results": found,
        "arms": [_arm(arm) for arm in found.arms],
        "limits": [guardrail for guardrail in found.arms[0].guardrails if guardrail.limit is not None],
        "is_open": experiment.status in (Experiment.Status.REGISTERED, Experiment.Status.RUNNING),
        "is_registered": experiment.status == Experiment.Status.REGISTERED,
        "may_change": request.user.has_perm("contacts.configure"),
    }
    return render(request, "contacts/experiment.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("contacts.configure")
def new(request: HttpRequest) -> HttpResponse:
    """Register an experiment."""
    act = request.POST.get("act", "")
    builder = condition_of(request.POST, act)
    if act:
        form = ExperimentForm.as_typed(request.POST)
    else:
        form = ExperimentForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and not _lacks_a_value(builder):
            try:
                further = builder.condition()
                experiment = registering.register(**form.asked(further), actor=Actor.of(request.user), at=clock.now())
            except Refused as refused:
                if refused.code == "condition":
                    builder.errors.append(str(refused))
                else:
                    form.add_error(FIELDS.get(refused.code), str(refused))
            else:
                messages.success(request, _("Registered. Nobody is drawn before it begins."))
                return hx_redirect(request, "contacts:experiment", pk=experiment.pk)
    is_part = is_htmx(request) and request.headers.get("HX-Target") == "panel-box"
    name = "contacts/designer_builder.html" if is_part else "contacts/experiment_new.html"
    context = {"form": form, "builder": builder, "change_url": request.path, "fresh": new_line(builder, act)}
    return vary_on_htmx(render(request, name, context))


def _lacks_a_value(builder: Builder) -> bool:
    """Say beside each line of a condition that has no value yet that it needs one."""
    for row in builder.rows:
        for inner in row.rows if row.is_group else [row]:
            if inner.is_incomplete:
                inner.errors.append(_("A value is missing."))
    return builder.is_incomplete


@require_POST
@allowed("contacts.configure")
def begin(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the next night draw persons."""
    experiment = get_object_or_404(Experiment, pk=pk)
    try:
        registering.begin(experiment_id=experiment.pk, by=_user(request), at=clock.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(
            request, _("Begun. From the next night on persons are drawn; nothing can be changed any more.")
        )
    return redirect("contacts:experiment", pk=pk)


@require_POST
@allowed("contacts.configure")
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End it: nobody is drawn any more, and everybody stays on his side."""
    experiment = get_object_or_404(Experiment, pk=pk)
    try:
        registering.end(
            experiment_id=experiment.pk, reason=request.POST.get("reason", ""), by=_user(request), at=clock.now()
        )
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Ended. Everybody stays on the side where he is."))
    return redirect("contacts:experiment", pk=pk)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _measure(experiment: Experiment) -> str:
    return str(MEASURES[experiment.measure] % {"days": experiment.within_days})


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")


def _arm(arm: results.Arm) -> dict[str, Any]:
    """Return a side for the page: figures as text, its interval on a scale, and what is to be said."""
    interval = arm.interval
    return {
        "arm": arm,
        "percent": f"{arm.percent:.1f}" if arm.seen.persons else "",
        "interval": None
        if interval is None
        else {
            "difference": _signed(interval.difference),
            "low": _signed(interval.low),
            "high": _signed(interval.high),
        },
        "tone": "stop" if arm.breached else "ok" if interval is not None and interval.low > 0 else "plain",
    }
