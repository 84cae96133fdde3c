"""What somebody can pay in a month: income, what life costs, other debts, what is left, and the instalment it allows.

Pure: no clock, no database. The kinds are those of a usual household form; none is compulsory, and what was not asked
is nothing. An instalment takes a share of what is left, never all of it where the firm says less.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from cases.refusal import Refused
from collections_app.shared.money import InexactAmount, Money, exponent

DEFAULT_SHARE: Final = 80  # per cent of what is left; the rest is for what nobody foresees
MOST_PERSONS: Final = 30

INCOMES: Final[Mapping[str, LazyText | str]] = {
    "wages": _("wages after tax"),
    "partner": _("wages of the partner"),
    "business": _("own business"),
    "pension": _("pension"),
    "benefits": _("benefits and allowances"),
    "maintenance_in": _("maintenance received"),
    "rent_in": _("rent received"),
    "family": _("help from family"),
    "other_in": _("other income"),
}
EXPENDITURES: Final[Mapping[str, LazyText | str]] = {
    "housing": _("rent or mortgage"),
    "utilities": _("water, electricity, heating"),
    "food": _("food and household"),
    "transport": _("getting to work"),
    "phone": _("telephone and internet"),
    "children": _("children and school"),
    "care": _("care of parents"),
    "health": _("doctor and medicine"),
    "insurance": _("insurance and social security"),
    "maintenance_out": _("maintenance paid"),
    "taxes": _("taxes and fines"),
    "other_out": _("other needs"),
}
A_YEAR: Final = {"monthly": 12, "fortnightly": 26, "weekly": 52}  # what a month allows is held against a year of them


class AffordabilityRefused(Refused):
    SENTENCES = {
        "kind": _("There is no such line: %(kind)s."),
        "negative": _("An amount cannot be less than zero: %(kind)s."),
        "inexact": _("%(currency)s has no such fraction."),
        "household": _("A household has between 1 and %(most)s persons."),
        "share": _("The share is between 1 and 100 per cent."),
        "empty": _("Say at least what comes in."),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A month of a household. incomes, expenditures: by kind. debts: what other creditors get."""

    currency: str
    household: int = 1
    incomes: Mapping[str, Decimal] = field(default_factory=dict)
    expenditures: Mapping[str, Decimal] = field(default_factory=dict)
    debts: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Result:
    """What a budget comes to. surplus may be negative; allowed never is."""

    income: Money
    expenditure: Money
    debts: Money
    surplus: Money
    allowed: Money


def of_budget(budget: Budget, *, share: int = DEFAULT_SHARE) -> Result:
    """Return what is left of a month, and the instalment a month that it allows. Raises AffordabilityRefused."""
    if not 1 <= budget.household <= MOST_PERSONS:
        raise AffordabilityRefused("household", most=MOST_PERSONS)
    income = _sum(budget.incomes, INCOMES, budget.currency)
    expenditure = _sum(budget.expenditures, EXPENDITURES, budget.currency)
    if not income and not expenditure and not budget.debts:
        raise AffordabilityRefused("empty")
    debts = _money(budget.debts, budget.currency, "debts")
    surplus = income - expenditure - debts
    return Result(income, expenditure, debts, surplus, allowed(surplus, share=share))


def allowed(surplus: Money, *, share: int = DEFAULT_SHARE) -> Money:
    """Return the instalment a month that a surplus allows: its share, rounded down, never below nothing."""
    if not 1 <= share <= 100:
        raise AffordabilityRefused("share")
    unit = Decimal(1).scaleb(-exponent(surplus.currency))
    part = max(Decimal(0), surplus.amount) * share / 100
    return Money(part.quantize(unit, rounding=ROUND_DOWN), surplus.currency)


def a_month(instalment: Money, cycle: str) -> Money:
    """Return what instalments of that amount cost in a month, on average of the year."""
    return Money.rounded(instalment.amount * A_YEAR[cycle] / 12, instalment.currency)


def is_within(instalment: Money, cycle: str, *, allowed: Money) -> bool:
    """Whether instalments of that amount are what a month allows, or less."""
    return instalment.amount * A_YEAR[cycle] <= allowed.amount * 12


def _sum(lines: Mapping[str, Decimal], kinds: Mapping[str, LazyText | str], currency: str) -> Money:
    for kind in lines:
        if kind not in kinds:
            raise AffordabilityRefused("kind", kind=kind)
    amounts = [_money(amount, currency, str(kinds[kind])) for kind, amount in lines.items()]
    return sum(amounts, Money.zero(currency))


def _money(amount: Decimal, currency: str, kind: str) -> Money:
    try:
        money = Money(amount, currency)
    except InexactAmount:
        raise AffordabilityRefused("inexact", currency=currency) from None
    if money.amount < 0:
        raise AffordabilityRefused("negative", kind=kind)
    return money
