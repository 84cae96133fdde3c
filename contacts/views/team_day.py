"""The day of a team, for its supervisor: targets, who is on a break, abusive calls to talk about, feedback."""

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cases import queries as case_queries
from cases.refusal import Refused
from collections_app.shared import clock, keyset, refs
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed
from collections_app.staff.models import Team, User
from collections_app.staff.roles import Role
from contacts import breaks
from contacts.forms_day import FeedbackForm, TargetForm
from contacts.models import AbuseMark, ContactAttempt
from contacts.my_day import abuse, feedback, targets

SHOWN: Final = 20


def _team(request: HttpRequest) -> Team | None:
    assert isinstance(request.user, User)
    return request.user.team


def _people(user: Any) -> list[User]:
    mine = User.objects.filter(team_id=user.team_id, team__isnull=False, is_active=True, role=Role.COLLECTOR)
    return list(mine.order_by("name", "pk"))


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("contacts.lead_day")
def show(request: HttpRequest) -> HttpResponse:
    """Show the team's day; set what is asked of each collector."""
    user, at = request.user, clock.now()
    team = _team(request)
    target = targets.of_team(team.pk if team else None)
    names = ("calls", "talks", "promises", "kept_percent", "money")
    initial = {name: getattr(target, name) for name in names} | {"currency": target.currency} if target else {}
    if not initial.get("currency"):
        initial["currency"] = "CNY"
    form = TargetForm(request.POST or None, initial=initial)
    if request.method == "POST" and team is not None and form.is_valid():
        try:
            targets.put_in_force(team=team, terms=form.terms(), by=user, actor=Actor.of(user), at=at)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("In force for everybody of %(team)s.") % {"team": team})
            return redirect("contacts:team-day")
    people = _people(user)
    resting = breaks.of_people([person.pk for person in people])
    made = ContactAttempt.objects.filter(
        made_by__in=people, channel__in=("phone", "visit"), status="completed", case__team=team
    )
    context = {
        "now": at,
        "team": team,
        "form": form,
        "target": target,
        "people": [{"user": person, "break": resting.get(person.pk)} for person in people],
        "page": keyset.page(abuse.to_talk_about(user), order=("at", "pk"), asked=request.GET),
        "recent": list(made.select_related("case__person", "made_by").order_by("-at", "-pk")[:SHOWN]),
        "given": list(feedback.by_user(user)[:SHOWN]),
    }
    return render(request, "contacts/team_day.html", context)


@require_POST
@allowed("contacts.lead_day")
def talked(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that the supervisor has talked with the collector about an abusive call."""
    if not AbuseMark.objects.filter(pk=pk, by__team=_team(request), by__team__isnull=False).exists():
        raise Http404
    try:
        abuse.talked(mark_id=pk, by=request.user, actor=Actor.of(request.user), at=clock.now())
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("contacts:team-day")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("contacts.lead_day")
def give_feedback(request: HttpRequest, ref: str) -> HttpResponse:
    """Tell a collector something about a case, or about one contact (`call` in the address)."""
    case = case_queries.find(request.user, ref)
    attempt = _attempt(request, case)
    people = [attempt.made_by] if attempt is not None and attempt.made_by is not None else _people(request.user)
    form = FeedbackForm(request.POST or None, people=[(str(one.pk), str(one)) for one in people])
    if request.method == "POST" and form.is_valid():
        to = next(one for one in people if str(one.pk) == form.cleaned_data["to"])
        try:
            feedback.give(
                case=case,
                to=to,
                kind=form.cleaned_data["kind"],
                text=form.cleaned_data["text"],
                attempt=attempt,
                by=request.user,
                actor=Actor.of(request.user),
                at=clock.now(),
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Only %(name)s reads it.") % {"name": to})
            return redirect("contacts:team-day")
    context = {"now": clock.now(), "case": case, "attempt": attempt, "form": form}
    return render(request, "contacts/give_feedback.html", context)


def _attempt(request: HttpRequest, case: Any) -> ContactAttempt | None:
    asked = request.GET.get("call", "")
    if not asked:
        return None
    try:
        pk = refs.decode("A", asked)
    except refs.BadReference:
        raise Http404 from None
    made = ContactAttempt.objects.filter(pk=pk, case=case, made_by__team=_team(request), made_by__team__isnull=False)
    attempt = made.select_related("made_by").first()
    if attempt is None:
        raise Http404
    return attempt
