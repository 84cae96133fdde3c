"""Is the first day of a rehearsal what really goes out that day? Both are done, and compared contact by contact.

The rehearsal first. Then the real thing on the same database: every close that the rehearsal simulated, at its instant,
and dispatch through the day, at every instant at which something is due, into the local carrier over real sockets. For
scratch databases and books of invented people: everybody is written to.

Compared is every contact planned for the first day of a creditor, by person, segment, step, channel: whether it was
sent, to which number or address, in which wording, at which minute, or why not.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from time import perf_counter
from typing import Any, Final

from django.db.models import Min
from django.test.utils import override_settings

from cases.models import Creditor
from collections_app.management.harness import trial
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from contacts import dispatch, night
from contacts.channels import catalogue
from contacts.dispatch import carriers
from contacts.models import PlannedContact, StrategyVersion
from contacts.rehearsal import parts, running
from contacts.rehearsal.running import Task
from contacts.rehearsal.shadow import Part

PROVER: Final = Actor.system("proof")
SHOWN: Final = 20


@dataclass(slots=True)
class Proof:
    """What was compared. different: contacts that only one side has, or has otherwise; by what became of them."""

    contacts: int = 0
    sent_rehearsed: int = 0
    sent_live: int = 0
    different: int = 0
    examples: list[dict[str, Any]] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=dict)
    rehearsal_s: float = 0.0
    live_s: float = 0.0


def prove(*, version_id: int, at: datetime, processes: int | None = None) -> Proof:
    """Rehearse one day of a version in force, then let the day happen; return how they differ."""
    version = StrategyVersion.objects.get(pk=version_id)
    creditors = list(version.creditors.filter(is_active=True, accounts__isnull=False).distinct().order_by("pk"))
    with connected():
        rehearsed, taken = rehearse(version, creditors, at=at, processes=processes)
        began = perf_counter()
        lived = live(creditors, at=at)
    proof = compare(rehearsed, lived)
    proof.rehearsal_s, proof.live_s = taken, perf_counter() - began
    return proof


@contextmanager
def connected() -> Iterator[None]:
    """Have a carrier for text messages and mail in this process, and in those that it starts."""
    with trial.carrier(mail=True) as carrier:
        mail = {
            "default": {
                "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
                "OPTIONS": {"host": "127.0.0.1", "port": carrier.smtp_port, "timeout": 10},
            }
        }
        own = {
            "SMS_PROVIDER_URL": f"{carrier.url}/sms",
            "SMS_PROVIDER_TOKEN": trial.TOKEN,
            "WEBHOOK_SECRET": "of the proof",
        }
        environment = own | {
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(carrier.smtp_port),
            "EMAIL_USE_TLS": "0",
        }
        before = {name: os.environ.get(name) for name in environment}
        os.environ.update(environment)
        carriers.forget()
        try:
            with override_settings(**own, MAILERS=mail, EMAIL_PROVIDER="smtp"):
                yield
        finally:
            carriers.forget()
            for name, value in before.items():
                os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def rehearse(
    version: StrategyVersion,
    creditors: list[Creditor],
    *,
    at: datetime,
    processes: int | None = None,
    share: int | None = None,
) -> tuple[list[list[Any]], float]:
    """Return every contact of the first day as a rehearsal of the version finds it, and the seconds it took.

    share: of a hundred persons, who are on it; by default as many as on the version itself.
    """
    ids = [creditor.pk for creditor in creditors]
    number = parts.processes_for(ids) if processes is None else processes
    began = perf_counter()
    with parts.snapshot() as seen:
        task = Task(
            Part(tuple(ids)), version.pk, version.strategy_id, 1, at, snapshot=seen.name, keep_rows=True,
            share=share or version.share,
        )  # fmt: skip
        ran = parts.run(task, processes=number)
    return ran.rows, perf_counter() - began


def live(creditors: list[Creditor], *, at: datetime, tell: Callable[[str], None] | None = None) -> list[list[Any]]:
    """Close and send for real until every creditor's first day is over and his next close due; return its contacts."""
    day = _Day(creditors, at)
    while day.goes_on:
        if tell is not None:
            tell(f"{day.now:%Y-%m-%d %H:%M}")
        day.close_what_is_over()
        day.send()
        day.move()
    return day.rows


