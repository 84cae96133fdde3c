"""What the drill works with: books of several lenders, people one by one, a carrier that counts, a clock to move."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.test import Client

from cases import clients
from cases.models import Case, ContactPoint, Creditor
from collections_app.management.drill import sql
from collections_app.management.harness import book, trial
from collections_app.management.harness.book import Place
from collections_app.shared import clock, refs
from collections_app.shared.actor import SYSTEM
from collections_app.staff.models import ClockOffset, Team, User
from contacts.dispatch import carriers
from contacts.models import PlannedContact, Step

WEBHOOK_SECRET: Final = "of the drill"  # noqa: S105  (of a carrier that lives for one drill)
LONG_AGO: Final = timedelta(days=120)
HOURS: Final = (time(8), time(21))


@dataclass(frozen=True, slots=True)
class Lender:
    """A kind of book: who lends what, in whose name we act, and whether the firm has set hours."""

    code: str
    kind: str = "bank"
    acting_as: str = "creditor"
    product: str = "credit_card"
    zone: str = "UTC"
    currency: str = "USD"
    has_hours: bool = True


@dataclass(slots=True)
class Subject:
    """One person who is tried, with the way by which he would be reached."""

    case: Case
    point: ContactPoint
    channel: str
    value: str
    planned: PlannedContact | None = None


class World:
    """Books, people and the door to every entrance, in the (empty) database in use."""

    def __init__(self, carrier: trial.LocalCarrier) -> None:
        self.carrier = carrier
        self.team = Team.objects.create(code="drill", name="Drill")
        self.collector = User.objects.create(username="drill", name="Drill", role="collector", team=self.team)
        self._books: dict[str, tuple[Creditor, dict[str, Step]]] = {}
        self._tokens: dict[str, str] = {}
        self._number = 0

    def shift_to(self, at: datetime) -> None:
        """Set every clock of the product to this instant."""
        seconds = round((at - real_now()).total_seconds())
        ClockOffset.objects.update_or_create(pk=1, defaults={"seconds": seconds})

    def book_of(self, lender: Lender, *, at: datetime) -> tuple[Creditor, dict[str, Step]]:
        """Return the creditor and its steps by channel, made when first asked for."""
        if lender.code not in self._books:
            made = book.creditor(
                lender.code,
                kind=lender.kind,
                acting_as=lender.acting_as,
                zone=lender.zone,
                currency=lender.currency,
                product=lender.product,
                hours=HOURS if lender.has_hours else None,
                document={"caps": [{"channels": ["sms", "email"], "limit": 1}]},
                team=self.team,
                at=at - LONG_AGO,
            )
            channels = ["sms", "email"]
            steps = book.strategy(made, channels=channels, at=at - LONG_AGO)
            self._books[lender.code] = (made, dict(zip(channels, steps, strict=True)))
            _client, token = clients.create(
                name=lender.code, scopes=["contacts:write"], creditors=[made], actor=SYSTEM, at=at
            )
            self._tokens[lender.code] = token
        return self._books[lender.code]

    def subject(
        self, place: Place, *, lender: Lender, channel: str, dpd: int = 40, at: datetime | None = None
    ) -> Subject:
        """Make a person with a debt that is past due; a message is planned for him where the channel has one."""
        self._number += 1
        kind = "email" if channel == "email" else "mobile"
        moment = at or clock.now()
        made, _steps = self.book_of(lender, at=moment)
        case = book.debtor(
            made, number=self._number, kinds=[kind], place=place, dpd=dpd, at=moment - LONG_AGO, today=_day(moment)
        )
        point = case.person.contact_points.get()
        return Subject(case, point, channel, book.value_of(kind, self._number))

    def plan(self, subject: Subject) -> PlannedContact:
        """Plan a message for now."""
        at = clock.now()
        _creditor, steps = self._books[subject.case.creditor.code]
        (planned,) = book.plan(subject.case, [steps[subject.channel]], at=at, today=_day(at))
        subject.planned = planned
        return planned

    def browser(self) -> Client:
        """Return a browser in which the collector has just signed in."""
        fresh = Client(headers={"host": "localhost"})
        fresh.force_login(self.collector)
        return fresh

    def headers_of(self, subject: Subject, key: str) -> dict[str, str]:
        """Return the headers of an API request about this person's case."""
        token = self._tokens[subject.case.creditor.code]
        return {"host": "localhost", "Authorization": f"Bearer {token}", "Idempotency-Key": key}

    def point_ref(self, subject: Subject) -> str:
        """Return the reference of his contact point as the API takes it."""
        return refs.encode("N", subject.point.pk)

    def taken_by_carrier(self, subject: Subject) -> int:
        """Return how many messages the carrier took for this number or address."""
        return sum(message.to == subject.value for message in self.carrier.messages(subject.channel))

    def standing(self, subject: Subject) -> list[str]:
        """Return the states of our own attempts to reach this person that were not refused, by plain SQL."""
        with connection.cursor() as cursor:
            cursor.execute(sql.MADE, {"person": subject.case.person_id, "address": subject.point.address_id})
            return [state for (state,) in cursor.fetchall()]


def real_now() -> datetime:
    """Return the instant by the machine's own clock, however far the product's is moved."""
    return clock.now() - clock.offset()


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()


@contextmanager
def open_world() -> Iterator[World]:
    """Serve a carrier and point this process at it, its clock free to move, for the time of the block."""
    names = ("SMS_PROVIDER_URL", "SMS_PROVIDER_TOKEN", "WEBHOOK_SECRET", "CLOCK_SHIFT", "MAILERS")
    before = {name: getattr(settings, name) for name in names}
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    with trial.carrier(mail=True) as running:
        settings.SMS_PROVIDER_URL, settings.SMS_PROVIDER_TOKEN = f"{running.url}/sms", trial.TOKEN
        settings.WEBHOOK_SECRET, settings.CLOCK_SHIFT = WEBHOOK_SECRET, True
        mailer: dict[str, Any] = {"host": "127.0.0.1", "port": running.smtp_port, "use_tls": False}
        settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": mailer}}
        carriers.forget()
        try:
            yield World(running)
        finally:
            for name, value in before.items():
                setattr(settings, name, value)
            carriers.forget()
