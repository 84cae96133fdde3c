"""Doorbells. A task carries no facts, makes one domain call, may run twice or never: the tick finds what it missed."""

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Final

from celery import shared_task
from celery.signals import worker_ready
from django.db import DatabaseError, connection, transaction

from cases.distribution import automatic
from cases.imports import waiting
from cases.tasks import load_uploaded, reckon_chances, settle_promises, share_out, spell_names
from collections_app.shared import clock
from contacts import dispatch, epochs, inbound, legal_clocks, night, rehearsal
from contacts.channels import catalogue
from contacts.dispatch import sql
from contacts.dispatch.written import UNDO
from contacts.inbound import unmatched
from contacts.models import PlannedContact, Tick
from contacts.strategy import watching

log = logging.getLogger(__name__)
LIMIT: Final = 50
BUDGET_S: Final = 60.0
CLOCKS_EVERY: Final = 10  # minutes
MOST_SKEW: Final = timedelta(seconds=30)
missed_rings = 0  # doorbells that the broker did not take, since this process began


class ClockSkewed(Exception):
    """This machine's clock and the database's differ too much to decide anything by it."""


@shared_task(name="contacts.dispatch_due", ignore_result=True)
def dispatch_due(*, channel: str, **_newer: Any) -> None:
    """Send what is due in one channel; ring again where there may be more. One of a newer release is left to it."""
    if channel not in catalogue.SENDING:
        log.warning("doorbell of a channel that is not known here", extra={"channel": str(channel)[:40]})
        return
    check_clock()
    tally = dispatch.run(channel=channel, limit=LIMIT, budget_s=BUDGET_S, now=clock.now)
    if sum(tally.values()) >= LIMIT:
        ring(channel)


@shared_task(name="contacts.sweep", ignore_result=True)
def sweep(**_newer: Any) -> None:
    """Find out what became of what was under way when a process died."""
    check_clock()
    dispatch.sweep(now=clock.now)


@shared_task(name="contacts.send_written", ignore_result=True)
def send_written(**_newer: Any) -> None:
    """Hand over what people wrote themselves, once the time to take it back is over; settle what was left half way."""
    check_clock()
    dispatch.run_written(now=clock.now)
    dispatch.sweep_written(now=clock.now)


@shared_task(name="contacts.finish_inbound", ignore_result=True)
def finish_inbound(**_newer: Any) -> None:
    """Finish messages received whose process died half way, and blank those that nobody claimed in time."""
    at = clock.now()
    inbound.finish_what_was_left(at=at)
    unmatched.blank_old(at=at)


@shared_task(name="contacts.close_missed_days", ignore_result=True, soft_time_limit=4 * 3600, time_limit=4 * 3600 + 60)
def close_missed_days(**_newer: Any) -> None:
    """Close the days that have ended since the last close, in order."""
    night.close_missed(at=clock.now())


@shared_task(name="contacts.close_day", ignore_result=True, soft_time_limit=6 * 3600, time_limit=6 * 3600 + 60)
def close_day(*, creditor_id: int, business_date: str, again: bool = False, **_newer: Any) -> None:
    """Close one day of one creditor because somebody asked for it; the night checks whether it may be closed.

    again: also a day that is closed, after a correction or a late tape.
    """
    from contacts import night

    try:
        night.close_of_day(
            creditor_id=creditor_id, business_date=date.fromisoformat(business_date), at=clock.now(), resume=not again
        )
    except (night.NightRefused, night.NightBusy) as refused:
        log.warning("close of day refused", extra={"creditor": creditor_id, "why": refused.code})


@shared_task(name="contacts.rehearse", ignore_result=True, soft_time_limit=4 * 3600, time_limit=4 * 3600 + 60)
def rehearse(**_newer: Any) -> None:
    """Rehearse the strategy versions that wait for it."""
    rehearsal.rehearse_waiting(now=clock.now)


@shared_task(name="contacts.reckon_clocks", ignore_result=True)
def reckon_clocks(**_newer: Any) -> None:
    """Reckon the legal clocks of cases of which something changed; ring again while there was something to do."""
    if legal_clocks.reckon_stale(now=clock.now)["reckoned"]:
        _ring(reckon_clocks.apply_async, {})


