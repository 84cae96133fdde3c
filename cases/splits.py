"""One payment over several accounts: how much goes to each, to the cent, and always all of it. Pure.

Three rules. oldest: the oldest debt first, what is past due there, then the next; after that the balances in the same
order. past_due: what is past due everywhere, in proportion where it does not reach, then the balances. proportional: in
proportion to the balances. What is more than is owed goes to the first account and is credit there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from collections_app.shared.money import Money, exponent

OLDEST: Final = "oldest"
PAST_DUE: Final = "past_due"
PROPORTIONAL: Final = "proportional"
RULES: Final = (OLDEST, PAST_DUE, PROPORTIONAL)
ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Position:
    """What one account owes. past_due_since: None where nothing is past due."""

    account_id: int
    past_due_since: date | None
    past_due: Decimal
    balance: Decimal


def divide(amount: Money, positions: Iterable[Position], rule: str) -> dict[int, Money]:
    """Return what each account gets; accounts that get nothing are left out, and the parts add up to the amount.

    amount: positive. Raises ValueError without an account, for an unknown rule, or an amount that is not positive.
    """
    found = sorted(positions, key=lambda each: (each.past_due_since or date.max, each.account_id))
    if not found or rule not in RULES or amount.amount <= 0:
        raise ValueError("a positive amount is divided over one account or more by a known rule")
    arrears = {each.account_id: max(ZERO, min(each.past_due, each.balance)) for each in found}
    balances = {each.account_id: max(ZERO, each.balance) for each in found}
    left, given = amount.amount, dict.fromkeys(arrears, ZERO)
    if rule != PROPORTIONAL:
        left = _give(left, arrears, given, amount.currency, in_order=rule == OLDEST)
    rest = {pk: balances[pk] - given[pk] for pk in given}
    left = _give(left, rest, given, amount.currency, in_order=rule == OLDEST)
    given[found[0].account_id] += left
    return {pk: Money(part, amount.currency) for pk, part in given.items() if part}


def _give(
    left: Decimal, wants: Mapping[int, Decimal], given: dict[int, Decimal], currency: str, *, in_order: bool
) -> Decimal:
    """Give each what it wants while there is enough, in order or in proportion; return what is left."""
    total = sum(wants.values(), ZERO)
    if left >= total:
        for pk, wanted in wants.items():
            given[pk] += wanted
        return left - total
    if in_order:
        for pk, wanted in wants.items():
            part = min(left, wanted)
            given[pk] += part
            left -= part
        return left
    for pk, part in in_proportion(left, wants, currency).items():
        given[pk] += part
    return ZERO


def in_proportion(amount: Decimal, weights: Mapping[int, Decimal], currency: str) -> dict[int, Decimal]:
    """Return the amount divided by weights, in whole units of the currency; the largest remainders get the odd ones.

    The parts add up exactly. Of equal remainders the earlier weight comes first.
    """
    unit = Decimal(1).scaleb(-exponent(currency))
    units, total = int(amount / unit), sum(weights.values(), ZERO)
    exact = {pk: divmod(units * int(weight / unit), int(total / unit)) for pk, weight in weights.items()}
    odd = units - sum(whole for whole, _rest in exact.values())
    first = sorted(exact, key=lambda pk: -exact[pk][1])[:odd]
    return {pk: unit * (whole + (pk in first)) for pk, (whole, _rest) in exact.items()}
