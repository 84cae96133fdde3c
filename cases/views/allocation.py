"""Cases are shared out: the rules of each book, a preview, what it would move and why, apply, undo."""

from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases import reach, tasks
from cases.distribution import applying, previewing, rule_book, words
from cases.distribution.previewing import DistributionRefused
from cases.distribution.rule_book import RulesRefused
from cases.forms_allocation import EXAMPLE, PreviewForm
from cases.forms_rules import Sheet
from cases.models import Case, Creditor, DistributionMove, DistributionRules, DistributionRun, NextAction
from collections_app.shared import clock, keyset, refs
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed
from collections_app.staff.models import Team, User

HISTORY: Final = 30
TONES: Final = {
    "planned": "plain", "applied": "ok", "undone": "past", "busy": "soon", "changed": "soon", "resolved": "past",
    "gone": "soon", "kept_busy": "soon", "kept_moved": "soon", "kept_resolved": "past", "kept_gone": "soon",
}  # fmt: skip


def within(user: Any) -> Any:
    """Return the runs that somebody may see: all of them with that right, else those of his own team."""
    runs = DistributionRun.objects.select_related("creditor", "team", "asked_by", "applied_by", "undone_by", "rules")
    if user.has_perm("cases.view_all"):
        return runs
    return runs.filter(team_id=user.team_id) if user.team_id else runs.none()


def teams_of(user: Any) -> Any:
    """Return the teams whose cases somebody may share out."""
    teams = Team.objects.filter(is_active=True).order_by("name", "pk")
    return teams if user.has_perm("cases.view_all") else teams.filter(pk=user.team_id)


def books_of(user: Any) -> Any:
    """Return the creditors whose cases somebody may share out: those of his team, or all."""
    everyone = Creditor.objects.filter(is_active=True).order_by("name", "pk")
    if user.has_perm("cases.view_all"):
        return everyone
    worked = Case.objects.filter(creditor_id=OuterRef("pk"), team_id=user.team_id or 0)
    return everyone.filter(Q(pk__in=reach.creditors(user).values("pk")) | Exists(worked))


def _found(request: HttpRequest, run: str) -> DistributionRun:
    try:
        found: DistributionRun = get_object_or_404(within(request.user), pk=refs.decode("AL", run))
    except refs.BadReference:
        raise Http404 from None
    return found


def _form(request: HttpRequest, data: Any = None) -> PreviewForm:
    is_bound = not request.user.has_perm("cases.view_all")
    return PreviewForm(data, creditors=books_of(request.user), teams=teams_of(request.user), is_bound_to_team=is_bound)


@require_safe
@allowed("cases.distribute")
def show(request: HttpRequest) -> HttpResponse:
    """Show the rules of every book, a form to ask for a preview, and what was done before."""
    return _page(request, _form(request))


def _page(request: HttpRequest, form: PreviewForm, status: int = 200) -> HttpResponse:
    at = clock.now()
    context = {
        "form": form,
        "books": [_book(creditor, at) for creditor in books_of(request.user)],
        "runs": [_line(run) for run in within(request.user).order_by("-pk")[:HISTORY]],
        "may_set": request.user.has_perm("cases.configure"),
        "now": at,
    }
    return render(request, "cases/allocation.html", context, status=status)


def _book(creditor: Creditor, at: Any) -> dict[str, Any]:
    version = rule_book.in_force(creditor_id=creditor.pk, at=at)
    return {
        "creditor": creditor,
        "url": reverse("cases:allocation-rules", args=[creditor.code]),
        "sentences": words.sentences(rule_book.rules_of(version)),
        "is_set": version is not None,
        "since": version.in_force_from if version else None,
    }


def _line(run: DistributionRun) -> dict[str, Any]:
    return {
        "run": run,
        "url": reverse("cases:allocation-run", args=[run.ref]),
        "tone": _state(run)[0],
        "state": _state(run)[1],
        "moved": run.counts.get("applied", run.counts.get("moved")),
    }


def _state(run: DistributionRun) -> tuple[str, str]:
    if run.undone_at:
        return "past", _("undone")
    if run.applied_at:
        return "ok", _("applied")
    return ("soon", _("preview")) if run.previewed_at else ("plain", _("being worked out"))


