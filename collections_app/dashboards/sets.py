"""The sets of rows that figures count and lists show: one function each, so that a number is its list.

Each takes the scope and returns a queryset that is already limited to what the reader may see.
"""

from datetime import date, timedelta
from typing import Final

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from cases import ageing, reach
from cases.locks import ClockTimestamp
from cases.models import (
    Account,
    AccountState,
    BucketTransition,
    Case,
    Creditor,
    Hold,
    NextAction,
    PortfolioFigure,
    Promise,
)
from cases.models.case import HUMAN_ACTIONS, CaseQuerySet
from collections_app.dashboards.scope import Scope
from contacts.models import ContactAttempt, LegalClock, NightRun

CURRENT: Final = ageing.DEFAULT.labels[0]


def bucket_range(bucket: str) -> tuple[int, int | None] | None:
    """Return the first and last DPD of a bucket of the default scheme (None: no end); None for a name that is none."""
    labels, starts = ageing.DEFAULT.labels, (0, *ageing.DEFAULT.starts)
    if bucket not in labels:
        return None
    place = labels.index(bucket)
    return starts[place], starts[place + 1] - 1 if place + 1 < len(starts) else None


def past_due(bucket: str, on: date, field: str = "past_due_since") -> Q:
    """Return the condition that something past due since a date stands in this bucket on another date."""
    span = bucket_range(bucket)
    if span is None:
        return Q(pk__in=[])
    first, last = span
    if first == 0:
        return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__gte": on})
    condition = Q(**{f"{field}__lte": on - timedelta(days=first)})
    if last is not None:
        condition &= Q(**{f"{field}__gte": on - timedelta(days=last)})
    return condition


# -- cases -------------------------------------------------------------------------------------------------------------


def cases(scope: Scope) -> CaseQuerySet:
    """Return every case within reach."""
    return Case.objects.visible_to(scope.user).select_related("person", "creditor", "owner")


def open_cases(scope: Scope) -> CaseQuerySet:
    """Return the cases that are neither cured nor closed."""
    return cases(scope).unresolved()


def to_review(rows: CaseQuerySet, scope: Scope) -> CaseQuerySet:
    """Return the cases that wait for a supervisor now."""
    return rows.unresolved().filter(next_action=NextAction.REVIEW, next_action_at__lte=scope.at)


def waiting(rows: CaseQuerySet, scope: Scope) -> CaseQuerySet:
    """Return the cases whose next action is a person's and due."""
    return rows.unresolved().filter(next_action__in=HUMAN_ACTIONS, next_action_at__lte=scope.at)


def late(rows: CaseQuerySet, scope: Scope) -> CaseQuerySet:
    """Return the cases that have waited for a person for more than a day."""
    return waiting(rows, scope).filter(next_action_at__lt=scope.at - timedelta(days=1))


def in_bucket(rows: CaseQuerySet, bucket: str, scope: Scope) -> CaseQuerySet:
    """Return the cases in this bucket on their creditor's business date."""
    condition = Q(pk__in=[])
    for day in scope.days:
        condition |= Q(creditor_id__in=day.creditor_ids) & past_due(bucket, day.on)
    return rows.filter(condition)


def handled_today(rows: CaseQuerySet, scope: Scope, by: int | None = None) -> CaseQuerySet:
    """Return the cases with a call or visit of a collector (or of anybody) today that is over."""
    return rows.filter(Exists(contacts_handled(scope, by=by).filter(case_id=OuterRef("pk"))))


def contacts_handled(scope: Scope, by: int | None = None) -> QuerySet[ContactAttempt]:
    """Return today's finished calls and visits that were made by a person."""
    made = attempts(scope).filter(origin="ours", status="completed", case__isnull=False, made_by__isnull=False)
    made = made.filter(reach.within_today(scope.days, "at"))
    return made if by is None else made.filter(made_by_id=by)


def held_by(rows: CaseQuerySet, scope: Scope, user_id: int | None = None) -> CaseQuerySet:
    """Return the cases that a collector (or anybody) has open at this moment."""
    leased = rows.unresolved().filter(lease_until__gt=ClockTimestamp())
    return leased if user_id is None else leased.filter(lease_by_id=user_id)


