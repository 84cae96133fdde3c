"""Rehearsals of strategy versions: asking for one, following it, and reading it; every number opens its cases."""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cases import reach
from collections_app.shared import clock, keyset
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed
from contacts import rehearsal, tasks
from contacts.models import Rehearsal, StrategyVersion
from contacts.rehearsal import reading
from contacts.rehearsal.verbs import DAYS, MOST_DAYS
from contacts.views.rehearsal_tables import Page, label_of

TONES: Final = {"waiting": "plain", "running": "act", "done": "ok", "failed": "stop"}
SHOWN: Final = 60
ORDER: Final = ("segment_key", "step_key", "day", "outcome", "reason")


class AskForm(forms.Form):
    """How many days, and which part of the book."""

    days = forms.IntegerField(
        label=gettext_lazy("Days"),
        min_value=1,
        max_value=MOST_DAYS,
        initial=DAYS,
        widget=forms.NumberInput(attrs={"class": "form-control"}),
    )
    sample = forms.ChoiceField(
        label=gettext_lazy("Part of the book"),
        choices=(
            ("1", gettext_lazy("the whole book (counts for publishing)")),
            ("0.1", gettext_lazy("one person in ten")),
            ("0.01", gettext_lazy("one person in a hundred")),
        ),
        initial="1",
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    with_answers = forms.BooleanField(
        label=gettext_lazy("Take people to be reached as often as in the last 90 days"),
        required=False,
        initial=True,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )


def _version(request: HttpRequest, pk: int) -> StrategyVersion:
    """Return a version that treats nobody yet, or somebody within reach; else there is none."""
    version: StrategyVersion = get_object_or_404(StrategyVersion.objects.select_related("strategy"), pk=pk)
    creditors = version.creditors.all()
    if creditors.exists() and not creditors.filter(pk__in=reach.creditors(request.user)).exists():
        return get_object_or_404(StrategyVersion.objects.none(), pk=pk)
    return version


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("contacts.view_run")
def of_version(request: HttpRequest, pk: int) -> HttpResponse:
    """List the rehearsals of a version; a POST asks for another one."""
    version = _version(request, pk)
    may_ask = request.user.has_perm("contacts.configure")
    if request.method == "POST" and not may_ask:
        raise PermissionDenied
    form = AskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _ask(request, version, **form.cleaned_data)
    found = reading.rehearsals(request.user).filter(version=version).select_related("requested_by").order_by("-pk")
    rows = list(found[:SHOWN])
    context = {
        "version": version,
        "form": form if may_ask else None,
        "rows": [_row(row) for row in rows],
        "under_way": any(row.status in ("waiting", "running") for row in rows),
        "now": clock.now(),
    }
    return render(request, "contacts/rehearsals.html", context, status=422 if form.errors else 200)


def _ask(request: HttpRequest, version: StrategyVersion, *, days: int, sample: str, with_answers: bool) -> HttpResponse:
    try:
        row = rehearsal.ask(
            version_id=version.pk,
            days=days,
            sample=Decimal(sample),
            with_answers=with_answers,
            actor=Actor.of(request.user),
            at=clock.now(),
        )
    except (rehearsal.RehearsalRefused, InvalidOperation) as refused:
        messages.error(request, str(refused))
        return redirect("contacts:rehearsals", pk=version.pk)
    tasks.ring_rehearsals()
    return redirect("contacts:rehearsal", pk=row.pk)


def _row(row: Rehearsal) -> dict[str, Any]:
    return {
        "url": reverse("contacts:rehearsal", args=[row.pk]),
        "requested_at": row.requested_at,
        "requested_by": row.requested_by,
        "status_label": row.get_status_display(),
        "status_tone": TONES[row.status],
        "days": row.days,
        "first_day": row.first_day,
        "sample": row.sample,
        "is_whole": row.sample == 1,
        "seconds": float(row.seconds) if row.status == Rehearsal.Status.DONE else None,
        "full_hash": row.full_hash[:12],
        "error": row.error,
    }


@require_safe
@allowed("contacts.view_run")
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one rehearsal: how far it is, or what it found."""
    row = _mine(request, pk)
    context: dict[str, Any] = {
        "rehearsal": _row(row) | _times(row),
        "version": row.version,
        "progress": _progress(row),
        "now": clock.now(),
    }
    if row.status == Rehearsal.Status.DONE:
        context |= Page(row, request.user).context()
    return render(request, "contacts/rehearsal.html", context)


def _mine(request: HttpRequest, pk: int) -> Rehearsal:
    rows = reading.rehearsals(request.user).select_related("version__strategy", "requested_by")
    found: Rehearsal = get_object_or_404(rows, pk=pk)
    return found


def _times(row: Rehearsal) -> dict[str, Any]:
    return {
        "is_open": row.status in (Rehearsal.Status.WAITING, Rehearsal.Status.RUNNING),
        "is_waiting": row.status == Rehearsal.Status.WAITING,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "snapshot_at": row.snapshot_at,
    }


def _progress(row: Rehearsal) -> dict[str, Any] | None:
    """Return how far it is, in hundredths, with the seconds that are left."""
    if row.status not in (Rehearsal.Status.WAITING, Rehearsal.Status.RUNNING):
        return None
    is_waiting = row.status == Rehearsal.Status.WAITING
    return {
        "label": _("Waits for a worker") if is_waiting else _("Days on the simulated clock"),
        "done": int(100 * row.progress.get("part", 0)),
        "total": 100,
        "state": "waiting" if is_waiting else "running",
        "remaining": row.progress.get("remaining_s"),
        "note": _("Per cent of the whole"),
    }


@require_safe
@allowed("contacts.view_run")
def cases(request: HttpRequest, pk: int) -> HttpResponse:
    """List the cases behind a number of a rehearsal, page by page, and say how many contacts there are in all."""
    row = _mine(request, pk)
    asked = {word: str(value) for word, value in request.GET.items() if word in reading.ASKED and value}
    asked.setdefault("side", reading.DRAFT)
    found = reading.narrowed(reading.cells(row, request.user), asked)
    total = found.aggregate(total=Sum("count"))["total"] or 0
    page = Page(row, request.user)
    parts = found.values_list(*ORDER).annotate(Sum("count")).order_by(*ORDER)
    shown = keyset.page(reading.behind(found, request.user), order=("pk",), asked=request.GET)
    context = {
        "rehearsal": _row(row),
        "version": row.version,
        "chips": [_chip(request, page, word, asked) for word in asked],
        "total": total,
        "cases": shown.rows,
        "page": shown,
        "parts": [
            {
                "segment": page.name_of(segment),
                "step": page.words_of(segment, step),
                "day": day,
                "outcome": label_of("outcome", outcome),
                "reason": page.why(reason),
                "count": count,
            }
            for segment, step, day, outcome, reason, count in parts[:SHOWN]
        ],
    }
    return render(request, "contacts/rehearsal_cases.html", context)


def _chip(request: HttpRequest, page: Page, word: str, asked: dict[str, str]) -> dict[str, Any]:
    left = request.GET.copy()
    for name in (word, "after", "before"):
        left.pop(name, None)
    return {
        "label": label_of("asked", word),
        "value": page.value_in_words(word, asked[word], asked),
        "remove_url": f"?{left.urlencode()}" if word != "side" and len(asked) > 1 else "",
    }
