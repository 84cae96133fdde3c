"""When a step is due: by days past due, after the outcome of another step, or after an event. Each as a condition on
cases, for the whole book at once.

- An outcome is what really became of the step before: the message was handed over, arrived or failed; the call or visit
  was made. What was cancelled, withheld or never tried is no outcome. It counts from the creditor's day on which it was
  known (`finished_at`).
- `reached`: a receipt says that it arrived, or somebody spoke with the person. `not_reached`: it failed, or nobody was
  there. A message that was handed over and of which nothing more is known is neither.
- An event counts from the day on which we learned of it: a promise was judged broken, a payment was booked, a message
  was bound to the person, a letter was scanned as returned, the grace of an instalment ended. What was planned after
  the event answers it; what happened before that needs no second answer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import (
    DateField,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, TruncDate

from cases.closing import INSTALMENT_GRACE_DAYS, Close
from cases.models import Payment, Plan, Promise
from collections_app.shared import clock
from collections_app.shared.once import once
from contacts.models import (
    ContactAttempt,
    Enrolment,
    InboundBinding,
    InboundMessage,
    PlannedContact,
    PostalLetter,
    Step,
)

LATE: Final = timedelta(hours=12)  # a call may be opened before the minute for which it was planned
SPOKE: Final = (ContactAttempt.Outcome.CONVERSATION, ContactAttempt.Outcome.MET)
GONE: Final = (ContactAttempt.Status.SENT, ContactAttempt.Status.DELIVERED, ContactAttempt.Status.UNCERTAIN)


def rows_of(step: Step, strategy_id: int, *keys: str) -> QuerySet[PlannedContact]:
    """Return what was planned under these keys (else the step's own and those it counts as), in the strategy's
    versions.
    """
    names = set(keys or (step.key, *step.counts_as))
    known = once(("steps of a strategy", strategy_id), lambda: _steps_of(strategy_id))
    return PlannedContact.objects.filter(step_id__in=[pk for pk, key in known if key in names])


def _steps_of(strategy_id: int) -> list[tuple[int, str]]:
    """Return the steps of all versions of a strategy. Named by number, none need be looked up row by row."""
    steps = Step.objects.filter(segment__version__strategy_id=strategy_id)
    return list(steps.order_by("pk").values_list("pk", "key"))


def in_time(step: Step, close: Close, strategy_id: int) -> Q:
    """Return when a step is due on the day, late ones that may be done late included."""
    regular = _within(step, close, strategy_id, late=False)
    return regular | missed(step, close, strategy_id) if may_be_late(step) else regular


def may_be_late(step: Step) -> bool:
    """Whether what an outage left undone of a step is done late."""
    return not step.repeat_every_days and step.catch_up == Step.CatchUp.SEND_LATE and step.catch_up_days > 0


def oldest(step: Step, day: date, *, missed: bool) -> date | None:
    """Return since when a case is past due at the longest for which a step can be due by days past due; None: any.

    Said beside the conditions, which imply it: it is the cheapest to ask, and keeps most cases from all the others.
    """
    if step.trigger != Step.Trigger.DPD or step.until_dpd is None:
        return None
    late = step.catch_up_days if missed or may_be_late(step) else 0
    return day - timedelta(days=step.until_dpd + late)


def missed(step: Step, close: Close, strategy_id: int) -> Q:
    """Return when a step's days have passed while the case was on its path, and it is not too late yet."""
    return _within(step, close, strategy_id, late=True)


def _within(step: Step, close: Close, strategy_id: int, *, late: bool) -> Q:
    if step.trigger == Step.Trigger.AFTER:
        outcomes = _outcomes(step, strategy_id).annotate(on=_day_of("finished_at", close))
        return Q(Exists(_in_window(outcomes, step, close, late=late)))
    if step.trigger == Step.Trigger.EVENT:
        return Q(Exists(_in_window(_unanswered(step, close, strategy_id), step, close, late=late)))
    return _by_dpd(step, close, late=late)


# -- by days past due --------------------------------------------------------------------------------------------------


def _by_dpd(step: Step, close: Close, *, late: bool) -> Q:
    if step.until_dpd is None:
        return Q(pk__in=()) if late else Q(pk__isnull=False)
    last_day = close.day - timedelta(days=step.until_dpd)
    if not late:
        return Q(past_due_since__gte=last_day)
    entered = ExpressionWrapper(
        F("stay_since") - Value(timedelta(days=step.until_dpd), DurationField()), output_field=DateField()
    )
    latest = last_day - timedelta(days=step.catch_up_days)
    # In this order: what costs a look-up of the stay is asked last.
    days = Q(past_due_since__gte=latest) & Q(past_due_since__lt=last_day)
    return days & Q(past_due_since__gt=entered - timedelta(days=1))


# -- after a day of reference ------------------------------------------------------------------------------------------


def _in_window(rows: QuerySet[Any], step: Step, close: Close, *, late: bool) -> QuerySet[Any]:
    """Return the outcomes or events from whose day `on` the step is due on the day of this close."""
    first, last = window(step, close.day, late=late)
    rows = rows.filter(on__gte=first, on__lte=last)
    if late:  # the case was on the path while it could have been done
        begins = OuterRef("stay_since") - Value(timedelta(days=step.after_days + step.within_days), DurationField())
        rows = rows.filter(on__gte=ExpressionWrapper(begins, output_field=DateField()))
    return rows


def window(step: Step, day: date, *, late: bool) -> tuple[date, date]:
    """Return from which and until which day an outcome or event must be for the step to be due on `day`, or late."""
    last = day - timedelta(days=step.after_days)
    first = last - timedelta(days=step.within_days)
    return (first - timedelta(days=step.catch_up_days), first - timedelta(days=1)) if late else (first, last)


def _day_of(field: str, close: Close) -> TruncDate:
    return TruncDate(field, tzinfo=clock.zone(close.creditor.time_zone))


# -- outcomes ----------------------------------------------------------------------------------------------------------


def _outcomes(step: Step, strategy_id: int) -> QuerySet[PlannedContact]:
    rows = rows_of(step, strategy_id, step.after_key).filter(case_id=OuterRef("pk"))
    return rows.filter(of_this_beginning(), _OUTCOMES[step.after_outcome]())


def of_this_beginning() -> Q:
    """Of planned rows of a case on its `stay`: where it began anew, only those of this stay."""
    not_fresh = Enrolment.objects.filter(pk=OuterRef(OuterRef("stay")), is_fresh=False)
    return Q(enrolment_id=OuterRef("stay")) | Q(Exists(not_fresh))


def _of_row(*statuses: str) -> Exists:
    return Exists(ContactAttempt.objects.filter(planned_id=OuterRef("pk"), status__in=statuses))


def _spoken() -> Exists:
    """A call or visit of the task's own time in which somebody spoke with the person."""
    begins = OuterRef("planned_for") - Value(LATE, DurationField())
    talks = ContactAttempt.objects.filter(
        case_id=OuterRef("case_id"),
        channel=OuterRef("channel"),
        outcome__in=SPOKE,
        at__gte=ExpressionWrapper(begins, output_field=DateTimeField()),
        at__lte=OuterRef("finished_at"),
    )
    return Exists(talks)


def _came_to_something() -> Q:
    """It was done; or it failed for good, which ends a message without being its doing."""
    failed = Q(status=PlannedContact.Status.CANCELLED, automated=True) & Q(_of_row(ContactAttempt.Status.FAILED))
    return Q(status=PlannedContact.Status.DONE) | failed


def _reached() -> Q:
    arrived = Q(automated=True) & Q(_of_row(ContactAttempt.Status.DELIVERED))
    spoke = Q(automated=False) & Q(_spoken())
    return Q(status=PlannedContact.Status.DONE) & (arrived | spoke)


def _not_reached() -> Q:
    failed = Q(automated=True) & Q(_of_row(ContactAttempt.Status.FAILED)) & ~Q(_of_row(*GONE))
    return _came_to_something() & (failed | (Q(automated=False) & ~Q(_spoken())))


_OUTCOMES: Final[dict[str, Callable[[], Q]]] = {
    Step.After.ANY: _came_to_something,
    Step.After.REACHED: _reached,
    Step.After.NOT_REACHED: _not_reached,
}

# -- events ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Event:
    """Where it stands. known_at: the column with the instant at which we learned of it; None: only its day is known."""

    rows: Callable[[], QuerySet[Any]]
    known_at: str | None


def _replies() -> QuerySet[InboundBinding]:
    own = InboundBinding.objects.filter(person_id=OuterRef("person_id"), message__kind=InboundMessage.Kind.WORDS)
    return own.filter(Q(case_id__isnull=True) | Q(case_id=OuterRef("pk")))


def _missed_plans() -> QuerySet[Plan]:
    """Plans with an instalment that is not paid, `on` the day after its grace."""
    own = Plan.objects.filter(case_id=OuterRef("pk"), missed_on__isnull=False, status__in=["missed", "broken"])
    grace = Coalesce(Cast(KeyTextTransform("grace_days", "terms"), IntegerField()), INSTALMENT_GRACE_DAYS)
    return own.annotate(on=ExpressionWrapper(F("missed_on") + grace + Value(1), output_field=DateField()))


EVENTS: Final[dict[str, _Event]] = {
    Step.Event.PROMISE_BROKEN: _Event(
        lambda: Promise.objects.filter(case_id=OuterRef("pk"), status=Promise.Status.BROKEN, settled_at__isnull=False),
        "settled_at",
    ),
    Step.Event.PAYMENT: _Event(
        lambda: Payment.objects.filter(
            person_id=OuterRef("person_id"), creditor_id=OuterRef("creditor_id"), status=Payment.Status.ALLOCATED
        ),
        "recorded_at",
    ),
    Step.Event.REPLY: _Event(_replies, "bound_at"),
    Step.Event.LETTER_RETURNED: _Event(
        lambda: PostalLetter.objects.filter(case_id=OuterRef("pk"), ending=PostalLetter.Ending.RETURNED), "ended_at"
    ),
    Step.Event.PLAN_MISSED: _Event(_missed_plans, None),
}


def _unanswered(step: Step, close: Close, strategy_id: int) -> QuerySet[Any]:
    """Return the events after which nothing of this step was planned yet; for a repeated one, all of them."""
    event = EVENTS[step.event]
    rows = event.rows().order_by()
    if event.known_at is not None:
        rows = rows.annotate(on=_day_of(event.known_at, close))
    if step.repeat_every_days:
        return rows
    answers = rows_of(step, strategy_id).filter(case_id=OuterRef(OuterRef("pk")))
    answers = answers.exclude(status=PlannedContact.Status.CANCELLED, reason_code="left-strategy")
    if event.known_at is not None:
        return rows.exclude(Exists(answers.filter(created_at__gte=OuterRef(event.known_at))))
    return rows.exclude(Exists(answers.filter(business_date__gte=OuterRef("on"))))
