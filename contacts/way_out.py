"""The way out of e-mail: a link that stops messages to the address it was sent to, for whoever holds it, at once.

The link carries the signed key of one message and nothing about a person. Stopping is always done, and twice is once.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from cases import instructions
from cases.models import ContactPoint, Instruction
from cases.models.instruction import Source
from collections_app.shared.actor import Actor
from contacts.models import ContactAttempt

WAY_OUT: Final = Actor.system("way out")
FORMS: Final = {"sms": Instruction.Form.SMS, "chat": Instruction.Form.WRITTEN}
_SIGNED: Final = 10  # bytes of the signature


class NoSuchWayOut(Exception):
    """The link was not made here."""


def token_of(key: UUID) -> str:
    """Return what stands in the link of a message. It does not end: people stop messages from old mail too."""
    return base64.urlsafe_b64encode(key.bytes + _signature(key, settings.SECRET_KEY)).decode().rstrip("=")


def key_in(token: str) -> UUID:
    """Return the key of the message that a link was made for. Raises NoSuchWayOut."""
    try:
        read = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        key = UUID(bytes=read[:16])
    except (ValueError, binascii.Error):
        raise NoSuchWayOut from None
    if base64.urlsafe_b64encode(read).decode().rstrip("=") != token:
        raise NoSuchWayOut
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if not any(hmac.compare_digest(read[16:], _signature(key, secret)) for secret in secrets):
        raise NoSuchWayOut
    return key


def link_of(key: UUID) -> str:
    """Return the address of the way out of a message; nothing where the product does not know its own."""
    return f"{settings.PUBLIC_URL}{reverse('contacts:way-out', args=[token_of(key)])}" if settings.PUBLIC_URL else ""


def take(token: str, *, at: datetime) -> int:
    """Stop messages of this kind to the address that the message went to; return how many persons had not asked yet.

    Raises NoSuchWayOut.
    """
    key = key_in(token)
    sent = ContactAttempt.objects.filter(Q(planned__key=key) | Q(key=key), address__isnull=False, direction="outbound")
    attempt = sent.order_by("-pk").first()
    if attempt is None:
        raise NoSuchWayOut
    return stop(attempt, source=Source.MESSAGE, evidence=f"way out of {attempt.ref}", actor=WAY_OUT, at=at)


def stop(
    attempt: ContactAttempt,
    *,
    source: str,
    evidence: str,
    actor: Actor,
    at: datetime,
    only: Collection[int] | None = None,
) -> int:
    """Put it in force, for everybody who has the address of a message, that this medium is not used any more.

    only: persons to write it down for, where the caller may lock no others. Returns for how many it was new.
    """
    if attempt.address_id is None:
        return 0
    return stop_at(
        attempt.address_id, channel=attempt.channel, source=source, evidence=evidence, actor=actor, at=at, only=only
    )


def stop_at(
    address_id: int,
    *,
    channel: str,
    source: str,
    evidence: str,
    actor: Actor,
    at: datetime,
    only: Collection[int] | None = None,
) -> int:
    """Put the same in force for an address of which no message is known. Returns for how many it was new."""
    points = ContactPoint.objects.filter(address_id=address_id).exclude(state=ContactPoint.State.REMOVED)
    if only is not None:
        points = points.filter(person_id__in=only)
    given = 0
    for point in points.order_by("person_id", "pk"):
        if _asked_already(point, channel, at=at):
            continue
        instructions.give(
            person_id=point.person_id,
            kind=Instruction.Kind.OPT_OUT,
            channel=channel,
            contact_point_id=point.pk,
            form=FORMS.get(channel, Instruction.Form.EMAIL),
            source=source,
            evidence=evidence,
            received_at=at,
            actor=actor,
            at=at,
        )
        given += 1
    return given


def _asked_already(point: ContactPoint, channel: str, *, at: datetime) -> bool:
    standing = Instruction.objects.filter(
        contact_point=point, kind=Instruction.Kind.OPT_OUT, channel=channel, withdrawal__isnull=True
    )
    return standing.filter(received_at__lte=at).exclude(expires_at__lte=at).exists()


def _signature(key: UUID, secret: str) -> bytes:
    return hmac.new(secret.encode(), b"way out of e-mail\0" + key.bytes, hashlib.sha256).digest()[:_SIGNED]
