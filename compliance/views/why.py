"""Why? One decision: a sentence, the borrower's day, the counts, every rule with its text, the facts, the proof."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfoNotFoundError

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from collections_app.shared import clock, refs
from collections_app.staff.access import allowed
from compliance import (
    actors,
    daybar,
    dayplan,
    facts_in_words,
    findings,
    gate,
    limits,
    lists,
    plain,
    reach,
    reasons,
    words,
)
from compliance.daybar import Bar
from compliance.engine import Outcome
from compliance.facts import Facts, FactsError, Question, from_plain
from compliance.findings import Line
from compliance.limits import Limit
from compliance.models import Decision
from compliance.packs_loader import Pack, PackError
from compliance.windows import local

LOOKS_AHEAD: Final = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Reopened:
    """A stored decision as it can still be computed: its question and facts, the packs, the same answer again."""

    question: Question
    facts: Facts
    packs: tuple[Pack, ...]
    outcome: Outcome
    agrees: bool


def reopen(row: Decision, packs: dict[str, Pack]) -> Reopened | None:
    """Return a decision computed again; None where what was stored cannot be read any more."""
    try:
        outcome = gate.recompute(row, releases=packs)
        question, facts = from_plain(Question, row.question), from_plain(Facts, row.facts)
    except (PackError, FactsError):
        return None
    used = tuple(packs[digest] for digest in row.releases)
    return Reopened(question, facts, used, outcome, not gate.differences(row, outcome))


def revived(rows: list[Decision]) -> dict[str, Pack]:
    """Return the packs of these decisions by short hash; none where one of them cannot be read any more."""
    try:
        return gate.revived(sorted({digest for row in rows for digest in row.releases}))
    except PackError:
        return {}


def find(request: HttpRequest, ref: str) -> Decision:
    """Return the decision of this reference, if the reader may see it. Raises Http404."""
    try:
        pk = int(ref) if ref.isascii() and ref.isdigit() and len(ref) < 18 else refs.decode("D", ref)
    except refs.BadReference:
        raise Http404 from None
    return get_object_or_404(lists.within_reach(request.user), pk=pk)


@require_safe
@allowed("cases.view_case")
def decision(request: HttpRequest, ref: str) -> HttpResponse:
    """Show one decision to whoever may see its case."""
    return _page(request, find(request, ref), reproduced=None)


@require_POST
@allowed("cases.view_case")
def recompute(request: HttpRequest, ref: str) -> HttpResponse:
    """Compute a decision again from what was stored with it, and show whether the answer is identical."""
    row = find(request, ref)
    try:
        differs = gate.differences(row, gate.recompute(row))
        reproduced = {"agrees": not differs, "differs": sorted(differs), "trouble": "", "at": clock.now()}
    except (PackError, FactsError) as trouble:
        reproduced = {"agrees": False, "differs": [], "trouble": str(trouble), "at": clock.now()}
    return _page(request, row, reproduced=reproduced)


def sentence(row: Decision, lines: list[Line], *, zone: str, now: datetime) -> str:
    """Return what a collector is told about a decision."""
    if row.is_permit:
        return plain.permitted(row.channel)
    causes = [plain.because(line, zone=zone) for line in lines if line.result == "failed"]
    return plain.refused(row.channel, causes, next_permitted=row.next_permitted, zone=zone, now=now, at=row.at)


def bars(
    question: Question,
    facts: Facts,
    packs: tuple[Pack, ...],
    *,
    zone: str,
    next_permitted: datetime | None,
    now: datetime | None,
    label: str = "",
) -> list[Bar]:
    """Return the day of the question and, where that is another one, the day on which it becomes permitted."""
    titles = daybar.titles_of(packs, reasons.language_of())
    marks = [(question.at, label or pgettext("a mark on a day", "asked"))]
    if now is not None and abs(now - question.at) > timedelta(minutes=10):
        marks.append((now, pgettext("a mark on a day", "now")))
    try:
        days = [local(question.at, zone).date()]
        if next_permitted is not None and next_permitted - question.at < LOOKS_AHEAD:
            days.append(local(next_permitted, zone).date())
        plans = [dayplan.of_day(question, facts, packs, day=day, zone=zone) for day in dict.fromkeys(days)]
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return []
    return [daybar.draw(plan, titles, marks=marks) for plan in plans]


def _page(request: HttpRequest, row: Decision, *, reproduced: dict[str, Any] | None) -> HttpResponse:
    at = clock.now()
    knows = reach.ask()
    case_ref, case_url = knows.cases([row]).get(row.case_id or 0, ("", ""))
    packs = revived([row])
    opened = reopen(row, packs)
    same = opened if opened is not None and opened.agrees else None
    lines = findings.of_decision(row, packs, same.outcome if same else None)
    zone = findings.zone_of(row)
    counts: list[Limit] = limits.of_outcome(same.question, same.facts, same.outcome, same.packs) if same else []
    shown = findings.shown(request.GET.get("show", ""))
    context = {
        "decision": {
            "id": row.pk,
            "ref": refs.encode("D", row.pk),
            "at": row.at,
            "permitted": row.is_permit,
            "sentence": sentence(row, lines, zone=zone, now=at),
            "channel_label": words.channel(row.channel),
            "channel_icon": words.channel_icon(row.channel),
            "purpose_label": words.say(words.PURPOSES, row.purpose),
            "content_label": words.say(words.CONTENTS, row.content_class) if row.content_class else "",
            "party_label": words.party(same.question.party) if same else "",
            "who_asks": words.say(words.ACTOR_KINDS, same.question.actor_kind) if same else "",
            "automated": row.automated,
            "person_name": knows.people([row]).get(row.person_id, "–"),
            "zone": zone,
            "case_ref": case_ref,
            "case_url": case_url,
            "contact": reach.contact_of(row),
            "next_permitted": row.next_permitted,
            "valid_until": row.valid_until,
            "strength": reasons.STRENGTH_LABELS.get(row.strength, "") if row.strength else "",
            "actor": actors.shown(row.actor_kind, row.actor_label),
            "entrance": words.say(words.ENTRANCES, row.entrance),
            "pack": [
                {"name": packs[one].id, "version": packs[one].version, "hash": one} if one in packs else
                {"name": _("not stored"), "version": "", "hash": one}
                for one in row.releases
            ],
            "engine_version": row.engine_version,
            "tzdata_version": row.tzdata_version,
            "calendar_version": row.calendar_version,
        },
        "bars": bars(same.question, same.facts, same.packs, zone=zone, next_permitted=row.next_permitted, now=at)
        if same else [],
        "limits": counts,
        "findings": lines,
        "groups": findings.groups(lines),
        "shown": shown,
        "lines": findings.only(lines, shown),
        "facts": facts_in_words.table(opened.facts, zone=zone) if opened else [],
        "reproduced": reproduced,
        "reproduce_url": reverse("compliance:recompute", args=[refs.encode("D", row.pk)]),
        "now": at,
    }  # fmt: skip
    return render(request, "compliance/decision.html", context)
