"""Every rule that was asked about a contact, and what it said, in words: of a stored decision, or of a preview.

A stored decision keeps the values of failing and advising rules and the names of the rest; a rule of its releases
that is not named did not apply. Where it could be computed again with the same answer, the values of the rules that
were kept are known too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfoNotFoundError

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compliance import facts_in_words, reasons, trace, words
from compliance.engine import ADVISED, FAIL, LIFTED, NOT_APPLICABLE, OVERRIDDEN, PASS, Outcome
from compliance.facts import instant, rows_of
from compliance.models import Decision
from compliance.packs_loader import POLICY, Pack, Rule
from compliance.reasons import Reason
from compliance.windows import local

LABELS: Final = {
    "failed": gettext_lazy("forbids it"),
    "advice": gettext_lazy("warns"),
    "overridden": gettext_lazy("set aside with a reason"),
    "lifted": gettext_lazy("lifted by an exception"),
    "passed": gettext_lazy("is kept"),
    "not_applicable": gettext_lazy("does not apply"),
}
_STATES: Final = {
    FAIL: "failed",
    ADVISED: "advice",
    OVERRIDDEN: "overridden",
    LIFTED: "lifted",
    PASS: "passed",
    NOT_APPLICABLE: "not_applicable",
}
_ORDER: Final = tuple(LABELS)
# What a filter of the page stands for.
GROUPS: Final = {
    "asked": (gettext_lazy("rules that apply"), ("failed", "advice", "overridden", "lifted", "passed")),
    "forbids": (gettext_lazy("forbids"), ("failed",)),
    "warns": (gettext_lazy("warns"), ("advice", "overridden", "lifted")),
    "kept": (gettext_lazy("is kept"), ("passed",)),
    "silent": (gettext_lazy("does not apply"), ("not_applicable",)),
}
APPLY: Final = "asked"
LONG_SINCE: Final = date(1970, 1, 1)  # what a pack writes where nobody needs the day on which a rule began
ALL: Final = "all"
UNFIT: Final = {
    "date": gettext_lazy("not in force on that day"),
    "coverage": gettext_lazy("its text does not cover this contact"),
    "kind": gettext_lazy("about something other than a contact"),
    "channel": gettext_lazy("for another channel"),
    "direction": gettext_lazy("for contacts in the other direction"),
    "party": gettext_lazy("for another role of the person"),
    "purpose": gettext_lazy("for another purpose"),
    "actor_kind": gettext_lazy("for somebody else who contacts"),
    "point_kind": gettext_lazy("for another kind of number or address"),
    "place": gettext_lazy("for another place"),
    "action": gettext_lazy("about another step"),
    "product": gettext_lazy("for another product"),
    "creditor_kind": gettext_lazy("for another kind of creditor"),
    "does not apply": gettext_lazy("its condition is not met"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """What one rule said, with everything that a reader may ask of the rule."""

    rule: str
    title: str
    says: str
    result: str
    result_label: str
    role: str
    check: str
    inputs: tuple[tuple[str, str], ...]
    text: str
    citation: str
    strength: str
    force: str
    confidence: str
    needs_review: bool
    reviewer: str
    reviewed_on: str
    since: date | None
    until: date | None
    pack: str
    pack_name: str
    pack_version: str
    next_permitted: datetime | None
    values: Mapping[str, Any]

    @property
    def group(self) -> str:
        """The filter of the page that shows this line."""
        return next((name for name, (_label, one) in GROUPS.items() if self.result in one and name != APPLY), "silent")


def of_decision(
    decision: Decision, packs: Mapping[str, Pack], outcome: Outcome | None = None, *, only_failing: bool = False
) -> list[Line]:
    """Return every rule that was asked, those that forbid first, in the words of the releases of the decision.

    outcome: the same answer computed again, for the values of the rules that were kept. only_failing: the rules that
    forbid and no others, for lists of many decisions.
    """
    kept = decision.findings if isinstance(decision.findings, dict) else {}
    used = [packs[digest] for digest in decision.releases if digest in packs]
    states: dict[str, str] = dict.fromkeys(trace.passes(kept, used), "passed")
    values: dict[str, dict[str, Any]] = {}
    because: dict[str, str] = dict(kept.get(LIFTED, {}))
    for state in (FAIL, ADVISED, OVERRIDDEN, LIFTED):
        states.update(dict.fromkeys(kept.get(state, {}), _STATES[state]))
    for state in (FAIL, ADVISED, OVERRIDDEN):
        values.update(kept.get(state, {}))
    if outcome is not None:
        for result in outcome.results:
            values.setdefault(result.rule, dict(result.finding.values))
            because.setdefault(result.rule, result.because)
    said = {reason.rule: reason for reason in reasons.of_decision(decision, releases=packs)}
    day = _day(decision.at, zone_of(decision))
    wanted = set(kept.get(FAIL, {})) if only_failing else None
    return _lines(used, states=states, values=values, because=because, said=said, day=day, wanted=wanted)


def of_outcome(outcome: Outcome, packs: Iterable[Pack], *, zone: str) -> list[Line]:
    """Return every rule that was asked in a preview, those that forbid first."""
    states = {result.rule: _STATES[result.state] for result in outcome.results}
    values = {
        result.rule: {
            **result.finding.values,
            **({"next_at": result.finding.next_at} if result.finding.next_at else {}),
        }
        for result in outcome.results
    }
    because = {result.rule: result.because for result in outcome.results}
    said = {reason.rule: reason for reason in reasons.of_outcome(outcome)}
    day = _day(outcome.at, zone)
    return _lines(list(packs), states=states, values=values, because=because, said=said, day=day)


def _day(at: datetime, zone: str) -> date:
    try:
        return local(at, zone).date()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return at.astimezone(UTC).date()


def _lines(
    packs: list[Pack],
    *,
    states: Mapping[str, str],
    values: Mapping[str, Mapping[str, Any]],
    because: Mapping[str, str],
    said: Mapping[str, Reason],
    day: date,
    wanted: Collection[str] | None = None,
) -> list[Line]:
    lines = []
    for pack in packs:
        for rule in pack.rules:
            if wanted is not None and rule.id not in wanted:
                continue
            state = states.get(rule.id, "not_applicable")
            given = values.get(rule.id, {})
            spoken = said[rule.id].sentence if rule.id in said else _why(state, because.get(rule.id, ""))
            lines.append(_line(rule, pack, state, spoken, given, day))
    known = {line.rule for line in lines}
    said = said if wanted is None else {rule: reason for rule, reason in said.items() if rule in wanted}
    lines += [
        _unknown(reason, states.get(reason.rule, "failed")) for reason in said.values() if reason.rule not in known
    ]
    return sorted(lines, key=lambda line: _ORDER.index(line.result))


def _why(state: str, because: str) -> str:
    if state == "lifted" and because:
        return _("Lifted by %(rule)s") % {"rule": because}
    if state == "not_applicable" and because:
        return str(UNFIT.get(because, ""))
    return ""


def _line(rule: Rule, pack: Pack, state: str, says: str, values: Mapping[str, Any], day: date) -> Line:
    language = reasons.language_of()
    version = rule.version_on(day)
    later = values.get("next_at")
    return Line(
        rule=rule.id,
        title=rule.title[language],
        says=says,
        result=state,
        result_label=str(LABELS[state]),
        role=words.say(words.ROLES, rule.role),
        check=rule.check,
        inputs=_inputs(rule, values, language),
        text=rule.text.get(language, ""),
        citation=rule.source,
        strength=str(reasons.STRENGTH_LABELS[rule.strength]),
        force=str(reasons.FORCE_LABELS[rule.force]),
        confidence=words.say(words.CONFIDENCES, rule.confidence),
        needs_review=rule.needs_review,
        reviewer=rule.reviewer,
        reviewed_on=rule.reviewed_on,
        since=version.begins if version and version.begins > LONG_SINCE else None,
        until=version.ends if version else None,
        pack=pack.id,
        pack_name=pack.name[language],
        pack_version=pack.version,
        next_permitted=instant(later) if isinstance(later, str) else later,
        values=values,
    )


def _inputs(rule: Rule, values: Mapping[str, Any], language: str) -> tuple[tuple[str, str], ...]:
    """Return the values that a rule worked with, each with what it is called."""
    shown = []
    for name, value in values.items():
        if name in ("next_at", "counted") or value is None or value == "":
            continue
        worded = rule.words.get(str(value))
        text = worded[language] if worded else facts_in_words.value_in_words(name, value)
        shown.append((words.say(facts_in_words.VALUES, name), text))
    return tuple(shown)


def _unknown(reason: Reason, state: str) -> Line:
    return Line(
        rule=reason.rule, title=reason.title, says=reason.sentence, result=state, result_label=str(LABELS[state]),
        role="", check="", inputs=(), text="", citation=reason.source, strength=reason.strength_label,
        force=reason.force_label, confidence="", needs_review=reason.needs_review, reviewer="", reviewed_on="",
        since=None, until=None, pack=reason.pack or POLICY, pack_name=reason.pack or POLICY,
        pack_version=reason.pack_version, next_permitted=reason.next_at, values={},
    )  # fmt: skip


def groups(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """Return the filters of the page, each with the number of its rules."""
    counted: dict[str, int] = {}
    for line in lines:
        counted[line.group] = counted.get(line.group, 0) + 1
    counted[APPLY] = sum(number for name, number in counted.items() if name != "silent")
    return [{"name": name, "label": label, "count": counted.get(name, 0)} for name, (label, _all) in GROUPS.items()]


def shown(asked: str) -> str:
    """Return the filter that an address asks for: a group, "all", or the rules that apply."""
    return asked if asked in GROUPS or asked == ALL else APPLY


def only(lines: list[Line], group: str) -> list[Line]:
    """Return the lines of a group."""
    return lines if group == ALL else [line for line in lines if line.result in GROUPS[group][1]]


def _claims(decision: Decision) -> list[Mapping[str, Any]]:
    stored = decision.facts.get("locations") if isinstance(decision.facts, dict) else None
    if isinstance(stored, dict):  # what all claims share is said once
        return list(rows_of(stored))
    return list(stored or ())


def zone_of(decision: Decision) -> str:
    """Return the time zone of the person contacted, as the decision knew it; UTC where it knew none."""
    mine = [place for place in _claims(decision) if place.get("person_id") in (None, decision.person_id)]
    sure = [place for place in mine if place.get("authoritative")]
    for place in sure or mine:
        if place.get("zone"):
            return str(place["zone"])
    return "UTC"
