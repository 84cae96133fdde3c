"""Scenarios of Apache Fineract played through our replay: what each payment meets, beside what that project says.

Building a schedule of a loan is the creditor's business, so the instalments are taken from the expected schedule; what
is compared is what the payments, credits, reversals and charges make of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from cases import ageing
from cases.allocation import CREDIT, Due, Step, Waterfall
from cases.replay import Charge, Met, Take, play
from collections_app.shared.money import Money

ZERO: Final = Decimal(0)
COLUMNS: Final = {"principal_due": "principal", "interest": "interest", "fees": "fee", "penalties": "penalty"}
FUTURE: Final = {"NEXT_INSTALLMENT": "next", "LAST_INSTALLMENT": "last", "REAMORTIZATION": "even"}
FUTURES: Final = {
    "DEFAULT": "next",
    "GOODWILL_CREDIT": "last",
    "MERCHANT_ISSUED_REFUND": "even",
}  # as its tests set them
DOWN_PAYMENT: Final = Decimal("0.25")  # of the products that have one
NAMES: Final = {"principal": "principal", "interest": "interest", "fee": "fees", "penalty": "penalties"}
TAKEN: Final = frozenset({"Repayment", "Down Payment", "Goodwill Credit", "Merchant Issued Refund", "Payout Refund"})
DELINQUENCY: Final = frozenset({"loan_delinquency", "installment_delinquency", "delinquent_date"})
COMPARED: Final = DELINQUENCY | {"schedule", "outstanding", "overpaid"}
GRACE: Final = timedelta(days=3)
RANGES: Final = ageing.Scheme(
    "peer",
    ("NO_DELINQUENCY", *(f"RANGE_{start}" for start in (1, 3, 30, 60, 90, 120, 150, 180, 240))),
    (1, 4, 31, 61, 91, 121, 151, 181, 241),
)
PENALTIES: Final = ("NSF", "PENALTY", "OVERDUE")


def _steps(*groups: tuple[tuple[str, ...], tuple[str, ...]]) -> tuple[Step, ...]:
    return tuple(Step(timing, component) for timings, order in groups for timing in timings for component in order)


PFIP: Final = ("penalty", "fee", "interest", "principal")
WATERFALLS: Final = {
    "ADVANCED_PAYMENT_ALLOCATION": _steps(
        (("past_due", "due", "in_advance"), ("penalty", "fee", "principal", "interest"))
    ),
    "PENALTIES_FEES_INTEREST_PRINCIPAL_ORDER": _steps((("past_due", "due", "in_advance"), PFIP)),
    "DUE_PENALTY_FEE_INTEREST_PRINCIPAL_IN_ADVANCE_PRINCIPAL_PENALTY_FEE_INTEREST": _steps(
        (("past_due", "due"), PFIP), (("in_advance",), ("principal", "penalty", "fee", "interest"))
    ),
    "DUE_PENALTY_INTEREST_PRINCIPAL_FEE_IN_ADVANCE_PENALTY_INTEREST_PRINCIPAL_FEE": _steps(
        (("past_due", "due", "in_advance"), ("penalty", "interest", "principal", "fee"))
    ),
}


@dataclass(slots=True)
class Loan:
    """What has happened so far."""

    given: dict[str, Any]
    today: date = date.min
    disbursed_on: date | None = None
    lent: Decimal = ZERO
    fees: list[tuple[str, date, Decimal, date]] = field(default_factory=list)  # component, due, amount, known from
    takes: list[Take] = field(default_factory=list)
    futures: dict[str, str] = field(default_factory=lambda: dict(FUTURES))
    future_of: dict[date, str] = field(default_factory=dict)
    moved: dict[date, list[int | None]] = field(default_factory=dict)  # None: money paid out
    debits: list[tuple[date, Decimal]] = field(default_factory=list)  # chargebacks

    @property
    def waterfall(self) -> Waterfall:
        """Return the peer's strategy in our words."""
        order = "vertical" if "VERTICAL" in self.given["product"] else "horizontal"
        return Waterfall(self.given["strategy"], WATERFALLS[self.given["strategy"]], order)

    def choose(self, on: date, _dues: list[Due]) -> Waterfall:
        """Return the waterfall of a date: what the peer does with instalments in advance goes by kind of payment."""
        return replace(self.waterfall, future=self.future_of.get(on, "next"))

    def do(self, step: dict[str, Any]) -> None:
        """Take one operation in."""
        match step["op"]:
            case "set_date":
                self.today = date.fromisoformat(step["date"])
            case "disburse":
                day = date.fromisoformat(step["date"])
                self.disbursed_on = self.disbursed_on or day
                self.lent += Decimal(step["amount"])
                self._moved(day, None)
                if "DOWNPAYMENT_AUTO" in self.given["product"]:
                    self._take(day, Decimal(step["amount"]) * DOWN_PAYMENT)
            case "charge":
                component = "penalty" if any(word in step["charge"] for word in PENALTIES) else "fee"
                due = date.fromisoformat(step["due"]) if step["due"] else self.today
                self.fees.append((component, due, Decimal(step["amount"]), self.today))
            case "payment" | "credit":
                day = date.fromisoformat(step["date"])
                self._take(day, Decimal(step["amount"]))
                if self.given["strategy"] == "ADVANCED_PAYMENT_ALLOCATION":
                    self.future_of[day] = self.futures.get(step.get("kind", "DEFAULT"), self.futures["DEFAULT"])
            case "config_future_installment_rule":
                self.futures[step["transaction"]] = FUTURE[step["rule"]]
            case "chargeback":
                self.debits.append((self.today, Decimal(step["amount"])))
            case "reverse":
                self.reverse(step)

    def reverse(self, step: dict[str, Any]) -> None:
        """Take the n-th movement of a date back as though it had never been; a disbursement is a movement too."""
        of_day = self.moved[date.fromisoformat(step["date"])]
        numbers = of_day if step["kind"] == "any" else [number for number in of_day if number is not None]
        gone = numbers[step["nth"] - 1]
        self.takes = [take for take in self.takes if take.id != gone]

    def _take(self, day: date, amount: Decimal) -> None:
        number = sum(len(of_day) for of_day in self.moved.values()) + 1
        self.takes.append(Take(number, amount, day, (number,)))
        self._moved(day, number)

    def _moved(self, day: date, number: int | None) -> None:
        self.moved.setdefault(day, []).append(number)

    def charges(self, rows: list[dict[str, Any]]) -> Iterator[Charge]:
        """Yield what is owed: the instalments of the schedule, what was charged back, and the fees that were added."""
        again: dict[date, list[tuple[date, Decimal]]] = {}
        dues = [date.fromisoformat(row["due_date"]) for row in rows]
        for day, amount in self.debits:
            again.setdefault(next((due for due in dues if due >= day), dues[-1]), []).append((day, amount))
        for row, due in zip(rows, dues, strict=True):
            principal, interest = Decimal(row["principal_due"]), Decimal(row["interest"])
            for day, amount in again.get(due, ()):
                part = min(amount, principal)  # what met credit at once is in no instalment
                principal -= part
                if part:
                    yield Charge("principal", due, part, day)
            for component, amount in (("principal", principal), ("interest", interest)):
                if amount:
                    yield Charge(component, due, amount, self.disbursed_on or date.min)
        for component, due, amount, known in self.fees:
            # The peer's newer strategy has a fee fall due with the instalment of its period, the older ones on its day.
            with_it = self.given["strategy"] == "ADVANCED_PAYMENT_ALLOCATION"
            falls_due = next((day for day in dues if day >= due), due) if with_it else due
            yield Charge(component, falls_due, amount, min(known, due))

    def met(self, rows: list[dict[str, Any]]) -> Met:
        """Return what each take meets by now."""
        met: Met = {}
        for on, found in play(self.charges(rows), self.takes, currency="EUR", choose=self.choose):
            if on <= self.today:
                met = found
        return met

    def instalments(self) -> list[dict[str, Any]]:
        """Return the schedule of a loan without interest that the peer does not print: equal parts, every so often."""
        if self.disbursed_on is None:
            return []
        every, unit = self.given["every"].split()
        first = self.disbursed_on
        dues = [first] if "DOWNPAYMENT" in self.given["product"] else []
        for number in range(1, int(self.given["instalments"]) + 1):
            years, month = divmod(first.month - 1 + int(every) * number, 12)
            in_months = first.replace(year=first.year + years, month=month + 1) if unit == "MONTHS" else first
            dues.append(first + timedelta(days=int(every) * number) if unit == "DAYS" else in_months)
        parts = Money(self.lent, "EUR").split(len(dues))
        return [
            {"due_date": due.isoformat(), "principal_due": str(part.amount), "interest": "0"}
            for due, part in zip(dues, parts, strict=True)
        ]

    def overdue(self) -> dict[date, Decimal]:
        """Return what is past due today, by due date."""
        rows = self.instalments()
        left = {date.fromisoformat(row["due_date"]): Decimal(row["principal_due"]) for row in rows}
        for (_take, _component, due_on), amount in self.met(rows).items():
            if due_on is not None:
                left[due_on] -= amount
        return {due: amount for due, amount in left.items() if due < self.today and amount}

    def owed(self) -> Decimal:
        """Return what is owed by now in all; below zero is credit."""
        raised = sum((fee[2] for fee in self.fees), ZERO) + sum((amount for _day, amount in self.debits), ZERO)
        return self.lent + raised - sum((take.amount for take in self.takes), ZERO)


