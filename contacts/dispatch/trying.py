"""A text message with samples to the telephone of somebody who works here: no contact, so no permit and no attempt.

What goes out here can reach nobody who owes anything: the number is read from the row of the user, an administrator
wrote it there, and one that is known as anybody's in a case is refused. The caller renders the text from samples.
"""

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from cases.models import Address
from cases.refusal import Refused
from collections_app.shared import sealed
from collections_app.staff.models import User
from contacts import stops
from contacts.channels import providers
from contacts.channels.senders.base import Message, NotConfigured, OwnNumber, Permanent, Temporary, Unknown
from contacts.dispatch import carriers, pacing

MARK: Final = "[Test] "


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of it. is_known: False where the provider took it or not, nobody knows."""

    number: str
    is_known: bool


class OwnNumberRefused(Refused):
    pass


def own_number(user_id: int) -> OwnNumber:
    """Return the number of a user, read now. Raises OwnNumberRefused no-phone, somebodys."""
    phone = User.objects.values_list("phone", flat=True).get(pk=user_id)
    if not phone:
        raise OwnNumberRefused("no-phone")
    if Address.objects.filter(kind=Address.Kind.PHONE, value_hash=sealed.digest("phone", phone)).exists():
        raise OwnNumberRefused("somebodys")
    return OwnNumber(phone)


def sms(text: str, *, own: OwnNumber) -> Tried:
    """Hand a text to the provider in use, once, for a number of one's own. Call outside a transaction.

    Raises OwnNumberRefused stopped, not-connected, held, not-taken: nothing left.
    """
    if stops.stops_channel("sms"):
        raise OwnNumberRefused("stopped")
    try:
        sender = carriers.sender_of("sms")
    except NotConfigured:
        raise OwnNumberRefused("not-connected") from None
    if pacing.is_held(sender.provider):
        raise OwnNumberRefused("held")
    pacing.take_slot(sender.provider, channel="sms")
    # A provider that knows only registered texts would take no other letter.
    marked = text if providers.sms_provider() == providers.ALIYUN else f"{MARK}{text}"
    try:
        sender.send_test(Message(key=uuid4(), text=marked), own=own)
    except Unknown:
        return Tried(own.number, is_known=False)
    except (Temporary, Permanent) as refused:
        raise OwnNumberRefused("not-taken", said=refused.code) from refused
    return Tried(own.number, is_known=True)
