"""The close of day over the book: ageing, cases, promises, plans, holds, figures. Set-based, in spans of persons.

The close of a day D is run when D is over at the creditor's. It looks both ways, and says so once, here:

- it closes D: bucket transitions and figures are those of D, from what was known when the close began;
- it prepares D + 1 (`Close.day`): cases are opened, refreshed and cured, promises, plans and holds judged, with the
  days past due that people will see when they act on them, from everything known at the moment.

Every function here takes one span of persons, changes only what differs, and may be run again: after a crash the same
span gives the same end. The caller owns the transaction. No domain events are sent: whoever must act on a cure or an
opening reads the rows (a close may change a hundred thousand cases).
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import ceil
from typing import Any, Final

from django.db import connection

from cases import ageing, exclusion_list, firm_policy, locks, promises, sql, sql_ageing, sql_plans
from cases.models import Creditor
from cases.priority import rules
from cases.settlements import watching
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.once import once

OPENS: Final = time(8)  # local, where the creditor has no hour of his own
SPAN: Final = 20_000  # accounts; a span holds whole persons
WIDE: Final = 5  # of them, in a wide span
PROMISES_A_SPAN: Final = 200
INSTALMENT_GRACE_DAYS: Final = 3
PLAN_BREAKS_AFTER_DAYS: Final = 14
FIRST_INSTALMENTS: Final = 2  # watched without grace, and the down payment with them


@dataclass(frozen=True, slots=True)
class Close:
    """What is closed, when, by whom. newest_state: key of the newest account state that existed when it began.

    at_once: on how many spans of a step may be worked at once.
    """

    creditor: Creditor
    business_date: date
    newest_state: int
    actor: Actor
    at: datetime
    spans: list["Span"] = field(default_factory=list, compare=False, repr=False)  # of the book, once it was cut
    at_once: int = 1

    @property
    def day(self) -> date:
        """The day that is prepared: the one after the business date."""
        return self.business_date + timedelta(days=1)

    @property
    def morning(self) -> datetime:
        """When work begins on that day at the creditor's."""
        zone = clock.zone(self.creditor.time_zone)
        midnight = datetime.combine(self.day, time.min, zone)
        opens = firm_policy.in_force(creditor_id=self.creditor.pk, at=midnight).opens
        return datetime.combine(self.day, opens or OPENS, zone)

    def values(self, **more: Any) -> dict[str, Any]:
        """Return what the statements bind."""
        return {
            "creditor": self.creditor.pk,
            "team": self.creditor.team_id,
            "date": self.business_date,
            "day": self.day,
            "newest_state": self.newest_state,
            "labels": list(ageing.DEFAULT.labels),
            "starts": list(ageing.DEFAULT.starts),
            **rules.values(),
            "at": self.at,
            "actor_kind": self.actor.kind,
            "actor_id": self.actor.id,
            "actor_label": self.actor.label,
            "next_action_at": self.morning,
            **more,
        }


@dataclass(frozen=True, slots=True)
class Span:
    """Persons with `after` < id <= `upto`; together they have about so many accounts (0: not counted)."""

    after: int
    upto: int
    accounts: int = 0

    def values(self) -> dict[str, int]:
        """Return what the statements bind."""
        return {"after": self.after, "upto": self.upto}


def newest_state(creditor_id: int) -> int:
    """Return the key of the newest account state of a creditor; 0 when there is none."""
    return _value(sql.NEWEST_STATE, {"creditor": creditor_id})


