"""The sums of a settlement: what the person pays, what we give up, what remains, by account and component. Pure.

What is given up is taken, where nobody says otherwise, from what the firm added before what it lent: penalty interest,
fees, interest, costs, what the source did not split, and principal last.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext_lazy as _

from cases.authority import percent_of
from cases.models.settlement import MOST_PARTS
from cases.refusal import Refused
from collections_app.shared.money import Money
from compliance.periods import add_months

ZERO: Final = Decimal("0.00")
ORDER: Final = ("penalty", "fee", "interest", "cost", "unsplit", "principal")


class OfferRefused(Refused):
    SENTENCES = {
        "nothing-owed": _("Nothing is owed here."),
        "not-positive": _("The person has to pay something; to give up everything, waive it."),
        "too-much": _("%(amount)s is more than the %(owed)s that is owed."),
        "nothing-given": _("This gives nothing up: take a promise or a plan."),
        "percent": _("%(percent)s%% is not between 0 and 100."),
        "component": _("Nothing of %(component)s is owed."),
        "component-too-much": _("Of %(component)s only %(owed)s is owed; %(amount)s cannot be given up."),
        "disagree": _("%(pays)s paid and %(waives)s given up do not make the %(owed)s that is owed."),
        "parts": _("A settlement is paid in 1 to %(most)s parts; more is a plan."),
        "too-small": _("%(amount)s cannot be paid in %(parts)s parts."),
        "past": _("%(day)s is in the past."),
        "too-late": _("An offer stands for %(days)s days at most."),
        "due-late": _("The first payment is due %(days)s days from now at the latest."),
        "running": _("There is a settlement of this case already: %(status)s."),
        "on-plan": _("This case is on a plan; end the plan first."),
        "resolved": _("This case is already %(status)s."),
        "currency": _("The accounts are in more than one currency; settle them one by one."),
        "inexact": _("%(currency)s has no such fraction."),
        "account": _("This account does not belong to the case."),
        "no-reason": _("Say why."),
        "grace": _("Grace is at most %(days)s days."),
        "not-possible": _("A settlement that is %(status)s cannot do this."),
        "expired": _("The offer stood until %(day)s."),
        "how": _("Say how the person agreed, and what shows it."),
        "not-yours": _("Only whoever drafted it or a supervisor may take it back."),
    }


@dataclass(frozen=True, slots=True)
class Owed:
    """What is owed of one component of one account."""

    account_id: int
    component: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """What is owed of one component of one account, and how much of it is given up."""

    account_id: int
    component: str
    owed: Decimal
    waives: Decimal

    @property
    def pays(self) -> Decimal:
        """Return what stays to be paid of it."""
        return self.owed - self.waives


@dataclass(frozen=True, slots=True)
class Sums:
    """An offer for both sides: owed = pays + waives, always to the cent."""

    lines: tuple[Line, ...]

    @property
    def owed(self) -> Decimal:
        return sum((line.owed for line in self.lines), ZERO)

    @property
    def waives(self) -> Decimal:
        return sum((line.waives for line in self.lines), ZERO)

    @property
    def pays(self) -> Decimal:
        return self.owed - self.waives

    @property
    def percent(self) -> Decimal:
        """Return how much of what is owed is given up, in percent."""
        return percent_of(self.waives, self.owed)

    def by_component(self) -> list[tuple[str, Decimal, Decimal]]:
        """Return component, owed and given up, in the order in which components are given up."""
        found: dict[str, tuple[Decimal, Decimal]] = {}
        for line in self.lines:
            owed, waives = found.get(line.component, (ZERO, ZERO))
            found[line.component] = (owed + line.owed, waives + line.waives)
        return [(name, *found[name]) for name in sorted(found, key=ORDER.index)]

    def by_account(self) -> dict[int, tuple[Decimal, Decimal]]:
        """Return what each account owes and what of it stays to be paid."""
        found: dict[int, tuple[Decimal, Decimal]] = {}
        for line in self.lines:
            owed, pays = found.get(line.account_id, (ZERO, ZERO))
            found[line.account_id] = (owed + line.owed, pays + line.pays)
        return found


def for_payment(owed: Sequence[Owed], pays: Decimal) -> Sums:
    """Return the offer by which the person pays this much of what is owed. Raises OfferRefused."""
    total = _total(owed)
    if pays <= 0:
        raise OfferRefused("not-positive")
    if pays > total:
        raise OfferRefused("too-much", amount=pays, owed=total)
    if pays == total:
        raise OfferRefused("nothing-given")
    return Sums(_give(owed, total - pays))


def for_percent(owed: Sequence[Owed], percent: Decimal, currency: str) -> Sums:
    """Return the offer that gives up this share of what is owed, to the currency's unit. Raises OfferRefused."""
    if not 0 <= percent <= 100:
        raise OfferRefused("percent", percent=percent)
    total = _total(owed)
    return for_payment(owed, total - Money.rounded(total * percent / 100, currency).amount)


def for_components(owed: Sequence[Owed], given: Mapping[str, Decimal], *, labels: Mapping[str, str]) -> Sums:
    """Return the offer that gives up this much of each component named. Raises OfferRefused."""
    total = _total(owed)
    lines: list[Line] = []
    for component, amount in given.items():
        mine = [row for row in owed if row.component == component]
        most = sum((row.amount for row in mine), ZERO)
        label = labels.get(component, component)
        if not mine and amount:
            raise OfferRefused("component", component=label)
        if amount < 0 or amount > most:
            raise OfferRefused("component-too-much", component=label, owed=most, amount=amount)
        lines += _give(mine, amount)
    lines += [Line(row.account_id, row.component, row.amount, ZERO) for row in owed if row.component not in given]
    sums = Sums(tuple(sorted(lines, key=lambda line: (line.account_id, ORDER.index(line.component)))))
    if sums.waives <= 0:
        raise OfferRefused("nothing-given")
    if sums.waives >= total:
        raise OfferRefused("not-positive")
    return sums


def in_parts(pays: Decimal, currency: str, *, parts: int, first_due_on: date) -> list[tuple[date, Decimal]]:
    """Return the dates and amounts of so many monthly parts; they add up exactly. Raises OfferRefused."""
    if not 1 <= parts <= MOST_PARTS:
        raise OfferRefused("parts", most=MOST_PARTS)
    amounts = [part.amount for part in Money(pays, currency).split(parts)]
    if min(amounts) <= 0:
        raise OfferRefused("too-small", amount=pays, parts=parts)
    return [(add_months(first_due_on, number), amount) for number, amount in enumerate(amounts)]


def _total(owed: Iterable[Owed]) -> Decimal:
    total = sum((row.amount for row in owed), ZERO)
    if total <= 0:
        raise OfferRefused("nothing-owed")
    return total


def _give(owed: Sequence[Owed], amount: Decimal) -> tuple[Line, ...]:
    """Return the lines by which this much is given up, component by component, accounts in their order."""
    lines = []
    for row in sorted(owed, key=lambda row: (ORDER.index(row.component), row.account_id)):
        waives = min(row.amount, amount)
        amount -= waives
        lines.append(Line(row.account_id, row.component, row.amount, waives))
    return tuple(sorted(lines, key=lambda line: (line.account_id, ORDER.index(line.component))))
