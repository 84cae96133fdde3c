"""Two versions of a pack, or of one rule, side by side: what changed, by rule and by parameter, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compliance import limits, reasons, words
from compliance.packs_loader import Condition, Pack, Rule, Version

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
KINDS: Final = {ADDED: gettext_lazy("new"), REMOVED: gettext_lazy("gone"), CHANGED: gettext_lazy("changed")}

PARAMETERS: Final = {
    "limit": gettext_lazy("limit"),
    "days": gettext_lazy("days"),
    "months": gettext_lazy("months"),
    "years": gettext_lazy("years"),
    "hours": gettext_lazy("hours"),
    "minutes": gettext_lazy("minutes"),
    "opens": gettext_lazy("opens"),
    "closes": gettext_lazy("closes"),
    "weekend_opens": gettext_lazy("opens at weekends"),
    "weekend_closes": gettext_lazy("closes at weekends"),
    "closed_weekends": gettext_lazy("closed at weekends"),
    "zone": gettext_lazy("time zone of the text"),
    "unit": gettext_lazy("what is counted"),
    "windows": gettext_lazy("counted"),
    "key": gettext_lazy("counted per"),
    "channels": gettext_lazy("channels"),
    "direction": gettext_lazy("direction"),
    "kinds": gettext_lazy("records"),
    "ended_by": gettext_lazy("ended by"),
    "parties": gettext_lazy("roles"),
    "purposes": gettext_lazy("purposes"),
    "policy": gettext_lazy("policy of the firm"),
    "calendar": gettext_lazy("calendar"),
    "consent_opens": gettext_lazy("a consent opens other times"),
    "consent_express": gettext_lazy("only an express consent"),
    "consent_raises": gettext_lazy("a consent raises the limit"),
    "consent_days": gettext_lazy("days of a consent"),
    "collecting_only": gettext_lazy("only where money is asked for"),
    "written": gettext_lazy("only in writing"),
    "grouped_by": gettext_lazy("debts grouped by"),
    "not_outcomes": gettext_lazy("results not counted"),
    "outcomes": gettext_lazy("results"),
    "per_collector": gettext_lazy("each collector by himself"),
    "workplace_only": gettext_lazy("only at the workplace"),
    "per_day": gettext_lazy("a day"),
    "once": gettext_lazy("only once"),
    "quiet": gettext_lazy("quiet on"),
}
UNITS: Final = {
    "attempt": gettext_lazy("every attempt"),
    "unanswered": gettext_lazy("unanswered calls"),
    "connected": gettext_lazy("connected calls"),
    "effective": gettext_lazy("effective calls"),
    "actual_contact": gettext_lazy("contacts that reached the person"),
    "conversation": gettext_lazy("conversations"),
    "met": gettext_lazy("meetings"),
}
KEYS: Final = {
    "person": gettext_lazy("person"),
    "debt": gettext_lazy("debt"),
    "contact_point": gettext_lazy("number or address"),
}
CONDITIONS: Final = {
    "kind": (
        gettext_lazy("what is proposed"),
        {"contact": gettext_lazy("a contact"), "action": gettext_lazy("a step")},
    ),
    "channel": (gettext_lazy("channel"), None),
    "direction": (gettext_lazy("direction"), words.DIRECTIONS),
    "party": (gettext_lazy("role of the person"), None),
    "purpose": (gettext_lazy("purpose"), words.PURPOSES),
    "actor_kind": (gettext_lazy("who contacts"), words.ACTOR_KINDS),
    "point_kind": (gettext_lazy("number or address"), words.POINT_KINDS),
    "place": (gettext_lazy("place"), words.POINT_KINDS),
    "action": (gettext_lazy("step"), {}),
    "product": (gettext_lazy("product"), words.PRODUCTS),
    "creditor_kind": (gettext_lazy("kind of creditor"), words.CREDITOR_KINDS),
}


def condition_in_words(condition: Condition) -> tuple[str, str]:
    """Return what a condition is about, and its values."""
    label, table = CONDITIONS.get(condition.attribute, (condition.attribute, {}))
    said = {"channel": words.channel, "party": words.party}.get(condition.attribute)
    values = words.listed(sorted(said(one) if said else words.say(table or {}, one) for one in condition.values))
    return str(label), _("not %(values)s") % {"values": values} if condition.negated else values


def parameter_in_words(name: str) -> str:
    """Return what a parameter of a rule is called."""
    return words.say(PARAMETERS, name)


def value_in_words(name: str, value: Any) -> str:
    """Return the value of a parameter as it is said."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return words.listed(value_in_words(name, one) for one in value)
    tables: dict[str, Mapping[str, Any]] = {
        "unit": UNITS, "key": KEYS, "kinds": words.RECORDS, "ended_by": words.RECORDS, "purposes": words.PURPOSES,
        "policy": words.POLICIES, "outcomes": words.OUTCOMES, "not_outcomes": words.OUTCOMES,
        "direction": words.DIRECTIONS, "point_kinds": words.POINT_KINDS,
    }  # fmt: skip
    if name in tables:
        return words.say(tables[name], value)
    said = {"channels": words.channel, "parties": words.party, "windows": limits.window_in_words}.get(name)
    return said(str(value)) if said else str(value)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that changed of one rule: a parameter from a date on, or another key."""

    key: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One rule that is new, gone or changed."""

    rule: str
    title: str
    kind: str
    kind_label: str
    differences: tuple[Difference, ...] = ()


