"""A day of the bank beside a day of the books: what is in both, in one alone, or of another amount; sums to the cent.

A movement of the books is a payment on the date from which it counts, its return on the day it was reversed, a refund
on the day it was sent. A payment reversed because it never was one (typed wrongly, told twice, of a file rolled back)
moves nothing. A line of the bank and a movement belong to each other once.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Q, QuerySet

from cases import payers
from cases.models import BankLine, Creditor, Payment, Refund
from cases.payments import RETURNED
from collections_app.shared import clock

ZERO: Final = Decimal("0.00")
SAME_REFERENCE_WITHIN: Final = timedelta(days=31)
SAME_AMOUNT_WITHIN: Final = timedelta(days=3)
_SIGNS: Final = re.compile(r"[\s\-_/.]+")


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that the books say moved on a day: a payment, its return (negative), a refund (negative)."""

    key: str
    day: date
    amount: Decimal
    reference: str
    payer_name: str
    payment: Payment | None = None
    refund: Refund | None = None

    @property
    def is_reversal(self) -> bool:
        """Whether this is a payment going back."""
        return self.payment is not None and self.amount < 0


@dataclass(frozen=True, slots=True)
class Pair:
    """A line of the bank and the movement it belongs to."""

    line: BankLine
    movement: Movement

    @property
    def difference(self) -> Decimal:
        """Return what the bank has more than the books."""
        return self.line.amount - self.movement.amount


@dataclass(frozen=True, slots=True)
class Comparison:
    """A day compared. matched: same amount, same day. elsewhere_*: the other side is on another day.

    bank_total - books_total = only_bank - only_books + differences + elsewhere_bank - elsewhere_books, always.
    """

    bank_total: Decimal
    books_total: Decimal
    matched: list[Pair] = field(default_factory=list)
    differing: list[Pair] = field(default_factory=list)
    only_bank: list[BankLine] = field(default_factory=list)
    only_books: list[Movement] = field(default_factory=list)
    elsewhere_bank: list[Pair] = field(default_factory=list)
    elsewhere_books: list[Pair] = field(default_factory=list)

    @property
    def difference(self) -> Decimal:
        """Return what the bank has more than the books."""
        return self.bank_total - self.books_total

    @property
    def accounted(self) -> Decimal:
        """Return the same difference, line by line."""
        return (
            sum((line.amount for line in self.only_bank), ZERO)
            - sum((movement.amount for movement in self.only_books), ZERO)
            + sum((pair.difference for pair in self.differing), ZERO)
            + sum((pair.line.amount for pair in self.elsewhere_bank), ZERO)
            - sum((pair.movement.amount for pair in self.elsewhere_books), ZERO)
        )


def movements(creditor: Creditor, *, first: date, last: date, currency: str = "") -> list[Movement]:
    """Return what the books say moved on these days, by day."""
    zone = clock.zone(creditor.time_zone)
    begins = datetime.combine(first, time(), zone)
    ends = datetime.combine(last + timedelta(days=1), time(), zone)
    mine = Payment.objects.filter(creditor=creditor)
    refunds = Refund.objects.filter(creditor=creditor, sent_at__gte=begins, sent_at__lt=ends)
    if currency:
        mine, refunds = mine.filter(currency=currency), refunds.filter(currency=currency)
    real = ~Q(status=Payment.Status.REVERSED) | Q(reversed_kind__in=["", *RETURNED])
    found = [
        Movement(f"p{one.pk}", one.value_on, one.amount, one.external_ref, one.payer_name, payment=one)
        for one in mine.filter(real, value_on__gte=first, value_on__lte=last).order_by("pk")
    ]
    gone = mine.filter(real, status=Payment.Status.REVERSED, reversed_at__gte=begins, reversed_at__lt=ends)
    for one in gone.order_by("pk"):
        assert one.reversed_at is not None
        day = clock.local_date(one.reversed_at, zone)
        found.append(Movement(f"r{one.pk}", day, -one.amount, one.external_ref, one.payer_name, payment=one))
    for refund in refunds.order_by("pk"):
        assert refund.sent_at is not None
        day = clock.local_date(refund.sent_at, zone)
        found.append(Movement(f"f{refund.pk}", day, -refund.amount, refund.reference, refund.payee, refund=refund))
    return sorted(found, key=lambda each: (each.day, each.key))


def key_of(line: BankLine) -> str:
    """Return the key of the movement that a line belongs to; "" for none."""
    if line.refund_id is not None:
        return f"f{line.refund_id}"
    if line.payment_id is not None:
        return f"{'r' if line.is_reversal else 'p'}{line.payment_id}"
    return ""


def plain_reference(text: str) -> str:
    """Return a reference for comparison: no case, no blanks and signs."""
    return _SIGNS.sub("", unicodedata.normalize("NFKC", text)).casefold()


