"""Interest that grows by the day: simple, exact inside, rounded once for each posting, never twice for a day.

What has accrued up to a day is worked out anew from the entries of the account every time, from the first day on, and
the ledger gets the difference to what was posted before. So nothing drifts, a day that was missed is made up, running
twice changes nothing, and a payment that becomes known late lowers what had accrued since: by an entry of its own.

Interest of a day is on the principal at its end. Penalty interest is on principal whose due date is further back than
the grace of its rate; no more than the product's tolerance bears none. Interest bears no interest. While a plan is
performed, what was agreed takes the place of the product's rates (`cases.plans.agreed_rates`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from cases import ledger, locks, own_books, rates
from cases.closing import Close, Span
from cases.models import Account, Creditor, LedgerEntry, Rate
from cases.plans import agreed_rates
from cases.rates import Cap, RateOn
from collections_app.shared.money import Money

SOURCE: Final = "accrual"
COMPONENTS: Final = ("interest", "penalty")


@dataclass(frozen=True, slots=True)
class Principal:
    """One movement of principal: from when, of which due date, how much."""

    effective_on: date
    due_on: date | None
    amount: Decimal


def accrued(
    moves: Iterable[Principal],
    table: Sequence[RateOn],
    *,
    upto: date,
    tolerance: Decimal,
    caps: Sequence[Cap] = (),
    jurisdiction: str = "",
    product: str = "",
) -> dict[str, Fraction]:
    """Return, exactly, what has accrued by component from the first day to the end of `upto`."""
    moves = sorted(moves, key=lambda move: move.effective_on)
    total = dict.fromkeys(COMPONENTS, Fraction(0))
    if not moves or not table:
        return total
    day = max(moves[0].effective_on, min(rate.from_on for rate in table))
    owed: dict[date | None, Decimal] = {}
    place = 0
    while day <= upto:
        while place < len(moves) and moves[place].effective_on <= day:
            owed[moves[place].due_on] = owed.get(moves[place].due_on, Decimal(0)) + moves[place].amount
            place += 1
        binding = [cap for cap in caps if cap.holds(jurisdiction, product, day)]
        for component, (percent, rate) in rates.capped(table, binding, day).items():
            base = _base(component, owed, day, rate, tolerance)
            share = rates.share_of_year(day, day + timedelta(days=1), rate.day_count)
            total[component] += Fraction(base) * Fraction(percent) / 100 * share
        day += timedelta(days=1)
    return total


def _base(component: str, owed: dict[date | None, Decimal], day: date, rate: RateOn, tolerance: Decimal) -> Decimal:
    if component == "interest":
        return max(Decimal(0), sum(owed.values(), Decimal(0)))
    late = [
        amount
        for due_on, amount in owed.items()
        if due_on is not None and (day - due_on).days > rate.grace_days and amount > 0
    ]
    base = sum(late, Decimal(0))
    return base if base > tolerance else Decimal(0)


def run(close: Close, span: Span) -> int:
    """Post what accrued up to the close of the business date; return how many accounts changed.

    For creditors whose books are kept here only. What becomes past due the next morning is stated as well.
    """
    if close.creditor.books != Creditor.Books.OURS:
        return 0
    accounts = Account.objects.filter(
        creditor=close.creditor, person_id__gt=span.after, person_id__lte=span.upto, status=Account.Status.OPEN
    )
    tables = _tables(close.creditor)
    changed = 0
    for account in accounts.select_related("product", "creditor", "person").order_by("person_id", "pk"):
        locks.lock(person_ids=[account.person_id])
        moved = accrue(account, tables.get(account.product_id, ()), upto=close.business_date, at=close.at)
        moved |= own_books.restate(account, since=close.business_date, upto=close.day, at=close.at) > 0
        changed += moved
    return changed


def accrue(account: Account, table: Sequence[RateOn], *, upto: date, at: datetime) -> bool:
    """Post the difference between what accrued and what was posted; return whether there was one.

    The locks of the person are held.
    """
    entries = list(LedgerEntry.objects.filter(account_id=account.pk))
    moves = [
        Principal(entry.effective_on, entry.due_on, entry.amount) for entry in entries if entry.component == "principal"
    ]
    exact = accrued(
        moves,
        agreed_rates.of_account(account, table),
        upto=upto,
        tolerance=account.product.tolerance,
        caps=rates.caps(),
        jurisdiction=account.person.jurisdiction,
        product=account.product.kind,
    )
    is_changed = False
    for component in COMPONENTS:
        wanted = Money.rounded(_decimal(exact[component]), account.currency).amount
        posted = sum(
            (entry.amount for entry in entries if _is_accrued(entry) and entry.component == component), Decimal(0)
        )
        if wanted == posted:
            continue
        _post(account, component, wanted - posted, upto=upto, at=at)
        is_changed = True
    return is_changed


def _post(account: Account, component: str, difference: Decimal, *, upto: date, at: datetime) -> None:
    reference = f"to {upto.isoformat()}"
    money = Money(difference, account.currency)
    if difference > 0:
        ledger.charge(account, component, money, None, upto, at=at, source=SOURCE, reference=reference)
        return
    ledger.post(
        account=account,
        kind=LedgerEntry.Kind.ADJUSTMENT,
        amount=money,
        effective_on=upto,
        at=at,
        source=SOURCE,
        reference=reference,
        component=component,
    )
    ledger.settle(account, since=upto, at=at, source=SOURCE)


def _is_accrued(entry: LedgerEntry) -> bool:
    return entry.source == SOURCE and entry.kind in (*COMPONENTS, LedgerEntry.Kind.ADJUSTMENT)


def _decimal(exact: Fraction) -> Decimal:
    """Return a fraction as a decimal that rounds to the smallest unit as the fraction itself does."""
    return Decimal(int(exact * 10**12)) / 10**12


def _tables(creditor: Creditor) -> dict[int, list[RateOn]]:
    tables: dict[int, list[RateOn]] = {}
    for rate in Rate.objects.filter(product__creditor=creditor).order_by("product_id", "from_on", "pk"):
        tables.setdefault(rate.product_id, []).append(
            RateOn(rate.component, rate.percent, rate.from_on, rate.day_count, rate.grace_days)
        )
    return tables
