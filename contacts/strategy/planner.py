"""What is to be done for each case on a day: one INSERT … SELECT per step, whatever the size of the book.

The rules, each stated once:

- The close of D plans for D + 1, the day on which people are contacted; `business_date` of a planned contact is that
  day, and DPD is counted to it. A case with DPD 1 on the day of contact gets what is due at DPD 1.
- A step is due on every day from `from_dpd` to `until_dpd`, never on the exact day only; or on every day of so many
  after the outcome of another step, or after an event (`triggers`), from `from_dpd` on. Once per case and strategy (by
  its key and those it `counts_as`, so that a later version does not begin again; by this stay alone where the case
  began anew), once per event, or again every `repeat_every_days`.
- After missed nights a step that is not repeated and whose days have passed while the case was on its path is done
  late, by at most `catch_up_days`, or left out (`skip`), or a supervisor gets the case instead (`escalate`; also where
  the message was planned and did not leave in time). A close whose next day is over already plans nothing: the
  last one caught up plans what is still due.
- A case climbs: at most one contact above the severity it has reached is planned per day, and it is the mildest one
  that is due. So nothing is jumped after an outage. What reaches nobody (a review, an assignment, a hold, a referral,
  the offer of a plan) is no contact and does not count.
- A case gets one message a day by a channel and for a purpose: it speaks of every account of the person at this
  creditor. A further step that is due waits for its next day.
- Nothing is planned while a hold stands or while a promise or a plan runs (service reminders excepted), nor for a
  channel by which the person cannot be reached (calls and visits excepted: a person looks for a way).
- A contact begins at the opening minute of the person's own zone, or at the best local time that its step names where
  that is permitted (`openings`), or, spread by person, within so many minutes from it as its step or else the firm's
  policy says, and is useless from the end of that local day, or `catch_up_days` later where it may be done late.
- What a step makes of the case beside a contact (a next action, a team, a hold) is in `effects`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import (
    Case as Choose,
)
from django.db.models import (
    DateTimeField,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    Value,
    When,
)
from django.db.models.functions import Cast, Mod

from cases import firm_policy
from cases.closing import INSTALMENT_GRACE_DAYS, Close, Span
from cases.models import Product
from collections_app.shared import clock
from collections_app.shared.once import once
from contacts.models import Channel, Move, Purpose, Step
from contacts.strategy import effects, enrolment, openings, sql, sql_futures
from contacts.strategy.due import REVIEW, What, due, may_be_due, on_segments, what_of

__all__ = ["REVIEW", "What", "due", "is_over", "places_of", "plan", "set_futures", "what_of"]


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
    places, hours = places_of(close, span), openings.Openings(close.creditor, close.day)
    anew = once("strategies begun anew", _begun_anew)
    standing = on_segments(close, span)
    for path in paths:
        since = standing.get(path.segment.pk)
        for step in path.steps:
            task = _Task(close, span, path, step, places, hours, may_be_fresh=path.version.strategy_id in anew)
            count = task.plan() if may_be_due(step, close.day, since) else 0
            if step.catch_up == Step.CatchUp.ESCALATE and may_be_due(step, close.day, since, missed=True):
                count += task.plan(missed=True)
            if count:
                planned[step.key] = planned.get(step.key, 0) + count
    return planned


def _begun_anew() -> set[int]:
    """Return the strategies in which a move lets cases begin anew."""
    restarts = Move.objects.filter(action=Move.Action.RESTART).order_by()
    return set(restarts.values_list("version__strategy_id", flat=True).distinct())


def set_futures(close: Close, span: Span) -> int:
    """Say of every case that waits for its strategy until when; return how many were put before a person instead."""
    triggers = once(("triggers", close.creditor.pk), lambda: _triggers(close.creditor.pk))
    values = close.values(
        **span.values(),
        morning=close.morning,
        zone=close.creditor.time_zone,
        grace_days=INSTALMENT_GRACE_DAYS,
    )
    statement = sql_futures.set_futures(
        has_after=Step.Trigger.AFTER in triggers, has_events=Step.Trigger.EVENT in triggers
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0]


def _triggers(creditor_id: int) -> set[str]:
    known = Step.objects.filter(segment__version__creditors=creditor_id).exclude(segment__version__status="draft")
    return set(known.order_by().values_list("trigger", flat=True).distinct())


class _Task:
    """One step of one path for one span of persons."""

    def __init__(
        self,
        close: Close,
        span: Span,
        path: enrolment.Path,
        step: Step,
        places: Sequence[openings.Place],
        hours: openings.Openings,
        *,
        may_be_fresh: bool,
    ) -> None:
        self.close, self.span, self.path, self.step, self.places = close, span, path, step, places
        self.hours, self.may_be_fresh = hours, may_be_fresh

    def plan(self, *, missed: bool = False) -> int:
        """Plan it; missed: put before a supervisor what an outage left undone. Return how many."""
        if not self.places:
            return 0
        close, step = self.close, self.step
        what = What(REVIEW, Purpose.COLLECTION, "reminder", automated=False) if missed else what_of(step)
        cases = due(close, self.span, self.path, step, missed=missed, may_be_fresh=self.may_be_fresh)
        rows = cases.values_list(
            "stay", "pk", "person_id", "creditor_id", self._begins(what), _by_place(self.places, self._ends)
        )
        effect = effects.of(step, missed=missed)
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
                effect.action,
                effect.note,
                list(effect.over),
                effect.action,
                effect.told == effects.FLAGGED,
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
        if planned and what.channel == REVIEW:
            effects.carry_out(close, self.span, step, missed=missed)
        return planned

    def _begins(self, what: What) -> Any:
        step = self.step
        channel = Channel.PHONE if what.channel == REVIEW else what.channel
        asked = openings.Asked(
            channel, what.purpose, what.content_class, what.automated, product=Product.Kind.CREDIT_CARD
        )

        def begins(place: openings.Place) -> datetime:
            return self.hours.begins(place, asked, best_from=step.time_from)

        planned_for: Any = _by_place(self.places, begins)
        spread = self._spread()
        if spread > 1 and what.automated:
            minute = Cast(
                Mod(F("person_id") * 7919, spread), IntegerField()
            )  # stable per person, even over the minutes
            planned_for = ExpressionWrapper(
                planned_for + Func(Value(0), Value(0), Value(0), Value(0), Value(0), minute, function="make_interval"),
                output_field=DateTimeField(),
            )
        return planned_for

    def _spread(self) -> int:
        """Over how many minutes its messages are spread; never beyond the best time, where it has an end."""
        step = self.step
        spread = step.spread_minutes
        if spread is None:
            policy = firm_policy.in_force(creditor_id=self.close.creditor.pk, at=self.close.morning)
            spread = int(policy.document.get("spread_minutes", 0))
        if step.time_from is not None and step.time_until is not None:
            hours = timedelta(hours=step.time_until.hour, minutes=step.time_until.minute)
            hours -= timedelta(hours=step.time_from.hour, minutes=step.time_from.minute)
            spread = min(spread, int(hours.total_seconds()) // 60)
        return spread

    def _ends(self, place: openings.Place) -> datetime:
        late = self.step.catch_up_days if self.step.catch_up == Step.CatchUp.SEND_LATE else 0
        return openings.end_of_day(place, creditor=self.close.creditor, day=self.close.day, days_later=late)


def _by_place(places: Sequence[openings.Place], instant: Callable[[openings.Place], datetime]) -> Choose:
    branches = [
        When(
            person__jurisdiction=place.jurisdiction,
            person__time_zone=place.time_zone,
            then=Value(instant(place), DateTimeField()),
        )
        for place in places
    ]
    return Choose(*branches, default=Value(instant(places[0]), DateTimeField()), output_field=DateTimeField())
