"""Who is on which path: cases enter the first segment whose condition is true, and leave when it no longer is
theirs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, DateField, Exists, OuterRef, Q, QuerySet, Value

from cases.closing import Close, Span
from cases.models import Case
from cases.models.case import RESOLVED
from contacts.models import Enrolment, Segment, Step, StrategyVersion
from contacts.strategy import conditions, sql


@dataclass(frozen=True, slots=True)
class Path:
    """A segment of a version in force, with its steps in the order in which they are planned: the mildest first."""

    version: StrategyVersion
    segment: Segment
    steps: tuple[Step, ...]


def context_of(close: Close) -> conditions.Context:
    """Return the day that conditions are asked about when this close prepares it."""
    begins_at = close.morning.replace(hour=0, minute=0, second=0, microsecond=0)
    return conditions.Context(day=close.day, begins_at=begins_at)


def paths_of(close: Close) -> list[Path]:
    """Return the paths in force for the creditor, in the order in which segments take cases."""
    versions = StrategyVersion.objects.filter(
        status=StrategyVersion.Status.PUBLISHED, creditors=close.creditor
    ).select_related("strategy")
    paths = []
    for version in versions.order_by("strategy__code", "pk"):
        for segment in version.segments.order_by("position", "pk"):
            steps = segment.steps.select_related("template").order_by("severity", "-priority", "position", "pk")
            paths.append(Path(version, segment, tuple(steps)))
    return paths


def book(close: Close, span: Span) -> QuerySet[Case]:
    """Return the unresolved cases of these persons at the creditor."""
    return Case.objects.unresolved().filter(
        creditor_id=close.creditor.pk, person_id__gt=span.after, person_id__lte=span.upto
    )


def leave(close: Close, span: Span, paths: Sequence[Path]) -> int:
    """End the stays of cases that are resolved, whose strategy retired, or that belong elsewhere now."""
    stays = Enrolment.objects.filter(
        creditor_id=close.creditor.pk, left_on__isnull=True, person_id__gt=span.after, person_id__lte=span.upto
    )
    retired = Q(version__status=StrategyVersion.Status.RETIRED) | ~Q(version__creditors=close.creditor)
    gone = _leave(close, stays.filter(case__status__in=RESOLVED), "case-ended")
    gone += _leave(close, stays.filter(retired), "strategy-ended")
    context, taken = context_of(close), conditions.NEVER
    for path in paths:
        own = conditions.matching(path.segment.condition, context)
        here = stays.filter(segment=path.segment)
        if here.exists():
            still = Case.objects.filter(own).exclude(Exists(Case.objects.filter(taken, pk=OuterRef("pk"))))
            gone += _leave(close, here.exclude(Exists(still.filter(pk=OuterRef("case_id")))), "segment-changed")
        taken |= own
    return gone


def enrol(close: Close, span: Span, paths: Sequence[Path]) -> int:
    """Put every unresolved case that is on no path on the first one whose condition is true of it."""
    context, entered = context_of(close), 0
    stay = Enrolment.objects.filter(case_id=OuterRef("pk"), left_on__isnull=True)
    for path in paths:
        free = book(close, span).filter(conditions.matching(path.segment.condition, context)).exclude(Exists(stay))
        chosen = free.order_by("pk").values_list(
            "pk",
            "person_id",
            "creditor_id",
            Value(path.version.pk, BigIntegerField()),
            Value(path.segment.pk, BigIntegerField()),
            Value(close.day, DateField()),
        )
        entered += run_around(sql.ENROL_HEAD, chosen, sql.ENROL_TAIL, after=_who(close))
    return entered


def cancel_unwanted(close: Close, span: Span) -> int:
    """Take out of the outbox what is of cases resolved or off their path, and call tasks whose time is over."""
    with connection.cursor() as cursor:
        cursor.execute(sql.CANCEL_UNWANTED, close.values(**span.values()))
        return cursor.rowcount


def _leave(close: Close, stays: QuerySet[Enrolment], reason: str) -> int:
    return run_around(
        sql.LEAVE_HEAD, stays.values_list("pk"), sql.LEAVE_TAIL, before=[close.day, reason], after=_who(close)
    )


def _who(close: Close) -> list[Any]:
    return [close.actor.kind, close.actor.id, close.actor.label, close.at]


def run_around(
    head: str, rows: QuerySet[Any], tail: str, *, before: Sequence[Any] = (), after: Sequence[Any] = ()
) -> int:
    """Run one statement made of a constant head, a query of the ORM and a constant tail; return the rows it wrote."""
    made = sql.around(head, rows, tail, before=before, after=after)
    if made is None:
        return 0
    statement, values = made
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return max(0, cursor.rowcount)
