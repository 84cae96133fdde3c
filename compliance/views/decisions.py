"""The list of decisions, and one decision with everything that it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from collections_app.shared import clock, keyset, refs, spreadsheet
from collections_app.staff.access import allowed
from compliance import actors, exports, findings, gate, lists, reach, reasons
from compliance.facts import FactsError
from compliance.models import Decision
from compliance.models.decision import Verdict
from compliance.packs_loader import Pack, PackError

ORDER: Final = ("-at", "-pk")
EXPORTED: Final = 100_000
CHANNELS: Final = {
    "phone": (pgettext_lazy("channel", "call"), "phone"),
    "sms": (pgettext_lazy("channel", "text message"), "message"),
    "email": (pgettext_lazy("channel", "e-mail"), "mail"),
    "letter": (pgettext_lazy("channel", "letter"), "mail"),
    "chat": (pgettext_lazy("channel", "messaging account"), "brand-wechat"),
    "voice_notice": (pgettext_lazy("channel", "recorded notice"), "phone-outgoing"),
    "visit": (pgettext_lazy("channel", "visit"), "home"),
}
PURPOSES: Final = {
    "collection": gettext_lazy("collection"),
    "service_reminder": gettext_lazy("service reminder"),
    "customer_service": gettext_lazy("customer service"),
    "reply": gettext_lazy("reply"),
    "statutory_notice": gettext_lazy("required notice"),
    "dispute_followup": gettext_lazy("answer to an objection"),
    "opt_out_confirmation": gettext_lazy("confirmation of an opt-out"),
    "locate": gettext_lazy("locate"),
}
VERDICTS: Final = {"permit": gettext_lazy("permitted"), "refuse": gettext_lazy("refused")}


def _channel(name: str) -> tuple[Any, str]:
    return CHANNELS.get(name, (name, "message"))


@require_safe
@allowed("compliance.view_decision")
def decisions(request: HttpRequest) -> HttpResponseBase:
    """Show the decisions that the filters in the address ask for, latest first."""
    at = clock.now()
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
        "channel_choices": [(name, each[0], name == asked.channel) for name, each in CHANNELS.items()],
        "rule_choices": sorted(
            ((rule, f"{title} ({rule})", rule == asked.rule) for rule, title in titles.items()), key=lambda one: one[1]
        ),
        "from_day": asked.since,
        "to_day": asked.until,
        "day": asked.day,
        "by_rule": [
            {"rule": rule, "title": titles.get(rule, rule), "count": number, "url": _query(request, rule=rule)}
            for rule, number in by_rule
        ],
        "export_url": _query(request, **{"as": "csv"}),
        "now": at,
    }
    return render(request, "compliance/decisions.html", context)


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
        shown.append(("channel", _("Channel"), _channel(asked.channel)[0]))
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


def _revived(rows: list[Decision]) -> dict[str, Pack]:
    try:
        return gate.revived(sorted({digest for row in rows for digest in row.releases}))
    except PackError:
        return {}


def _table(rows: list[Decision], titles: Mapping[str, str]) -> list[dict[str, Any]]:
    knows = reach.ask()
    people, cases, packs = knows.people(rows), knows.cases(rows), _revived(rows)
    table = []
    for row in rows:
        said = reasons.of_decision(row, releases=packs)
        first = said[0] if said else None
        label, icon = _channel(row.channel)
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
                "channel_label": label,
                "channel_icon": icon,
                "permitted": row.is_permit,
                "reason": first.sentence if first else ", ".join(titles.get(rule, rule) for rule in row.failing),
                "more": len(said) - 1,
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


def _found(request: HttpRequest, ref: str) -> Decision:
    try:
        pk = int(ref) if ref.isascii() and ref.isdigit() and len(ref) < 18 else refs.decode("D", ref)
    except refs.BadReference:
        raise Http404 from None
    return get_object_or_404(lists.within_reach(request.user), pk=pk)


@require_safe
@allowed("compliance.view_decision")
def decision(request: HttpRequest, ref: str) -> HttpResponse:
    """Show one decision: the question, every rule's finding with its citation, the facts, the proof."""
    return _page(request, _found(request, ref), reproduced=None)


@require_POST
@allowed("compliance.view_decision")
def recompute(request: HttpRequest, ref: str) -> HttpResponse:
    """Compute a decision again from what was stored with it, and show whether the answer is identical."""
    row = _found(request, ref)
    try:
        differs = gate.differences(row, gate.recompute(row))
        reproduced = {"agrees": not differs, "differs": sorted(differs), "trouble": "", "at": clock.now()}
    except (PackError, FactsError) as trouble:
        reproduced = {"agrees": False, "differs": [], "trouble": str(trouble), "at": clock.now()}
    return _page(request, row, reproduced=reproduced)


def _page(request: HttpRequest, row: Decision, *, reproduced: dict[str, Any] | None) -> HttpResponse:
    knows = reach.ask()
    case_ref, case_url = knows.cases([row]).get(row.case_id or 0, ("", ""))
    packs = _revived([row])
    lines = findings.of_decision(row, packs)
    label, _icon = _channel(row.channel)
    context = {
        "decision": {
            "id": row.pk,
            "ref": refs.encode("D", row.pk),
            "at": row.at,
            "permitted": row.verdict == Verdict.PERMIT,
            "sentence": _sentence(row, lines),
            "channel_label": label,
            "purpose_label": PURPOSES.get(row.purpose, row.purpose),
            "content_label": row.content_class,
            "automated": row.automated,
            "person_name": knows.people([row]).get(row.person_id, "–"),
            "zone": findings.zone_of(row),
            "case_ref": case_ref,
            "case_url": case_url,
            "next_permitted": row.next_permitted,
            "valid_until": row.valid_until,
            "strength": reasons.STRENGTH_LABELS.get(row.strength, "") if row.strength else "",
            "actor": actors.shown(row.actor_kind, row.actor_label),
            "entrance": row.entrance,
            "pack": [
                {"name": packs[one].id, "version": packs[one].version, "hash": one} if one in packs else
                {"name": _("not stored"), "version": "", "hash": one}
                for one in row.releases
            ],
            "engine_version": row.engine_version,
            "tzdata_version": row.tzdata_version,
            "calendar_version": row.calendar_version,
        },
        "findings": lines,
        "said": [line for line in lines if line.result != "not_applicable"],
        "silent": [line for line in lines if line.result == "not_applicable"],
        "facts": findings.facts_in_words(row),
        "reproduced": reproduced,
        "reproduce_url": reverse("compliance:recompute", args=[refs.encode("D", row.pk)]),
        "now": clock.now(),
    }  # fmt: skip
    return render(request, "compliance/decision.html", context)


def _sentence(row: Decision, lines: list[findings.Line]) -> str:
    if row.is_permit:
        return _("Permitted: no rule in force forbids it.")
    first = next((line for line in lines if line.result == "failed"), None)
    return first.says or first.title if first else _("Refused.")