@require_POST
@allowed("cases.distribute")
def preview(request: HttpRequest) -> HttpResponse:
    """Ask for a preview. A large book is worked out in the background; the page waits for it."""
    form = _form(request, request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    at, actor = clock.now(), Actor.of(request.user)
    creditor, team = form.cleaned_data["creditor"], form.cleaned_data["team"]
    try:
        run = previewing.ask(creditor=creditor, team=team, day=form.cleaned_data["day"], actor=actor, at=at)
    except DistributionRefused as refused:
        form.add_error("day", str(refused))
        return _page(request, form, status=422)
    if previewing.in_scope(creditor, team) <= previewing.SOON:
        previewing.preview(run_id=run.pk, actor=actor, at=at)
    else:
        tasks.ring_allocation()
    return redirect("cases:allocation-run", run.ref)


@require_safe
@allowed("cases.distribute")
def run(request: HttpRequest, run: str) -> HttpResponse:
    """Show what a run would do, did, or brought back: in counts, for everybody, and case by case."""
    found, at = _found(request, run), clock.now()
    names = {user.pk: str(user) for user in User.objects.filter(pk__in=[row["user"] for row in found.people])}
    asked, asked_case = request.GET.get("what", ""), request.GET.get("case", "").strip()[:20]
    page = keyset.page(_moves(found, asked), order=("pk",), asked=request.GET)
    context = {
        "run": found,
        "state": _state(found),
        "currency": found.creditor.currency,
        "sentences": words.sentences(rule_book.rules_of(found.rules)),
        "people": [_person(row, names) for row in found.people],
        "left": _reasons(found.counts.get("left", {}), words.LEFT),
        "stays": _reasons(found.counts.get("stays", {}), words.STAYS),
        "nobody": _reasons(found.counts.get("nobody_why", {}), words.NOBODY),
        "full": _full(found, names),
        "moves": [_move(move) for move in page.rows],
        "page": page,
        "views": _views(request, found, asked),
        "asked_case": asked_case,
        "answer": _explained(request, found, asked_case) if asked_case else None,
        "is_today": found.day == clock.local_date(at, found.creditor.time_zone),
        "now": at,
    }
    return render(request, "cases/allocation_run.html", context)


def _moves(run: DistributionRun, what: str) -> Any:
    moves = previewing.moves_of(run)
    if what == "nobody":
        return moves.filter(to_owner__isnull=True)
    if what == "not":
        return moves.exclude(outcome__in=["planned", "applied", "undone"])
    return moves


def _explained(request: HttpRequest, run: DistributionRun, ref: str) -> str:
    """Return in one sentence what a run says of a case that the reader may see."""
    case = Case.objects.visible_to(request.user).by_ref(ref).select_related("owner", "team").first()
    if case is None:
        return _("There is no case of this number.")
    said = previewing.explain(run, case)
    if said is None:
        return _("This allocation did not look at %(case)s.") % {"case": case.ref}
    move = DistributionMove.objects.filter(run=run, case=case).select_related("to_owner", "to_team").first()
    what, left, why = said
    who = (move.to_owner or move.to_team) if move else case.owner
    values = {"case": case.ref, "who": who or "–", "left": words.left(left)}
    if what == "stays":
        return _("%(case)s stays with %(who)s: %(why)s.") % {**values, "why": words.STAYS.get(why, why)}
    if what == "nobody":
        return _("%(case)s lies with %(who)s: %(why)s.") % {**values, "why": words.chosen(why)}
    return _("%(case)s goes to %(who)s: %(why)s. It moves because: %(left)s.") % {**values, "why": words.chosen(why)}


def _views(request: HttpRequest, run: DistributionRun, asked: str) -> list[dict[str, Any]]:
    shown = [("", _("All")), ("nobody", _("Nobody takes them")), ("not", _("Left as they were"))]
    return [
        {
            "label": label,
            "url": f"{request.path}?what={name}" if name else request.path,
            "current": name == asked,
            "count": _moves(run, name).count(),
        }
        for name, label in shown
    ]


def _person(row: dict[str, Any], names: dict[int, str]) -> dict[str, Any]:
    labels = ("cases", "balance", "minutes")
    return {
        "name": names.get(row["user"]) or _("with the team"),
        "is_nobody": not row["user"],
        "before": dict(zip(labels, row["before"], strict=True)),
        "after": dict(zip(labels, row["after"], strict=True)),
        "gained": row["gained"],
        "lost": row["lost"],
        "max_cases": row["max_cases"],
        "minutes_a_day": row["minutes_a_day"],
        "away": row["away"],
    }


def _full(run: DistributionRun, names: dict[int, str]) -> dict[str, Any]:
    """Return who takes no more by his number of cases, and who by a day's work; and what a call counts, in minutes."""
    call = rule_book.rules_of(run.rules).minutes[NextAction.CALL]
    rows = [row for row in run.people if row["user"] and not row["away"]]
    by_cases = [row for row in rows if row["max_cases"] is not None and row["after"][0] >= row["max_cases"]]
    by_work = [
        row for row in rows if row["minutes_a_day"] is not None and row["after"][2] + call > row["minutes_a_day"]
    ]
    called = {
        name: [names[row["user"]] for row in found] for name, found in (("cases", by_cases), ("minutes", by_work))
    }
    return {**called, "call": call}


def _reasons(counts: dict[str, int], known: Any) -> list[tuple[str, int]]:
    named = [(str(known.get(code, code)), count) for code, count in counts.items()]
    return sorted(named, key=lambda each: (-each[1], each[0]))


def _move(move: DistributionMove) -> dict[str, Any]:
    is_left = move.to_owner_id is None and move.outcome == "planned"
    return {
        "ref": move.case.ref,
        "name": str(move.case.person),
        "url": reverse("cases:case", args=[move.case.ref]),
        "source": str(move.from_owner or move.from_team or "–"),
        "target": str(move.to_owner) if move.to_owner else _("with the team"),
        "team": str(move.to_team) if move.to_team_id != move.from_team_id else "",
        "left": words.left(move.left),
        "chosen": words.chosen(move.chosen),
        "outcome": _("nobody") if is_left else move.get_outcome_display(),
        "tone": "stop" if is_left else TONES[move.outcome],
    }


@require_POST
@allowed("cases.distribute")
def apply(request: HttpRequest, run: str) -> HttpResponse:
    """Move the cases as the preview said."""
    found = _found(request, run)
    try:
        done = applying.apply(run_id=found.pk, actor=Actor.of(request.user), at=clock.now())
    except DistributionRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, ngettext("%(n)s case moved.", "%(n)s cases moved.", done.moved) % {"n": done.moved})
        _say_left(request, done.not_moved)
    return redirect("cases:allocation-run", found.ref)


