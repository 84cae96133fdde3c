"""Runs that nobody waits for: previews of large books, and the allocation of the morning where rules want one."""

import logging
from datetime import datetime
from typing import Final

from django.db import transaction

from cases.distribution import applying, previewing, rule_book, workload
from cases.models import Creditor, DistributionRun
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor

log = logging.getLogger(__name__)
ALLOCATOR: Final = Actor.system("allocation")
HOURS: Final = 4  # a morning allocation that could not begin within these is left to people


def due(*, at: datetime) -> list[Creditor]:
    """Return the creditors whose rules want an allocation every morning and that had none today."""
    found = []
    for creditor in Creditor.objects.filter(is_active=True, distribution_rules__isnull=False).distinct().order_by("pk"):
        rules = rule_book.rules_of(rule_book.in_force(creditor_id=creditor.pk, at=at))
        hour = at.astimezone(clock.zone(creditor.time_zone)).hour
        if not rules.nightly or not rules.from_hour <= hour < rules.from_hour + HOURS:
            continue
        today = clock.local_date(at, creditor.time_zone)
        if not DistributionRun.objects.filter(creditor=creditor, day=today, is_automatic=True).exists():
            found.append(creditor)
    return found


def waiting() -> list[int]:
    """Return the runs that were asked for and wait for their preview, oldest first."""
    rows = DistributionRun.objects.filter(previewed_at__isnull=True).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def is_due(*, at: datetime) -> bool:
    """Return whether anything is to be done."""
    return bool(waiting() or due(at=at))


def work(*, at: datetime) -> int:
    """Preview what waits, and share out what is due this morning; return how many runs were worked.

    Whoever comes second finds nothing to do: a run is previewed once and applied once, under its row's lock.
    """
    done = 0
    for creditor in due(at=at):
        run = _begin(creditor, at=at)
        if run is None:
            continue
        previewing.preview(run_id=run.pk, actor=ALLOCATOR, at=at)
        try:
            applying.apply(run_id=run.pk, actor=ALLOCATOR, at=at)
        except Refused as refused:
            log.warning("allocation not applied", extra={"run": run.ref, "code": refused.code})
        workload.keep(creditor_id=creditor.pk, on=run.day)
        done += 1
    for run_id in waiting():
        previewing.preview(run_id=run_id, actor=ALLOCATOR, at=at)
        done += 1
    return done


@transaction.atomic
def _begin(creditor: Creditor, *, at: datetime) -> DistributionRun | None:
    """Return the run of this morning; None where another worker has just begun it."""
    Creditor.objects.select_for_update(of=("self",), no_key=True).get(pk=creditor.pk)
    if creditor.pk not in {each.pk for each in due(at=at)}:
        return None
    return previewing.ask(creditor=creditor, team=None, is_automatic=True, actor=ALLOCATOR, at=at)
