"""What the product asks of a telephone system: ring, connect, play, record, hang up, and say what happened.

Only `ring_person` reaches somebody outside, and it takes a permit as every sender does.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from compliance.gate import Permit
from contacts.channels.senders.base import NotPermitted

# What may happen, in our words; everything else is "other" and kept.
RINGING, UP, ENTERED, LEFT, ENDED = "ringing", "up", "entered", "left", "ended"
DIALLED, PLAYED, PLAY_FAILED = "dialled", "played", "play-failed"
RECORDING, RECORDED, RECORD_FAILED = "recording", "recorded", "record-failed"
REPLACED, OTHER = "replaced", "other"
PHONE: Final = "phone"


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that the telephone system said. It may come twice, late, before the answer, or about nobody we know.

    event_id: the same for the same event. name: the leg, recording or bridge concerned. cause: why a leg ended
    (Q.850), dialstatus: how dialling went, both only where they were said.
    """

    event_id: str
    what: str
    name: str = ""
    cause: int | None = None
    dialstatus: str = ""
    detail: str = ""
    at: datetime | None = None


class Line(ABC):
    """An open line on which events arrive."""

    @abstractmethod
    def events(self, *, wait_s: float) -> Iterator[Heard]:
        """Return what arrived, waiting for at most this long. Raises LineDown when the line is gone."""


class LineDown(Exception):
    """No line for events, or it broke. `code` says why, in the words of `contacts.reasons`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Cti(ABC):
    """A telephone system. Every verb raises Temporary or Permanent (nothing happened), or Unknown (it may have)."""

    name: ClassVar[str]

    def ring_person(self, leg: str, *, number: str, language: str, permit: Permit, at: datetime) -> None:
        """Dial somebody outside under this name. Raises NotPermitted without a permit for this instant."""
        if not isinstance(permit, Permit) or permit.channel != PHONE:
            raise NotPermitted("no permit for a call")
        if not permit.is_valid(at):
            raise NotPermitted("the permit is over")
        self._dial_out(leg, number, {"language": language})

    @abstractmethod
    def ring_desk(self, leg: str, *, extension: str) -> None:
        """Ring the telephone on a desk; nobody outside notices."""

    @abstractmethod
    def _dial_out(self, leg: str, number: str, variables: dict[str, str]) -> None:
        """Dial a number outside."""

    @abstractmethod
    def connect(self, bridge: str, legs: tuple[str, ...]) -> None:
        """Let these legs hear each other."""

    @abstractmethod
    def record(self, bridge: str, recording: str) -> None:
        """Record a bridge under this name, which is the reference of the recording."""

    @abstractmethod
    def play(self, leg: str, *, media: str, playback: str) -> None:
        """Play something to a leg."""

    @abstractmethod
    def media_of(self, leg: str) -> str:
        """Return what a leg was dialled to hear; nothing where it has nothing."""

    @abstractmethod
    def hang_up(self, leg: str) -> None:
        """End a leg; one that has ended is no error."""

    @abstractmethod
    def disconnect(self, bridge: str) -> None:
        """Take a bridge away; one that is gone is no error."""

    @abstractmethod
    def state_of(self, leg: str) -> str | None:
        """Return how a leg stands (RINGING, UP or OTHER), None where there is none. Raises Temporary: it cannot say."""

    @abstractmethod
    def line(self) -> AbstractContextManager[Line]:
        """Open the line of events. Raises LineDown."""
