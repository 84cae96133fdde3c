"""What is asked about promises, plans and the clocks of the law."""

from datetime import timedelta
from typing import Any, Final

from django.db.models import Case as Choose
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.lookups import GreaterThanOrEqual, In

from cases.models import Plan, PlanInstalment, Promise
from contacts.models import LegalClock
from contacts.strategy.conditions.asking import ended_by, number_of, so_many, some
from contacts.strategy.conditions.language import ALWAYS, NEVER, Context

JUDGED: Final = (Promise.Status.KEPT, Promise.Status.PARTLY_KEPT, Promise.Status.BROKEN)
RUNNING: Final = (Plan.Status.PERFORMING, Plan.Status.MISSED)
NO_PLAN: Final = "none"


def promises(*statuses: str) -> QuerySet[Promise]:
    """Return the promises of the case in these states, or all that were judged."""
    return Promise.objects.filter(case_id=OuterRef("pk"), status__in=statuses or JUDGED).order_by()


def promises_broken(count: int, context: Context) -> Q:
    """Whether at least so many promises were broken."""
    return so_many(promises(Promise.Status.BROKEN), count)


def promises_kept(count: int, context: Context) -> Q:
    """Whether at least so many promises were kept in full."""
    return so_many(promises(Promise.Status.KEPT), count)


def promises_kept_percent(percent: int, context: Context) -> Q:
    """Whether at least so many of a hundred promises that were judged were kept in full."""
    return Q(
        GreaterThanOrEqual(number_of(promises(Promise.Status.KEPT), weight=100), number_of(promises(), weight=percent))
    )


def days_since_broken_promise(days: int, context: Context) -> Q:
    """Whether the last broken promise was broken at least so many days ago."""
    if days <= 0:
        return ALWAYS
    return ~some(promises(Promise.Status.BROKEN).filter(settled_at__gte=ended_by(days, context)))


def open_promise(_value: Any, context: Context) -> Q:
    """Whether a promise is open."""
    return some(promises(Promise.Status.OPEN))


def days_until_promise(days: int, context: Context) -> Q:
    """Whether the next part of the open promise is due in so many days or more."""
    return some(promises(Promise.Status.OPEN).filter(next_due_on__gte=context.day + timedelta(days=days)))


def instalments() -> QuerySet[PlanInstalment]:
    """Return the unpaid instalments of the running plan."""
    running = PlanInstalment.objects.filter(plan__case_id=OuterRef("pk"), plan__status__in=RUNNING)
    return running.filter(paid_amount__lt=F("amount")).order_by()


def days_until_instalment(days: int, context: Context) -> Q:
    """Whether the next unpaid instalment of the running plan is due in so many days or more."""
    sooner = instalments().filter(due_on__lt=context.day + timedelta(days=days))
    return some(instalments()) & ~some(sooner)


def plan(values: list[str], context: Context) -> Q:
    """Whether the plan of the case (the running one, else the newest) is in one of these states."""
    first = Choose(When(status__in=RUNNING, then=Value(0)), default=Value(1))
    newest = Plan.objects.filter(case_id=OuterRef("pk")).order_by(first, "-pk").values("status")[:1]
    states = [value for value in values if value != NO_PLAN]
    found = Q(In(Subquery(newest), states)) & some(Plan.objects.filter(case_id=OuterRef("pk"))) if states else NEVER
    return found | ~some(Plan.objects.filter(case_id=OuterRef("pk"))) if NO_PLAN in values else found


def clocks(kind: str) -> QuerySet[LegalClock]:
    """Return the clocks of a kind that run on the accounts of the case."""
    return LegalClock.objects.filter(case_id=OuterRef("pk"), kind=kind).order_by()


def days_to_limitation(days: int, context: Context) -> Q:
    """Whether no limitation period of the case ends before so many days are over."""
    return ~some(clocks(LegalClock.Kind.LIMITATION).filter(ends__lt=context.day + timedelta(days=days)))


def days_to_guarantee_end(days: int, context: Context) -> Q:
    """Whether no guarantee of the case that is still to be kept ends before so many days are over."""
    return ~some(guarantees().filter(ends__lt=context.day + timedelta(days=days)))


def guarantees() -> QuerySet[LegalClock]:
    """Return the clocks of guarantees under which nothing was demanded in time yet."""
    return clocks(LegalClock.Kind.GUARANTEE).filter(kept__isnull=True)
