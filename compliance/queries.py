"""Lists and counts for compliance officers. A count and its list use the same condition."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from compliance import sql
from compliance.models import Decision
from compliance.models.decision import DecisionQuerySet


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many contacts a rule refused."""

    rule: str
    refused: int


def refused_by_rule(*, since: datetime, until: datetime) -> list[RuleCount]:
    """Return, per rule, how many decisions from `since` to before `until` it refused, most first.

    A decision that several rules refused counts for each of them: refused_by lists the same rows.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.REFUSED_BY_RULE, {"since": since, "until": until})
        return [RuleCount(rule, number) for rule, number in cursor.fetchall()]


def refused_by(rule: str, *, since: datetime, until: datetime) -> DecisionQuerySet:
    """Return the decisions that this rule refused in the period, latest first."""
    return refused(since=since, until=until).filter(failing__contains=[rule])


def refused(*, since: datetime, until: datetime) -> DecisionQuerySet:
    """Return the refusing decisions of the period, latest first."""
    return _all().refused().filter(at__gte=since, at__lt=until).order_by("-at", "-pk")


def of_person(person_id: int) -> DecisionQuerySet:
    """Return the decisions about contacting a person, latest first."""
    return _all().of_person(person_id).order_by("-at", "-pk")


def of_case(case_id: int) -> DecisionQuerySet:
    """Return the decisions about a case, latest first."""
    return _all().filter(case_id=case_id).order_by("-at", "-pk")


def _all() -> DecisionQuerySet:
    return DecisionQuerySet(Decision)
