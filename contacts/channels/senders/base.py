"""What every adapter keeps: it needs a permit, it says plainly what is known afterwards, it never tries twice."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from compliance.gate import Permit


class NotPermitted(Exception):
    """The permit is missing, is for something else, or is over. Nothing was handed over."""


class Temporary(Exception):
    """It certainly did not leave; it may be tried again. retry_after: seconds the carrier asked for, if it did."""

    def __init__(self, code: str, *, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after


class AccountRefused(Temporary):
    """The carrier refuses us, not this message: credentials, balance, a setting. It certainly did not leave.

    The whole provider is held, so that one wrong password does not cost every message a try of its own.
    """


class Permanent(Exception):
    """It certainly did not leave, and the same again would not either.

    address_is_bad: nobody is reached there. opted_out: the carrier knows that this person asked for silence there.
    """

    def __init__(self, code: str, *, address_is_bad: bool = False, opted_out: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.address_is_bad = address_is_bad
        self.opted_out = opted_out


class Unknown(Exception):
    """The hand-over began and its end was not seen: it may have left. It is never simply sent again."""


class NotConfigured(Exception):
    """No carrier is set up for this channel."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is handed over. `key` is the same at every try; `reference` is ours, for people to quote."""

    key: UUID
    text: str
    subject: str = ""
    language: str = "en"
    reference: str = ""
    sender_name: str = ""
    sender_phone: str = ""
    recipient: str = ""
    case_id: int | None = None
    person_id: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The carrier has it. `ref` is the carrier's own name for it."""

    provider: str
    ref: str


@dataclass(frozen=True, slots=True)
class OwnNumber:
    """The telephone of somebody who works here, as `contacts.dispatch.trying` read and checked it."""

    number: str


class Sender(ABC):
    """One channel's way out."""

    channel: ClassVar[str]
    provider: ClassVar[str]
    has_several: ClassVar[bool] = False  # the address decides which of several providers takes a message
    can_look_up: bool = False  # the carrier can be asked by our key; without it a crash leaves a message to a person

    def send(self, message: Message, *, to: str, permit: Permit, at: datetime) -> Receipt:
        """Hand the message over, once, and return what the carrier said.

        Raises NotPermitted, NotConfigured, Temporary or Permanent (it did not leave), Unknown (it may have).
        """
        if not isinstance(permit, Permit) or permit.channel != self.channel:
            raise NotPermitted(f"no permit for {self.channel}")
        if not permit.is_valid(at):
            raise NotPermitted("the permit is over")
        return self._hand_over(message, to)

    def provider_for(self, to: str) -> str:
        """Return the name of the provider that takes a message to this address."""
        return self.provider

    def send_test(self, message: Message, *, own: OwnNumber) -> Receipt:
        """Hand over a test for a number of one's own. Raises like `send`; NotPermitted for any other recipient."""
        if not isinstance(own, OwnNumber):
            raise NotPermitted("a test goes to a number of one's own")
        return self._hand_over(message, own.number)

    def look_up(self, key: UUID, *, to: str = "", since: datetime | None = None) -> Receipt | None:
        """Return what the carrier has under this key, or None for nothing. Raises Temporary when it cannot say.

        to, since: whom it was for and when the hand-over began, for carriers that find nothing by a key alone.
        """
        raise Temporary("no-look-up")

    @abstractmethod
    def _hand_over(self, message: Message, to: str) -> Receipt:
        """Do it."""
