"""A made-up book of any size: two tapes a day apart, the second with one account in ten changed."""

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from cases.models import Creditor, Product
from collections_app.staff.models import Team, User
from contacts.strategy import shipped

FIRST: Final = date(2026, 3, 3)
SECOND: Final = FIRST + timedelta(days=1)
PLACES: Final = (
    ("US-NY", "America/New_York"), ("US-CA", "America/Los_Angeles"), ("GB", "Europe/London"), ("CN", "Asia/Shanghai")
)  # fmt: skip
HEADINGS: Final = (
    "account_number", "name", "mobile", "email", "address", "jurisdiction", "time_zone", "language", "balance",
    "oldest_unpaid_due_date",
)  # fmt: skip


def night_of(day: date) -> datetime:
    """Return the instant at which the night closes a day of this book (three in the morning, UTC)."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC) + timedelta(hours=3)


def make_creditor() -> Creditor:
    """Make the creditor with its product, its people and the shipped strategy in force."""
    team = Team.objects.create(code="bench", name="Bench")
    author = User.objects.create(username="author", role="supervisor", team=team)
    approver = User.objects.create(username="approver", role="supervisor", team=team)
    creditor = Creditor.objects.create(
        code="bench", name="Bench Bank", kind="bank", time_zone="UTC", currency="USD", team=team, phone="+12025550100",
        freshness_days=35,
    )  # fmt: skip
    Product.objects.create(creditor=creditor, code="card", name="Card", kind="credit_card")
    shipped.ship(creditors=[creditor], author=author, approver=approver, at=night_of(FIRST - timedelta(days=9)))
    return creditor


def days_past_due(number: int) -> int:
    """Return the age of an account on the first day: of a hundred, 77 current, 12 in M1, 9 in M2, 2 older."""
    share = number * 7919 % 100
    if share < 77:
        return 0
    if share < 89:
        return 1 + number % 30
    return 31 + number % 30 if share < 98 else 61 + number % 150


def row(number: int, day: date, *, corrected: bool = False) -> tuple[str, ...]:
    """Return the line of an account; on the second day every tenth has another balance, and some are late.

    corrected: as the tape of that day comes once more, with one account in a hundred changed.
    """
    dpd, balance = days_past_due(number), 100 + number * 37 % 20_000
    jurisdiction, zone = PLACES[number % len(PLACES)]
    if day != FIRST and number % 10 == 0:
        balance += 5
        if dpd == 0 and number % 50 == 0:
            dpd = 1
    if corrected and number % 100 == 1:
        balance += 7
    due = FIRST - timedelta(days=dpd) if dpd else None
    return (
        f"{4_000_000_000_000_000 + number}",
        f"Person {number}",
        f"+1202555{number % 10_000:04d}" if number % 4 else "",
        f"person{number}@example.com",
        f"{number} High Street",
        jurisdiction,
        zone,
        "en",
        f"{balance}.00",
        due.isoformat() if due else "",
    )


def rows(size: int, day: date, *, corrected: bool = False) -> Iterator[tuple[str, ...]]:
    """Return the lines of a tape."""
    return (row(number, day, corrected=corrected) for number in range(size))


def write_tape(path: Path, size: int, day: date, *, corrected: bool = False) -> Path:
    """Write a tape of so many accounts."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        writer.writerows(rows(size, day, corrected=corrected))
    return path