def of_packs(old: Pack, new: Pack) -> list[RuleChange]:
    """Return what a newer version of a pack changes, in the order of its rules; rules that are gone last."""
    language = reasons.language_of()
    before = {rule.id: rule for rule in old.rules}
    after = {rule.id: rule for rule in new.rules}
    changes = []
    for rule in new.rules:
        earlier = before.get(rule.id)
        if earlier is None:
            changes.append(RuleChange(rule.id, rule.title[language], ADDED, str(KINDS[ADDED]), _all_of(rule)))
        elif differences := of_rules(earlier, rule):
            changes.append(RuleChange(rule.id, rule.title[language], CHANGED, str(KINDS[CHANGED]), differences))
    for rule in old.rules:
        if rule.id not in after:
            changes.append(RuleChange(rule.id, rule.title[language], REMOVED, str(KINDS[REMOVED])))
    return changes


def of_heads(old: Pack, new: Pack) -> tuple[Difference, ...]:
    """Return what changed of the pack itself."""
    language = reasons.language_of()

    def head(pack: Pack) -> dict[str, str]:
        scope = sorted(words.paired(*condition_in_words(one)) for one in pack.scope)
        return {
            _("version"): pack.version,
            _("name"): pack.name[language],
            _("state"): _("in use") if pack.enabled else _("draft"),
            _("places"): words.listed(sorted(words.place(one) for one in pack.jurisdictions)),
            _("scope"): words.listed(scope),
        }

    return _differences(head(old), head(new))


def of_rules(old: Rule, new: Rule) -> tuple[Difference, ...]:
    """Return what changed of one rule, key by key; parameters with the date from which they hold."""
    return _differences(_flat(old), _flat(new))


def _all_of(rule: Rule) -> tuple[Difference, ...]:
    return tuple(Difference(key, "", value) for key, value in _flat(rule).items() if value)


def _flat(rule: Rule) -> dict[str, str]:
    """Return everything that a reader may want compared, by what it is called."""
    language = reasons.language_of()
    flat = {
        _("title"): rule.title[language],
        _("reason given"): rule.says.get(language, ""),
        _("text"): rule.text.get(language, ""),
        _("source"): rule.source,
        _("kind of rule"): f"{words.say(words.ROLES, rule.role)} · {rule.check}",
        _("strength"): str(reasons.STRENGTH_LABELS[rule.strength]),
        _("force"): str(reasons.FORCE_LABELS[rule.force]),
        _("confidence"): words.say(words.CONFIDENCES, rule.confidence),
        _("reviewer"): f"{rule.reviewer} {rule.reviewed_on}",
        _("lifts"): words.listed(rule.lifts),
    }
    for condition in rule.when:
        label, values = condition_in_words(condition)
        key = _("where: %(what)s") % {"what": label}
        flat[key] = words.listed([flat[key], values]) if key in flat else values
    for version in rule.versions:
        since = version.begins.isoformat()
        ends = version.ends.isoformat() if version.ends else _("open")
        flat[_("from %(since)s: until") % {"since": since}] = ends
        for name, value in version.params.items():
            key = _("from %(since)s: %(what)s") % {"since": since, "what": parameter_in_words(name)}
            flat[key] = value_in_words(name, value)
    return flat


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[Difference, ...]:
    keys = [*new, *(key for key in old if key not in new)]
    return tuple(
        Difference(key, old.get(key, ""), new.get(key, "")) for key in keys if old.get(key, "") != new.get(key, "")
    )


@dataclass(frozen=True, slots=True)
class VersionColumn:
    """One dated version of a rule beside the others."""

    version: Version
    is_current: bool


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One parameter in every version; `differs`: its values are not all the same."""

    label: str
    values: tuple[str, ...]
    differs: bool


def of_versions(rule: Rule, day: date) -> tuple[list[VersionColumn], list[VersionRow]]:
    """Return the dated versions of a rule as columns, and their parameters as rows."""
    current = rule.version_on(day)
    columns = [VersionColumn(version, version is current) for version in rule.versions]
    names = dict.fromkeys(name for version in rule.versions for name in version.params)
    rows = []
    for name in names:
        values = tuple(value_in_words(name, version.params.get(name)) for version in rule.versions)
        rows.append(VersionRow(parameter_in_words(name), values, len(set(values)) > 1))
    return columns, rows
