"""Versions of packs that officers put in force: proposed by one, checked, approved by another, withdrawn by either."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed
from compliance import comparison, examples, packs_loader, reasons
from compliance.models import ScheduledRelease
from compliance.models.pack_release import ANNOUNCED, BINDS, ENDED, LEAD, WAITS, WITHDRAWN
from compliance.packs_loader import Pack, PackError
from compliance.releases import browsing, in_force, scheduling, uploads
from compliance.releases.in_force import ReleasesUnknown
from compliance.releases.scheduling import ReleaseRefused

STATES: Final = {
    WAITS: (gettext_lazy("waits for a second person"), "soon"),
    ANNOUNCED: (gettext_lazy("announced"), "act"),
    BINDS: (gettext_lazy("in force"), "ok"),
    ENDED: (gettext_lazy("withdrawn, was in force"), "past"),
    WITHDRAWN: (gettext_lazy("withdrawn"), "past"),
}


class ManyFiles(forms.ClearableFileInput):
    """A file field that takes several files at once."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Return one of the files, for the field to look at; the view reads them all."""
        return files.get(name)


class ProposeForm(forms.Form):
    """The files of a pack, from when on, and why."""

    pack_files = forms.FileField(
        label=gettext_lazy("The pack: a zip of its folder, or its files"),
        widget=ManyFiles(attrs={"multiple": True, "accept": ".zip,.toml,.md"}),
        help_text=gettext_lazy("pack.toml, contact.toml and examples.toml; at most 1 MB."),
    )
    in_force_from = forms.DateTimeField(
        label=gettext_lazy("In force from, on your clock"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)


@require_safe
@allowed("compliance.view_decision")
def releases(request: HttpRequest) -> HttpResponse:
    """List every version that was ever scheduled, the latest first."""
    at = clock.now()
    rows = browsing.scheduled_of()
    context = {
        "now": at,
        "releases": [_row(row, at) for row in rows],
        "may_schedule": request.user.has_perm(scheduling.MAY_SCHEDULE),
    }
    return render(request, "compliance/releases.html", context)


def _row(row: ScheduledRelease, at: datetime) -> dict[str, Any]:
    label, tone = STATES[row.state_at(at)]
    return {
        "url": reverse("compliance:release", args=[row.pk]),
        "id": row.pk,
        "pack": row.pack,
        "pack_url": reverse("compliance:pack", args=[row.pack]),
        "version": row.release.version,
        "hash": row.release.hash,
        "state": row.state_at(at),
        "state_label": label,
        "state_tone": tone,
        "in_force_from": row.in_force_from,
        "reason": row.reason,
        "scheduled_at": row.scheduled_at,
        "scheduled_by": str(row.scheduled_by),
        "approved_at": row.approved_at,
        "approved_by": str(row.approved_by) if row.approved_by else "",
        "withdrawn_at": row.withdrawn_at,
        "withdrawn_by": str(row.withdrawn_by) if row.withdrawn_by else "",
        "withdrawn_because": row.withdrawn_because,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("compliance.schedule_release")
def propose(request: HttpRequest) -> HttpResponse:
    """Take an uploaded version of a pack, check it, and store it for a second person to approve."""
    at = clock.now()
    form = ProposeForm(request.POST or None, request.FILES or None)
    refused: ReleaseRefused | None = None
    problems: list[str] = []
    if request.method == "POST" and form.is_valid():
        try:
            row = scheduling.propose(
                files=_uploaded(request),
                in_force_from=form.cleaned_data["in_force_from"],
                reason=form.cleaned_data["reason"],
                actor=Actor.of(request.user),
                at=at,
            )
        except ReleaseRefused as error:
            refused, problems = error, list(error.problems)
        except (PackError, ReleasesUnknown) as error:
            problems = [str(error)]
        else:
            messages.success(request, _("Stored. Another person has to approve it."))
            return redirect("compliance:release", pk=row.pk)
    context = {
        "now": at,
        "form": form,
        "refused": _sentence(refused) if refused else _("The files cannot be used.") if problems else "",
        "problems": problems,
        "pack": request.GET.get("pack", "")[:40],
        "lead_minutes": int(LEAD.total_seconds() // 60),
    }
    return render(request, "compliance/propose.html", context)


def _uploaded(request: HttpRequest) -> dict[str, str]:
    files = request.FILES.getlist("pack_files")
    if len(files) == 1 and (files[0].name or "").lower().endswith(".zip"):
        return uploads.from_zip(files[0].read(uploads.MOST + 1))
    return uploads.from_files(
        {(each.name or ""): each.read(uploads.MOST + 1) for each in files[: uploads.MOST_MEMBERS]}
    )


def _sentence(refused: ReleaseRefused) -> str:
    """Return the sentence of a refusal without the list of problems, which the page shows by itself."""
    if not refused.problems:
        return str(refused)
    return str(refused.SENTENCES[refused.code]) % {**refused.values, "why": _("see below")}


@require_safe
@allowed("compliance.view_decision")
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one scheduled version: what it changes, how its examples fare, and who said what about it."""
    at = clock.now()
    row = _found(pk)
    user = request.user
    trouble, pack, before = "", None, None
    try:
        pack = uploads.read(row.files)
        before = _before(row)
    except (PackError, ReleasesUnknown) as error:
        trouble = str(error)
    waits = row.state_at(at) == WAITS
    may_approve = user.has_perm(scheduling.MAY_APPROVE)
    context = {
        "now": at,
        "release": _row(row, at),
        "trouble": trouble,
        "heads": comparison.of_heads(before, pack) if before and pack else (),
        "changes": comparison.of_packs(before, pack) if before and pack else [],
        "old": {"version": before.version, "hash": before.hash} if before else None,
        "new": {"version": pack.version, "hash": pack.hash} if pack else None,
        "same": bool(before and pack and before.hash == pack.hash),
        "examples": _examples(pack) if pack else [],
        "name": pack.name[reasons.language_of()] if pack else row.pack,
        "may_approve": waits and may_approve and row.scheduled_by_id != user.pk,
        "is_own": waits and row.scheduled_by_id == user.pk,
        "too_late": waits and row.in_force_from < at + LEAD,
        "may_withdraw": row.withdrawn_at is None and (may_approve or user.has_perm(scheduling.MAY_SCHEDULE)),
        "impact_url": reverse("contacts:impact", args=[row.pk]),
    }
    return render(request, "compliance/release.html", context)


def _found(pk: int) -> ScheduledRelease:
    rows = ScheduledRelease.objects.select_related("scheduled_by", "approved_by", "withdrawn_by", "release")
    return get_object_or_404(rows, pk=pk)


def _before(row: ScheduledRelease) -> Pack:
    """Return what binds, or was to bind, when this version begins, without it."""
    others = [one for one in in_force.announced() if one.pack == row.pack and one.hash != row.release.hash]
    shipped = packs_loader.get(row.pack)
    binding = [one for one in others if one.begins < row.in_force_from and one.ends is None]
    newest = max(binding, key=lambda one: in_force.order_of(one.version), default=None)
    if newest is None or in_force.order_of(newest.version) <= in_force.order_of(shipped.version):
        return shipped
    return in_force.released(newest.hash)


def _examples(pack: Pack) -> list[dict[str, Any]]:
    try:
        return [{"says": each.says, "holds": each.holds, "why": each.why} for each in examples.run(pack)]
    except (PackError, TypeError, AttributeError, KeyError, ValueError) as error:
        return [{"says": pack.id, "holds": False, "why": str(error)}]


@require_POST
@allowed("compliance.view_decision")
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve what another person proposed."""
    if not request.user.has_perm(scheduling.MAY_APPROVE):
        raise PermissionDenied
    row = _found(pk)
    try:
        scheduling.approve(scheduled_id=row.pk, actor=Actor.of(request.user), at=clock.now())
    except ReleaseRefused as refused:
        messages.error(request, str(refused))
    except (PackError, ReleasesUnknown) as trouble:
        messages.error(request, str(trouble))
    else:
        when = row.in_force_from.astimezone(timezone.get_current_timezone())
        messages.success(request, _("Approved. It binds from %(when)s.") % {"when": f"{when:%Y-%m-%d %H:%M}"})
    return redirect("compliance:release", pk=row.pk)


@require_POST
@allowed("compliance.view_decision")
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a version back."""
    if not request.user.has_perm(scheduling.MAY_SCHEDULE) and not request.user.has_perm(scheduling.MAY_APPROVE):
        raise PermissionDenied
    row = _found(pk)
    reason = request.POST.get("reason", "").replace("\0", "")[:300]
    try:
        scheduling.withdraw(scheduled_id=row.pk, reason=reason, actor=Actor.of(request.user), at=clock.now())
    except ReleaseRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Withdrawn. What was in force before binds again within five seconds."))
    return redirect("compliance:release", pk=row.pk)
