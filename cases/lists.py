"""Sets of cases: the collector's day, and lists with filters. A number on a page is the length of one of these."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet

from cases import ageing, queries, worklist
from cases.locks import ClockTimestamp
from cases.models import Case, Creditor, Promise
from cases.models.case import OPEN
from collections_app.shared import clock
from compliance.models import AuditEvent

# Things done that make a case one that somebody worked today.
WORK: Final = (
    "attempt.completed",
    "promise.made",
    "hold.placed",
    "instruction.received",
    "case.next_action_set",
    "case.skipped",
)

# The collector's day


def day_begins(user, at: datetime) -> datetime:
    """Return when today began on this user's clock."""
    try:
        place = clock.zone(user.time_zone)
    except clock.UnknownTimeZone:
        place = ZoneInfo("UTC")
    return datetime.combine(at.astimezone(place).date(), time.min, place)


def worked_today(user, *, at: datetime) -> QuerySet[Case]:
    """Return the cases with whose people this user did something today."""
    done = _done_today(user, at, WORK)
    return Case.objects.visible_to(user).filter(person_id__in=done.values("person_id"))


def _done_today(user, at: datetime, names: Sequence[str]) -> QuerySet[AuditEvent]:
    begins = day_begins(user, at)
    return AuditEvent.objects.filter(name__in=names, at__gte=begins, actor_kind="user", actor_id=user.pk)


def promised_today(user, *, at: datetime) -> QuerySet[Case]:
    """Return the cases whose borrower promised something to this user today."""
    made = Promise.objects.filter(case_id=OuterRef("pk"), made_with=user, made_at__gte=day_begins(user, at))
    return Case.objects.visible_to(user).filter(Exists(made))


def calls_today(user, *, at: datetime) -> int:
    """Return how many calls this user finished today."""
    return AuditEvent.objects.filter(
        name="attempt.completed", at__gte=day_begins(user, at), actor_kind="user", actor_id=user.pk
    ).count()


def reached_today(user, *, at: datetime) -> int:
    """Return with how many right parties this user spoke today."""
    reached = Case.objects.visible_to(user).filter(last_right_party_at__gte=day_begins(user, at))
    return reached.filter(person_id__in=_done_today(user, at, ("attempt.completed",)).values("person_id")).count()


def current(user) -> Case | None:
    """Return the case that this user has in hand now."""
    held = worklist.held_by(user).filter(lease_is_ahead=False)
    return held.select_related("person").order_by("-score", "pk").first()


def skipped_today(user, *, at: datetime) -> list[dict[str, Any]]:
    """Return what this user put aside today, latest first."""
    events = AuditEvent.objects.filter(
        name="case.skipped", at__gte=day_begins(user, at), actor_kind="user", actor_id=user.pk
    ).order_by("-at", "-pk")[: worklist.SKIPS_A_DAY]
    latest = {event.subject_id: event for event in reversed(events)}
    cases = Case.objects.visible_to(user).filter(pk__in=latest).select_related("person")
    rows = [
        {
            "case": case,
            "name": str(case.person),
            "reason": queries.skip_label(latest[case.pk].details.get("reason", "")),
            "at": latest[case.pk].at,
        }
        for case in cases
    ]
    return sorted(rows, key=lambda row: row["at"], reverse=True)


def last_opened(user, *, at: datetime, shown: int = 5) -> list[dict[str, Any]]:
    """Return the last cases that were handed to this user, latest first, without the one in hand."""
    events = AuditEvent.objects.filter(
        name="case.leased", at__gte=at - timedelta(days=2), actor_kind="user", actor_id=user.pk
    )
    latest = dict(events.values("subject_id").annotate(last=Max("at")).values_list("subject_id", "last"))
    recent = sorted(latest, key=lambda pk: latest[pk], reverse=True)[: shown + 1]
    mine = Q(lease_by=user, lease_until__gt=ClockTimestamp())
    cases = Case.objects.visible_to(user).filter(pk__in=recent).exclude(mine).select_related("person")
    rows = [{"case": case, "name": str(case.person), "at": latest[case.pk]} for case in cases]
    return sorted(rows, key=lambda row: row["at"], reverse=True)[:shown]


# Lists


def in_bucket(cases: QuerySet[Case], bucket: str, *, at: datetime) -> QuerySet[Case]:
    """Return those of the cases whose days past due fall into this bucket on their creditors' business dates."""
    scheme = ageing.DEFAULT
    if bucket not in scheme.labels:
        return cases.none()
    place = scheme.labels.index(bucket)
    first = scheme.starts[place - 1] if place else None
    after = scheme.starts[place] if place < len(scheme.starts) else None
    by_day: dict[date, list[int]] = {}
    for pk, zone in Creditor.objects.values_list("pk", "time_zone"):
        by_day.setdefault(clock.business_day(at, zone), []).append(pk)
    condition = Q(pk__in=[])
    for day, creditors in by_day.items():
        one = Q(creditor_id__in=creditors)
        if first is not None:
            one &= Q(past_due_since__lte=day - timedelta(days=first))
        else:
            one &= Q(past_due_since__isnull=True) | Q(past_due_since__gt=day - timedelta(days=scheme.starts[0]))
        if after is not None and first is not None:
            one &= Q(past_due_since__gt=day - timedelta(days=after))
        condition |= one
    return cases.filter(condition)


def with_marks(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Return the cases with what a list shows beside the row."""
    return cases.select_related("person", "creditor", "owner").annotate(is_held=worklist.held())


VIEWS: Final = ("open", "mine", "due", "promised", "held", "resolved", "worked-today", "promised-today")


def view(cases: QuerySet[Case], name: str, *, user, at: datetime) -> QuerySet[Case]:
    """Return the cases of a named view; an unknown name is everything."""
    if name == "open":
        return cases.filter(status__in=OPEN)
    if name == "mine":
        return cases.filter(status__in=OPEN, owner=user)
    if name == "due":
        return cases.filter(pk__in=worklist.waiting(user, at=at).values("pk"))
    if name == "promised":
        return cases.filter(status="promised")
    if name == "held":
        return cases.filter(status__in=OPEN).filter(worklist.held())
    if name == "resolved":
        return cases.exclude(status__in=OPEN)
    if name == "worked-today":
        return cases.filter(pk__in=worked_today(user, at=at).values("pk"))
    if name == "promised-today":
        return cases.filter(pk__in=promised_today(user, at=at).values("pk"))
    return cases


def older_than(cases: QuerySet[Case], score: int, pk: int) -> QuerySet[Case]:
    """Return the cases after this place in the order of lists: priority first, then the oldest."""
    return cases.filter(Q(score__lt=score) | Q(score=score, pk__gt=pk))


def newer_than(cases: QuerySet[Case], score: int, pk: int) -> QuerySet[Case]:
    """Return the cases before this place in the order of lists."""
    return cases.filter(Q(score__gt=score) | Q(score=score, pk__lt=pk))


ORDER: Final = (F("score").desc(), F("pk").asc())
REVERSED: Final = (F("score").asc(), F("pk").desc())
