"""What is wrong with a script that somebody writes."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from cases.refusal import Refused
from compliance import packs_loader
from compliance.packs_loader import PackError
from contacts import forbidden, rendering, wording_rules
from contacts.models import Stage
from contacts.scripts import conditions, notation, shipped
from contacts.scripts.notation import AFTER, BEFORE, Line, NotationRefused, Words

# What may be said while nobody knows who listens: it tells neither of a debt nor of whose it is.
NAMED_BEFORE: Final = frozenset({"borrower_name", "salutation", "agency_name", "today", "reference"})


class ScriptRefused(Refused):
    SENTENCES = {
        "own": _("You wrote it yourself: somebody else approves it."),
        "not-a-draft": _("Only a draft can be decided about; this one is %(status)s."),
        "not-in-force": _("Only a version in force can be taken out of use; this one is %(status)s."),
        "no-reason": _("Say why."),
        "language": _("Scripts are written in English or Simplified Chinese."),
        "stage": _("“%(name)s” is a script for another moment of the call."),
        "forbidden": _("“%(words)s” in line %(number)s may not be said. %(reason)s"),
        "before": _("“%(words)s” in line %(number)s may not be said before the person is confirmed: a stranger would "
                    "learn of the debt."),
        "variable-before": _("“%(name)s” in line %(number)s is known only after the person is confirmed."),
        "branch-stage": _("The branch “%(name)s” does not fit this moment of the call."),
        "unknown-rule": _("No installed rule is called “%(rule)s”."),
        "clause": _("The disclosure of %(rule)s lacks %(clause)s."),
        "rule-stage": _("%(rule)s is said at another moment of the call."),
    }  # fmt: skip


def check(body: str, *, stage: str, when: Mapping[str, Any] | None = None) -> Words:
    """Return the words of a script that may be kept as a draft.

    Raises NotationRefused, RenderingRefused, ScriptRefused, ConditionRefused.
    """
    words = notation.read(body)
    conditions.check(when or {})
    for refusal in faults_of(body, stage=stage)[:1]:
        raise refusal
    return words


def faults_of(body: str, *, stage: str) -> list[Refused]:
    """Return everything that is wrong with the words of a script, in the order of its lines."""
    try:
        words = notation.read(body)
    except NotationRefused as refused:
        return [refused]
    numbered = _numbered(body, words)
    faults: list[Refused] = []
    for number, line in numbered:
        faults += _line_faults(number, line, stage)
    allowed = BEFORE if stage == Stage.OPENING else AFTER
    faults += [ScriptRefused("branch-stage", name=name) for name in words.branches if name not in allowed]
    for line in words.disclosures.values():
        faults += _disclosure_faults(line, stage)
    return faults


def _numbered(body: str, words: Words) -> list[tuple[int, Line]]:
    """Return each line with the number of the line that holds it."""
    held = [number for number, raw in enumerate(body.splitlines(), start=1)
            if raw.strip() and not raw.strip().startswith("[")]  # fmt: skip
    read = [*words.lines]
    order = [name for name in re.findall(r"^\s*\[([a-z_]+)\]\s*$", body, re.M) if name in words.branches]
    for name in order:
        read += words.branches[name]
    return list(zip(held, read, strict=True))


def _line_faults(number: int, line: Line, stage: str) -> list[Refused]:
    faults: list[Refused] = []
    try:
        names = rendering.check_body(line.text, channel="chat")
    except rendering.RenderingRefused as refused:
        return [refused]
    faults += [
        ScriptRefused("forbidden", words=found.words, number=number, reason=found.reason)
        for found in forbidden.find(line.text)
    ]
    if stage == Stage.OPENING:
        faults += [ScriptRefused("variable-before", name=name, number=number) for name in sorted(names - NAMED_BEFORE)]
        said = _told_too_early(line.text)
        if said:
            faults.append(ScriptRefused("before", words=said, number=number))
    return faults


def _told_too_early(text: str) -> str:
    plain = " ".join(re.sub(r"\{\{[^{}]*\}\}", " ", text).lower().split())
    patterns = shipped.words_before_confirmation()
    for where, found in ((plain, patterns["en"]), (plain.replace(" ", ""), patterns["zh"])):
        for pattern in found:
            if match := re.search(pattern, where):
                return match.group()
    return ""


def _disclosure_faults(line: Line, stage: str) -> list[Refused]:
    faults: list[Refused] = []
    known = shipped.disclosures().get(line.rule)
    if known is None and line.rule not in _rules():
        faults.append(ScriptRefused("unknown-rule", rule=line.rule))
    if known is not None and known.stage == Stage.TALK and stage == Stage.OPENING:
        faults.append(ScriptRefused("rule-stage", rule=line.rule))
    if known is not None and known.clause and known.clause not in wording_rules.clauses_of("", line.text):
        faults.append(ScriptRefused("clause", rule=line.rule, clause=wording_rules.label(known.clause)))
    return faults


def _rules() -> frozenset[str]:
    try:
        packs: Sequence[Any] = packs_loader.all_packs()
    except (PackError, OSError):
        return frozenset()
    return frozenset(rule.id for pack in packs for rule in pack.rules)
