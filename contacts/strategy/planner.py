"""What is to be done for each case on a day: one INSERT … SELECT per step, whatever the size of the book.

The rules, each stated once:

- The close of D plans for D + 1, the day on which people are contacted; `business_date` of a planned contact is that
  day, and DPD is counted to it. A case with DPD 1 on the day of contact gets what is due at DPD 1.
- A step is due on every day from `from_dpd` to `until_dpd`, never on the exact day only, and once per case and strategy
  (by its key, so that a later version does not begin again), or again every `repeat_every_days`.
- After missed nights a step that is not repeated and whose days have passed while the case was on its path is done
  late, by at most `catch_up_days`, or left out (`skip`), or a supervisor gets the case instead (`escalate`; also where
  the message was planned and did not leave in time). A close whose next day is over already plans nothing: the
  last one caught up plans what is still due.
- A case climbs: at most one contact above the severity it has reached is planned per day, and it is the mildest one
  that is due. So nothing is jumped after an outage. Reviews by a supervisor are no contacts and do not count.
- A case gets one message a day by a channel and for a purpose: it speaks of every account of the person at this
  creditor. A further step that is due waits for its next day.
- Nothing is planned while a hold stands or while a promise or a plan runs (service reminders excepted), nor for a
  channel by which the person cannot be reached (call tasks excepted).
- A contact begins at the opening minute of the person's own zone (`openings`), or, spread by person, within so many
  minutes from it as its step or else the firm's policy says, and is useless from the end of that local
  day, or `catch_up_days` later where it may be done late.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import (
    Case as Choose,
)
from django.db.models import (
    DateField,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Mod

from cases import firm_policy
from cases.closing import Close, Span
from cases.models import Case, Product
from cases.models.case import NextAction, Status
from collections_app.shared import clock
from contacts.models import Channel, Enrolment, PlannedContact, Purpose, Step
from contacts.strategy import conditions, enrolment, openings, sql

REVIEW: Final = "review"  # stands where a channel would: a step that reaches nobody


@dataclass(frozen=True, slots=True)
class What:
    """How a step reaches the person."""

    channel: str
    purpose: str
    content_class: str
    automated: bool


def what_of(step: Step) -> What:
    """Return how a step reaches the person: by its template's channel, by telephone, or not at all."""
    if step.template is not None:
        template = step.template
        return What(template.channel, template.purpose, template.content_class, automated=True)
    channel = Channel.PHONE if step.kind == Step.Kind.CALL else REVIEW
    return What(channel, Purpose.COLLECTION, "reminder", automated=False)


def is_over(close: Close) -> bool:
    """Whether the day that this close prepares has ended at the creditor's: nothing can be planned for it any more."""
    return close.day < clock.business_day(close.at, close.creditor.time_zone)


def places_of(close: Close, span: Span) -> list[openings.Place]:
    """Return where the persons with unresolved cases are."""
    cases = enrolment.book(close, span).order_by().values_list("person__jurisdiction", "person__time_zone").distinct()
    return sorted((openings.Place(*row) for row in cases), key=lambda place: (place.jurisdiction, place.time_zone))


def plan(close: Close, span: Span, paths: Sequence[enrolment.Path]) -> dict[str, int]:
    """Plan every step of every path for these persons; return how many contacts, by key of the step."""
    planned: dict[str, int] = {}
    if is_over(close):
        return planned
    places = places_of(close, span)
    for path in paths:
        for step in path.steps:
            count = _plan_step(close, span, path, step, places)
            if step.catch_up == Step.CatchUp.ESCALATE:
                count += _plan_step(close, span, path, step, places, missed=True)
            if count:
                planned[step.key] = planned.get(step.key, 0) + count
    return planned


