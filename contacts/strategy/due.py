"""For which cases a step is to be planned on a day. The rules are told in `planner`."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.db import connection
from django.db.models import IntegerField, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual, IsNull

from cases.closing import Close, Span
from cases.models import Case
from cases.models.case import Status
from contacts.models import Channel, Enrolment, PlannedContact, Purpose, Step
from contacts.strategy import conditions, enrolment, sql, triggers

REVIEW: Final = "review"  # stands where a channel would: a step that reaches nobody
CHANNELS: Final[dict[str, str]] = {Step.Kind.CALL: Channel.PHONE, Step.Kind.VISIT: Channel.VISIT}


@dataclass(frozen=True, slots=True)
class What:
    """How a step reaches the person."""

    channel: str
    purpose: str
    content_class: str
    automated: bool


def what_of(step: Step) -> What:
    """Return how a step reaches the person: by its template's channel, by telephone, at the door, or not at all."""
    if step.template is not None:
        template = step.template
        return What(template.channel, template.purpose, template.content_class, automated=True)
    return What(CHANNELS.get(step.kind, REVIEW), Purpose.COLLECTION, "reminder", automated=False)


@dataclass(frozen=True, slots=True)
class Since:
    """Since when the cases on a segment are past due: the longest, and the shortest."""

    oldest: date
    newest: date


def on_segments(close: Close, span: Span) -> dict[int, Since]:
    """Return, by segment that any case is on, since when its cases are past due: one statement for all steps."""
    with connection.cursor() as cursor:
        cursor.execute(sql.ON_SEGMENTS, {"creditor": close.creditor.pk, **span.values()})
        return {pk: Since(oldest, newest) for pk, oldest, newest in cursor.fetchall()}


def may_be_due(step: Step, day: date, since: Since | None, *, missed: bool = False) -> bool:
    """Whether a step can be due for any of the cases on its segment: one that cannot costs no statement of its own.

    The answer follows from days past due alone. since: of the segment; None where no case is on it.
    """
    if since is None or since.oldest > day - timedelta(days=step.from_dpd):
        return False
    if step.trigger != Step.Trigger.DPD or step.until_dpd is None:
        return True
    last_day = day - timedelta(days=step.until_dpd)
    latest = last_day - timedelta(days=step.catch_up_days)
    if missed:
        return since.oldest < last_day and since.newest >= latest
    return since.newest >= (latest if triggers.may_be_late(step) else last_day)


def due(
    close: Close, span: Span, path: enrolment.Path, step: Step, *, missed: bool = False, may_be_fresh: bool = True
) -> QuerySet[Case]:
    """Return the cases for which a step is to be planned for the day, each with its `stay` on the path.

    missed: those for which its days have passed in an outage. may_be_fresh: False where it is known that no case on
    this path began anew.
    """
    day, what = close.day, what_of(step)
    strategy_id = path.version.strategy_id
    # Looked up per case by the unique index of open stays, which no plan can get wrong on a book just loaded.
    stays = Enrolment.objects.filter(case_id=OuterRef("pk"), left_on__isnull=True)
    cases = enrolment.book(close, span).filter(past_due_since__lte=day - timedelta(days=step.from_dpd))
    if (oldest := triggers.oldest(step, day, missed=missed)) is not None:
        cases = cases.filter(past_due_since__gte=oldest)
    cases = cases.alias(segment=Subquery(stays.values("segment_id"))).filter(segment=path.segment.pk)
    cases = cases.annotate(stay=Subquery(stays.values("pk")), stay_since=Subquery(stays.values("entered_on")))
    of_trigger = triggers.missed if missed else triggers.in_time
    context = enrolment.context_of(close).within(path.version)
    cases = cases.filter(of_trigger(step, close, strategy_id), conditions.matching(step.condition, context))
    if what.purpose != Purpose.SERVICE_REMINDER:
        cases = cases.filter(status__in=[Status.NEW, Status.WORKING])
    cases = cases.exclude(conditions.held())
    asked: list[Q] = []  # the cheapest first, and what most cases fail: the others are asked of few
    if step.trigger != Step.Trigger.EVENT or step.repeat_every_days:
        before = _done_before(step, close, strategy_id, missed=missed)
        asked.append(~conditions.one_by_one(before.filter(triggers.of_this_beginning()) if may_be_fresh else before))
    if what.channel != REVIEW and not missed:
        if step.kind == Step.Kind.MESSAGE:
            asked += [~conditions.one_by_one(_said_today(what, close)), conditions.reachable([what.channel])]
        asked.append(_climbs(step, close))
    return cases.filter(conditions.in_turn(asked))


def _done_before(step: Step, close: Close, strategy_id: int, *, missed: bool) -> QuerySet[PlannedContact]:
    """Return what was planned of this step, and of those it counts as, and stands against planning it again."""
    before = triggers.rows_of(step, strategy_id).filter(case_id=OuterRef("pk"))
    # What was cancelled because the case changed paths did not leave; the path that it is on now may still do it.
    before = before.exclude(status=PlannedContact.Status.CANCELLED, reason_code="left-strategy")
    if step.repeat_every_days:
        before = before.filter(business_date__gt=close.day - timedelta(days=step.repeat_every_days))
    if missed:
        before = before.exclude(status=PlannedContact.Status.CANCELLED, reason_code="too-late")
    return before


def _said_today(what: What, close: Close) -> QuerySet[PlannedContact]:
    """Return the messages that say the same to the same person that day: each speaks of all that is owed here."""
    return PlannedContact.objects.filter(
        case_id=OuterRef("pk"), business_date=close.day, channel=what.channel, purpose=what.purpose, automated=True
    )


def _climbs(step: Step, close: Close) -> Q:
    """Return the condition that a step is not milder than what is planned for its day, as far as that is a climb."""
    contacts = PlannedContact.objects.filter(case_id=OuterRef("pk")).exclude(channel=REVIEW).order_by()
    today = _hardest(contacts.filter(business_date=close.day))
    reached = Coalesce(_hardest(contacts.filter(business_date__lt=close.day)), 0)
    none_today = Q(IsNull(today, True))  # noqa: FBT003
    return none_today | Q(GreaterThanOrEqual(reached, step.severity)) | Q(GreaterThanOrEqual(reached, today))


def _hardest(contacts: QuerySet[PlannedContact]) -> Subquery:
    hardest = contacts.values("case_id").annotate(top=Max("severity")).values("top")
    return Subquery(hardest, output_field=IntegerField())