def compare(loan: Loan, expect: dict[str, Any]) -> list[str]:
    """Return what differs from what the peer expects at this point."""
    found = []
    if "schedule" in expect:
        met = loan.met(expect["schedule"])
        found += list(_schedule(loan, expect["schedule"], met))
        if "transactions" in expect:
            found += list(_transactions(loan, expect["transactions"], met))
    found += _delinquency(loan, expect)
    if "outstanding" in expect and max(loan.owed(), ZERO) != Decimal(expect["outstanding"]):
        found.append(f"{loan.today} outstanding {loan.owed()}, peer {expect['outstanding']}")
    if "overpaid" in expect and max(-loan.owed(), ZERO) != Decimal(expect["overpaid"]):
        found.append(f"{loan.today} overpaid {-loan.owed()}, peer {expect['overpaid']}")
    return found


def _delinquency(loan: Loan, expect: dict[str, Any]) -> Iterator[str]:
    """Days past due, and what is overdue by age of the instalment. The peer counts three days of grace beside them."""
    if not DELINQUENCY & set(expect):
        return
    overdue = loan.overdue()
    oldest = min(overdue, default=None)
    for row in expect.get("loan_delinquency", ()):
        since = date.fromisoformat(row["delinquent_since"]) - GRACE if row["delinquent_since"] else None
        theirs = (int(row["past_due_days"]), since, Decimal(row["delinquent_amount"]))
        mine = (ageing.dpd(oldest, loan.today), oldest, sum(overdue.values(), ZERO))
        if mine != theirs:
            yield f"{loan.today} past due {mine}, peer {theirs}"
    if "delinquent_date" in expect:
        since = date.fromisoformat(expect["delinquent_date"]) - GRACE if expect["delinquent_date"] else None
        if since != oldest:
            yield f"{loan.today} oldest unpaid {oldest}, peer {since}"
    if "installment_delinquency" in expect:
        ages: dict[str, Decimal] = {}
        for due, amount in overdue.items():
            bucket = RANGES.bucket(ageing.dpd(due, loan.today))
            ages[bucket] = ages.get(bucket, ZERO) + amount
        theirs_by_age = {row["bucket"]: Decimal(row["amount"]) for row in expect["installment_delinquency"]}
        if ages != theirs_by_age:
            yield f"{loan.today} overdue by age {ages}, peer {theirs_by_age}"


