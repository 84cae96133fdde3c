"""The ledger: what was paid is divided by charge, and no order of recording makes a difference."""

import os
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases import ledger, settling
from cases.allocation import CREDIT, Due, book, split
from cases.models import Account, LedgerEntry
from collections_app.shared.money import CurrencyMismatch, Money
from tests.factories import NOW
from tests.factories.cases import AccountFactory

pytestmark = pytest.mark.django_db
DAY = date(2026, 1, 1)
EXAMPLES = int(os.environ.get("LEDGER_HISTORIES", "10"))


def cny(text):
    return Money(Decimal(text), "CNY")


def day(number):
    return DAY + timedelta(days=number)


@pytest.fixture
def account():
    return AccountFactory(balance="0.00", dpd=0, on=DAY, product__kind="personal_loan")


def charge(account, component, amount, *, due=None, on=0, at=NOW):
    due_on = day(due) if due is not None else None
    return ledger.charge(account, component, cny(amount), due_on, day(on), at=at, source="test")


def take(account, amount, *, on, kind="payment", only=None, reference="", at=NOW):
    return ledger.take(
        account, cny(amount), kind=kind, effective_on=day(on), at=at, only=only, source="test", reference=reference
    )


def undo(account, entry, *, on, at=NOW):
    return ledger.reverse(entry=entry, account=account, effective_on=day(on), at=at, source="test")


def told(lines):
    return [(line.kind, line.component, line.due_on, str(line.amount)) for line in lines]


def dues_of(account, on=None):
    return {(due.component, due.due_on): due.amount for due in ledger.dues(account.pk, on=on)}


def test_a_payment_posts_a_line_for_each_charge_that_it_meets(account):
    charge(account, "principal", "100.00", due=10)
    charge(account, "interest", "10.00", due=10)
    charge(account, "principal", "100.00", due=40)
    lines = take(account, "150.00", on=12)
    assert told(lines) == [
        ("payment", "interest", day(10), "-10.00"),
        ("payment", "principal", day(10), "-100.00"),
        ("payment", "principal", day(40), "-40.00"),
    ]
    assert [line.part_of for line in lines] == [None, lines[0], lines[0]]
    assert ledger.components(account.pk) == {"principal": Decimal("60.00")}
    assert dues_of(account) == {("principal", day(40)): Decimal("60.00")}


def test_too_much_is_credit_and_the_next_charge_takes_it(account):
    charge(account, "fee", "20.00", due=1)
    take(account, "50.00", on=2)
    assert ledger.components(account.pk) == {"credit": Decimal("-30.00")}
    charge(account, "interest", "12.00", due=5, on=5)
    assert ledger.components(account.pk) == {"credit": Decimal("-18.00")}
    assert account.balance == Decimal("-18.00") == Account.objects.get(pk=account.pk).balance
    moved = LedgerEntry.objects.filter(account=account, kind="reallocation").order_by("pk")
    assert told(moved) == [
        ("reallocation", "interest", day(5), "-12.00"),
        ("reallocation", "credit", None, "12.00"),
    ]


def test_a_waiver_takes_only_from_its_components(account):
    charge(account, "principal", "100.00", due=1)
    charge(account, "penalty", "30.00", due=1)
    take(account, "30.00", on=3, kind="waiver", only=["penalty"])
    assert ledger.components(account.pk) == {"principal": Decimal("100.00")}


def test_a_payment_recorded_late_takes_its_place_in_the_history(account):
    charge(account, "interest", "10.00", due=5)
    charge(account, "principal", "100.00", due=5)
    charge(account, "interest", "8.00", due=20, on=20)
    take(account, "60.00", on=25, reference="second")
    take(account, "10.00", on=6, reference="first", at=NOW + timedelta(days=1))
    assert dues_of(account) == {("principal", day(5)): Decimal("40.00"), ("interest", day(20)): Decimal("8.00")}
    moved = LedgerEntry.objects.filter(account=account, kind="reallocation")
    assert {line.effective_on for line in moved} == {day(25)}
    assert sum(line.amount for line in moved) == 0
    assert ledger.components(account.pk, on=day(10)) == {"principal": Decimal("100.00")}
    known_before = ledger.components(account.pk, on=day(10), known_at=NOW)
    assert known_before == {"interest": Decimal("10.00"), "principal": Decimal("100.00")}


