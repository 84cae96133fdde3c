"""Random histories of offers, waivers, payments, reversals, charges and passing days: nothing is made, nothing is
lost, and undone, the debt is by component what it would have been without.
"""

import os
import random
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from cases import arrears, ledger, payments, waivers
from cases.models import AuthorityLimit, LedgerEntry, Payment, Settlement, Waiver
from cases.refusal import Refused
from cases.settlements import offering, watching
from cases.settlements.offering import Wanted
from collections_app.shared.actor import SYSTEM, Actor
from collections_app.shared.money import Money
from tests.factories import NOW
from tests.factories.cases import AccountFactory, CaseFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db
START = NOW.date()
KINDS = ("principal", "interest", "penalty", "fee")
STEPS = 14
SEEDS = int(os.environ.get("GIVING_UP_HISTORIES", "7"))  # more by hand


class History:
    """One case, what is done to it, and what has to be true after every step."""

    def __init__(self, seed):
        self.dice, self.seed, self.days, self.refused = random.Random(seed), seed, 0, 0
        self.actor = Actor.of(UserFactory(supervisor=True))
        for kind in ("settlement", "waiver"):
            AuthorityLimit.objects.get_or_create(
                kind=kind, role="collector", currency="CNY", signatures=0, in_force_from=NOW - timedelta(days=1)
            )
        self.case, self.account = self.debt()
        self.charges = []
        for component in KINDS:
            self.charge(component, self.amount(400))

    def debt(self):
        case = CaseFactory(accounts=False, working=True)
        account = AccountFactory(
            person=case.person, borrower=case.borrower, product__creditor=case.creditor, balance=Decimal(0),
            on=START - timedelta(days=40), created_at=NOW - timedelta(days=40),
        )  # fmt: skip
        arrears.restate(
            account, past_due_since=START - timedelta(days=40), amount=Decimal(100000), on=START - timedelta(days=30),
            at=NOW - timedelta(days=30), cause="tape",
        )  # fmt: skip
        return case, account

    @property
    def at(self):
        return NOW + timedelta(days=self.days, seconds=self.days)

    @property
    def today(self):
        return START + timedelta(days=self.days)

    def amount(self, most):
        return Decimal(self.dice.randint(1, most * 100)) / 100

    def charge(self, component, amount, account=None):
        ledger.charge(
            account or self.account,
            component,
            Money(amount, "CNY"),
            self.today,
            self.today,
            at=self.at,
            source="accrual",
        )
        if account is None:
            self.charges.append((self.days, component, amount))

    def offer(self):
        self.account.refresh_from_db()
        wanted = Wanted(
            percent=Decimal(self.dice.randint(1, 99)),
            parts=self.dice.randint(1, 3),
            first_due_on=self.today + timedelta(days=self.dice.randint(0, 9)),
            expires_on=self.today + timedelta(days=self.dice.randint(0, 9)),
            takes_effect=self.dice.choice(["fulfilment", "acceptance"]),
            reason="x",
        )
        offering.make(case_id=self.case.pk, wanted=wanted, actor=self.actor, at=self.at)

    def running(self):
        return Settlement.objects.filter(case=self.case, status__in=["offered", "accepted"]).get()

    def accept(self):
        offering.accept(settlement_id=self.running().pk, how="call", evidence="x", actor=self.actor, at=self.at)

    def withdraw(self):
        offering.withdraw(settlement_id=self.running().pk, reason="x", actor=self.actor, at=self.at)

    def pay(self):
        running = Settlement.objects.filter(case=self.case, status__in=["offered", "accepted"]).first()
        part = running.parts.order_by("number").first().amount if running else self.amount(300)
        most = running.pays if running and self.dice.random() < 0.5 else part
        back = self.dice.choice([0, 0, min(2, self.days)])
        payments.record(
            creditor=self.case.creditor, source="bank", external_ref=f"{self.seed}-{self.dice.random()}", amount=most,
            currency="CNY", received_at=self.at, value_on=self.today - timedelta(days=back), account_id=self.account.pk,
            actor=SYSTEM, at=self.at,
        )  # fmt: skip

    def bounce(self):
        row = self.dice.choice(list(Payment.objects.filter(account=self.account, status="allocated").order_by("pk")))
        payments.reverse(payment_id=row.pk, reason="bounced", actor=SYSTEM, at=self.at)

    def waive(self):
        component = self.dice.choice(KINDS[1:])
        owed = ledger.components(self.account.pk).get(component, Decimal(0))
        amount = self.dice.choice([None, (owed / 3).quantize(Decimal("0.01"))])
        waivers.ask(case_id=self.case.pk, account_id=self.account.pk, component=component, amount=amount,
                    cause="goodwill", reason="x", actor=self.actor, at=self.at)  # fmt: skip

    def unwaive(self):
        mine = Waiver.objects.filter(account=self.account, status="granted", settlement__isnull=True).order_by("pk")
        waivers.reverse(waiver_id=self.dice.choice(list(mine)).pk, reason="x", actor=self.actor, at=self.at)

    def accrue(self):
        self.charge(self.dice.choice(KINDS[1:]), self.amount(20))

    def sleep(self):
        self.days += self.dice.randint(1, 8)
        watching.judge(creditor_id=self.case.creditor_id, business_date=self.today, actor=SYSTEM, at=self.at)

    def step(self):
        names = ["offer", "offer", "accept", "withdraw", "pay", "pay", "pay", "bounce", "waive", "unwaive", "accrue",
                 "sleep", "sleep"]  # fmt: skip
        try:
            getattr(self, self.dice.choice(names))()
        except (Refused, IndexError, Settlement.DoesNotExist):
            self.refused += 1
        self.holds()

    def holds(self):
        """What is owed is what was charged, less what stands of payments and waivers; and the ledger says so."""
        self.account.refresh_from_db()
        entries = LedgerEntry.objects.filter(account=self.account)
        assert self.account.balance == (entries.aggregate(total=Sum("amount"))["total"] or 0)
        charged = sum(amount for _day, _component, amount in self.charges)
        paid = Payment.objects.filter(account=self.account, status="allocated").aggregate(total=Sum("amount"))["total"]
        given = Waiver.objects.filter(account=self.account, status="granted").aggregate(total=Sum("amount"))["total"]
        assert self.account.balance == charged - (paid or 0) - (given or 0)
        ended = Settlement.objects.filter(case=self.case, status__in=["failed", "withdrawn", "expired", "refused"])
        assert not Waiver.objects.filter(settlement__in=ended, status="granted").exists()
        assert not Waiver.objects.filter(settlement__status="offered").exists()

    def undo(self):
        """Take everything back that was given up."""
        for row in Settlement.objects.filter(case=self.case, status="fulfilled").order_by("pk"):
            for link in row.payments.exclude(payment__status="reversed").order_by("pk"):
                payments.reverse(payment_id=link.payment_id, reason="x", actor=SYSTEM, at=self.at)
        for row in Settlement.objects.filter(case=self.case, status__in=["offered", "accepted"]).order_by("pk"):
            offering.withdraw(settlement_id=row.pk, reason="x", actor=self.actor, at=self.at)
        alone = Waiver.objects.filter(account=self.account, status="granted").order_by("pk")
        for row in alone:
            waivers.reverse(waiver_id=row.pk, reason="x", actor=self.actor, at=self.at)
        self.holds()

    def twin(self):
        """Return the components of a debt with the same charges and payments, of which nothing was given up."""
        end, (case, account) = self.days, self.debt()
        for day, component, amount in self.charges:
            self.days = day
            self.charge(component, amount, account=account)
        self.days = end
        for row in Payment.objects.filter(account=self.account, status="allocated").order_by("pk"):
            payments.record(
                creditor=case.creditor, source="bank", external_ref=f"twin {row.external_ref}", amount=row.amount,
                currency="CNY", received_at=self.at, value_on=row.value_on, account_id=account.pk, actor=SYSTEM,
                at=self.at,
            )  # fmt: skip
        return ledger.components(account.pk)


def test_nothing_is_made_or_lost_and_undone_the_debt_is_what_it_was():
    seen = set()
    for seed in range(SEEDS):
        history = History(seed)
        for _step in range(STEPS):
            history.step()
        seen |= set(Settlement.objects.filter(case=history.case).values_list("status", flat=True))
        seen |= {f"waiver {row.status}" for row in Waiver.objects.filter(case=history.case)}
        history.undo()
        assert ledger.components(history.account.pk) == history.twin(), seed
    # The control: had nothing of this happened, the test would hold of nothing.
    assert {"fulfilled", "failed", "withdrawn", "waiver granted", "waiver reversed"} <= seen