class _Day:
    """The real thing, with the clock moved from one instant at which something is due to the next."""

    def __init__(self, creditors: list[Creditor], at: datetime) -> None:
        self.now = at
        self.rows: list[list[Any]] = []
        self.closes: list[tuple[datetime, date, int]] = []
        self.ends: list[tuple[datetime, date, int]] = []
        for creditor in creditors:
            first, day = running.first_close(creditor, at=at), running.first_day(creditor, at=at)
            for number in range((day - first).days):
                closed = first + timedelta(days=number)
                self.closes.append((max(at, running.closes_at(creditor, closed)), closed, creditor.pk))
            self.ends.append((running.closes_at(creditor, day), day, creditor.pk))
        self.closes.sort()
        self.ends.sort()

    @property
    def goes_on(self) -> bool:
        """Whether the day is not over everywhere."""
        return bool(self.ends)

    def close_what_is_over(self) -> None:
        """Run the closes whose instant has come."""
        while self.closes and self.closes[0][0] <= self.now:
            instant, closed, creditor_id = self.closes.pop(0)
            night.close_of_day(creditor_id=creditor_id, business_date=closed, actor=PROVER, at=instant)

    def send(self) -> None:
        """Send what is due at this instant, channel by channel."""
        for channel in catalogue.SENDING:
            dispatch.run(channel=channel, limit=10**6, budget_s=3600, now=lambda: self.now)

    def move(self) -> None:
        """Move to the next instant; when a creditor's next close is due note what became of its contacts."""
        open_rows = PlannedContact.objects.filter(status__in=["planned", "withheld"], automated=True)
        later = open_rows.filter(channel__in=catalogue.SENDING, try_again_at__gt=self.now)
        due = later.aggregate(first=Min("try_again_at"))["first"]
        marks = [mark for mark in (due, self.closes[0][0] if self.closes else None) if mark is not None]
        self.now = min([*marks, self.ends[0][0]])
        while self.ends and self.ends[0][0] <= self.now:
            _end, day, creditor_id = self.ends.pop(0)
            self.rows += running.rows_of_day([creditor_id], day)


def compare(rehearsed: list[list[Any]], lived: list[list[Any]]) -> Proof:
    """Return how two lists of contacts differ."""
    ours, theirs = Counter(map(_plain, rehearsed)), Counter(map(_plain, lived))
    only_ours, only_theirs = ours - theirs, theirs - ours
    proof = Proof(
        contacts=theirs.total(),
        sent_rehearsed=_sent(ours),
        sent_live=_sent(theirs),
        different=max(only_ours.total(), only_theirs.total()),
    )
    for row, count in theirs.items():
        name = f"{row[4]} {row[6]} {row[7]}".strip()
        proof.outcomes[name] = proof.outcomes.get(name, 0) + count
    sides = (("rehearsed", only_ours), ("real", only_theirs))
    proof.examples = [
        {"side": side, "contact": list(row)} for side, rows in sides for row in sorted(rows, key=str)[:SHOWN]
    ]
    return proof


def _plain(row: list[Any]) -> tuple[Any, ...]:
    """Return a contact as values that are equal whether or not they went through another process."""
    creditor, person, segment, step, channel, automated, status, reason, at, point, wording = row
    minute = (datetime.fromisoformat(at) if isinstance(at, str) else at) if at else None
    told = minute.astimezone(clock.zone("UTC")).strftime("%Y-%m-%d %H:%M") if minute else ""
    return creditor, person, segment, step, channel, automated, status, reason, told, point, wording


def _sent(rows: Counter[tuple[Any, ...]]) -> int:
    return sum(count for row, count in rows.items() if row[8])
