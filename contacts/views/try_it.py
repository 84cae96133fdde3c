"""Try it: what the rules say of any contact at any instant, of a person of the book or invented. Nothing is kept.

The address holds the whole question, so that a trial can be sent to a colleague; a step of the clock is a link.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from cases.date_boxes import is_written_out
from cases.models import Case, Person
from collections_app.shared import clock
from collections_app.shared.htmx import vary_on_htmx
from collections_app.staff.access import allowed
from compliance import engine, findings, plain, previews, words
from compliance.facts import Question
from compliance.views import why
from contacts import trials
from contacts.trials import Trial, TrialForm

FOUND: Final = 10
STEPS: Final = (
    ("hour-back", timedelta(hours=-1), "-", "−1 h"),
    ("hour-on", timedelta(hours=1), "+", "+1 h"),
    ("day-back", timedelta(days=-1), "<", "−1 d"),
    ("day-on", timedelta(days=1), ">", "+1 d"),
)


@require_safe
@allowed("cases.view_case")
def show(request: HttpRequest) -> HttpResponse:
    """Show the form, and the answer where enough was given."""
    at = clock.now()
    case = _case(request)
    asked = {name: str(value).replace("\0", "") for name, value in request.GET.items()}
    form = TrialForm(asked or None, case=case, now=at)
    invented = case is None and asked.get("who") == "invented"
    is_asked = (case is not None or invented) and form.is_bound and form.is_valid()
    trial = form.trial(user=request.user, now=at) if is_asked else None
    if trial is not None and asked.get("at") and not is_written_out(asked["at"]):
        written = _address({**asked, "at": trials.local_text(trial.question.at, trial.zone)})
        return redirect(request.path + written)  # the address means the same tomorrow
    answer = _answer(trial, now=at, asked=asked) if trial is not None else None
    context = {
        "now": at,
        "case": case,
        "form": form,
        "is_invented": invented,
        "search": asked.get("q", ""),
        "matches": _matches(request, asked.get("q", "")),
        "answer": answer,
        "zone": trial.zone if trial else form.their_zone,
        "steps": _steps(trial, answer, asked) if trial else [],
    }
    return vary_on_htmx(render(request, "contacts/try_it.html", context))


def _case(request: HttpRequest) -> Case | None:
    ref = request.GET.get("case", "")
    if not ref:
        return None
    found = Case.objects.visible_to(request.user).by_ref(ref)
    return found.select_related("person", "creditor").first()


def _matches(request: HttpRequest, text: str) -> list[dict[str, Any]]:
    """Return the cases within reach whose person is called so, or that have this reference."""
    text = text.replace("\0", "").strip()[:80]
    if not text:
        return []
    mine = Case.objects.visible_to(request.user)
    named = mine.filter(person__in=Person.objects.filter(name__icontains=text).values("pk"))
    rows = (mine.by_ref(text) or named).select_related("person", "creditor").order_by("person__name", "pk")[:FOUND]
    return [
        {
            "url": f"?{urlencode({'case': row.ref})}",
            "name": str(row.person),
            "ref": row.ref,
            "creditor": row.creditor.name,
        }
        for row in rows
    ]


def _answer(trial: Trial, *, now: datetime, asked: dict[str, str]) -> dict[str, Any]:
    question, facts = trial.question, trial.facts
    preview = previews.ask(question, facts)
    outcome, packs = preview.outcome, preview.packs
    lines = findings.of_outcome(outcome, packs, zone=trial.zone)
    shown = findings.shown(asked.get("show", ""))
    return {
        "outcome": outcome,
        "permitted": outcome.permitted,
        "sentence": _sentence(question, lines, outcome, zone=trial.zone, now=now),
        "next_permitted": None if outcome.permitted else outcome.next_permitted,
        "at": question.at,
        "zone": trial.zone,
        "bars": why.bars(
            question,
            facts,
            packs,
            zone=trial.zone,
            next_permitted=outcome.next_permitted,
            now=now,
            label=pgettext("a mark on a day", "tried"),
        )
        if packs
        else [],
        "limits": preview.limits,
        "findings": lines,
        "groups": findings.groups(lines),
        "shown": shown,
        "lines": findings.only(lines, shown),
        "filter_url": _address({**asked, "show": ""}) + "&",
        "packs": [f"{pack.id} {pack.version}" for pack in packs],
    }


def _sentence(
    question: Question, lines: list[findings.Line], outcome: engine.Outcome, *, zone: str, now: datetime
) -> str:
    channel = question.channel or ""
    if outcome.permitted:
        return _("%(channel)s: permitted.") % {"channel": words.channel(channel).capitalize()}
    causes = [plain.because(line, zone=zone) for line in lines if line.result == "failed"]
    return plain.refused(
        channel, causes, next_permitted=outcome.next_permitted, zone=zone, now=now, at=question.at, tried=True
    )


def _address(asked: dict[str, str]) -> str:
    return "?" + urlencode({name: value for name, value in asked.items() if value})


def _steps(trial: Trial, answer: dict[str, Any] | None, asked: dict[str, str]) -> list[dict[str, Any]]:
    """Return the links that move the clock of the trial, on the person's clock."""

    def to(at: datetime) -> str:
        return _address({**asked, "at": trials.local_text(at, trial.zone)})

    names = {
        "hour-back": _("an hour earlier"),
        "hour-on": _("an hour later"),
        "day-back": _("a day earlier"),
        "day-on": _("a day later"),
    }
    steps = [
        {"url": to(trial.question.at + length), "label": label, "title": names[name], "key": key}
        for name, length, key, label in STEPS
    ]
    opens = answer["next_permitted"] if answer else None
    if opens is not None:
        steps.append(
            {"url": to(opens), "label": _("next permitted"), "title": _("to the next permitted time"), "key": "n"}
        )
    return steps
