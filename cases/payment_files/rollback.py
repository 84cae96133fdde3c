"""A file of payments taken back: each of its payments reversed with everything that followed, its references free
again.

Done in parts, so that nobody waits for a whole file; broken off, it goes on where it stopped.
"""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases import payments
from cases.models import ImportBatch, Payment
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from compliance import audit

from . import formats

AT_ONCE: Final = 200  # payments that a page takes back in some seconds; more are a matter for the command
_KEPT: Final = 60  # characters of a reference that stay


class RollbackRefused(Refused):
    SENTENCES = {
        "not-loaded": _("Only a file of payments that is loaded can be rolled back."),
        "no-reason": _("Say why."),
        "too-many": _("%(count)s payments are too many for a page. Use the command roll_back_payments."),
    }


def count_of(batch: ImportBatch) -> int:
    """Return how many payments of a file still stand."""
    return Payment.objects.filter(batch=batch).exclude(status=Payment.Status.REVERSED).count()


def roll_back(*, batch_id: int, reason: str, actor: Actor, at: datetime, limit: int | None = None) -> int:
    """Reverse what a file of payments brought; return how many. Raises RollbackRefused.

    limit: refuse more payments than this.
    """
    batch = ImportBatch.objects.get(pk=batch_id)
    if batch.kind != formats.PAYMENTS or batch.status != ImportBatch.Status.LOADED:
        raise RollbackRefused("not-loaded")
    if not reason.strip():
        raise RollbackRefused("no-reason")
    count = count_of(batch)
    if limit is not None and count > limit:
        raise RollbackRefused("too-many", count=count)
    standing = Payment.objects.filter(batch=batch).exclude(status=Payment.Status.REVERSED)
    done = 0
    # The last first: what a payment divided anew is put back before the payment that it met.
    for pk in list(standing.order_by("-pk").values_list("pk", flat=True)):
        done += _take_back(pk, batch, reason=reason, actor=actor, at=at)
    with transaction.atomic():
        batch = ImportBatch.objects.select_for_update(of=("self",), no_key=True).get(pk=batch_id)
        if batch.status == ImportBatch.Status.LOADED:
            batch.roll_back(at=at)
            batch.save(update_fields=["status", "finished_at"])
            audit.record("import.rolled_back", subject=batch, actor=actor, at=at, payments=done, reason=reason)
    return done


@transaction.atomic
def _take_back(payment_id: int, batch: ImportBatch, *, reason: str, actor: Actor, at: datetime) -> bool:
    try:
        payment = payments.reverse(
            payment_id=payment_id, reason=reason, kind=Payment.Undone.ROLLED_BACK, actor=actor, at=at
        )
    except payments.PaymentRefused:
        return False  # reversed meanwhile
    # The right file may come with the same references.
    payment.external_ref = f"{payment.external_ref[:_KEPT]} ~{batch.pk}.{payment.pk}"[:80]
    payment.save(update_fields=["external_ref"])
    return True
