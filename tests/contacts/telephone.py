"""A telephone system over real sockets, a desk in front of it, and the line on which it says what happens."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from collections_app.shared import sealed
from collections_app.shared.actor import Actor
from contacts import calls
from contacts.calls import asking, dialling, hearing
from contacts.channels import telephony
from contacts.channels.senders import voice
from contacts.models import ContactAttempt, TelephoneCall, TelephoneLine
from tests.contacts.conftest import TOKEN, Clock, Running

DESK = "1001"
PACE = 0.02  # seconds of one beat of a script


def use_telephone(settings: Any, carrier: Running, **more: str) -> None:
    """Let the product dial by the carrier's telephone system."""
    chosen = {
        "CTI_PROVIDER": "ari",
        "ARI_URL": f"{carrier.url}/ari",
        "ARI_USER": "collections",
        "ARI_PASSWORD": TOKEN,
        "CALL_FROM": "+862100000000",
        "VOICE_NOTICE_MEDIA": "tts:{language}:{text}",
        **more,
    }
    for name, value in chosen.items():
        setattr(settings, name, value)
    telephony.check()
    carrier.web.pbx.pace = PACE


class Phone:
    """Somebody at a desk who calls the person of a case, and the line that is listened to meanwhile."""

    def __init__(self, carrier: Running, now: Clock, case: Any, actor: Actor) -> None:
        self.carrier, self.now, self.case, self.actor = carrier, now, case, actor
        self.number = sealed.unseal(case.point.address.value_sealed)
        self.pbx = carrier.web.pbx
        self.does("answers")
        self.line: Any = None

    def does(self, script: str, *, to: str = "") -> None:
        self.pbx.order(to or self.number, script)

    def opens(self, **stated: Any) -> ContactAttempt:
        return calls.open_call(
            case_id=self.case.pk, contact_point_id=self.case.point.pk, stated=stated, actor=self.actor, at=self.now()
        )

    def dials(self, attempt: ContactAttempt | None = None, **more: Any) -> TelephoneCall:
        attempt = attempt or self.opens()
        return dialling.dial(attempt_id=attempt.pk, extension=DESK, actor=self.actor, now=self.now, **more)

    def hear(self, until: Callable[[], Any], *, within_s: float = 3.0) -> None:
        """Take what the line says until something holds."""
        end = time.monotonic() + within_s
        while not until():
            assert time.monotonic() < end, "it did not come about"
            for heard in self.line.events(wait_s=0.03):
                hearing.take(heard, now=self.now)

    def hear_out(self, *, for_s: float = 0.25) -> None:
        """Take what the line says for a while."""
        end = time.monotonic() + for_s
        while time.monotonic() < end:
            for heard in self.line.events(wait_s=0.05):
                hearing.take(heard, now=self.now)

    def ask_later(self, **by: float) -> int:
        self.now.move(**by)
        TelephoneLine.objects.update(heard_at=self.now())
        return asking.ask(now=self.now)

    @property
    def outside(self) -> list[str]:
        """The numbers outside that were ever dialled."""
        return [number for _, number in self.pbx.dialled if number != DESK]

    @property
    def live(self) -> list[str]:
        return sorted(name.partition("-")[0] for name in self.pbx.channels)


@contextmanager
def listening(now: Clock) -> Iterator[Any]:
    """Open the line and say so in the row, as the listener does."""
    TelephoneLine.objects.update_or_create(
        provider=telephony.NAME, defaults={"open_since": now(), "heard_at": now(), "holder": "test"}
    )
    with voice.telephone_system().line() as line:
        yield line