def set_futures(close: Close, span: Span) -> int:
    """Say of every case that waits for its strategy until when; return how many were put before a person instead."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SET_FUTURES, close.values(**span.values(), morning=close.morning))
        return cursor.fetchone()[0]


def due(close: Close, span: Span, path: enrolment.Path, step: Step, *, missed: bool = False) -> QuerySet[Case]:
    """Return the cases for which a step is to be planned for the day, each with its `stay` on the path.

    missed: those for which its days have passed in an outage.
    """
    day, what = close.day, what_of(step)
    # Looked up per case by the unique index of open stays, which no plan can get wrong on a book just loaded.
    stays = Enrolment.objects.filter(case_id=OuterRef("pk"), left_on__isnull=True)
    cases = enrolment.book(close, span).filter(past_due_since__lte=day - timedelta(days=step.from_dpd))
    cases = cases.alias(segment=Subquery(stays.values("segment_id"))).filter(segment=path.segment.pk)
    cases = cases.annotate(stay=Subquery(stays.values("pk")), stay_since=Subquery(stays.values("entered_on")))
    in_time = _missed(step, close) if missed else _in_time(step, close)
    cases = cases.filter(in_time, conditions.matching(step.condition, enrolment.context_of(close)))
    if what.purpose != Purpose.SERVICE_REMINDER:
        cases = cases.filter(status__in=[Status.NEW, Status.WORKING])
    cases = cases.exclude(conditions.held())
    before = PlannedContact.objects.filter(
        case_id=OuterRef("pk"), step__key=step.key, step__segment__version__strategy_id=path.version.strategy_id
    )
    if step.repeat_every_days:
        before = before.filter(business_date__gt=day - timedelta(days=step.repeat_every_days))
    if missed:
        before = before.exclude(status=PlannedContact.Status.CANCELLED, reason_code="too-late")
    cases = cases.exclude(Exists(before))
    if step.kind == Step.Kind.REVIEW or missed:
        return cases
    if step.kind == Step.Kind.MESSAGE:
        cases = cases.filter(conditions.reachable([what.channel])).exclude(Exists(_said_today(what, close)))
    return _climbing(cases, step, close)


def _in_time(step: Step, close: Close) -> Q:
    if step.until_dpd is None:
        return conditions.ALWAYS
    regular = Q(past_due_since__gte=close.day - timedelta(days=step.until_dpd))
    if step.repeat_every_days or step.catch_up != Step.CatchUp.SEND_LATE or not step.catch_up_days:
        return regular
    return regular | _missed(step, close)


def _missed(step: Step, close: Close) -> Q:
    """Its days passed while the case was on the path: they were missed, and it is not too late."""
    if step.until_dpd is None:
        return ~conditions.ALWAYS
    entered = ExpressionWrapper(
        F("stay_since") - Value(timedelta(days=step.until_dpd), DurationField()), output_field=DateField()
    )
    latest = close.day - timedelta(days=step.until_dpd + step.catch_up_days)
    last_day = close.day - timedelta(days=step.until_dpd)
    return Q(past_due_since__lt=last_day, past_due_since__gte=latest, past_due_since__gt=entered - timedelta(days=1))


def _said_today(what: What, close: Close) -> QuerySet[PlannedContact]:
    """Return the messages that say the same to the same person that day: each speaks of all that is owed here."""
    return PlannedContact.objects.filter(
        case_id=OuterRef("pk"), business_date=close.day, channel=what.channel, purpose=what.purpose, automated=True
    )


def _climbing(cases: QuerySet[Case], step: Step, close: Close) -> QuerySet[Case]:
    contacts = PlannedContact.objects.filter(case_id=OuterRef("pk")).exclude(channel=REVIEW).order_by()
    highest = contacts.filter(business_date__lt=close.day).values("case_id").annotate(top=Max("severity"))
    reached = Coalesce(Subquery(highest.values("top"), output_field=IntegerField()), 0)
    cases = cases.annotate(reached=reached)
    today = contacts.filter(business_date=close.day, severity__gt=OuterRef("reached"))
    return cases.filter(Q(reached__gte=step.severity) | ~Q(Exists(today)))


def _plan_step(
    close: Close,
    span: Span,
    path: enrolment.Path,
    step: Step,
    places: Sequence[openings.Place],
    *,
    missed: bool = False,
) -> int:
    is_review = missed or step.kind == Step.Kind.REVIEW
    what = What(REVIEW, Purpose.COLLECTION, "reminder", automated=False) if missed else what_of(step)
    late = step.catch_up_days if step.catch_up == Step.CatchUp.SEND_LATE else 0
    channel = Channel.PHONE if what.channel == REVIEW else what.channel

    def begins(place: openings.Place) -> datetime:
        return openings.opening(
            place,
            creditor=close.creditor,
            day=close.day,
            channel=channel,
            purpose=what.purpose,
            content_class=what.content_class,
            automated=what.automated,
            product=Product.Kind.CREDIT_CARD,
        )

    def ends(place: openings.Place) -> datetime:
        return openings.end_of_day(place, creditor=close.creditor, day=close.day, days_later=late)

    if not places:
        return 0
    planned_for: Any = _by_place(places, begins)
    spread = step.spread_minutes
    if spread is None:
        policy = firm_policy.in_force(creditor_id=close.creditor.pk, at=close.morning)
        spread = int(policy.document.get("spread_minutes", 0))
    if spread > 1 and what.automated:
        minute = Cast(Mod(F("person_id") * 7919, spread), IntegerField())  # stable per person, even over the minutes
        planned_for = ExpressionWrapper(
            planned_for + Func(Value(0), Value(0), Value(0), Value(0), Value(0), minute, function="make_interval"),
            output_field=DateTimeField(),
        )
    rows = due(close, span, path, step, missed=missed).values_list(
        "stay", "pk", "person_id", "creditor_id", planned_for, _by_place(places, ends)
    )
    action, note, over, told = _next_action(Step.Kind.REVIEW if is_review else step.kind)
    made = sql.around(
        sql.PLAN_HEAD,
        rows,
        sql.PLAN_TAIL,
        before=[
            step.pk,
            close.day,
            None if missed else step.template_id,
            what.channel,
            what.purpose,
            what.automated,
            step.priority,
            step.severity,
            close.at,
        ],
        after=[
            action,
            note,
            over,
            told,
            action,
            close.actor.kind,
            close.actor.id,
            close.actor.label,
            close.at,
        ],
    )
    if made is None:
        return 0
    statement, values = made
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        planned: int = cursor.fetchone()[0]
    if is_review and planned:
        with connection.cursor() as cursor:
            cursor.execute(sql.FINISH_REVIEWS, close.values(**span.values(), step=step.pk))
    return planned


def _next_action(kind: str) -> tuple[str, str, list[str], str]:
    """Return what a step makes of the case: next action, note, whose place that takes, and the audit name."""
    if kind == Step.Kind.CALL:
        return NextAction.CALL, "", [NextAction.WAIT_STRATEGY], "case.next_action_set"
    if kind == Step.Kind.REVIEW:
        return (
            NextAction.REVIEW,
            "strategy-review",
            [NextAction.WAIT_STRATEGY, NextAction.CALL],
            "case.flagged_for_review",
        )
    return "", "", [], "case.next_action_set"


def _by_place(places: Sequence[openings.Place], instant: Any) -> Choose:
    branches = [
        When(
            person__jurisdiction=place.jurisdiction,
            person__time_zone=place.time_zone,
            then=Value(instant(place), DateTimeField()),
        )
        for place in places
    ]
    return Choose(*branches, default=Value(instant(places[0]), DateTimeField()), output_field=DateTimeField())