# -- accounts, as of the last close ------------------------------------------------------------------------------------


def last_closes(scope: Scope) -> dict[int, date]:
    """Return, per creditor within reach, the last business date whose figures are there."""
    ids = [creditor.pk for creditor in scope.creditors]
    newest = PortfolioFigure.objects.filter(creditor_id=OuterRef("pk")).order_by("-business_date")
    rows = Creditor.objects.filter(pk__in=ids).annotate(closed_on=Subquery(newest.values("business_date")[:1]))
    return {pk: on for pk, on in rows.values_list("pk", "closed_on") if on is not None}


def figures(scope: Scope) -> QuerySet[PortfolioFigure]:
    """Return the figures of the last close of every creditor within reach."""
    condition = Q(pk__in=[])
    for creditor_id, on in last_closes(scope).items():
        condition |= Q(creditor_id=creditor_id, business_date=on)
    return PortfolioFigure.objects.filter(condition)


def accounts_in_bucket(scope: Scope, *, bucket: str, creditor: Creditor, on: date) -> QuerySet[Account]:
    """Return the accounts that stood in a bucket at the close of a date, by what was known when it was closed."""
    known = AccountState.objects.filter(account_id=OuterRef("pk"), effective_on__lte=on)
    runs = NightRun.objects.filter(creditor=creditor, business_date=on, newest_state__gt=0)
    newest = runs.values_list("newest_state", flat=True).first()
    if newest:
        known = known.filter(pk__lte=newest)
    known = known.order_by("-effective_on", "-pk")
    rows = Account.objects.filter(creditor=creditor, creditor_id__in=[each.pk for each in scope.creditors])
    rows = rows.annotate(
        state_id=Subquery(known.values("pk")[:1]),
        since=Subquery(known.values("past_due_since")[:1]),
        stated_balance=Subquery(known.values("balance")[:1]),
        stated_currency=Subquery(known.values("currency")[:1]),
    )
    return rows.filter(state_id__isnull=False).filter(past_due(bucket, on, "since"))


MOVES: Final = {
    "entered": Q(from_bucket__in=["", CURRENT]) & ~Q(to_bucket=CURRENT),
    "cured": ~Q(from_bucket__in=["", CURRENT]) & Q(to_bucket=CURRENT),
    "rolled": Q(from_bucket__gt=CURRENT) & Q(to_bucket__gt=CURRENT),
    "eased": Q(from_bucket__gt=CURRENT) & Q(to_bucket__gt=CURRENT),
}


def moves(scope: Scope) -> QuerySet[BucketTransition]:
    """Return the moves between buckets at the last close of every creditor within reach."""
    condition = Q(pk__in=[])
    for creditor_id, on in last_closes(scope).items():
        condition |= Q(creditor_id=creditor_id, business_date=on)
    return BucketTransition.objects.filter(condition).select_related("account", "person", "creditor")


def moved(rows: QuerySet[BucketTransition], kind: str) -> QuerySet[BucketTransition]:
    """Return the moves of a kind: entered, cured, rolled (to a worse bucket), eased (to a better one that is late)."""
    if kind not in MOVES:
        return rows.none()
    rows = rows.filter(MOVES[kind])
    if kind == "rolled":
        return rows.filter(to_bucket__gt=F("from_bucket"))
    if kind == "eased":
        return rows.filter(to_bucket__lt=F("from_bucket"))
    return rows


# -- promises, holds, contacts -----------------------------------------------------------------------------------------


def promises(scope: Scope) -> QuerySet[Promise]:
    """Return every promise within reach."""
    return reach.limit(Promise.objects.select_related("case", "person", "creditor", "made_with"), scope.user)


def promises_due(rows: QuerySet[Promise], scope: Scope, days: int) -> QuerySet[Promise]:
    """Return the open promises of which a part falls due today, or within so many days from today on."""
    return rows.filter(reach.on_days(scope.days, "next_due_on", until=days - 1), status=Promise.Status.OPEN)


