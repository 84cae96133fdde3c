"""Findings in words: sentence, citation, strength, and when to try again, in the reader's language.

Nothing is stored as text. The sentences come from the pack release that the decision was made with, so that a decision
reads the same in ten years, whatever the pack has become since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from compliance import gate, packs_loader
from compliance.engine import ADVISED, FAIL, OVERRIDDEN, Outcome
from compliance.facts import instant
from compliance.models import Decision
from compliance.packs_loader import POLICY, Pack, PackError, Rule
from compliance.releases import in_force
from compliance.releases.in_force import ReleasesUnknown

STRENGTH_LABELS: Final = {
    "hard": _("prohibition"),
    "presumption": _("presumption of compliance"),
    "guideline": _("guideline"),
    "soft": _("should not; a supervisor may go on with a recorded reason"),
    "firm policy": _("policy of the firm, not law"),
    "advisory": _("warning"),
}
FORCE_LABELS: Final = {
    "law": _("law"),
    "reg": _("regulation"),
    "std": _("recommended standard"),
    "self": _("self-regulation"),
    "guideline": _("guideline"),
    "policy": _("policy of the firm"),
    "draft": _("draft"),
}
PARTY_LABELS: Final = {
    "debtor": _("debtor"),
    "joint_debtor": _("joint debtor"),
    "guarantor": _("guarantor"),
    "spouse": _("spouse"),
    "heir": _("heir"),
    "relative": _("relative"),
    "contact_person": _("contact person"),
    "contact_list_person": _("person from the address book"),
    "referee": _("referee"),
    "colleague": _("colleague"),
    "employer": _("employer"),
    "neighbour": _("neighbour"),
    "attorney": _("lawyer"),
    "stranger": _("stranger"),
}
ENGINE_TROUBLE: Final = _("The decision could not be made, and so the contact is refused")


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule's word about a contact, ready to show."""

    rule: str
    title: str
    sentence: str
    source: str
    strength: str  # code
    strength_label: str
    force_label: str
    next_at: datetime | None  # when this rule alone would pass
    warning: bool  # permitted, with this said
    needs_review: bool  # the rule rests on a weak source
    pack: str
    pack_version: str


class _Values(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def language_of(code: str | None = None) -> str:
    """Return the language of the packs that serves a language code of Django ("zh-hans", "en-gb")."""
    wanted = (code or translation.get_language() or "en").lower()
    return "zh-hans" if wanted.startswith("zh") else "en"


def _worded(rule: Rule, values: Mapping[str, Any], language: str) -> _Values:
    said = _Values()
    for key, value in values.items():
        words = rule.words.get(str(value))
        if words:
            said[key] = words[language]
        elif key == "party" and value in PARTY_LABELS:
            said[key] = str(PARTY_LABELS[value])
        else:
            said[key] = value
    return said


def _reason(rule: Rule, pack: Pack, values: Mapping[str, Any], *, language: str, warning: bool) -> Reason:
    later = values.get("next_at")
    sentence = rule.says.get(language) or rule.title[language]
    return Reason(
        rule=rule.id,
        title=rule.title[language],
        sentence=sentence.format_map(_worded(rule, values, language)),
        source=rule.source,
        strength=rule.strength,
        strength_label=str(STRENGTH_LABELS[rule.strength]),
        force_label=str(FORCE_LABELS[rule.force]),
        next_at=instant(later) if isinstance(later, str) else later,
        warning=warning,
        needs_review=rule.needs_review,
        pack=pack.id,
        pack_version=pack.version,
    )


def _unknown(rule: str) -> Reason:
    label = str(STRENGTH_LABELS["hard"])
    return Reason(
        rule, rule, str(ENGINE_TROUBLE), "", "hard", label, "", None, warning=False, needs_review=True, pack="",
        pack_version="",
    )  # fmt: skip


def _render(
    findings: Iterable[tuple[str, Mapping[str, Any], bool]], packs: Iterable[Pack], language: str
) -> list[Reason]:
    rules = {rule.id: (rule, pack) for pack in packs for rule in pack.rules}
    rendered = []
    with translation.override(language):
        for rule_id, values, warning in findings:
            known = rules.get(rule_id)
            rendered.append(_reason(*known, values, language=language, warning=warning) if known else _unknown(rule_id))
    return rendered


def of_outcome(outcome: Outcome, language: str | None = None) -> list[Reason]:
    """Return the reasons and warnings of an outcome that was not stored (a preview), blocks first."""
    try:
        used = {pack_id: digest for pack_id, _version, digest in outcome.packs}
        packs = [in_force.by_hash(pack_id, digest) for pack_id, digest in used.items()]
        if POLICY not in used:
            packs.append(packs_loader.get(POLICY))
    except (PackError, ReleasesUnknown):
        packs = []
    said = []
    for state, warning in ((FAIL, False), (OVERRIDDEN, True), (ADVISED, True)):
        for result in outcome.results:
            if result.state == state:
                said.append((result.rule, {**result.finding.values, "next_at": result.finding.next_at}, warning))
    return _render(said, packs, language_of(language))


def of_decision(
    decision: Decision, language: str | None = None, *, releases: Mapping[str, Pack] | None = None
) -> list[Reason]:
    """Return the reasons and warnings of a stored decision, blocks first, in the words of its own releases.

    releases: packs already revived by hash, for lists of decisions (gate.revived).
    """
    packs = releases if releases is not None else gate.revived(decision.releases)
    said = [
        (rule, values, warning)
        for state, warning in ((FAIL, False), (OVERRIDDEN, True), (ADVISED, True))
        for rule, values in decision.findings.get(state, {}).items()
    ]
    return _render(said, [packs[one] for one in decision.releases if one in packs], language_of(language))
