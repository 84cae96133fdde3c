"""What an instruction must say to mean something, by its kind; and when a spoken one lapses by itself."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from cases.models import Account, ContactPoint, Creditor, Instruction, Person
from cases.refusal import Refused
from compliance.vocabulary import CHANNELS, PLACES

Kind = Instruction.Kind
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_CLOCK: Final = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00", re.ASCII)
# A spoken request about calls at work lapses there after ten days unless confirmed in writing: 209 CMR 18.16(1)(c).
# It binds a creditor so; whom federal law binds as a collector goes on knowing that the place is inconvenient.
LAPSING_PLACES: Final = ("US-MA",)
LAPSES_AFTER: Final = timedelta(days=10)
CLOCKS_DIFFER: Final = timedelta(minutes=5)  # another machine's clock may be ahead of ours by so much


class InstructionRefused(Refused):
    SENTENCES = {
        "kind": _("There is no such instruction."),
        "withdrawn": _("This has been withdrawn already."),
        "no-reason": _("Say why."),
        "window": _("Give a beginning and an end, such as 12:00 and 13:30."),
        "days": _("“%(day)s” is no day of the week: Mon, Tue, Wed, Thu, Fri, Sat or Sun."),
        "place": _("Say which place: home or workplace."),
        "channel": _("There is no channel “%(channel)s”."),
        "point": _("This number or address does not belong to the person."),
        "point-needed": _("Say which number or address belongs to a stranger."),
        "account": _("This account does not belong to the person."),
        "sent-later": _("It cannot have been received before it was sent."),
        "in-the-future": _("This is in the future."),
        "over": _("It would have ended before it began."),
        "review-in-the-past": _("%(review_on)s is in the past."),
        "not-to-confirm": _("Only a request about calls at work is confirmed in writing."),
        "amount": _("The disputed part is an amount, such as 1250.50."),
    }


@dataclass(frozen=True, slots=True)
class Asked:
    """Kind and scope of what is asked."""

    kind: str
    person_id: int
    channel: str = ""
    contact_point_id: int | None = None
    account_id: int | None = None
    place: str = ""
    details: dict[str, Any] = field(default_factory=dict)


def check(
    asked: Asked, *, sent_at: datetime | None, received_at: datetime, expires_at: datetime | None, at: datetime
) -> int | None:
    """Return the key of the number or address that is meant, or None. Raises InstructionRefused."""
    if asked.kind not in Kind.values:
        raise InstructionRefused("kind")
    channels = [asked.channel] if asked.channel else []
    for channel in (*channels, *asked.details.get("channels", ())):
        if channel not in CHANNELS:
            raise InstructionRefused("channel", channel=channel)
    if asked.kind in (Kind.INCONVENIENT_WINDOW, Kind.ONLY_TIMES):
        times(asked.details)
    needs_place = asked.kind in (Kind.PLACE, Kind.WORKPLACE, Kind.WORKPLACE_CONFIRMED)
    if (asked.place or needs_place) and asked.place not in PLACES:
        raise InstructionRefused("place")
    if sent_at is not None and sent_at > received_at:
        raise InstructionRefused("sent-later")
    if received_at > at + CLOCKS_DIFFER:
        raise InstructionRefused("in-the-future")
    if expires_at is not None and expires_at <= received_at:
        raise InstructionRefused("over")
    if asked.account_id is not None and not _owes(asked.account_id, asked.person_id):
        raise InstructionRefused("account")
    return _address(asked)


def times(details: dict[str, Any]) -> None:
    """Check a recurring window: local HH:MM, half-open, on these days (none named: every day). Raises."""
    start, end = str(details.get("start", "")), str(details.get("end", ""))
    if not _CLOCK.fullmatch(start) or not _CLOCK.fullmatch(end) or start == end or start == "24:00":
        raise InstructionRefused("window")
    for day in details.get("days", ()):
        if day not in DAYS:
            raise InstructionRefused("days", day=day)


def _owes(account_id: int, person_id: int) -> bool:
    return Account.objects.filter(pk=account_id, person_id=person_id).exists()


def _address(asked: Asked) -> int | None:
    if asked.contact_point_id is None:
        if asked.kind == Kind.WRONG_PARTY:
            raise InstructionRefused("point-needed")
        return None
    owned = ContactPoint.objects.filter(pk=asked.contact_point_id, person_id=asked.person_id)
    address_id = owned.values_list("address_id", flat=True).first()
    if address_id is None:
        raise InstructionRefused("point")
    return address_id


def lapses_at(asked: Asked, form: str, creditor_id: int | None, received_at: datetime) -> datetime | None:
    """Return when a spoken request about calls at work lapses by itself, where the law lets it; else None."""
    if asked.kind != Kind.WORKPLACE or form != Instruction.Form.ORAL or creditor_id is None:
        return None
    itself = Creditor.objects.filter(pk=creditor_id, acting_as=Creditor.ActingAs.CREDITOR).exists()
    there = Person.objects.filter(pk=asked.person_id, jurisdiction__in=LAPSING_PLACES).exists()
    return received_at + LAPSES_AFTER if itself and there else None