def promises_fallen_due(rows: QuerySet[Promise], scope: Scope, days: int) -> QuerySet[Promise]:
    """Return the promises whose last day was today or within the last so many days, whatever became of them.

    One that was taken back or moved is not among them; the promise that took its place is, by its own day.
    """
    fallen = rows.filter(reach.on_days(scope.days, "due_on", since=1 - days))
    return fallen.exclude(status=Promise.Status.CANCELLED)


def promises_of(rows: QuerySet[Promise], scope: Scope, status: str, days: int) -> QuerySet[Promise]:
    """Return the promises that ended in this state today, or within the last so many days, today included."""
    condition = Q(pk__in=[])
    for day in scope.days:
        begins = day.begins - timedelta(days=days - 1)
        condition |= Q(creditor_id__in=day.creditor_ids, settled_at__gte=begins, settled_at__lt=day.ends)
    return rows.filter(condition, status=status)


def legal_clocks(scope: Scope) -> QuerySet[LegalClock]:
    """Return every legal clock within reach that may still be missed: a guarantor called on in time is no more."""
    clocks = LegalClock.objects.filter(kept__isnull=True).select_related("case", "person", "account", "guarantor")
    return reach.limit(clocks.select_related("creditor"), scope.user)


def clocks_ending(rows: QuerySet[LegalClock], scope: Scope, days: int) -> QuerySet[LegalClock]:
    """Return the clocks whose last day is today or within so many days from today on."""
    return rows.filter(reach.on_days(scope.days, "ends", until=days - 1))


def clocks_over(rows: QuerySet[LegalClock], scope: Scope) -> QuerySet[LegalClock]:
    """Return the clocks whose last day is past."""
    return rows.filter(reach.on_days(scope.days, "ends", since=-36500, until=-1))


def holds(scope: Scope) -> QuerySet[Hold]:
    """Return the holds in force on people with a case within reach."""
    mine = cases(scope).filter(person_id=OuterRef("person_id"))
    newest = mine.unresolved().order_by("-pk").values("pk")[:1]
    standing = Hold.objects.filter(released_at__isnull=True).select_related("person", "creditor")
    standing = standing.annotate(case_pk=Subquery(newest))
    if scope.sees_all:
        return standing
    return standing.filter(
        Q(creditor_id__in=[each.pk for each in scope.creditors]) | Q(creditor_id__isnull=True), Exists(mine)
    )


def holds_to_review(rows: QuerySet[Hold], scope: Scope) -> QuerySet[Hold]:
    """Return the holds whose review date has come. One without a creditor is reviewed by the earliest calendar."""
    condition = reach.on_days(scope.days, "review_on", since=-36500)
    if scope.days:
        condition |= Q(creditor_id__isnull=True, review_on__lte=max(day.on for day in scope.days))
    return rows.filter(condition)


def attempts(scope: Scope) -> QuerySet[ContactAttempt]:
    """Return every contact within reach."""
    return reach.limit(
        ContactAttempt.objects.select_related("case", "person", "contacted", "creditor", "made_by"), scope.user
    )


SENT: Final = ("sent", "delivered")


def sent_today(rows: QuerySet[ContactAttempt], scope: Scope) -> QuerySet[ContactAttempt]:
    """Return the messages that were handed over today."""
    return rows.filter(reach.within_today(scope.days, "at"), origin="ours", status__in=SENT)


def failed_today(rows: QuerySet[ContactAttempt], scope: Scope) -> QuerySet[ContactAttempt]:
    """Return the contacts of today that reached nobody."""
    return rows.filter(reach.within_today(scope.days, "at"), origin="ours", status="failed")


def calls_today(rows: QuerySet[ContactAttempt], scope: Scope) -> QuerySet[ContactAttempt]:
    """Return today's calls that are over."""
    return rows.filter(reach.within_today(scope.days, "at"), origin="ours", channel="phone", status="completed")


def stale_feeds(scope: Scope) -> QuerySet[Creditor]:
    """Return the active creditors whose balances are older than they allow."""
    stale = [pk for pk, feed in scope.freshness.items() if feed.is_stale]
    return feeds(scope).filter(pk__in=stale)


def feeds(scope: Scope) -> QuerySet[Creditor]:
    """Return the active creditors within reach."""
    return Creditor.objects.filter(pk__in=[each.pk for each in scope.creditors], is_active=True)
