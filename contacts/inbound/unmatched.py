"""Messages of senders whom nobody here knows: kept sealed, found by their number or address, given to a case by a
person, and blanked after a while.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cases.models import Case
from cases.refusal import Refused
from collections_app.shared import sealed
from collections_app.shared.actor import Actor
from compliance import audit
from contacts.inbound import acting, attachments, receiving, recognise
from contacts.models import InboundBinding, InboundMessage

KEPT: Final = timedelta(days=90)  # after that nobody will know any more whose words they were


class AssignRefused(Refused):
    SENTENCES = {
        "matched": _("This message belongs to a case already."),
        "blanked": _("The words of this message are no longer kept."),
        "resolved": _("This case is cured or closed."),
    }


def waiting() -> QuerySet[InboundMessage]:
    """Return the messages that belong to nobody yet and whose words are still kept."""
    words = InboundMessage.objects.filter(bindings__isnull=True, blanked_at__isnull=True)
    return words.filter(kind=InboundMessage.Kind.WORDS)


def is_tail(plain: str) -> bool:
    """Return whether these are the last digits of a number, which say of nobody who he is."""
    return plain.isdigit() and len(plain) <= 4


def search(rows: QuerySet[InboundMessage], asked: str) -> QuerySet[InboundMessage]:
    """Return those from a number or address (or its last four digits). Nothing is unsealed for it."""
    plain = asked.strip()
    if not plain:
        return rows
    if is_tail(plain):
        return rows.filter(sender_last4=plain)
    hashes = {sealed.digest(str(receiving.KINDS[channel]), plain) for channel in receiving.CHANNELS}
    for channel in ("sms", "email"):
        kind, written = receiving.address_of(channel, plain)
        if written:
            hashes.add(sealed.digest(kind, written))
    return rows.filter(sender_hash__in=hashes)


def assign(*, message_id: int, case: Case, actor: Actor, at: datetime) -> InboundBinding:
    """Give a message to a case: from then on it is a contact of that person, and what it asks is in force.

    The number does not become one of the person's by this. Raises AssignRefused.
    """
    with transaction.atomic():
        message = InboundMessage.objects.select_for_update(of=("self",), no_key=True).get(pk=message_id)
        if message.blanked_at is not None:
            raise AssignRefused("blanked")
        if message.bindings.exists():
            raise AssignRefused("matched")
        binding = receiving.bind(message, person_id=case.person_id, case=case, point=None, bound_by_id=actor.id, at=at)
        audit.record("inbound.assigned", subject=message, actor=actor, at=at, person_id=case.person_id, case=case.pk)
    found = recognise.recognise(message.text)
    acting.confirm(receiving.act(binding, found, text=message.text, received_at=message.received_at, at=at), at=at)
    receiving.put_before_a_person(binding, found, at=at)
    return binding


def blank_old(*, at: datetime, limit: int = 500) -> int:
    """Blank what nobody claimed in time: words, sender and files; that something came, and when, stays."""
    old = waiting().filter(received_at__lt=at - KEPT) | InboundMessage.objects.filter(
        bindings__isnull=True, blanked_at__isnull=True, received_at__lt=at - KEPT
    )
    done = 0
    for message in old.distinct().order_by("received_at", "pk")[:limit]:
        with transaction.atomic():
            for attachment in message.attachments.filter(removed_at__isnull=True, refused=""):
                attachments.remove(attachment, at=at)
            message.content_sealed = message.whole_sealed = message.sender_sealed = None
            message.blanked_at = at
            message.save(update_fields=["content_sealed", "whole_sealed", "sender_sealed", "blanked_at"])
            audit.record("inbound.blanked", subject=message, actor=acting.INBOUND, at=at)
        done += 1
    return done
