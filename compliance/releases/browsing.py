"""Which packs, versions and rules were, are or will be in force on a day: for reading, not for deciding."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from compliance.models import ScheduledRelease
from compliance.packs_loader import Pack, Rule, Version
from compliance.releases import in_force

NOT_YET, IN_FORCE, OVER = "not_yet", "in_force", "over"


@dataclass(frozen=True, slots=True)
class RuleState:
    """One rule on a day. `version`: the one in force, else the next to begin, else the last that was."""

    rule: Rule
    state: str  # not_yet, in_force, over
    version: Version


@dataclass(frozen=True, slots=True)
class PackState:
    """One pack on a day: the version that binds, and from when and until when it does where that was scheduled."""

    pack: Pack
    is_shipped: bool  # it came with the program; else officers put it in force
    begins: datetime | None
    ends: datetime | None  # when another version takes its place, or its withdrawal does
    rules: tuple[RuleState, ...]

    def count(self, state: str) -> int:
        """Return how many rules are not_yet, in_force or over."""
        return sum(1 for rule in self.rules if rule.state == state)


def state_on(day: date) -> tuple[PackState, ...]:
    """Return every installed pack as it is on a date (in_force.of_day). Raises PackError, ReleasesUnknown."""
    instant = in_force.of_day(day)
    return tuple(_pack_state(pack, instant, day) for pack in in_force.at(instant).packs)


def rule_on(rule: Rule, day: date) -> RuleState:
    """Return a rule as it is on a date."""
    current = rule.version_on(day)
    if current is not None:
        return RuleState(rule, IN_FORCE, current)
    later = [version for version in rule.versions if version.begins > day]
    return RuleState(rule, NOT_YET, later[0]) if later else RuleState(rule, OVER, rule.versions[-1])


def _pack_state(pack: Pack, instant: datetime, day: date) -> PackState:
    rules = tuple(rule_on(rule, day) for rule in pack.rules)
    own = [one for one in in_force.announced() if one.pack == pack.id]
    binding = [one for one in own if one.hash == pack.hash and one.begins <= instant]
    begins = binding[-1].begins if binding else None
    ends = [one.begins for one in own if one.begins > instant and _takes_over(one, pack)]
    ends += [one.ends for one in binding[-1:] if one.ends is not None and one.ends > instant]
    return PackState(pack, not binding, begins, min(ends, default=None), rules)


def _takes_over(one: in_force.Announced, pack: Pack) -> bool:
    return in_force.order_of(one.version) > in_force.order_of(pack.version)


def scheduled_of(pack_id: str | None = None) -> list[ScheduledRelease]:
    """Return what was ever scheduled, of one pack or of all, latest first; the uploaded texts are left out."""
    rows = ScheduledRelease.objects.select_related("scheduled_by", "approved_by", "withdrawn_by", "release")
    rows = rows.defer("files", "release__content").order_by("-in_force_from", "-pk")
    return list(rows if pack_id is None else rows.filter(pack=pack_id))
