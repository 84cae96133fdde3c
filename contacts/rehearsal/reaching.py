"""Whom a rehearsal takes to be reached: an assumption, by what the creditor's own last 90 days came to.

A rehearsal sends nothing, so no receipt comes and nobody speaks; a step that waits for another one to have reached
somebody, or not to, would never come. Where any step in force waits so for an outcome, the outcomes of the steps it
waits for are drawn: of each channel as many of a thousand as receipts, calls and visits of the last 90 days say.

- A message that left: `delivered`, `failed`, or nothing more is heard of it.
- A call or a visit: it is taken to be made at its time, and the person is spoken with, or is not.

Drawn by a stable number of person, step and day: the same answers in every rehearsal, on both sides, in parts as in
the whole, and for one case alone. A channel with fewer than twenty endings in 90 days has no rate: nobody is taken to
answer there, and its tasks stay open. Answers come when the day is over, so the first day rests on none of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from cases.closing import Close
from cases.models import Creditor
from contacts.models import Step
from contacts.rehearsal import sql_reaching as sql

LOOKS_BACK: Final = timedelta(days=90)
LEAST: Final = 20  # endings; of fewer nothing is said
THOUSAND: Final = 1_000


@dataclass(frozen=True, slots=True)
class Rate:
    """Of a thousand: how many were reached and how many failed for good; of how many endings that is known."""

    reached: int
    failed: int
    of: int

    @property
    def is_known(self) -> bool:
        """Whether there were enough to go by."""
        return self.of >= LEAST


@dataclass(frozen=True, slots=True)
class Reaching:
    """What is assumed: rates by creditor and channel, and the steps whose outcome another step waits for."""

    rates: Mapping[int, Mapping[str, Rate]] = field(default_factory=dict)
    steps: tuple[int, ...] = ()

    def told(self, creditors: Mapping[int, str]) -> list[list[Any]]:
        """Return the rates as plain lists, with the codes of these creditors; empty where nothing waits."""
        if not self.steps:
            return []
        return [
            [code, channel, rate.reached, rate.failed, rate.of]
            for pk, code in sorted(creditors.items(), key=lambda each: each[1])
            for channel, rate in sorted(self.rates.get(pk, {}).items())
        ]

    def answer(self, close: Close) -> int:
        """Let answers come to what left and what lay before people until this close's day was over; return how many.

        Writes to the session's own copies only.
        """
        rates = {channel: rate for channel, rate in self.rates.get(close.creditor.pk, {}).items() if rate.is_known}
        if not self.steps or not rates:
            return 0
        values: dict[str, Any] = {
            "creditor": close.creditor.pk,
            "day": close.day,
            "at": close.at,
            "steps": list(self.steps),
            "channels": list(rates),
            "reached": [rate.reached for rate in rates.values()],
            "failed": [rate.failed for rate in rates.values()],
        }
        answered = 0
        with connection.cursor() as cursor:
            for statement in (sql.RECEIPTS, sql.TALKS):
                cursor.execute(statement, values)
                answered += cursor.fetchone()[0]
        return answered


NOBODY: Final = Reaching()


def of_creditors(creditors: Sequence[Creditor], *, at: datetime) -> Reaching:
    """Return what is assumed of these creditors' books, with the versions that are in force where this is asked."""
    steps = awaited()
    if not steps:
        return NOBODY
    ids = [creditor.pk for creditor in creditors]
    rates: dict[int, dict[str, Rate]] = {}
    with connection.cursor() as cursor:
        cursor.execute(sql.RATES, {"creditors": ids, "since": at - LOOKS_BACK, "upto": at, "thousand": THOUSAND})
        for creditor_id, channel, of, reached, failed in cursor.fetchall():
            rates.setdefault(creditor_id, {})[channel] = Rate(reached, failed, of)
    return Reaching(rates, steps)


def awaited() -> tuple[int, ...]:
    """Return the steps whose outcome a step in force waits for; a message that left has come to something by itself."""
    waits = Step.objects.filter(trigger=Step.Trigger.AFTER, segment__version__status="published")
    wanted: dict[tuple[int, str], bool] = {}
    for strategy, key, outcome in waits.values_list("segment__version__strategy", "after_key", "after_outcome"):
        wanted[strategy, key] = wanted.get((strategy, key), False) or outcome != Step.After.ANY
    if not wanted:
        return ()
    steps = Step.objects.filter(
        segment__version__strategy__in={strategy for strategy, _key in wanted},
        key__in={key for _strategy, key in wanted},
    )
    found = [
        step.pk
        for step in steps.select_related("segment__version")
        for where in ((step.segment.version.strategy_id, step.key),)
        if where in wanted and (wanted[where] or step.template_id is None)
    ]
    return tuple(sorted(found))
