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
from itertools import batched, pairwise
from typing import Final

from cases import ledger, locks, own_books, rates
from cases.closing import Close, Span
from cases.models import Account, Creditor, LedgerEntry, Rate
from cases.plans import agreed_rates
from cases.rates import Cap, RateOn
from collections_app.shared.money import Money

SOURCE: Final = "accrual"
CHUNK: Final = 500  # accounts read at once
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
    first = max(moves[0].effective_on, min(rate.from_on for rate in table))
    owed: dict[date | None, Decimal] = {}
    place = 0
    for day, following in pairwise(_changes(moves, table, caps, first=first, after=upto + timedelta(days=1))):
        while place < len(moves) and moves[place].effective_on <= day:
            owed[moves[place].due_on] = owed.get(moves[place].due_on, Decimal(0)) + moves[place].amount
            place += 1
        binding = [cap for cap in caps if cap.holds(jurisdiction, product, day)]
        for component, (percent, rate) in rates.capped(table, binding, day).items():
            base = _base(component, owed, day, rate, tolerance)
            share = rates.share_of_year(day, following, rate.day_count)
            total[component] += Fraction(base) * Fraction(percent) / 100 * share
    return total


def _changes(
    moves: Sequence[Principal], table: Sequence[RateOn], caps: Sequence[Cap], *, first: date, after: date
) -> list[date]:
    """Return the days on which anything changes that interest depends on; between two of them every day is alike."""
    next_day = timedelta(days=1)
    days = {move.effective_on for move in moves} | {rate.from_on for rate in table} | {cap.from_on for cap in caps}
    days |= {cap.until + next_day for cap in caps if cap.until is not None}
    dues = {move.due_on for move in moves if move.due_on is not None}
    days |= {due_on + timedelta(days=grace + 1) for due_on in dues for grace in {rate.grace_days for rate in table}}
    return sorted({first, after} | {day for day in days if first < day < after}) if first < after else []


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
    mine = Account.objects.filter(
        creditor=close.creditor, person_id__gt=span.after, person_id__lte=span.upto, status=Account.Status.OPEN
    )
    tables = _tables(close.creditor)
    accounts = mine.select_related("product", "creditor", "person").order_by("person_id", "pk")
    return sum(_some(close, list(some), tables) for some in batched(accounts.iterator(), CHUNK))


def _some(close: Close, accounts: list[Account], tables: dict[int, list[RateOn]]) -> int:
    locks.lock(person_ids=[account.person_id for account in accounts])
    entries = own_books.entries_of(accounts)
    plain: list[LedgerEntry] = []
    special: list[tuple[Account, dict[str, Decimal]]] = []
    for account in accounts:
        lines = entries.get(account.pk, [])
        differences = missing(account, lines, tables.get(account.product_id, ()), upto=close.business_date)
        if not differences:
            continue
        if _needs_settling(lines, differences, close.business_date):
            special.append((account, differences))
        else:
            plain += [
                _line(account, component, amount, on=close.business_date, at=close.at)
                for component, amount in differences.items()
            ]
    ledger.post_accrued(plain)
    for account, differences in special:
        for component, amount in differences.items():
            _post(account, component, amount, upto=close.business_date, at=close.at)
    moved = {line.account_id for line in plain} | {account.pk for account, _differences in special}
    return len(moved | own_books.restate_all(accounts, since=close.business_date, upto=close.day, at=close.at))


def _needs_settling(lines: Sequence[LedgerEntry], differences: dict[str, Decimal], on: date) -> bool:
    """Return whether what was paid meets something else now: it waits as credit, counts later, met what is lowered."""
    takes = [line for line in lines if line.kind in ledger.TAKES]
    if not takes:
        return False
    credit = sum((line.amount for line in lines if line.component == LedgerEntry.Component.CREDIT), Decimal(0))
    return credit < 0 or min(differences.values()) < 0 or any(line.effective_on >= on for line in takes)


def missing(
    account: Account, entries: Sequence[LedgerEntry], table: Sequence[RateOn], *, upto: date
) -> dict[str, Decimal]:
    """Return by component what accrued up to the end of a day beyond what was posted; less than zero: too much was."""
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
    found: dict[str, Decimal] = {}
    for component in COMPONENTS:
        wanted = Money.rounded(_decimal(exact[component]), account.currency).amount
        posted = sum(
            (entry.amount for entry in entries if _is_accrued(entry) and entry.component == component), Decimal(0)
        )
        if wanted != posted:
            found[component] = wanted - posted
    return found


def _line(account: Account, component: str, amount: Decimal, *, on: date, at: datetime) -> LedgerEntry:
    return LedgerEntry(
        account=account,
        person_id=account.person_id,
        creditor_id=account.creditor_id,
        kind=component if amount > 0 else LedgerEntry.Kind.ADJUSTMENT,
        component=component,
        amount=amount,
        currency=account.currency,
        effective_on=on,
        recorded_at=at,
        source=SOURCE,
        reference=f"to {on.isoformat()}",
    )


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