def raise_limits() -> None:
    """Let the transaction's statements take longer than a page may. Call first inside the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(sql.TIMEOUTS)


def let_wait() -> None:
    """Let the transaction be idle for longer than a page may: it waits for other connections of the same close."""
    with connection.cursor() as cursor:
        cursor.execute(sql.LET_WAIT)


# -- spans -------------------------------------------------------------------------------------------------------------


def next_span(close: Close, after: int, size: int = SPAN) -> Span | None:
    """Return the next persons of the book: those of about so many accounts, each person whole. None: no more.

    The book is cut once in a close; persons who have come since lie behind the last cut.
    """
    if size % SPAN == 0:
        cut = _spans(close)
        first = bisect_right(cut, after, key=lambda span: span.upto)
        if found := cut[first : first + size // SPAN]:
            return Span(after, found[-1].upto, sum(span.accounts for span in found))
    with connection.cursor() as cursor:
        cursor.execute(sql.NEXT_SPAN, {"creditor": close.creditor.pk, "after": after, "size": size})
        upto, accounts = cursor.fetchone()
    return Span(after, upto, accounts) if upto is not None else None


def next_wide_span(close: Close, after: int, size: int = 0) -> Span | None:
    """Return the next persons of the book for a step whose statements cost much to make: a wide span, or less where
    several are worked on at once and there would be too few of them to share. size: that of each, if said.
    """
    if not size:
        cuts = max(1, len(_spans(close)))
        rounds = ceil(cuts / WIDE / close.at_once)
        size = SPAN * ceil(cuts / rounds / close.at_once)
    return next_span(close, after, size)


def _spans(close: Close) -> list[Span]:
    if not close.spans:
        with connection.cursor() as cursor:
            cursor.execute(sql.SPANS, {"creditor": close.creditor.pk, "size": SPAN})
            after = 0
            for upto, accounts in cursor.fetchall():
                if upto == after:  # all of it is of the person before the cut
                    accounts += close.spans.pop().accounts
                    after = close.spans[-1].upto if close.spans else 0
                close.spans.append(Span(after, upto, accounts))
                after = upto
    return close.spans


def size_of_book(close: Close) -> int:
    """Return how many accounts the creditor has."""
    return sum(span.accounts for span in _spans(close))


def of_book(statement: str, creditor_id: int) -> str:
    """Return a statement over a whole book in the form that is quicker for this one; the result is the same."""
    few = once(("few states", creditor_id), lambda: bool(_value(sql.HAS_FEW_STATES, {"creditor": creditor_id})))
    return sql.of_book(statement, has_few_states=few)


def next_promise_span(close: Close, after: int, size: int = PROMISES_A_SPAN) -> Span | None:
    """Return the next persons with a promise whose time is over."""
    due = promises.overdue(close.creditor.pk, business_date=close.day).filter(person_id__gt=after)
    persons = list(due.order_by("person_id").values_list("person_id", flat=True)[:size])
    return _span(after, max(persons, default=None))


def next_plan_span(close: Close, after: int, size: int = SPAN) -> Span | None:
    """Return the next persons with a running plan."""
    return _span(after, _value(sql_plans.NEXT_PLAN_SPAN, {"creditor": close.creditor.pk, "after": after, "size": size}))


def persons_of(close: Close, span: Span) -> list[int]:
    """Return the persons of a span, to split it."""
    with connection.cursor() as cursor:
        cursor.execute(sql.PERSONS_OF_SPAN, close.values(**span.values()))
        return [row[0] for row in cursor.fetchall()]


def _span(after: int, upto: int | None) -> Span | None:
    return Span(after, upto) if upto is not None else None


# -- steps -------------------------------------------------------------------------------------------------------------


def age(close: Close, span: Span, *, accounts: Sequence[int] | None = None) -> int:
    """Write the bucket transitions of the business date; return how many. First sight comes from bucket ''.

    accounts: those of the span that can have moved (`turning`); None: any can.
    """
    if accounts is not None and not accounts:
        return 0
    values = close.values(**span.values(), accounts=accounts)
    statement = sql_ageing.WRITE_TRANSITIONS
    if _value(sql_ageing.ANY_TRANSITION, values):
        statement = sql_ageing.REWRITE_TRANSITIONS
    written: int = _value(statement if accounts is None else sql_ageing.of_some(statement), values)
    return written


def work_cases(close: Close, span: Span, *, next_action: str) -> dict[str, int]:
    """Cure, refresh and open the cases of these persons for the day; return how many of each.

    next_action: what a new case waits for in the morning (`wait_strategy`, or `call` where no strategy is in force).
    """
    values = close.values(**span.values(), next_action=next_action)
    with connection.cursor() as cursor:
        cursor.execute(sql.WORK_CASES, values)
        refreshed, opened, any_to_cure = cursor.fetchone()
    return {"opened": opened, "cured": _cure(values) if any_to_cure else 0, "refreshed": refreshed}


def _cure(values: dict[str, Any]) -> int:
    # A hand-over under way holds the person: wait for it, then look again, as every stop does.
    locks.lock(person_ids=[person for _, person in _pairs(sql.TO_CURE, values)])
    cases = [case for case, _ in _pairs(sql.TO_CURE, values)]
    return _value(sql.CURE_CASES, values | {"cases": cases})


def judge_promises(close: Close, span: Span) -> int:
    """Decide the promises of these persons whose grace is over; return how many. Their cases return to work."""
    due = promises.overdue(close.creditor.pk, business_date=close.day)
    due = due.filter(person_id__gt=span.after, person_id__lte=span.upto).order_by("person_id", "pk")
    ids = list(due.values_list("pk", flat=True))
    settled = [
        promises.settle_overdue(promise_id=pk, business_date=close.day, actor=close.actor, at=close.at) for pk in ids
    ]
    _run(sql.REFRESH_CASES, close.values(**span.values()))  # a broken promise counts in the score
    return sum(promise is not None for promise in settled)


def judge_plans(close: Close, span: Span) -> int:
    """Move running plans on: instalment missed, made good, plan broken, completed or never signed; return how many.

    Missed: an instalment is unpaid so many days after it was due (`grace_days` of the plan's terms, else 3). Broken: a
    missed one is still unpaid so many days after it was due (`break_days`, else 14). One of the first instalments that
    is late or short is put before a person at once.
    """
    values = close.values(
        **span.values(),
        grace_days=INSTALMENT_GRACE_DAYS,
        break_days=PLAN_BREAKS_AFTER_DAYS,
        first_ones=FIRST_INSTALMENTS,
    )
    persons = {*_column(sql_plans.PLANS_TO_JUDGE, values), *_column(sql_plans.PLANS_IN_EARLY_TROUBLE, values)}
    if not persons:
        return 0
    locks.lock(person_ids=persons)
    moved: int = _value(sql_plans.JUDGE_PLANS, values)
    _value(sql_plans.FLAG_EARLY_TROUBLE, values)
    return moved


def look_after_holds(close: Close) -> dict[str, int]:
    """Release the holds whose last day is over, and put those due for review before a supervisor; return how many."""
    values = close.values()
    released = 0
    ended = _pairs(sql.ENDED_HOLDS, values)
    if ended:
        locks.lock(person_ids=[person for _, person in ended])
        released = _run(sql.RELEASE_HOLDS, values | {"holds": [hold for hold, _ in ended]})
    return {"released": released, "to_review": _run(sql.REVIEW_HOLDS, values)}


def look_after_agreements(close: Close) -> dict[str, int]:
    """Expire offers, fail settlements that are not paid, drop exclusions whose time is over; return how many."""
    creditor, day = close.creditor.pk, close.day
    over = exclusion_list.over(creditor, business_date=day).values_list("person_id", flat=True)
    due = watching.due(creditor, business_date=day).values_list("person_id", flat=True)
    locks.lock(person_ids=[*due, *over])
    told: dict[str, Any] = {"creditor_id": creditor, "business_date": day, "actor": close.actor, "at": close.at}
    return {"settlements": watching.judge(**told), "exclusions": exclusion_list.drop_expired(**told)}


def write_figures(close: Close) -> dict[str, int]:
    """Write the figures of the business date: accounts and balance per bucket and currency; return the counts."""
    with connection.cursor() as cursor:
        cursor.execute(of_book(sql.WRITE_FIGURES, close.creditor.pk), close.values())
        rows, accounts = cursor.fetchone()
    return {"figures": rows, "accounts": int(accounts)}


def count_book(close: Close) -> dict[tuple[str, str], tuple[int, Decimal]]:
    """Count the book anew on the business date: (bucket, currency) -> (accounts, balance). Figures must equal it."""
    with connection.cursor() as cursor:
        cursor.execute(of_book(sql.COUNT_BOOK, close.creditor.pk), close.values())
        return {(bucket, currency): (accounts, balance) for bucket, currency, accounts, balance in cursor.fetchall()}


# -- plumbing ----------------------------------------------------------------------------------------------------------


def _run(statement: str, values: dict[str, Any]) -> int:
    """Run a statement and return how many rows it wrote."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return max(0, cursor.rowcount)


def _value(statement: str, values: dict[str, Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0]


def _column(statement: str, values: dict[str, Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [row[0] for row in cursor.fetchall()]


def _pairs(statement: str, values: dict[str, Any]) -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [(row[0], row[1]) for row in cursor.fetchall()]
