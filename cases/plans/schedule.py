"""The dates and amounts of a plan, exact to the smallest unit. Pure: no clock, no database.

Interest is simple and daily (actual days / 365) on the principal still owed; each period's is rounded once, and a
payment meets interest first. The dates keep the day of the first one: the 31st becomes the last day of a shorter
month, 29 February the 28th of a common year. A date on which nobody works moves to the next working day; in a year
whose holidays are not published yet only weekends are known, and the date is marked as tentative.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext_lazy as _

from cases.plans.refusals import AnsweredRefusal
from collections_app.shared.money import Money, exponent
from compliance.calendars import Calendar
from compliance.facts import MissingFact
from compliance.periods import add_months

MONTHLY: Final = "monthly"
STEP_DAYS: Final = {"fortnightly": 14, "weekly": 7}
MOST: Final = 1600  # instalments: thirty years of weeks
LEAVES_A_REST: Final = frozenset({"reduced", "hardship"})
ONE_PAYMENT: Final = "extension"
YEAR: Final = Decimal(36500)  # days of a year, for a rate in per cent


class ScheduleRefused(AnsweredRefusal):
    SENTENCES = {
        "nothing-owed": _("Nothing is owed."),
        "not-positive": _("An instalment must be more than zero."),
        "no-number": _("Say how many instalments, or how much each."),
        "number": _("A plan has between 1 and %(most)s instalments."),
        "too-little": _(
            "%(count)s instalments of %(instalment)s do not cover %(owed)s: %(needed)s are needed, or %(each)s each."
        ),
        "never-ends": _("%(instalment)s does not even cover the interest of a period (%(interest)s)."),
        "down-payment": _("A down payment must be less than the %(owed)s that is owed."),
        "one-payment": _("An extension is one payment on a later date."),
        "currency": _("This case is in %(currency)s."),
        "rate": _("A rate is between 0 and %(most)s per cent a year."),
        "before": _("The first instalment cannot be before %(agreed_on)s."),
    }


MOST_RATE: Final = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for. count or instalment, or both (then they must cover what is owed, unless a rest may stay).

    agreed_on: from when interest runs, and when a down payment is due. rate: per cent a year.
    """

    kind: str
    owed: Money
    agreed_on: date
    first_on: date
    count: int | None = None
    instalment: Money | None = None
    down_payment: Money | None = None
    cycle: str = MONTHLY
    rate: Decimal = Decimal(0)
    calendar: Calendar | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One instalment. interest: how much of it is interest. left: principal and interest owed once it is paid."""

    number: int
    due_on: date
    nominal_on: date
    amount: Money
    interest: Money
    left: Money
    tentative: bool = False

    @property
    def moved(self) -> bool:
        return self.due_on != self.nominal_on


@dataclass(frozen=True, slots=True)
class Schedule:
    """The instalments in order; number 0 is a down payment. owed + interest = total + remainder, always."""

    owed: Money
    lines: tuple[Line, ...]
    interest: Money
    remainder: Money
    months: int

    @property
    def total(self) -> Money:
        """What all instalments add up to."""
        return sum((line.amount for line in self.lines), Money.zero(self.owed.currency))

    @property
    def cost(self) -> Money:
        """What the plan costs above what was owed: its interest."""
        return self.interest

    @property
    def regular(self) -> Money:
        """The largest instalment that is no down payment."""
        return max((line.amount for line in self.lines if line.number), key=lambda each: each.amount)

    @property
    def first(self) -> Line:
        return next(line for line in self.lines if line.number)

    @property
    def last(self) -> Line:
        return self.lines[-1]

    @property
    def count(self) -> int:
        """How many instalments, the down payment not counted."""
        return sum(1 for line in self.lines if line.number)


def months_between(start: date, end: date) -> int:
    """Return the least number of whole months, at least one, in which a time from one day to another fits."""
    months = max(1, (end.year - start.year) * 12 + end.month - start.month - 1)
    while add_months(start, months) < end:
        months += 1
    return months


def most_within(wanted: Wanted, months: int) -> int:
    """Return how many instalments have their date within so many months of the agreement; 0: not even the first."""
    end, most = add_months(wanted.agreed_on, months), 1 if wanted.kind == ONE_PAYMENT else MOST
    return next((place for place in range(most) if nominal(wanted.first_on, wanted.cycle, place) > end), most)


def nominal(first_on: date, cycle: str, place: int) -> date:
    """Return the date of the instalment at a place (0 is the first), before it moves off a holiday."""
    return add_months(first_on, place) if cycle == MONTHLY else first_on + timedelta(days=STEP_DAYS[cycle] * place)


def working_day(day: date, calendar: Calendar | None) -> tuple[date, bool]:
    """Return the day, or the next one on which people work, and whether its holidays are not published yet."""
    tentative = False
    weekend = calendar.weekend if calendar else frozenset({5, 6})
    while True:
        try:
            off = calendar.is_nonworking(day) if calendar else day.weekday() in weekend
        except MissingFact:
            off, tentative = day.weekday() in weekend, True
        if not off:
            return day, tentative
        day += timedelta(days=1)


def preview(wanted: Wanted) -> Schedule:
    """Return the schedule of what is asked for. Raises ScheduleRefused with what is wrong and what would do."""
    _check(wanted)
    currency, zero = wanted.owed.currency, Money.zero(wanted.owed.currency)
    lines: list[Line] = []
    down = wanted.down_payment or zero
    if down:
        due, tentative = working_day(wanted.agreed_on, wanted.calendar)
        lines.append(Line(0, due, wanted.agreed_on, down, zero, wanted.owed - down, tentative))
    principal = wanted.owed - down
    amounts = _amounts(wanted, principal)
    owed, accrued, interest, since = principal, zero, zero, wanted.agreed_on
    for place, amount in enumerate(amounts):
        day, (due, tentative) = _date(wanted, place)
        grown = interest_of(owed, wanted.rate, since, due)
        accrued, interest, since = accrued + grown, interest + grown, max(since, due)
        amount = min(amount, owed + accrued, key=lambda each: each.amount) if amount else owed + accrued
        of_interest = min(amount, accrued, key=lambda each: each.amount)
        accrued -= of_interest
        owed -= amount - of_interest
        lines.append(Line(place + 1, due, day, amount, of_interest, owed + accrued, tentative))
        if not (owed + accrued):
            break
    months = months_between(wanted.agreed_on, lines[-1].nominal_on)
    return Schedule(wanted.owed, tuple(lines), Money(interest.amount, currency), owed + accrued, months)


def _check(wanted: Wanted) -> None:
    zero = Money.zero(wanted.owed.currency)
    if wanted.owed <= zero:
        raise ScheduleRefused("nothing-owed")
    if not 0 <= wanted.rate <= MOST_RATE:
        raise ScheduleRefused("rate", most=MOST_RATE)
    if wanted.first_on < wanted.agreed_on:
        raise ScheduleRefused("before", agreed_on=wanted.agreed_on)
    for amount in (wanted.instalment, wanted.down_payment):
        if amount is not None and amount.currency != wanted.owed.currency:
            raise ScheduleRefused("currency", currency=wanted.owed.currency)
    if wanted.instalment is not None and wanted.instalment <= zero:
        raise ScheduleRefused("not-positive")
    if wanted.down_payment is not None and not zero <= wanted.down_payment < wanted.owed:
        raise ScheduleRefused("down-payment", owed=wanted.owed)
    if wanted.count is not None and not 1 <= wanted.count <= MOST:
        raise ScheduleRefused("number", most=MOST)
    if wanted.kind == ONE_PAYMENT:
        if wanted.count not in (None, 1):
            raise ScheduleRefused("one-payment")
    elif wanted.count is None and wanted.instalment is None:
        raise ScheduleRefused("no-number")


def _date(wanted: Wanted, place: int) -> tuple[date, tuple[date, bool]]:
    day = nominal(wanted.first_on, wanted.cycle, place)
    return day, working_day(day, wanted.calendar)


def _amounts(wanted: Wanted, principal: Money) -> list[Money]:
    """Return what each instalment may be at most; zero for one that takes all that is left."""
    zero = Money.zero(principal.currency)
    if wanted.kind == ONE_PAYMENT:
        return [zero]
    if wanted.instalment is None:
        assert wanted.count is not None
        if not wanted.rate:
            return principal.split(wanted.count)
        return [_level(wanted, principal, wanted.count)] * (wanted.count - 1) + [zero]
    needed = _needed(wanted, principal)
    if wanted.count is None:
        if needed is None:
            first = interest_of(principal, wanted.rate, wanted.agreed_on, _date(wanted, 0)[1][0])
            raise ScheduleRefused("never-ends", instalment=wanted.instalment, interest=first)
        return [wanted.instalment] * needed
    if wanted.kind not in LEAVES_A_REST and (needed is None or needed > wanted.count):
        raise ScheduleRefused(
            "too-little",
            count=wanted.count,
            instalment=wanted.instalment,
            owed=principal,
            needed=needed or "∞",
            each=_level(wanted, principal, wanted.count),
        )
    return [wanted.instalment] * wanted.count


def interest_of(owed: Money, rate: Decimal, since: date, until: date) -> Money:
    """Return the interest on an amount from one day to another, rounded once."""
    days = max(0, (until - since).days)
    return Money.rounded(owed.amount * rate * days / YEAR, owed.currency)


def _rest(wanted: Wanted, principal: Money, amount: Money, count: int) -> Money:
    """Return what is owed after so many instalments of an amount; negative where the last would be less."""
    owed, accrued, since = principal, Money.zero(principal.currency), wanted.agreed_on
    for place in range(count):
        due = _date(wanted, place)[1][0]
        accrued += interest_of(owed, wanted.rate, since, due)
        since = max(since, due)
        if amount >= owed + accrued:
            return owed + accrued - amount
        of_interest = min(amount, accrued, key=lambda each: each.amount)
        accrued -= of_interest
        owed -= amount - of_interest
    return owed + accrued


def _needed(wanted: Wanted, principal: Money) -> int | None:
    """Return how many instalments of the wanted amount cover everything; None: no number of them does."""
    assert wanted.instalment is not None
    owed, accrued, since = principal, Money.zero(principal.currency), wanted.agreed_on
    if not wanted.rate:
        count = -(-int(owed.amount * 100) // int(wanted.instalment.amount * 100))
        if count > MOST:
            raise ScheduleRefused("number", most=MOST)
        return count
    for place in range(MOST):
        due = _date(wanted, place)[1][0]
        accrued += interest_of(owed, wanted.rate, since, due)
        since = max(since, due)
        if wanted.instalment >= owed + accrued:
            return place + 1
        of_interest = min(wanted.instalment, accrued, key=lambda each: each.amount)
        accrued -= of_interest
        owed -= wanted.instalment - of_interest
    return None


def _level(wanted: Wanted, principal: Money, count: int) -> Money:
    """Return the least amount of which so many equal instalments cover everything; the last is then the smaller one."""
    currency = principal.currency
    unit = Decimal(1).scaleb(-exponent(currency))
    whole = interest_of(principal, wanted.rate, wanted.agreed_on, _date(wanted, count - 1)[1][0])
    low = max(1, int(principal.amount / unit) // count)  # without interest
    high = int((principal + whole).amount / unit) + 1
    while low < high:
        middle = (low + high) // 2
        if _rest(wanted, principal, Money(unit * middle, currency), count).amount <= 0:
            high = middle
        else:
            low = middle + 1
    return Money(unit * low, currency)


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment: when it counts and how much."""

    on: date
    amount: Money


def outstanding(owed: Money, *, rate: Decimal, since: date, paid: Iterable[Paid], on: date) -> Money:
    """Return what settles everything on a day: the principal left and the interest until then, none of the future."""
    accrued, last = Money.zero(owed.currency), since
    for payment in sorted(paid, key=lambda each: each.on):
        if payment.on > on:
            break
        accrued += interest_of(owed, rate, last, payment.on)
        last = max(last, payment.on)
        of_interest = min(payment.amount, accrued, key=lambda each: each.amount)
        accrued -= of_interest
        owed -= payment.amount - of_interest
    if owed.amount <= 0:
        return owed + accrued
    return owed + accrued + interest_of(owed, rate, last, on)


def spread(payments: Sequence[Money], instalments: Sequence[Money]) -> Iterator[tuple[int, int, Money]]:
    """Yield (payment, instalment, amount) by place: each payment meets the oldest instalment that is not paid yet."""
    left = list(instalments)
    place = 0
    for which, payment in enumerate(payments):
        rest = payment
        while rest.amount > 0 and place < len(left):
            met = min(rest, left[place], key=lambda each: each.amount)
            if met.amount > 0:
                yield which, place, met
            rest, left[place] = rest - met, left[place] - met
            if not left[place]:
                place += 1
