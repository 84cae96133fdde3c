"""Doorbells of this app. A task carries no facts: the rows say what waits, and the minute tick finds what it missed."""

import logging
from functools import partial
from typing import Any

from celery import shared_task
from django.db import transaction

from cases import callbacks, name_index, promises
from cases.distribution import automatic
from cases.imports import waiting
from cases.priority import chances
from collections_app.shared import clock
from collections_app.shared.actor import Actor

log = logging.getLogger(__name__)


@shared_task(name="cases.load_uploaded", ignore_result=True, soft_time_limit=6 * 3600, time_limit=6 * 3600 + 60)
def load_uploaded(**_newer: Any) -> None:
    """Load the files that were uploaded and wait."""
    waiting.load_all(now=clock.now)


@shared_task(name="cases.settle_promises", ignore_result=True)
def settle_promises(**_newer: Any) -> None:
    """Decide the promises whose grace has ended at their creditor's midnight, and hand on agreed calls that were
    missed; what is left over waits a minute.
    """
    at = clock.now()
    callbacks.fall_back(at=at)
    promises.settle_ended(actor=Actor.system("promises"), at=at)


@shared_task(name="cases.reckon_chances", ignore_result=True, soft_time_limit=3600, time_limit=3660)
def reckon_chances(**_newer: Any) -> None:
    """Reckon anew with the models of chances whose book has newer balances, or cases they have said nothing of."""
    if chances.waiting():
        from cases.priority.model import using  # numpy is loaded only where a model is in force

        using.reckon_waiting(at=clock.now())


@shared_task(name="cases.share_out", ignore_result=True, soft_time_limit=3600, time_limit=3660)
def share_out(**_newer: Any) -> None:
    """Preview the allocations that wait, and share out the books whose morning it is."""
    automatic.work(at=clock.now())


@shared_task(name="cases.spell_names", ignore_result=True, soft_time_limit=300, time_limit=360)
def spell_names(**_newer: Any) -> None:
    """Make the keys by which new and changed names are found; what is left over waits a minute."""
    name_index.spell(at=clock.now())


def ring() -> None:
    """Say, once this transaction has committed, that a file waits. Never raises."""
    transaction.on_commit(partial(_publish, load_uploaded), robust=True)


def ring_allocation() -> None:
    """Say, once this transaction has committed, that a preview of an allocation waits. Never raises."""
    transaction.on_commit(partial(_publish, share_out), robust=True)


def _publish(task: Any) -> None:
    try:
        task.apply_async(kwargs={}, retry=False, expires=3600)
    except Exception as error:  # noqa: BLE001  (whatever the broker does, the row waits and the tick finds it)
        log.warning("doorbell not heard", extra={"error": type(error).__name__})
