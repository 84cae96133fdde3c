"""Finding packs and rules: the filters of the address, over ids, titles and texts in both languages. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from compliance.packs_loader import Pack, Rule

UNSIGNED: Final = "needs review"  # what a pack writes as its reviewer until a lawyer has signed it


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for."""

    words: str = ""
    place: str = ""
    channel: str = ""
    check: str = ""
    strength: str = ""
    review: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        """Read the filters of an address."""
        return cls(
            words=query.get("q", "").strip()[:80],
            place=query.get("place", "")[:12],
            channel=query.get("channel", "")[:20],
            check=query.get("check", "")[:40],
            strength=query.get("strength", "")[:20],
            review=query.get("review", "") == "1",
        )

    @property
    def is_about_rules(self) -> bool:
        """Whether single rules are asked for rather than packs."""
        return bool(self.words or self.channel or self.check or self.strength or self.review)

    def fits_pack(self, pack: Pack) -> bool:
        """Whether a pack is of the place that is asked for: the place itself, what it lies in, or a part of it."""
        if not self.place:
            return True
        return any(
            entry == self.place or entry.startswith(f"{self.place}-") or self.place.startswith(f"{entry}-")
            for entry in pack.jurisdictions
        )

    def fits_rule(self, rule: Rule) -> bool:
        """Whether a rule has all that is asked for; every word somewhere in its id, titles, texts or source."""
        if self.check and rule.check != self.check:
            return False
        if self.strength and rule.strength != self.strength:
            return False
        if self.review and not rule.needs_review:
            return False
        if self.channel and not binds(rule, self.channel):
            return False
        text = searchable(rule)
        return all(word in text for word in self.words.casefold().split())


def binds(rule: Rule, channel: str) -> bool:
    """Whether a rule may apply to contacts of this channel."""
    return all(
        (channel in condition.values) is not condition.negated
        for condition in rule.when
        if condition.attribute == "channel"
    )


def searchable(rule: Rule) -> str:
    """Return everything of a rule in which a word is looked for."""
    parts = (rule.id, rule.pack, rule.source, *rule.title.values(), *rule.says.values(), *rule.text.values())
    return "\n".join(parts).casefold()
