"""The list of decisions: why each contact was permitted or refused; found by person, rule, channel and day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from collections_app.shared import clock, keyset, refs, spreadsheet
from collections_app.staff.access import allowed
from compliance import actors, exports, findings, lists, plain, reach, reasons, words
from compliance.models import Decision
from compliance.views import why

ORDER: Final = ("-at", "-pk")
EXPORTED: Final = 100_000
ASKED: Final = ("phone", "sms", "email", "letter", "chat", "voice_notice", "visit")
VERDICTS: Final = {"permit": gettext_lazy("permitted"), "refuse": gettext_lazy("refused")}


@require_safe
@allowed("compliance.view_decision")
def decisions(request: HttpRequest) -> HttpResponseBase:
    """Show the decisions that the filters in the address ask for, latest first."""
    at, said = clock.now(), _days_said(request)
    if said:
        return redirect(_query(request, **said))
    asked = lists.Asked.of(request.GET)
    rows = lists.select(request.user, asked, at=at)
    if request.GET.get("as") == "csv":
        exports.record(request.user, name="decisions", asked=request.GET.dict(), rows=rows.count(), at=at)
        return _export(rows)
    page = keyset.page(rows, order=ORDER, asked=request.GET)
    titles = lists.titles()
    by_rule = lists.by_rule(rows)[: lists.RULES_SHOWN] if asked.verdict == "refuse" else []
    context = {
        "decisions": _table(page.rows, titles),
        "page": page,
        "filters": _chips(request, asked, titles),
        "clear_url": request.path,
        "verdict_choices": [(value, label, value == asked.verdict) for value, label in VERDICTS.items()],
        "channel_choices": [(name, words.channel(name), name == asked.channel) for name in ASKED],
        "rule_choices": sorted(
            ((rule, words.titled(title, rule), rule == asked.rule) for rule, title in titles.items()),
            key=lambda one: one[1],
        ),
        "search": asked.name,
        "from_box": reach.ask().day_box("from", request.GET.get("from", ""), asked.since),
        "to_box": reach.ask().day_box("to", request.GET.get("to", ""), asked.until),
        "day": asked.day,
        "by_rule": [
            {"rule": rule, "title": titles.get(rule, rule), "count": number, "url": _query(request, rule=rule)}
            for rule, number in by_rule
        ],
        "export_url": _query(request, **{"as": "csv"}),
        "now": at,
    }
    return render(request, "compliance/decisions.html", context)


def _days_said(request: HttpRequest) -> dict[str, str]:
    """Return the days of the address that are not written out as what they mean, so that it means the same tomorrow."""
    found = {name: reach.ask().day(request.GET.get(name, "")) for name in ("from", "to")}
    said = {name: day.isoformat() for name, day in found.items() if day is not None}
    return {name: day for name, day in said.items() if request.GET[name] != day}


def _query(request: HttpRequest, **changes: str) -> str:
    kept = {name: value for name, value in request.GET.items() if name not in ("after", "before", "as")}
    kept.update(changes)
    query = urlencode({name: value for name, value in kept.items() if value})
    return f"{request.path}?{query}" if query else request.path


def _chips(request: HttpRequest, asked: lists.Asked, titles: Mapping[str, str]) -> list[dict[str, Any]]:
    shown: list[tuple[str, Any, Any]] = []
    if asked.verdict:
        shown.append(("verdict", _("Verdict"), VERDICTS.get(asked.verdict, asked.verdict)))
    if asked.rule:
        shown.append(("rule", _("Rule"), titles.get(asked.rule, asked.rule)))
    if asked.channel:
        shown.append(("channel", _("Channel"), words.channel(asked.channel)))
    if asked.name:
        shown.append(("q", _("Name"), asked.name))
    if asked.entrance:
        shown.append(("entrance", _("Asked through"), words.say(words.ENTRANCES, asked.entrance)))
    if asked.overridden:
        shown.append(("overridden", _("Soft rule"), _("set aside with a reason")))
    if asked.day:
        shown.append(("day", _("Day"), _("today") if asked.day == "today" else asked.day))
    if asked.since:
        shown.append(("from", _("From"), asked.since.isoformat()))
    if asked.until:
        shown.append(("to", _("To"), asked.until.isoformat()))
    if asked.case is not None:
        shown.append(("case", _("Case"), refs.encode("C", asked.case)))
    if asked.person is not None:
        names = reach.ask().people([Decision(person_id=asked.person)])
        shown.append(("person", _("Person"), names.get(asked.person, asked.person)))
    return [
        {"label": label, "value": value, "remove_url": _query(request, **{name: ""})} for name, label, value in shown
    ]


def _table(rows: list[Decision], titles: Mapping[str, str]) -> list[dict[str, Any]]:
    knows = reach.ask()
    people, cases, packs = knows.people(rows), knows.cases(rows), why.revived(rows)
    table = []
    for row in rows:
        said = reasons.of_decision(row, releases=packs)
        first = plain.lasting(said)
        ref, url = cases.get(row.case_id or 0, ("", ""))
        table.append(
            {
                "url": reverse("compliance:decision", args=[refs.encode("D", row.pk)]),
                "id": row.pk,
                "ref": refs.encode("D", row.pk),
                "at": row.at,
                "person_name": people.get(row.person_id, "–"),
                "case_ref": ref,
                "case_url": url,
                "channel_label": words.channel(row.channel),
                "channel_icon": words.channel_icon(row.channel),
                "permitted": row.is_permit,
                "reason": first.sentence if first else words.listed(titles.get(rule, rule) for rule in row.failing),
                "more": max(len(row.failing) - 1, 0),
                "citation": first.source if first else "",
                "next_permitted": row.next_permitted,
                "zone": findings.zone_of(row),
                "actor": actors.shown(row.actor_kind, row.actor_label),
                "automated": row.automated,
            }
        )
    return table


def _export(rows: Any) -> HttpResponseBase:
    heading = [
        _("Decision"),
        _("When"),
        _("Verdict"),
        _("Channel"),
        _("Case"),
        _("Rules"),
        _("Next permitted"),
        _("Asked by"),
    ]

    def lines() -> Any:
        for row in rows.order_by(*ORDER)[:EXPORTED].iterator(chunk_size=2000):
            case = refs.encode("C", row.case_id) if row.case_id else ""
            yield [refs.encode("D", row.pk), row.at, row.verdict, row.channel, case, " ".join(row.failing),
                   row.next_permitted, row.actor_label]  # fmt: skip

    return spreadsheet.download("decisions", heading, lines())
