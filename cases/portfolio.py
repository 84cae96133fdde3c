"""The book by bucket on any date, and how accounts moved between two dates: functions of the account states.

An account counts from the day of its first state. Its bucket follows from the state in force on the date; its balance
is the one that this state holds. A move is weighed with the balance on the earlier date.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection

from cases import ageing, sql_portfolio

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Share:
    """So many accounts with so much balance."""

    accounts: int
    balance: Decimal


EMPTY = Share(0, ZERO)


@dataclass(frozen=True, slots=True)
class Book:
    """The accounts of one currency on a date, by bucket in the order of the scheme; every bucket is there."""

    as_of: date
    currency: str
    buckets: dict[str, Share]

    @property
    def total(self) -> Share:
        """Return all buckets together."""
        shares = self.buckets.values()
        return Share(sum(one.accounts for one in shares), sum((one.balance for one in shares), ZERO))


@dataclass(frozen=True, slots=True)
class Moves:
    """The accounts that were in the book on both dates, by bucket before and bucket after; every pair is there."""

    since: date
    as_of: date
    currency: str
    matrix: dict[str, dict[str, Share]]

    def _count(self, wanted: str) -> int:
        labels = list(self.matrix)
        kinds = {
            "entered": lambda before, after: before == 0 < after,
            "cured": lambda before, after: before > 0 == after,
            "rolled": lambda before, after: 0 < before < after,
            "stayed": lambda before, after: before > 0 and before == after,
            "improved": lambda before, after: 0 < after < before,
        }
        return sum(
            share.accounts
            for before, row in self.matrix.items()
            for after, share in row.items()
            if kinds[wanted](labels.index(before), labels.index(after))
        )

    @property
    def entered(self) -> int:
        """Return how many were not past due before and are now."""
        return self._count("entered")

    @property
    def cured(self) -> int:
        """Return how many were past due before and are not now."""
        return self._count("cured")

    @property
    def rolled(self) -> int:
        """Return how many were past due and are now in a later bucket."""
        return self._count("rolled")

    @property
    def stayed(self) -> int:
        """Return how many were past due and are in the same bucket."""
        return self._count("stayed")

    @property
    def improved(self) -> int:
        """Return how many were past due and are now in an earlier bucket, but still past due."""
        return self._count("improved")


def books(*, as_of: date, creditor_ids: Sequence[int], scheme: ageing.Scheme = ageing.DEFAULT) -> list[Book]:
    """Return the book of these creditors on a date, one per currency, by code."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql_portfolio.BUCKETS, {"as_of": as_of, "starts": list(scheme.starts), "creditors": list(creditor_ids)}
        )
        found: dict[str, dict[str, Share]] = {}
        for currency, bucket, accounts, balance in cursor.fetchall():
            buckets = found.setdefault(currency, dict.fromkeys(scheme.labels, EMPTY))
            buckets[scheme.labels[bucket or 0]] = _plus(buckets[scheme.labels[bucket or 0]], accounts, balance)
    return [Book(as_of, currency, buckets) for currency, buckets in found.items()]


def moves(
    *, since: date, as_of: date, currency: str, creditor_ids: Sequence[int], scheme: ageing.Scheme = ageing.DEFAULT
) -> Moves:
    """Return how the accounts of one currency moved between two dates."""
    matrix = {label: dict.fromkeys(scheme.labels, EMPTY) for label in scheme.labels}
    with connection.cursor() as cursor:
        cursor.execute(
            sql_portfolio.TRANSITIONS,
            {
                "since": since,
                "as_of": as_of,
                "starts": list(scheme.starts),
                "creditors": list(creditor_ids),
                "currency": currency,
            },
        )
        for before, after, accounts, balance in cursor.fetchall():
            row, label = matrix[scheme.labels[before or 0]], scheme.labels[after or 0]
            row[label] = _plus(row[label], accounts, balance)
    return Moves(since, as_of, currency, matrix)


def _plus(share: Share, accounts: int, balance: Decimal) -> Share:
    return Share(share.accounts + accounts, share.balance + balance)