def pair(lines: Sequence[BankLine], moved: Sequence[Movement]) -> list[tuple[BankLine, Movement, str]]:
    """Return which line belongs to which movement, and why. Pure; each of both is used once.

    First the same reference, whatever the amounts; then the same amount and payer within three days; then the same
    amount within three days, where it is the only one on both sides. What could be either is left to a person.
    """
    found: list[tuple[BankLine, Movement, str]] = []
    free_lines, free = list(lines), list(moved)

    def use(line: BankLine, movement: Movement, how: str) -> None:
        found.append((line, movement, how))
        free_lines.remove(line)
        free.remove(movement)

    by_reference: dict[tuple[str, bool], list[Movement]] = {}
    for movement in free:
        if said := plain_reference(movement.reference):
            by_reference.setdefault((said, movement.amount < 0), []).append(movement)
    for line in list(free_lines):
        near = by_reference.get((plain_reference(line.reference), line.amount < 0), [])
        near = [each for each in near if each in free and abs(each.day - line.booked_on) <= SAME_REFERENCE_WITHIN]
        exact = [each for each in near if each.amount == line.amount]
        if len(exact) == 1 or len(near) == 1:
            use(line, (exact or near)[0], BankLine.Matched.REFERENCE)
    for how in (BankLine.Matched.PAYER, BankLine.Matched.AMOUNT):
        for line in list(free_lines):
            alike = _alike(line, free, how)
            if len(alike) == 1 and len(_alike_lines(alike[0], free_lines, how)) == 1:
                use(line, alike[0], how)
    return found


def _fits(line: BankLine, movement: Movement, how: str) -> bool:
    return (
        line.amount == movement.amount
        and abs(line.booked_on - movement.day) <= SAME_AMOUNT_WITHIN
        and (how != BankLine.Matched.PAYER or _same_payer(line, movement))
    )


def _same_payer(line: BankLine, movement: Movement) -> bool:
    return bool(line.payer_name) and payers.plain(line.payer_name) == payers.plain(movement.payer_name)


def _alike(line: BankLine, moved: Iterable[Movement], how: str) -> list[Movement]:
    return [movement for movement in moved if _fits(line, movement, how)]


def _alike_lines(movement: Movement, lines: Iterable[BankLine], how: str) -> list[BankLine]:
    return [line for line in lines if _fits(line, movement, how)]


def lines_of(creditor: Creditor, *, first: date, last: date, currency: str) -> QuerySet[BankLine]:
    """Return the lines of the bank of these days, by day."""
    lines = BankLine.objects.filter(creditor=creditor, booked_on__gte=first, booked_on__lte=last, currency=currency)
    return lines.select_related("payment", "refund", "explained_by").order_by("booked_on", "pk")


def compare(creditor: Creditor, *, day: date, currency: str) -> Comparison:
    """Return a day of the bank beside the same day of the books."""
    lines = list(lines_of(creditor, first=day, last=day, currency=currency))
    moved = {each.key: each for each in movements(creditor, first=day, last=day, currency=currency)}
    found = Comparison(sum((line.amount for line in lines), ZERO), sum((each.amount for each in moved.values()), ZERO))
    taken = set()
    for line in lines:
        key = key_of(line)
        if not key:
            found.only_bank.append(line)
        elif key in moved:
            taken.add(key)
            both = Pair(line, moved[key])
            (found.differing if both.difference else found.matched).append(both)
        else:
            found.elsewhere_bank.append(Pair(line, _of_line(line, creditor)))
    others = _lines_elsewhere(creditor, [each for key, each in moved.items() if key not in taken])
    for key, movement in moved.items():
        if key in taken:
            continue
        if key in others:
            found.elsewhere_books.append(Pair(others[key], movement))
        else:
            found.only_books.append(movement)
    return found


def _of_line(line: BankLine, creditor: Creditor) -> Movement:
    """Return the movement of another day that a line belongs to."""
    zone = clock.zone(creditor.time_zone)
    if line.refund is not None:
        sent = line.refund.sent_at or line.refund.marked_at
        return Movement(key_of(line), clock.local_date(sent, zone), -line.refund.amount, line.refund.reference,
                        line.refund.payee, refund=line.refund)  # fmt: skip
    payment = line.payment
    assert payment is not None
    if line.is_reversal and payment.reversed_at is not None:
        day, amount = clock.local_date(payment.reversed_at, zone), -payment.amount
    else:
        day, amount = payment.value_on, payment.amount
    return Movement(key_of(line), day, amount, payment.external_ref, payment.payer_name, payment=payment)


def _lines_elsewhere(creditor: Creditor, moved: Sequence[Movement]) -> dict[str, BankLine]:
    payment_ids = [each.payment.pk for each in moved if each.payment is not None]
    refund_ids = [each.refund.pk for each in moved if each.refund is not None]
    lines = BankLine.objects.filter(creditor=creditor).filter(
        Q(payment_id__in=payment_ids) | Q(refund_id__in=refund_ids)
    )
    return {key_of(line): line for line in lines.select_related("payment", "refund").order_by("pk")}