@shared_task(name="contacts.watch_strategies", ignore_result=True)
def watch_strategies(**_newer: Any) -> None:
    """Read the guardrails of strategies, compare what was predicted with what happened, and stop what does harm."""
    watching.watch(at=clock.now())


@shared_task(name="contacts.minute_tick", ignore_result=True)
def minute_tick(**_newer: Any) -> None:
    """Once a minute, in UTC: ring for whatever rows say is due. Two schedulers do no harm, a missed minute neither."""
    tick(at=clock.now(), real_at=database_now())


@worker_ready.connect
def worker_started(**_signal: Any) -> None:
    """Look at once when a worker starts: whoever died before it took the doorbells along."""
    try:
        wake(at=clock.now())
    except DatabaseError as error:  # the tick finds what is due once the database is back
        log.warning("woke without the database", extra={"error": type(error).__name__})
    finally:
        connection.close()


def wake(*, at: datetime) -> None:
    """Ring for what is due, whether or not this minute was taken."""
    for channel in due_channels(at=at):
        ring(channel)
    _ring(sweep.apply_async, {})
    _ring(send_written.apply_async, {})


def tick(*, at: datetime, real_at: datetime) -> bool:
    """Take this minute and ring for what is due; returns whether it was ours to take.

    at: the product's clock; real_at: the database's, which names the minute, so that a shifted clock repeats none.
    """
    minute = real_at.replace(second=0, microsecond=0)
    _row, ours = Tick.objects.get_or_create(minute=minute, defaults={"taken_at": real_at})
    if not ours:
        return False
    epochs.advance()
    wake(at=at)
    if waiting.waiting():
        _ring(load_uploaded.apply_async, {})
    _ring(settle_promises.apply_async, {})
    _ring(spell_names.apply_async, {})
    if automatic.is_due(at=at):
        _ring(share_out.apply_async, {})
    if minute.minute % CLOCKS_EVERY == 0:
        _ring(reckon_clocks.apply_async, {})
        _ring(reckon_chances.apply_async, {})
        _ring(watch_strategies.apply_async, {})
    _ring(close_missed_days.apply_async, {})
    _ring(finish_inbound.apply_async, {})
    rehearsal.fail_dead(at=at)
    if rehearsal.waiting():
        ring_rehearsals()
    return True


def due_channels(*, at: datetime) -> list[str]:
    """Return the channels in which something is due to be sent."""
    due = PlannedContact.objects.filter(status__in=["planned", "withheld"], automated=True, try_again_at__lte=at)
    return [channel for channel in catalogue.SENDING if due.filter(channel=channel).exists()]


def ring(channel: str) -> None:
    """Say, once this transaction has committed, that there is something to send. Never raises."""
    _ring(dispatch_due.apply_async, {"channel": channel})


def ring_written() -> None:
    """Say, once this transaction has committed, that a message is to be handed over in five seconds. Never raises."""
    _ring(partial(send_written.apply_async, countdown=UNDO.total_seconds() + 0.1), {})


def ring_rehearsals() -> None:
    """Say, once this transaction has committed, that a rehearsal waits. Never raises."""
    _ring(rehearse.apply_async, {})


def check_clock() -> None:
    """Refuse to go on where this machine's clock is off. Raises ClockSkewed."""
    ours = clock.now() - clock.offset()
    skew = abs(ours - database_now())
    if skew > MOST_SKEW:
        raise ClockSkewed(f"{skew.total_seconds():.0f} s")


def database_now() -> datetime:
    """Return the instant by the database's own clock, never shifted."""
    with connection.cursor() as cursor:
        cursor.execute(sql.DATABASE_NOW)
        at: datetime = cursor.fetchone()[0]
    return at.astimezone(UTC)


def _ring(publish: Callable[..., Any], kwargs: dict[str, Any]) -> None:
    transaction.on_commit(partial(_publish, publish, kwargs), robust=True)


def _publish(publish: Callable[..., Any], kwargs: dict[str, Any]) -> None:
    """Publish; a broker that is away costs a count and a line, because the tick finds the row anyway."""
    global missed_rings
    try:
        publish(kwargs=kwargs, retry=False, expires=55)
    except Exception as error:  # noqa: BLE001  (whatever the broker does, the caller goes on)
        missed_rings += 1
        log.warning("doorbell not heard", extra={"error": type(error).__name__, "missed": missed_rings})