@require_POST
@allowed("cases.distribute")
def undo(request: HttpRequest, run: str) -> HttpResponse:
    """Bring the cases back that have not moved since."""
    found = _found(request, run)
    try:
        done = applying.undo(run_id=found.pk, actor=Actor.of(request.user), at=clock.now())
    except DistributionRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(
            request, ngettext("%(n)s case moved back.", "%(n)s cases moved back.", done.moved) % {"n": done.moved}
        )
        _say_left(request, done.not_moved)
    return redirect("cases:allocation-run", found.ref)


def _say_left(request: HttpRequest, left: int) -> None:
    if left:
        messages.warning(
            request,
            ngettext("%(n)s case was left as it is; the list says why.",
                     "%(n)s cases were left as they are; the list says why.", left) % {"n": left},
        )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("cases.distribute")
def rules(request: HttpRequest, code: str) -> HttpResponse:
    """Show the versions of a book's rules in words; take a new one from whoever may set it."""
    creditor, at = get_object_or_404(books_of(request.user), code=code), clock.now()
    may_set = request.user.has_perm("cases.configure")
    current = rule_book.in_force(creditor_id=creditor.pk, at=at)
    sheet, status = _sheet(request, current), 200
    if request.method == "POST":
        if not may_set:
            return HttpResponse(status=403)
        if request.POST.get("act", "save") == "save":
            if _set_rules(request, creditor, sheet, at=at):
                messages.success(request, _("The rules are in force."))
                return redirect("cases:allocation-rules", creditor.code)
            status = 422
    versions = DistributionRules.objects.filter(creditor=creditor).select_related("set_by")
    context = {
        "creditor": creditor,
        "sheet": sheet if may_set else None,
        "sentences": words.sentences(rule_book.rules_of(current)),
        "is_set": current is not None,
        "versions": [
            {"row": row, "is_current": current is not None and row.pk == current.pk,
             "sentences": words.sentences(rule_book.rules_of(row))}
            for row in versions.order_by("-in_force_from", "-pk")[:HISTORY]
        ],
        "now": at,
    }  # fmt: skip
    return render(request, "cases/allocation_rules.html", context, status=status)


def _sheet(request: HttpRequest, current: DistributionRules | None) -> Sheet:
    """Return the form of the rules: as it was posted, of a document that was handed in, or of the rules in force."""
    teams = list(Team.objects.filter(is_active=True).order_by("name", "pk"))
    data = request.POST
    assert isinstance(data, QueryDict)
    if request.method != "POST":
        return Sheet.of_document(current.document if current else EXAMPLE, teams)
    return Sheet.of_text(data, teams) if data.get("act") == "json" else Sheet.of_post(data, teams)


def _set_rules(request: HttpRequest, creditor: Creditor, sheet: Sheet, *, at: datetime) -> bool:
    """Put the rules of a form in force; what is wrong stands beside its field, and False is returned."""
    document = sheet.document()
    if document is None:
        return False
    reason, actor = sheet.form.cleaned_data["reason"], Actor.of(request.user)
    try:
        rule_book.set_rules(creditor=creditor, document=document, reason=reason, actor=actor, at=at)
    except RulesRefused as refused:
        sheet.form.add_error(None, str(refused))
        return False
    return True
