"""Who can take which cases, and how the load lies: skills, languages, limits, days away, shares of hard cases."""

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cases.distribution import people, workload
from cases.forms_allocation import AbsenceForm, WorkForm
from cases.models import Case
from cases.views.allocation import books_of, teams_of
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.listing import listed
from collections_app.staff.access import allowed
from collections_app.staff.models import Absence, User, WorkProfile
from collections_app.staff.roles import Role
from collections_app.staff.work import LANGUAGES, Skill, Tier
from compliance import audit


def _staff(user: Any) -> Any:
    """Return the people whose work somebody may look after."""
    members = User.objects.filter(team__in=teams_of(user), role__in=[Role.COLLECTOR, Role.SUPERVISOR], is_active=True)
    return members.select_related("team", "work").order_by("team__name", "name", "pk")


@require_safe
@allowed("cases.distribute")
def show(request: HttpRequest) -> HttpResponse:
    """List who can take which cases."""
    at = clock.now()
    staff = list(_staff(request.user))
    away = people.away([user.pk for user in staff], day=at.date())
    held = dict(
        Case.objects.unresolved()
        .filter(owner__in=staff)
        .values("owner_id")
        .annotate(cases=Count("pk"))
        .values_list("owner_id", "cases")
    )
    takers = {user.pk for user in people.collectors()}
    context = {
        "rows": [_row(user, held.get(user.pk, 0), user.pk in away, user.pk in takers) for user in staff],
        "now": at,
    }
    return render(request, "cases/allocation_people.html", context)


def _row(user: User, held: int, is_away: bool, takes: bool) -> dict[str, Any]:
    work = getattr(user, "work", None)
    names = dict(LANGUAGES)
    return {
        "user": user,
        "url": reverse("cases:allocation-person", args=[user.pk]),
        "tier": work.get_tier_display() if work else Tier.JUNIOR.label,
        "skills": listed(Skill(each).label for each in work.skills) if work else "",
        "languages": listed(names.get(each, each) for each in work.languages) if work else "",
        "max_cases": work.max_cases if work else None,
        "minutes_a_day": work.minutes_a_day if work else None,
        "held": held,
        "is_away": is_away,
        "takes": takes and (work is None or work.takes_cases),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("cases.distribute")
def one(request: HttpRequest, user_id: int) -> HttpResponse:
    """Change what somebody can take on; add or take back days away."""
    user = get_object_or_404(_staff(request.user), pk=user_id)
    at, what = clock.now(), request.POST.get("what", "")
    profile = WorkProfile.objects.filter(user=user).first() or WorkProfile(user=user)
    form = WorkForm(request.POST if what == "work" else None, instance=profile)
    absence = AbsenceForm(request.POST if what == "away" else None)
    if what == "work" and form.is_valid():
        form.save()
        _say(request, user, sorted(form.changed_data), at)
        return redirect("cases:allocation-people")
    if what == "away" and absence.is_valid():
        row = absence.save(commit=False)
        row.user = user
        row.save()
        _say(request, user, ["absence"], at)
        return redirect("cases:allocation-person", user.pk)
    if what == "back":
        gone, _models = Absence.objects.filter(user=user, pk=request.POST.get("absence") or 0).delete()
        if gone:
            _say(request, user, ["absence"], at)
        return redirect("cases:allocation-person", user.pk)
    absences = Absence.objects.filter(user=user, last_day__gte=at.date()).order_by("first_day", "pk")
    context = {"person": user, "form": form, "absence": absence, "absences": absences, "now": at}
    return render(request, "cases/allocation_person.html", context)


def _say(request: HttpRequest, user: User, fields: list[str], at: Any) -> None:
    audit.record("user.changed", subject=user, actor=Actor.of(request.user), at=at, fields=fields)
    messages.success(request, _("Kept. It counts from the next preview on."))


@require_safe
@allowed("cases.distribute")
def fairness(request: HttpRequest) -> HttpResponse:
    """Show how the load lies: cases, balance, buckets and hard cases of everybody, and the course of eight weeks."""
    at = clock.now()
    staff = {user.pk: user for user in _staff(request.user)}
    books = []
    for creditor in books_of(request.user):
        on, rows = workload.latest(creditor_id=creditor.pk, user_ids=list(staff))
        if on is None:
            continue
        course = workload.course(creditor_id=creditor.pk, user_ids=[row.user_id for row in rows], until=on)
        shares = workload.shares(rows)
        books.append(
            {
                "creditor": creditor,
                "on": on,
                "rows": [{"share": share, "user": staff[share.user_id], "course": course[share.user_id],
                          "buckets": sorted(share.buckets.items())} for share in shares],
                "far": [share for share in shares if share.far],
            }
        )  # fmt: skip
    return render(request, "cases/allocation_fairness.html", {"books": books, "now": at})