def test_a_reversed_payment_is_as_though_it_had_never_been_from_that_day(account):
    charge(account, "interest", "10.00", due=5)
    charge(account, "principal", "100.00", due=5)
    first = take(account, "10.00", on=6, reference="a")
    take(account, "20.00", on=8, reference="b")
    undo(account, first[0], on=12)
    assert dues_of(account) == {("principal", day(5)): Decimal("90.00")}
    assert dues_of(account, day(11)) == {("principal", day(5)): Decimal("80.00")}
    assert account.balance == Decimal("90.00")


def test_a_charge_undone_frees_what_had_met_it(account):
    fee = charge(account, "fee", "25.00", due=1)
    charge(account, "principal", "100.00", due=5)
    take(account, "30.00", on=6)
    undo(account, fee, on=9)
    assert dues_of(account) == {("principal", day(5)): Decimal("70.00")}
    assert dues_of(account, day(8)) == {("principal", day(5)): Decimal("95.00")}


def test_an_entry_is_reversed_once(account):
    charge(account, "principal", "100.00", due=5)
    lines = take(account, "30.00", on=6)
    undo(account, lines[0], on=7)
    with pytest.raises(Exception, match="reverses_id"), transaction.atomic():
        undo(account, lines[0], on=8)
    assert Account.objects.get(pk=account.pk).balance == Decimal("100.00")


def test_cards_in_mainland_china_pay_principal_first_after_ninety_days():
    account = AccountFactory(balance="0.00", dpd=0, on=DAY, person__jurisdiction="CN-31")
    charge(account, "principal", "100.00", due=0)
    charge(account, "interest", "50.00", due=0)
    take(account, "20.00", on=90, reference="a")
    take(account, "20.00", on=91, reference="b")
    assert ledger.components(account.pk) == {"interest": Decimal("30.00"), "principal": Decimal("80.00")}


def test_what_cannot_be_posted_is_refused(account):
    with pytest.raises(CurrencyMismatch):
        ledger.take(account, Money(Decimal(1), "USD"), kind="payment", effective_on=DAY, at=NOW, source="test")
    for amount, kind in (("0.00", "payment"), ("-1.00", "payment"), ("1.00", "fee")):
        with pytest.raises(ValueError, match="what is taken"):
            take(account, amount, on=1, kind=kind)
    for amount, component in (("0.00", "fee"), ("1.00", "credit")):
        with pytest.raises(ValueError, match="a charge is"):
            charge(account, component, amount)
    assert not LedgerEntry.objects.exists()


# -- any order of recording --------------------------------------------------------------------------------------------

AMOUNTS = st.integers(1, 30000).map(lambda cents: Decimal(cents) / 100)
DAYS = st.integers(0, 130)
CHARGES = st.tuples(
    st.just("charge"),
    st.sampled_from(["principal", "interest", "penalty", "fee", "cost"]),
    AMOUNTS,
    DAYS,
    st.none() | DAYS,
)
PAYMENTS = st.tuples(st.just("payment"), st.none(), AMOUNTS, DAYS, st.none())
WAIVERS = st.tuples(
    st.just("waiver"), st.sampled_from([None, ("penalty", "fee"), ("interest",)]), AMOUNTS, DAYS, st.none()
)


@st.composite
def histories(draw):
    """A history, two orders in which it becomes known, and which of its events are undone and when."""
    events = draw(st.lists(st.one_of(CHARGES, PAYMENTS, WAIVERS), min_size=3, max_size=9))
    undone = draw(st.dictionaries(st.integers(0, len(events) - 1), DAYS, max_size=3))
    steps = [("do", number) for number in range(len(events))] + [("undo", number) for number in undone]
    return events, undone, [_possible(draw(st.permutations(steps))) for _ in range(2)]


def _possible(order):
    """An event is undone after it was recorded, soonest where the order says it earlier."""
    done, later, possible = set(), set(), []
    for what, number in order:
        if what == "undo" and number not in done:
            later.add(number)
            continue
        possible.append((what, number))
        if what == "do":
            done.add(number)
            if number in later:
                possible.append(("undo", number))
    return possible


def record(account, events, undone, order):
    """Record a history in an order; return what the ledger then says by component and charge, on four days."""
    entries = {}
    for step, (what, number) in enumerate(order):
        kind, of, amount, on, due = events[number]
        at = NOW + timedelta(minutes=step)
        if what == "undo":
            undo(account, entries[number], on=undone[number], at=at)
        elif kind == "charge":
            entries[number] = charge(account, of, amount, due=due, on=on, at=at)
        else:
            lines = take(account, amount, on=on, kind=kind, only=of, reference=f"event {number}", at=at)
            entries[number] = lines[0]
    check(account)
    return [(ledger.components(account.pk, on=day(on)), dues_of(account, day(on))) for on in (5, 40, 95, 130)]


