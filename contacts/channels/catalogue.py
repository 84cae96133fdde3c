"""Every channel in one table: which contact points it uses, what its carrier can do, and which point is best.

Free to import everywhere; the senders themselves are not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cases.models import ContactPoint
from contacts.models import Channel

Kind = ContactPoint.Kind
State = ContactPoint.State


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """What there is to know about a channel.

    sender: name of the adapter in `contacts.channels.senders`; empty for what people do themselves (calls, visits).
    queue: where the doorbell of this channel rings.
    """

    channel: str
    point_kinds: tuple[str, ...]
    sender: str = ""
    queue: str = "default"

    @property
    def is_message(self) -> bool:
        """Whether something is sent, rather than done by a person."""
        return self.channel not in (Channel.PHONE, Channel.VISIT)


_TABLE: Final = (
    ChannelInfo(
        Channel.PHONE,
        (Kind.MOBILE, Kind.HOME_PHONE, Kind.UNKNOWN_PHONE, Kind.WORK_PHONE, Kind.OFFICE_PHONE),
    ),
    ChannelInfo(Channel.SMS, (Kind.MOBILE,), sender="sms", queue="sms"),
    ChannelInfo(Channel.EMAIL, (Kind.EMAIL,), sender="email", queue="email"),
    ChannelInfo(Channel.LETTER, (Kind.POSTAL, Kind.HOME), sender="letter", queue="letter"),
    ChannelInfo(Channel.CHAT, (Kind.CHAT_ACCOUNT,), sender="chat", queue="chat"),
    ChannelInfo(
        Channel.VOICE_NOTICE, (Kind.MOBILE, Kind.HOME_PHONE, Kind.UNKNOWN_PHONE), sender="voice", queue="voice"
    ),
    ChannelInfo(Channel.VISIT, (Kind.HOME, Kind.WORKPLACE, Kind.POSTAL)),
)
CHANNELS: Final[dict[str, ChannelInfo]] = {info.channel: info for info in _TABLE}
SENDING: Final = tuple(info.channel for info in _TABLE if info.sender)
LAST_RESORT: Final = frozenset({Kind.WORK_PHONE, Kind.OFFICE_PHONE, Kind.WORKPLACE})


class NoSuchChannel(ValueError):
    """The word is no channel."""


def info(channel: str) -> ChannelInfo:
    """Return the entry of a channel. Raises NoSuchChannel."""
    try:
        return CHANNELS[channel]
    except KeyError:
        raise NoSuchChannel(channel) from None


def is_usable(point: ContactPoint) -> bool:
    """Whether this point may be tried at all: not known to be bad, a stranger's, removed or suppressed."""
    return point.state in (State.VERIFIED, State.UNVERIFIED) and point.address.suppressed_at is None


def candidates(channel: str, points: Iterable[ContactPoint]) -> list[ContactPoint]:
    """Return the usable points of this channel, best first: verified, then not at work, then in the order given."""
    kinds = info(channel).point_kinds
    fitting = [point for point in points if point.kind in kinds and is_usable(point)]
    return sorted(
        fitting, key=lambda p: (p.state != State.VERIFIED, p.kind in LAST_RESORT, p.position, kinds.index(p.kind), p.pk)
    )


def best(channel: str, points: Iterable[ContactPoint]) -> ContactPoint | None:
    """Return the best usable point of this channel, or None."""
    found = candidates(channel, points)
    return found[0] if found else None
