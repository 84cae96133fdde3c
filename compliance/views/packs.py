"""The rules as an officer browses them: packs, rules, texts, versions side by side, examples with live results."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from django.db.models.functions import Left
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from collections_app.shared import clock
from collections_app.staff.access import allowed
from compliance import comparison, examples, gate, packs_loader, reasons, shelf, vocabulary, words
from compliance.models import PackRelease
from compliance.packs_loader import Pack, PackError, Rule
from compliance.predicates.registry import PREDICATES
from compliance.releases import browsing, in_force
from compliance.releases.in_force import ReleasesUnknown

MOST_RULES: Final = 200
CHANNELS: Final = ("phone", "sms", "email", "letter", "chat", "voice_notice", "visit")


@require_safe
@allowed("compliance.view_decision")
def packs(request: HttpRequest) -> HttpResponse:
    """List the packs; with a word, a channel, a kind or a strength, the rules that fit."""
    at = clock.now()
    asked = shelf.Asked.of(request.GET)
    trouble, states = _states(at)
    found = [state for state in states if asked.fits_pack(state.pack)]
    rules = [
        (state, line) for state in found for line in state.rules if asked.is_about_rules and asked.fits_rule(line.rule)
    ]
    context = {
        "now": at,
        "trouble": trouble,
        "packs": [] if asked.is_about_rules else [_row(state, at) for state in found],
        "rules": [_rule_row(state.pack, line) for state, line in rules[:MOST_RULES]],
        "is_about_rules": asked.is_about_rules,
        "rules_found": len(rules),
        "rules_total": sum(len(state.rules) for state in states),
        "packs_total": len(states),
        "asked": asked,
        "filters": _chips(request, asked),
        "clear_url": request.path,
        "place_choices": _places(states, asked.place),
        "channel_choices": [(name, words.channel(name), name == asked.channel) for name in CHANNELS],
        "kind_choices": sorted((name, name.replace("_", " "), name == asked.check) for name in PREDICATES),
        "strength_choices": [
            (name, str(reasons.STRENGTH_LABELS[name]), name == asked.strength) for name in vocabulary.STRENGTHS
        ],
        "may_schedule": request.user.has_perm("compliance.schedule_release"),
    }
    return render(request, "compliance/packs.html", context)


def _states(at: datetime) -> tuple[str, tuple[browsing.PackState, ...]]:
    try:
        return "", browsing.state_on(at.date())
    except (PackError, ReleasesUnknown) as trouble:
        return str(trouble), ()


def _places(states: tuple[browsing.PackState, ...], chosen: str) -> list[tuple[str, str, bool]]:
    codes = {place for state in states for place in state.pack.jurisdictions}
    return sorted(((code, words.place(code), code == chosen) for code in codes), key=lambda one: one[1])


def _chips(request: HttpRequest, asked: shelf.Asked) -> list[dict[str, Any]]:
    shown = [
        ("q", _("Words"), asked.words),
        ("place", _("Place"), words.place(asked.place)),
        ("channel", _("Channel"), words.channel(asked.channel)),
        ("check", _("Kind"), asked.check.replace("_", " ")),
        ("strength", _("Strength"), str(reasons.STRENGTH_LABELS.get(asked.strength, asked.strength))),
        ("review", _("State"), _("needs review") if asked.review else ""),
    ]
    chips = []
    for name, label, value in shown:
        if request.GET.get(name) and value:
            query = request.GET.copy()
            del query[name]
            chips.append({"label": label, "value": value, "remove_url": f"?{query.urlencode()}"})
    return chips


def _row(state: browsing.PackState, at: datetime) -> dict[str, Any]:
    pack, language = state.pack, reasons.language_of()
    begins = min((version.begins for rule in pack.rules for version in rule.versions), default=None)
    return {
        "url": reverse("compliance:pack", args=[pack.id]),
        "id": pack.id,
        "name": pack.name[language],
        "places": words.listed(words.place(one) for one in pack.jurisdictions) or _("everywhere"),
        "version": pack.version,
        "is_shipped": state.is_shipped,
        "rules": len(pack.rules),
        "rules_in_force": state.count(browsing.IN_FORCE),
        "enabled": pack.enabled,
        "begins": begins if begins and begins.year > 1970 else None,
        "ends": _ends(pack, at.date()),
        "weak": sum(rule.needs_review for rule in pack.rules),
        "reviewer": _reviewer(pack),
        "next": _next_change(state, at.date()),
    }


def _ends(pack: Pack, day: date) -> date | None:
    """Return the last day on which any rule of the pack is in force, if all of them end."""
    ends = [rule.versions[-1].ends for rule in pack.rules]
    known = [one for one in ends if one is not None]
    return max(known) if known and len(known) == len(ends) else None


def _reviewer(pack: Pack) -> str:
    names = {rule.reviewer for rule in pack.rules}
    return "" if names == {shelf.UNSIGNED} or not names else words.listed(sorted(names - {shelf.UNSIGNED}))


def _next_change(state: browsing.PackState, day: date) -> date | None:
    """Return the next date on which a rule begins or ends, or another version of the pack takes over."""
    marks = [version.begins for rule in state.pack.rules for version in rule.versions if version.begins > day]
    marks += [
        version.ends
        for rule in state.pack.rules
        for version in rule.versions
        if version.ends is not None and version.ends >= day
    ]
    if state.ends is not None:
        marks.append(state.ends.date())
    return min(marks, default=None)


def _rule_row(pack: Pack, line: browsing.RuleState) -> dict[str, Any]:
    rule, language = line.rule, reasons.language_of()
    return {
        "url": reverse("compliance:rule", args=[rule.id]),
        "id": rule.id,
        "title": rule.title[language],
        "text": rule.text.get(language, ""),
        "source": rule.source,
        "pack": pack.id,
        "pack_url": reverse("compliance:pack", args=[pack.id]),
        "pack_name": pack.name[language],
        "enabled": pack.enabled,
        "role": words.say(words.ROLES, rule.role),
        "strength": str(reasons.STRENGTH_LABELS[rule.strength]),
        "force": str(reasons.FORCE_LABELS[rule.force]),
        "state": line.state,
        "begins": line.version.begins,
        "ends": line.version.ends,
        "versions": len(rule.versions),
        "needs_review": rule.needs_review,
    }


def _found(pack_id: str, at: datetime) -> browsing.PackState:
    trouble, states = _states(at)
    if trouble:
        raise Http404(trouble)
    state = next((one for one in states if one.pack.id == pack_id), None)
    if state is None:
        raise Http404
    return state


@require_safe
@allowed("compliance.view_decision")
def pack(request: HttpRequest, pack_id: str) -> HttpResponse:
    """Show one pack: its rules, its versions, its examples with what they say now."""
    at = clock.now()
    state = _found(pack_id, at)
    found = state.pack
    language = reasons.language_of()
    run = request.GET.get("examples") == "1"
    context = {
        "now": at,
        "pack": _row(state, at)
        | {
            "hash": found.hash,
            "scope": [comparison.condition_in_words(one) for one in found.scope],
            "zone": (found.zone or "").replace("_", " "),
            "examples": len(found.examples) or len(packs_loader.get(found.id).examples),
        },
        "rules": [_rule_row(found, line) for line in state.rules],
        "results": _examples(found, language) if run else None,
        "run_at": at,
        "releases": _releases(found),
        "compare_url": reverse("compliance:compare", args=[found.id]),
        "scheduled": [
            {
                "id": row.pk,
                "version": row.release.version,
                "state": row.state_at(at),
                "in_force_from": row.in_force_from,
                "by": str(row.scheduled_by),
            }
            for row in browsing.scheduled_of(found.id)
        ],
        "may_schedule": request.user.has_perm("compliance.schedule_release"),
    }
    return render(request, "compliance/pack.html", context)


def _examples(found: Pack, language: str) -> dict[str, Any]:
    """Run every example of a pack now; one that cannot be run says so."""
    shipped = packs_loader.get(found.id)
    used = found if found.examples else shipped
    lines: list[dict[str, Any]] = []
    titles = {rule.id: rule.title[language] for rule in found.rules}
    try:
        for example, result in zip(used.examples, examples.run(used), strict=True):
            refused = example.get("refused_by", [])
            lines.append(
                {
                    "says": result.says,
                    "at": example.get("at"),
                    "zone": example.get("zone", ""),
                    "expected": "refuse" if refused else "permit",
                    "rules": [{"id": rule, "title": titles.get(rule, rule)} for rule in refused],
                    "holds": result.holds,
                    "why": result.why,
                }
            )
    except PackError as trouble:
        return {"lines": lines, "failed": 0, "trouble": str(trouble)}
    return {"lines": lines, "failed": sum(not line["holds"] for line in lines), "trouble": ""}


def _releases(found: Pack) -> list[dict[str, Any]]:
    """Return the contents of this pack that can be compared: what binds, what was shipped, what decisions used."""
    shipped = packs_loader.get(found.id)
    known = {found.hash: _("in force now"), shipped.hash: _("shipped with the program")}
    if shipped.hash == found.hash:
        known[found.hash] = _("in force now")
    rows = PackRelease.objects.filter(pack=found.id).annotate(short=Left("hash", gate.SHORT))
    listed = [
        {"hash": digest[: gate.SHORT], "version": one.version, "label": label}
        for one, (digest, label) in zip((found, shipped), list(known.items()), strict=False)
    ]
    have = {row["hash"] for row in listed}
    for row in rows.order_by("-first_seen_at", "-pk").defer("content"):
        short = row.hash[: gate.SHORT]
        if short not in have:
            when = _("stored on %(day)s") % {"day": row.first_seen_at.date().isoformat()}
            listed.append({"hash": short, "version": row.version, "label": when})
    return listed


@require_safe
@allowed("compliance.view_decision")
def compare(request: HttpRequest, pack_id: str) -> HttpResponse:
    """Show two contents of a pack side by side: by rule and parameter, only what differs."""
    at = clock.now()
    state = _found(pack_id, at)
    releases = _releases(state.pack)
    wanted = [request.GET.get("old", ""), request.GET.get("new", "")]
    by_age = sorted(releases, key=lambda one: in_force.order_of(str(one["version"])))
    if not wanted[1]:
        wanted[1] = next((one["hash"] for one in reversed(by_age) if one["hash"] != wanted[0]), wanted[0])
    if not wanted[0]:
        wanted[0] = next((one["hash"] for one in reversed(by_age) if one["hash"] != wanted[1]), wanted[1])
    old, new = (_content(state.pack, short) for short in wanted)
    context = {
        "now": at,
        "pack": _row(state, at),
        "releases": releases,
        "old": _side(old),
        "new": _side(new),
        "heads": comparison.of_heads(old, new),
        "changes": comparison.of_packs(old, new),
        "same": old.hash == new.hash,
    }
    return render(request, "compliance/compare.html", context)


def _content(current: Pack, short: str) -> Pack:
    for known in (current, packs_loader.get(current.id)):
        if known.hash.startswith(short) and len(short) == gate.SHORT:
            return known
    row = PackRelease.objects.filter(pack=current.id, hash__startswith=short).first() if len(short) >= 8 else None
    if row is None:
        raise Http404
    try:
        return in_force.released(row.hash)
    except (PackError, ReleasesUnknown):
        raise Http404 from None


def _side(pack: Pack) -> dict[str, str]:
    return {"version": pack.version, "hash": pack.hash[: gate.SHORT]}


@require_safe
@allowed("compliance.view_decision")
def rule(request: HttpRequest, rule_id: str) -> HttpResponse:
    """Show one rule: its text, its dated versions side by side, what it lifts, the examples that prove it."""
    at = clock.now()
    trouble, states = _states(at)
    found = next(
        ((state, line) for state in states for line in state.rules if line.rule.id == rule_id),
        None,
    )
    if found is None:
        raise Http404(trouble)
    state, line = found
    one, language = line.rule, reasons.language_of()
    columns, rows = comparison.of_versions(one, at.date())
    context = {
        "now": at,
        "rule": _rule_row(state.pack, line)
        | {
            "says": one.says.get(language, ""),
            "check": one.check.replace("_", " "),
            "explains": _explains(one),
            "confidence": words.say(words.CONFIDENCES, one.confidence),
            "reviewer": "" if one.reviewer == shelf.UNSIGNED else one.reviewer,
            "reviewed_on": one.reviewed_on,
            "when": [comparison.condition_in_words(each) for each in one.when],
            "other": {name: one.text.get(name, "") for name in vocabulary.LANGUAGES if name != language},
            "titles": [one.title[name] for name in vocabulary.LANGUAGES if name != language],
        },
        "columns": columns,
        "rows": rows,
        "lifts": _named(state.pack, one.lifts, language),
        "lifted_by": _named(state.pack, tuple(each.id for each in state.pack.rules if one.id in each.lifts), language),
        "proofs": _proofs(state.pack, one),
        "refused_url": f"{reverse('compliance:decisions')}?verdict=refuse&rule={one.id}",
    }
    return render(request, "compliance/rule.html", context)


def _explains(one: Rule) -> str:
    """Return what the kind of rule does, as its function says; for whoever reads English."""
    said = (PREDICATES[one.check].function.__doc__ or "").strip().split("\n\n")[0]
    return " ".join(said.split())


def _named(found: Pack, ids: tuple[str, ...], language: str) -> list[dict[str, str]]:
    titles = {rule.id: rule.title[language] for rule in found.rules}
    return [{"id": one, "title": titles.get(one, one), "url": reverse("compliance:rule", args=[one])} for one in ids]


def _proofs(found: Pack, one: Rule) -> list[dict[str, Any]]:
    """Return the examples of the pack that name this rule, as they are written."""
    used = found if found.examples else packs_loader.get(found.id)
    return [
        {"says": str(example.get("says", "")), "at": example.get("at"), "zone": example.get("zone", "")}
        for example in used.examples
        if one.id in example.get("refused_by", ()) or example.get("warns") == one.id
    ]