def _schedule(loan: Loan, rows: list[dict[str, Any]], met: Met) -> Iterator[str]:
    """What was paid of each instalment, and how much of it before and after its day."""
    paid_on = {take.id: take.effective_on for take in loan.takes}
    before = date.min
    for row in rows:
        due = date.fromisoformat(row["due_date"])
        sums = {"paid": ZERO, "paid_in_advance": ZERO, "paid_late": ZERO}
        for (take, component, due_on), amount in met.items():
            if component == CREDIT or due_on is None or not before < due_on <= due:
                continue
            sums["paid"] += amount
            sums["paid_in_advance"] += amount if paid_on[take] < due else 0
            sums["paid_late"] += amount if paid_on[take] > due else 0
        sums["outstanding"] = Decimal(row["due"]) - sums["paid"]
        for column, mine in sums.items():
            if mine != Decimal(row[column]):
                yield f"{loan.today} instalment {row['nr']}: {column} {mine}, peer {row[column]}"
        before = due


def _transactions(loan: Loan, rows: list[dict[str, Any]], met: Met) -> Iterator[str]:
    """Which components each payment met. What the peer lists as reversed has no counterpart with us."""
    theirs = [row for row in rows if row["type"] in TAKEN]
    for take in loan.takes:
        same = [row for row in theirs if (date.fromisoformat(row["date"]), Decimal(row["amount"])) == _who(take)]
        if not same:
            yield f"{loan.today} payment of {take.effective_on}: {take.amount} is unknown to the peer"
            continue
        theirs.remove(same[0])
        mine = dict.fromkeys(NAMES.values(), ZERO)
        for (number, component, _due_on), amount in met.items():
            if number == take.id and component != CREDIT:
                mine[NAMES[component]] += amount
        if any(mine[column] != Decimal(same[0][column]) for column in mine):
            split = ", ".join(f"{column} {mine[column]} / {same[0][column]}" for column in mine)
            yield f"{loan.today} payment of {take.effective_on}: {split}"


def _who(take: Take) -> tuple[date, Decimal]:
    return take.effective_on, take.amount


def play_through(vector: dict[str, Any]) -> tuple[int, list[str]]:
    """Return how many expectations of a scenario could be compared, and what differed."""
    loan, compared, found = Loan(vector["given"]), 0, []
    for step in vector["steps"]:
        if "op" in step:
            loan.do(step)
        elif COMPARED & set(step["expect"]):
            compared += 1
            found += compare(loan, step["expect"])
    return compared, found