def check(account):
    """Nothing is created or destroyed: every figure is recomputed from the entries alone."""
    entries = list(LedgerEntry.objects.filter(account=account).order_by("pk"))
    total = sum((entry.amount for entry in entries), Decimal(0))
    assert Account.objects.get(pk=account.pk).balance == total == sum(ledger.components(account.pk).values())
    for on in {entry.effective_on for entry in entries}:
        spots = {}
        of_take = {}
        for entry in entries:
            if entry.effective_on <= on:
                spot = (entry.component, entry.due_on)
                spots[spot] = spots.get(spot, 0) + entry.amount
                if entry.kind == "reallocation":
                    of_take[entry.part_of_id] = of_take.get(entry.part_of_id, 0) + entry.amount
        assert all(amount <= 0 if spot[0] == CREDIT else amount >= 0 for spot, amount in spots.items()), (on, spots)
        assert set(of_take.values()) <= {0}
    charges, takes = settling.events_of(entries)
    assert settling.differences(entries, charges, takes, since=DAY, account=account) == []


@pytest.fixture(params=["personal_loan", "credit_card"])
def debt(request):
    """A loan, and a mainland card, whose order changes after ninety days past due."""
    return AccountFactory(balance="0.00", dpd=0, on=DAY, product__kind=request.param, person__jurisdiction="CN-31")


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(histories())
def test_any_order_of_recording_ends_in_the_same_balances(debt, history):
    account = debt
    events, undone, orders = history
    ends = []
    for order in orders:
        with transaction.atomic():
            account.balance = Decimal(0)
            ends.append(record(account, events, undone, order))
            transaction.set_rollback(True)
    account.balance = Decimal(0)
    assert all(one == other for one, other in pairwise(ends))


def naive(records):
    """A splitter as many ledgers have it: a payment meets what is owed when it is recorded, and stays there."""
    left = {}
    for kind, component, amount in records:
        if kind == "charge":
            left[component, day(1)] = Decimal(amount)
            continue
        dues = [Due(component, due_on, owed) for (component, due_on), owed in left.items()]
        for part in split(cny(amount), dues, book().waterfalls["costs-interest-principal"], on=day(5)):
            left[part.component, part.due_on] = left.get((part.component, part.due_on), 0) - part.amount
    return left


def test_a_splitter_that_follows_the_order_of_recording_is_told_apart(account):
    known = [("charge", "principal", "100.00"), ("payment", None, "60.00"), ("charge", "fee", "30.00")]
    late = [known[0], known[2], known[1]]
    assert naive(known) == {("principal", day(1)): Decimal("40.00"), ("fee", day(1)): Decimal("30.00")}
    assert naive(late) == {("principal", day(1)): Decimal("70.00"), ("fee", day(1)): Decimal("0.00")}
    for kind, component, amount in known:
        if kind == "charge":
            charge(account, component, amount, due=1)
        else:
            take(account, amount, on=5)
    assert dues_of(account) == {("principal", day(1)): Decimal("70.00")}


def test_without_dividing_anew_the_order_of_recording_would_show(account, monkeypatch):
    events = [
        ("charge", "principal", "100.00", 1, 1),
        ("payment", None, "60.00", 5, None),
        ("charge", "fee", "30.00", 1, 1),
    ]
    whole = settling.differences

    def only_new(*args, **more):
        found = whole(*args, **more)
        return [(on, {take: parts for take, parts in of_day.items() if take == 0}) for on, of_day in found]

    def end(order):
        with transaction.atomic():
            account.balance = Decimal(0)
            for number in order:
                kind, of, amount, on, due = events[number]
                if kind == "charge":
                    charge(account, of, amount, due=due, on=on)
                else:
                    take(account, amount, on=on)
            found = dues_of(account)
            transaction.set_rollback(True)
        return found

    assert end([0, 1, 2]) == end([0, 2, 1]) == {("principal", day(1)): Decimal("70.00")}
    monkeypatch.setattr(settling, "differences", only_new)
    assert end([0, 1, 2]) != end([0, 2, 1])
