"""How many contacts each count has used and still allows: the counts of rules, and the caps of the firm. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from compliance import reasons, words
from compliance.engine import FAIL, LIFTED, OVERRIDDEN, PASS, Outcome
from compliance.facts import Cap, Facts, MissingFact, Question
from compliance.packs_loader import POLICY, Pack
from compliance.predicates.counts import count_limit

_COUNTED: Final = (PASS, FAIL, LIFTED, OVERRIDDEN)
CAPS: Final = "POLICY-CAP"


@dataclass(frozen=True, slots=True)
class Limit:
    """One count: `used` of `limit` within a window. opens_at: when a full one has room again, as far as is known."""

    rule: str
    title: str
    window: str
    used: int
    limit: int
    is_firm: bool
    opens_at: datetime | None = None

    @property
    def left(self) -> int:
        """How many contacts it still allows."""
        return max(self.limit - self.used, 0)

    @property
    def is_full(self) -> bool:
        """Whether it allows none."""
        return self.left == 0

    @property
    def is_near(self) -> bool:
        """Whether the next contact is the last one."""
        return self.left == 1


def window_in_words(window: str) -> str:
    """Return over which time a rule counts: "dates:7" is "within 7 days"."""
    kind, _colon, size = window.partition(":")
    if kind == "week":
        return _("this week")
    if kind == "month":
        return _("this month")
    number = int(size) if size.isdecimal() else 0
    if kind == "dates" and number == 1:
        return _("today")
    if kind == "dates":
        return ngettext("within %(n)s day", "within %(n)s days", number) % {"n": number}
    if kind == "hours":
        return ngettext("within %(n)s hour", "within %(n)s hours", number) % {"n": number}
    return window


def of_outcome(question: Question, facts: Facts, outcome: Outcome, packs: Iterable[Pack]) -> list[Limit]:
    """Return the counts that bind this contact, the scarcest first."""
    language = reasons.language_of()
    rules = {rule.id: rule for pack in packs for rule in pack.rules}
    found = []
    for result in outcome.results:
        values = result.finding.values
        if result.state not in _COUNTED or result.rule == CAPS or not {"count", "limit"} <= values.keys():
            continue
        rule = rules.get(result.rule)
        found.append(
            Limit(
                rule=result.rule,
                title=rule.title[language] if rule else result.rule,
                window=window_in_words(str(values.get("window", ""))),
                used=int(values["count"]),
                limit=int(values["limit"]),
                is_firm=result.pack == POLICY,
                opens_at=result.finding.next_at,
            )
        )
    found += [
        limit
        for cap in (facts.firm_policy.caps if facts.firm_policy else ())
        if question.channel in cap.channels and (limit := _of_cap(question, facts, cap)) is not None
    ]
    return sorted(found, key=lambda one: (one.left, one.limit, one.rule))


def _of_cap(question: Question, facts: Facts, cap: Cap) -> Limit | None:
    window = f"dates:{cap.days}"
    try:
        counted = count_limit(
            question,
            facts,
            limit=cap.limit,
            unit="attempt",
            windows=(window,),
            key=cap.per,
            channels=cap.channels,
        )
    except MissingFact:
        return None
    channels = words.listed(words.channel(one) for one in cap.channels)
    return Limit(
        rule=CAPS,
        title=_("Limit of the firm: %(channels)s") % {"channels": channels},
        window=window_in_words(window),
        used=int(counted.values["count"]),
        limit=cap.limit,
        is_firm=True,
        opens_at=counted.next_at,
    )
