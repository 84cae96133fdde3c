"""The list of decisions: within reach of the reader, narrowed by the filters in the address; figures count its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final

from django.db.models import Count, F, Func
from django.utils import timezone

from compliance import packs_loader, reach, reasons
from compliance.engine import OVERRIDDEN
from compliance.models import Decision
from compliance.models.decision import DecisionQuerySet, Verdict
from compliance.packs_loader import PackError

RULES_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for. A day that is none counts as not asked for."""

    verdict: str = ""
    rule: str = ""
    channel: str = ""
    day: str = ""  # "today": the business date of each creditor
    since: date | None = None
    until: date | None = None
    case: int | None = None
    person: int | None = None
    name: str = ""  # part of the name of the person
    entrance: str = ""
    overridden: bool = False  # a soft rule was set aside

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        """Read the filters of an address."""
        return cls(
            verdict=query.get("verdict", "")[:10],
            rule=query.get("rule", "")[:40],
            channel=query.get("channel", "")[:20],
            day=query.get("day", "")[:10],
            since=_date(query.get("from", "")),
            until=_date(query.get("to", "")),
            case=_number(query.get("case", "")),
            person=_number(query.get("person", "")),
            name=query.get("q", "").replace("\0", "").strip()[:80],
            entrance=query.get("entrance", "")[:40],
            overridden=query.get("overridden", "") == "1",
        )


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


def within_reach(user: Any) -> DecisionQuerySet:
    """Return the decisions that this user may see."""
    return reach.ask().limit(DecisionQuerySet(Decision), user)


def select(user: Any, asked: Asked, *, at: datetime) -> DecisionQuerySet:
    """Return the decisions that the filters ask for; a value that means nothing leaves none."""
    rows = within_reach(user)
    if asked.verdict:
        rows = rows.filter(verdict=asked.verdict) if asked.verdict in Verdict.values else rows.none()
    if asked.rule:
        rows = rows.filter(failing__contains=[asked.rule])
    if asked.channel:
        rows = rows.filter(channel=asked.channel)
    if asked.day:
        rows = rows.filter(reach.ask().today(user, at)) if asked.day == "today" else rows.none()
    zone = timezone.get_current_timezone()
    if asked.since:
        rows = rows.filter(at__gte=datetime.combine(asked.since, time(0), tzinfo=zone))
    if asked.until:
        rows = rows.filter(at__lt=datetime.combine(asked.until + timedelta(days=1), time(0), tzinfo=zone))
    if asked.case is not None:
        rows = rows.filter(case_id=asked.case)
    if asked.person is not None:
        rows = rows.filter(person_id=asked.person)
    if asked.name:
        rows = rows.filter(reach.ask().named(asked.name))
    if asked.entrance:
        rows = rows.filter(entrance=asked.entrance)
    if asked.overridden:
        rows = rows.filter(findings__has_key=OVERRIDDEN)
    return rows


def by_rule(rows: DecisionQuerySet) -> list[tuple[str, int]]:
    """Return how many of these decisions each rule refused, most first. One that two rules refused counts for both."""
    rule = Func(F("failing"), function="unnest")
    found = rows.order_by().filter(verdict=Verdict.REFUSE).annotate(rule=rule).values("rule")
    counted = found.annotate(number=Count("pk", distinct=True)).values_list("rule", "number")
    return sorted(((str(name), int(number)) for name, number in counted), key=lambda each: (-each[1], each[0]))


@lru_cache(maxsize=8)
def _titles(language: str) -> dict[str, str]:
    found = {}
    for name in packs_loader.installed():
        try:
            pack = packs_loader.get(name)
        except PackError:
            continue
        found.update({rule.id: rule.title[language] for rule in pack.rules})
    return found


def titles() -> dict[str, str]:
    """Return the titles of the rules of the installed packs in the reader's language, by id."""
    return _titles(reasons.language_of())
