"""Who is on which side: drawn once at night by a number that follows from the person, written down, never changed."""

from datetime import timedelta

from django.db.models import (
    BigIntegerField,
    CharField,
    DateField,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models import Case as Choose

from cases.closing import Close, Span
from cases.models import Case
from collections_app.shared import clock
from contacts.experiments import sql
from contacts.models import ArmAssignment, Experiment
from contacts.strategy import conditions, enrolment, stable


def arm_of(experiment: Experiment, person_id: int) -> str:
    """Return the side that a person would be drawn on, whether he takes part or not."""
    number, upto = stable.number_of(experiment.code, person_id), 0
    for arm in experiment.arms:
        upto += arm["share"]
        if number < upto:
            return str(arm["key"])
    raise AssertionError("the shares of an experiment add up to 100")


def running(close: Close) -> QuerySet[Experiment]:
    """Return the experiments that take in persons of this creditor on the day that the close prepares."""
    return Experiment.objects.filter(status=Experiment.Status.RUNNING, creditors=close.creditor).order_by("pk")


def still_takes_in(experiment: Experiment, close: Close) -> bool:
    """Whether the days for taking in persons are not over."""
    if experiment.begun_at is None:
        return False
    begun = clock.local_date(experiment.begun_at, close.creditor.time_zone)
    return close.day <= begun + timedelta(days=experiment.horizon_days)


def draw(close: Close, span: Span) -> int:
    """Write down the side of everybody in the span who takes part from now on; return how many there were.

    One statement per experiment. Run before segments are chosen, so that they may ask for the side.
    """
    drawn = 0
    for experiment in running(close):
        if still_takes_in(experiment, close):
            drawn += enrolment.run_around(sql.DRAW_HEAD, _chosen(experiment, close, span), sql.DRAW_TAIL)
    return drawn


def _chosen(experiment: Experiment, close: Close, span: Span) -> QuerySet[Case]:
    sides = ArmAssignment.objects.filter(experiment_id=experiment.pk, person_id=OuterRef("person_id"))
    who = conditions.matching(experiment.condition, enrolment.context_of(close))
    cases = enrolment.book(close, span).filter(who).exclude(Exists(sides)).order_by()
    upto, branches = 0, []
    for arm in experiment.arms:
        upto += arm["share"]
        branches.append(When(Q(drawn_number__lt=upto), then=Value(arm["key"], CharField())))
    return cases.annotate(
        drawn_number=stable.number_sql(experiment.code), drawn_arm=Choose(*branches, output_field=CharField())
    ).values_list(
        "person_id",
        "pk",
        "creditor_id",
        "drawn_arm",
        "drawn_number",
        F("balance"),
        "currency",
        Value(experiment.pk, BigIntegerField()),
        Value(close.day, DateField()),
        Value(close.at, DateTimeField()),
    )
