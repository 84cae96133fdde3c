"""Every rule that was asked about a stored decision, and the facts it saw, in words.

A stored decision keeps the values of failing and advising rules and the names of the rest; a rule of its releases
that is not named did not apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compliance import reasons, trace
from compliance.engine import ADVISED, FAIL, LIFTED, OVERRIDDEN
from compliance.facts import FactsError, instant
from compliance.models import Decision
from compliance.packs_loader import POLICY, Pack

LABELS: Final = {
    "failed": gettext_lazy("forbids it"),
    "advice": gettext_lazy("warns"),
    "overridden": gettext_lazy("set aside with a reason"),
    "lifted": gettext_lazy("lifted by an exception"),
    "passed": gettext_lazy("is kept"),
    "not_applicable": gettext_lazy("does not apply"),
}
_STATES: Final = {FAIL: "failed", ADVISED: "advice", OVERRIDDEN: "overridden", LIFTED: "lifted"}
_ORDER: Final = tuple(LABELS)


@dataclass(frozen=True, slots=True)
class Line:
    """What one rule said."""

    rule: str
    title: str
    says: str
    citation: str
    citation_url: str
    result: str
    result_label: str
    strength: str
    force: str
    pack: str
    next_permitted: datetime | None


def of_decision(decision: Decision, packs: Mapping[str, Pack]) -> list[Line]:
    """Return every rule that was asked, those that forbid first, in the words of the releases of the decision."""
    language = reasons.language_of()
    said = {reason.rule: reason for reason in reasons.of_decision(decision, releases=packs)}
    states = _states(decision, packs)
    lines, seen = [], set()
    for digest in decision.releases:
        pack = packs.get(digest)
        for rule in pack.rules if pack else ():
            result = states.get(rule.id, "not_applicable")
            reason = said.get(rule.id)
            lines.append(
                Line(
                    rule=rule.id,
                    title=rule.title[language],
                    says=reason.sentence if reason else _lifted_by(decision.findings, rule.id),
                    citation=rule.source,
                    citation_url="",
                    result=result,
                    result_label=str(LABELS[result]),
                    strength=str(reasons.STRENGTH_LABELS[rule.strength]),
                    force=str(reasons.FORCE_LABELS[rule.force]),
                    pack=pack.id if pack else "",
                    next_permitted=reason.next_at if reason else None,
                )
            )
            seen.add(rule.id)
    for rule_id, reason in said.items():
        if rule_id not in seen:
            result = states.get(rule_id, "failed")
            lines.append(
                Line(rule_id, reason.title, reason.sentence, reason.source, "", result, str(LABELS[result]),
                     reason.strength_label, reason.force_label, reason.pack or POLICY, reason.next_at)
            )  # fmt: skip
    return sorted(lines, key=lambda line: _ORDER.index(line.result))


def _states(decision: Decision, packs: Mapping[str, Pack]) -> dict[str, str]:
    """Return what each rule that applied said, by rule."""
    kept = decision.findings if isinstance(decision.findings, dict) else {}
    used = [packs[digest] for digest in decision.releases if digest in packs]
    states = dict.fromkeys(trace.passes(kept, used), "passed")
    for state, name in _STATES.items():
        states.update(dict.fromkeys(kept.get(state, {}), name))
    return states


def _lifted_by(findings: Any, rule: str) -> str:
    exception = findings.get(LIFTED, {}).get(rule) if isinstance(findings, dict) else None
    return _("Lifted by %(rule)s") % {"rule": exception} if exception else ""


def zone_of(decision: Decision) -> str:
    """Return the time zone of the person contacted, as the decision knew it; UTC where it knew none."""
    places = decision.facts.get("locations") if isinstance(decision.facts, dict) else None
    mine = [place for place in places or () if place.get("person_id") in (None, decision.person_id)]
    sure = [place for place in mine if place.get("authoritative")]
    for place in sure or mine:
        if place.get("zone"):
            return str(place["zone"])
    return "UTC"


_FACTS: Final = {
    "jurisdictions": gettext_lazy("Place, as the law sees it"),
    "product": gettext_lazy("Product"),
    "creditor_kind": gettext_lazy("Kind of creditor"),
    "dpd": gettext_lazy("Days past due"),
    "outsourced": gettext_lazy("Given to an agency"),
    "balance": gettext_lazy("Balance"),
    "currency": gettext_lazy("Currency"),
    "residence": gettext_lazy("Residence"),
    "extra_packs": gettext_lazy("Rules adopted beside the law"),
    "as_of": gettext_lazy("Rules read as of"),
    "locations": gettext_lazy("Where the person may be"),
    "contacts": gettext_lazy("Contacts before"),
    "records": gettext_lazy("Wishes, consents and holds"),
    "firm_policy": gettext_lazy("Limits of the firm"),
}


def facts_in_words(decision: Decision) -> list[dict[str, Any]]:
    """Return the facts that the decision saw, each with its label; long lists line by line."""
    plain = decision.facts if isinstance(decision.facts, dict) else {}
    return [
        {"label": str(label), "value": _value(name, plain[name])} for name, label in _FACTS.items() if name in plain
    ]


def _value(name: str, value: Any) -> str:
    if name == "locations":
        return "\n".join(f"{one.get('zone', '')} · {one.get('basis', 'address')}" for one in value)
    if name == "contacts":
        return "\n".join(f"{_when(one)} · {one.get('channel', '')} · {one.get('outcome', '')}" for one in value)
    if name == "records":
        return "\n".join(f"{_when(one)} · {one.get('kind', '')}" for one in value)
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_plain(each)}" for key, each in value.items())
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(_plain(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(each)}" for key, each in value.items())
    return str(value)


def _when(one: Mapping[str, Any]) -> str:
    try:
        return f"{instant(one['at']):%Y-%m-%d %H:%M} UTC"
    except (KeyError, TypeError, ValueError, FactsError):
        return "–"
