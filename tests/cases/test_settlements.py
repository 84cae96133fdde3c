"""Ending a debt for less: sums for both sides, authority, acceptance, payment, failure; nothing made or destroyed."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from cases import approvals, arrears, closing, invariants, ledger, payments, waivers
from cases.closing import Close
from cases.models import Account, Approval, AuthorityLimit, Case, LedgerEntry, Settlement, Waiver
from cases.settlements import counting, offer, offering, watching
from cases.settlements.offer import Owed
from cases.settlements.offering import Wanted
from collections_app.shared.actor import SYSTEM, Actor
from collections_app.shared.money import Money
from tests.factories import NOW
from tests.factories.cases import AccountFactory, CaseFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 4)


@pytest.fixture
def collector():
    return Actor.of(UserFactory())


@pytest.fixture
def supervisors():
    return [Actor.of(UserFactory(supervisor=True)) for _ in range(2)]


@pytest.fixture
def free(db):
    """Limits under which a collector may offer and waive anything alone."""
    for kind in ("settlement", "waiver"):
        AuthorityLimit.objects.create(
            kind=kind, role="collector", currency="CNY", signatures=0, in_force_from=NOW - timedelta(days=1)
        )


def debt(**components):
    """A case whose account owes these components: debt(principal=1000, interest=100)."""
    case = CaseFactory(accounts=False, working=True)
    account = AccountFactory(
        person=case.person,
        borrower=case.borrower,
        product__creditor=case.creditor,
        balance=Decimal(0),
        on=TODAY - timedelta(days=40),
        created_at=NOW - timedelta(days=40),
    )
    owe(account, **components)
    arrears.restate(
        account,
        past_due_since=TODAY - timedelta(days=40),
        amount=account.balance,
        on=TODAY - timedelta(days=30),
        at=NOW - timedelta(days=30),
        cause="tape",
    )
    case.account = account
    case.balance = account.balance
    case.save(update_fields=["balance"])
    return case


def owe(account, **components):
    for component, amount in components.items():
        ledger.charge(
            account,
            component,
            Money(Decimal(amount), "CNY"),
            TODAY - timedelta(days=40),
            TODAY - timedelta(days=30),
            at=NOW - timedelta(days=30),
            source="tape",
        )
    account.refresh_from_db()


def wanted(**more):
    return Wanted(
        **{"first_due_on": TODAY + timedelta(days=7), "expires_on": TODAY + timedelta(days=10), "reason": "ill"} | more
    )


def make(case, actor, at=NOW, **more):
    return offering.make(case_id=case.pk, wanted=wanted(**more), actor=actor, at=at)


def pay(case, amount, *, on=TODAY, ref="1", account=None, at=None):
    return payments.record(
        creditor=case.creditor,
        source="bank",
        external_ref=ref,
        amount=Decimal(amount),
        currency="CNY",
        received_at=NOW + (on - TODAY),
        value_on=on,
        account_id=(account or case.account).pk,
        actor=SYSTEM,
        at=at or NOW + (on - TODAY),
    ).payment


def components(case):
    return {name: str(amount) for name, amount in ledger.components(case.account.pk).items()}


def fresh(row):
    row.refresh_from_db()
    return row


def refuses(code, call, *args, **kwargs):
    with pytest.raises(Exception) as refused:
        call(*args, **kwargs)
    assert getattr(refused.value, "code", refused.value) == code
    assert "%(" not in str(refused.value)


# -- the sums ------------------------------------------------------------------------------------------------------


def test_what_the_firm_added_is_given_up_before_what_it_lent():
    owed = [Owed(1, "principal", Decimal(1000)), Owed(1, "interest", Decimal(100)), Owed(1, "penalty", Decimal(50))]
    sums = offer.for_payment(owed, Decimal(980))
    assert sums.by_component() == [
        ("penalty", Decimal(50), Decimal(50)),
        ("interest", Decimal(100), Decimal(100)),
        ("principal", Decimal(1000), Decimal(20)),
    ]
    assert (sums.pays, sums.waives, sums.percent) == (980, 170, Decimal("14.78"))


def test_an_offer_by_component_or_percent_adds_up_to_the_cent():
    owed = [Owed(1, "principal", Decimal("1000.01")), Owed(1, "fee", Decimal("33.33"))]
    by_part = offer.for_components(owed, {"fee": Decimal("33.33"), "principal": Decimal("0.01")}, labels={})
    assert (by_part.pays, by_part.waives, by_part.owed) == (Decimal("1000.00"), Decimal("33.34"), Decimal("1033.34"))
    half = offer.for_percent(owed, Decimal(50), "CNY")
    assert half.pays + half.waives == Decimal("1033.34")
    assert offer.in_parts(Decimal("100.00"), "CNY", parts=3, first_due_on=date(2026, 1, 31)) == [
        (date(2026, 1, 31), Decimal("33.34")),
        (date(2026, 2, 28), Decimal("33.33")),
        (date(2026, 3, 31), Decimal("33.33")),
    ]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"percent": Decimal(101)}, "percent"),
        ({"percent": Decimal(-1)}, "percent"),
        ({"percent": Decimal(100)}, "not-positive"),
        ({"pays": Decimal(0)}, "not-positive"),
        ({"pays": Decimal("-5")}, "not-positive"),
        ({"pays": Decimal("1150.01")}, "too-much"),
        ({"pays": Decimal(1150)}, "nothing-given"),
        ({"pays": Decimal("1.005")}, "inexact"),
        ({"given": {"fee": Decimal(1)}}, "component"),
        ({"given": {"interest": Decimal("100.01")}}, "component-too-much"),
        ({"given": {"interest": Decimal(100)}, "pays": Decimal(900)}, "disagree"),
        ({"pays": Decimal(900), "parts": 7}, "parts"),
        ({"pays": Decimal(900), "parts": 0}, "parts"),
        ({"pays": Decimal("0.01"), "parts": 2}, "too-small"),
        ({"pays": Decimal(900), "expires_on": TODAY - timedelta(days=1)}, "past"),
        ({"pays": Decimal(900), "first_due_on": TODAY - timedelta(days=1)}, "past"),
        ({"pays": Decimal(900), "expires_on": TODAY + timedelta(days=61)}, "too-late"),
        ({"pays": Decimal(900), "first_due_on": TODAY + timedelta(days=63)}, "due-late"),
        ({"pays": Decimal(900), "grace_days": 16}, "grace"),
        ({"pays": Decimal(900), "reason": " "}, "no-reason"),
        ({"pays": Decimal(900), "account_ids": [1]}, "account"),
    ],
)
def test_what_cannot_be_offered_is_refused_with_a_sentence_and_nothing_is_kept(free, collector, asked, code):
    case = debt(principal=1000, interest=100, penalty=50)
    refuses(code, make, case, collector, **asked)
    assert not Settlement.objects.exists()


# -- from the offer to its end -------------------------------------------------------------------------------------


def test_a_settlement_is_offered_accepted_paid_and_ends_the_debt_by_component(free, collector, at):
    case = debt(principal=1000, interest=100, penalty=50)
    settlement = make(case, collector, pays=Decimal(1000))
    assert (settlement.status, settlement.percent, settlement.is_full) == ("offered", Decimal("13.04"), True)
    future = invariants.ALWAYS["cases_have_a_future"], {"creditor": case.creditor_id}
    Case.objects.filter(pk=case.pk).update(next_action="wait_plan")
    assert invariants.ids(*future) == [case.pk]  # nothing is agreed yet
    offering.accept(settlement_id=settlement.pk, how="call", evidence="recording 7", actor=collector, at=at)
    assert fresh(case).status == "on_plan"
    assert invariants.ids(*future) == []
    assert components(case) == {"principal": "1000.00", "interest": "100.00", "penalty": "50.00"}
    pay(case, "400.00")
    assert (fresh(settlement).status, settlement.paid_amount) == ("accepted", Decimal("400.00"))
    pay(case, "600.00", ref="2", on=TODAY + timedelta(days=1))
    assert fresh(settlement).status == "fulfilled"
    given = {row.component: row.amount for row in Waiver.objects.filter(status="granted")}
    assert given == {"interest": Decimal("100.00"), "penalty": Decimal("50.00")}
    met = LedgerEntry.objects.filter(kind__in=["payment", "reallocation"])
    by_part = {}
    for line in met:
        by_part[line.component] = by_part.get(line.component, 0) + line.amount
    assert {name: total for name, total in by_part.items() if total} == {"principal": Decimal("-1000.00")}
    account = fresh(case.account)
    assert (account.balance, account.status, components(case)) == (0, "closed", {})
    assert fresh(case).status == "cured"


def test_paying_the_first_part_accepts_an_offer_and_paying_too_little_does_not(free, collector):
    case = debt(principal=1000, interest=100)
    settlement = make(case, collector, pays=Decimal(1000), parts=2)
    pay(case, "499.99")
    assert fresh(settlement).status == "offered"
    pay(case, "0.01", ref="2")
    assert (fresh(settlement).status, settlement.accepted_how) == ("accepted", "payment")
    pay(case, "500.00", ref="3", on=TODAY + timedelta(days=20))
    assert fresh(settlement).status == "fulfilled"
    assert fresh(case.account).balance == 0


def test_a_payment_before_the_offer_or_after_its_end_does_not_count(free, collector):
    case = debt(principal=1000, interest=100)
    settlement = make(case, collector, pays=Decimal(1000))
    pay(case, "50.00", on=TODAY - timedelta(days=1), at=NOW)
    pay(case, "1000.00", on=settlement.expires_on + timedelta(days=1), ref="2")
    assert (fresh(settlement).paid_amount, settlement.status) == (0, "offered")


def test_an_unpaid_settlement_fails_after_its_grace_and_the_debt_is_as_though_it_had_never_been(free, collector, at):
    for effect in ("fulfilment", "acceptance"):
        case, twin = debt(principal=1000, interest=100, penalty=50), debt(principal=1000, interest=100, penalty=50)
        settlement = make(case, collector, pays=Decimal(900), takes_effect=effect)
        offering.accept(settlement_id=settlement.pk, how="letter", evidence="signed", actor=collector, at=at)
        owed = fresh(case.account).balance
        assert owed == (Decimal(1150) if effect == "fulfilment" else Decimal(900))
        pay(case, "300.00", ref=effect)
        pay(twin, "300.00", ref=f"twin {effect}")
        last = settlement.parts.get().due_on + timedelta(days=settlement.grace_days)
        ask = {"creditor_id": case.creditor_id, "actor": SYSTEM}
        on_time = watching.judge(business_date=last, at=NOW + (last - TODAY), **ask)
        assert (on_time, fresh(settlement).status) == (0, "accepted")
        late = last + timedelta(days=1)
        assert watching.judge(business_date=late, at=NOW + (late - TODAY), **ask) == 1
        assert watching.judge(business_date=late, at=NOW + (late - TODAY), **ask) == 0
        assert fresh(settlement).status == "failed"
        assert components(case) == components(twin)
        assert fresh(case.account).balance == 850
        assert (fresh(case).status, case.next_action) == ("working", "review")
        assert Approval.objects.get(subject_id=settlement.pk).status == "lapsed"


def test_an_offer_that_nobody_accepts_expires_and_no_longer_counts_as_granted(free, collector, at):
    case = debt(principal=1000, interest=100)
    settlement = make(case, collector, pays=Decimal(1000))
    day = settlement.expires_on
    moved = [
        watching.judge(creditor_id=case.creditor_id, business_date=on, actor=SYSTEM, at=at)
        for on in (day, day + timedelta(days=1))
    ]
    assert (moved, fresh(settlement).status, Approval.objects.get().status) == ([0, 1], "expired", "lapsed")
    later = NOW + timedelta(days=12)
    refuses("not-possible", offering.accept, settlement_id=settlement.pk, how="call", evidence="x",
            actor=collector, at=later)  # fmt: skip
    again = make(case, collector, at=later, pays=Decimal(990), first_due_on=TODAY + timedelta(days=14),
                 expires_on=TODAY + timedelta(days=14))  # fmt: skip
    assert again.status == "offered"


def test_the_close_of_day_expires_the_offer_on_the_evening_of_its_last_day(free, collector):
    case = debt(principal=1000, interest=100)
    settlement = make(case, collector, pays=Decimal(1000))
    counts = []
    for days in (9, 10):
        day = TODAY + timedelta(days=days)
        close = Close(case.creditor, day, 0, SYSTEM, NOW + timedelta(days=days))
        counts.append(closing.look_after_agreements(close))
    assert counts == [{"settlements": 0, "exclusions": 0}, {"settlements": 1, "exclusions": 0}]
    assert fresh(settlement).status == "expired"


def test_an_offer_is_accepted_on_its_last_day_and_not_after(free, collector):
    case = debt(principal=1000, interest=100)
    settlement = make(case, collector, pays=Decimal(1000))
    refuses("how", offering.accept, settlement_id=settlement.pk, how="call", evidence=" ", actor=collector, at=NOW)
    refuses("expired", offering.accept, settlement_id=settlement.pk, how="call", evidence="x", actor=collector,
            at=NOW + timedelta(days=11))  # fmt: skip
    offering.accept(settlement_id=settlement.pk, how="call", evidence="x", actor=collector, at=NOW + timedelta(days=10))
    assert fresh(settlement).status == "accepted"


def test_a_reversed_payment_takes_back_what_it_fulfilled_and_the_case_is_open_again(free, collector, at):
    case = debt(principal=1000, interest=100)
    settlement = make(case, collector, pays=Decimal(1000))
    payment = pay(case, "1000.00")
    assert (fresh(settlement).status, fresh(case).status, fresh(case.account).status) == (
        "fulfilled",
        "cured",
        "closed",
    )
    payments.reverse(payment_id=payment.pk, reason="bounced", actor=SYSTEM, at=at + timedelta(days=1))
    assert (fresh(settlement).status, settlement.paid_amount) == ("accepted", 0)
    assert components(case) == {"principal": "1000.00", "interest": "100.00"}
    assert (fresh(case.account).status, fresh(case).status) == ("open", "on_plan")
    pay(case, "1000.00", ref="again", on=TODAY + timedelta(days=2))
    assert (fresh(settlement).status, fresh(case.account).balance, fresh(case).status) == ("fulfilled", 0, "cured")


def test_a_payment_reversed_after_the_last_day_fails_the_settlement(free, collector):
    case = debt(principal=1000, interest=100)
    settlement = make(case, collector, pays=Decimal(1000))
    payment = pay(case, "1000.00")
    payments.reverse(payment_id=payment.pk, reason="charged back", actor=SYSTEM, at=NOW + timedelta(days=30))
    assert fresh(settlement).status == "failed"
    assert components(case) == {"principal": "1000.00", "interest": "100.00"}
    assert fresh(case).status == "working"


def test_interest_that_came_on_top_while_it_was_paid_is_given_up_too(free, collector):
    case = debt(principal=1000, interest=100)
    settlement = make(case, collector, pays=Decimal(1000))
    day = TODAY + timedelta(days=5)
    ledger.charge(
        case.account, "interest", Money(Decimal("7.50"), "CNY"), day, day, at=NOW + timedelta(days=5), source="accrual"
    )
    pay(case, "1000.00", on=TODAY + timedelta(days=6))
    assert (fresh(settlement).status, fresh(case.account).balance) == ("fulfilled", 0)
    late = Waiver.objects.get(owed=0)
    assert (late.component, late.amount) == ("interest", Decimal("7.50"))


def test_two_accounts_are_each_paid_before_it_is_fulfilled(free, collector):
    case = debt(principal=600, interest=60)
    other = AccountFactory(person=case.person, borrower=case.borrower, product=case.account.product, balance=Decimal(0))
    owe(other, principal=400, fee=40)
    settlement = make(case, collector, pays=Decimal(1000))
    pay(case, "1000.00")
    assert fresh(settlement).status == "accepted"
    assert counting.due_by_account(settlement) == {case.account.pk: 600, other.pk: 400}
    pay(case, "400.00", ref="2", account=other)
    assert fresh(settlement).status == "fulfilled"
    assert (fresh(other).balance, fresh(case.account).balance) == (0, -400)  # paid too much there: credit
    assert (other.status, case.account.status) == ("closed", "open")


def test_a_case_has_one_settlement_at_a_time_and_none_once_it_is_resolved(free, collector, at):
    case = debt(principal=1000, interest=100)
    settlement = make(case, collector, pays=Decimal(1000))
    refuses("running", make, case, collector, pays=Decimal(900))
    offering.withdraw(settlement_id=settlement.pk, reason="declined", actor=collector, at=at)
    assert make(case, collector, pays=Decimal(900)).status == "offered"
    Case.objects.filter(pk=case.pk).update(
        status="closed", closed_at=at, closed_reason="sold", next_action="", next_action_at=None
    )
    refuses("resolved", make, case, collector, pays=Decimal(900))


# -- authority -----------------------------------------------------------------------------------------------------


def test_beyond_the_drafters_authority_others_sign_and_their_refusal_ends_it(collector, supervisors, at):
    case = debt(principal=1000, interest=100)
    settlement = make(case, collector, pays=Decimal(700))
    approval = Approval.objects.get()
    assert (settlement.status, approval.signatures, approval.percent) == ("awaiting_approval", 2, Decimal("36.36"))
    approvals.decide(approval_id=approval.pk, approve=True, actor=supervisors[0], at=at)
    assert fresh(settlement).status == "awaiting_approval"
    approvals.decide(approval_id=approval.pk, approve=True, actor=supervisors[1], at=at)
    assert fresh(settlement).status == "offered"
    other = debt(principal=1000, interest=100)
    refused = make(other, collector, pays=Decimal(700))
    approval = Approval.objects.get(subject_id=refused.pk)
    approvals.decide(approval_id=approval.pk, approve=False, reason="too much", actor=supervisors[0], at=at)
    assert (fresh(refused).status, refused.ended_reason) == ("refused", "too much")


def test_a_payment_while_it_waits_makes_it_out_of_date(collector, supervisors, at):
    case = debt(principal=1000, interest=100)
    settlement = make(case, collector, pays=Decimal(700))
    pay(case, "10.00")
    refuses("stale", approvals.decide, approval_id=Approval.objects.get().pk, approve=True, actor=supervisors[0], at=at)
    assert (fresh(settlement).status, Approval.objects.get().status) == ("refused", "stale")


def test_only_the_drafter_or_a_supervisor_takes_it_back(collector, supervisors, at):
    case = debt(principal=1000, interest=100)
    settlement = make(case, collector, pays=Decimal(700))
    stranger = Actor.of(UserFactory())
    refuses("not-yours", offering.withdraw, settlement_id=settlement.pk, reason="x", actor=stranger, at=at)
    offering.withdraw(settlement_id=settlement.pk, reason="x", actor=supervisors[0], at=at)
    assert (fresh(settlement).status, Approval.objects.get().status) == ("withdrawn", "withdrawn")


# -- waivers alone -------------------------------------------------------------------------------------------------


def waive(case, actor, component="fee", amount=None, at=NOW, **more):
    asked = {"cause": "goodwill", "reason": "our letter was late"} | more
    return waivers.ask(
        case_id=case.pk, account_id=case.account.pk, component=component, amount=amount, actor=actor, at=at, **asked
    )


def test_a_fee_is_waived_in_part_or_whole_and_taken_back_by_component(free, collector, at):
    case = debt(principal=1000, fee=80)
    first = waive(case, collector, amount=Decimal(30))
    assert (first.status, components(case)) == ("granted", {"principal": "1000.00", "fee": "50.00"})
    assert waive(case, collector).amount == 50
    assert components(case) == {"principal": "1000.00"}
    waivers.reverse(waiver_id=first.pk, reason="mistake", actor=collector, at=at)
    assert (fresh(first).status, components(case)) == ("reversed", {"principal": "1000.00", "fee": "30.00"})
    refuses("not-possible", waivers.reverse, waiver_id=first.pk, reason="again", actor=collector, at=at)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"amount": Decimal("80.01")}, "too-much"),
        ({"amount": Decimal(0)}, "not-positive"),
        ({"amount": Decimal("0.001")}, "inexact"),
        ({"component": "principal"}, "component"),
        ({"component": "interest"}, "nothing"),
        ({"reason": ""}, "no-reason"),
        ({"cause": "settlement"}, "cause"),
    ],
)
def test_what_cannot_be_waived_is_refused_with_a_sentence(free, collector, asked, code):
    case = debt(principal=1000, fee=80)
    refuses(code, waive, case, collector, **asked)
    assert not Waiver.objects.exists()


def test_a_waiver_beyond_authority_waits_and_is_out_of_date_once_less_is_owed(collector, supervisors, at):
    case = debt(fee=80)
    waiver = waive(case, collector, amount=Decimal(60))
    assert (waiver.status, fresh(case.account).balance) == ("asked", 80)
    pay(case, "30.00")
    approval = Approval.objects.get()
    refuses("stale", approvals.decide, approval_id=approval.pk, approve=True, actor=supervisors[0], at=at)
    assert (fresh(waiver).status, fresh(case.account).balance) == ("refused", 50)


def test_ten_small_waivers_are_one_large_one(collector, supervisors):
    AuthorityLimit.objects.create(
        kind="waiver", role="collector", currency="CNY", signatures=0, max_amount=Decimal(50),
        in_force_from=NOW - timedelta(days=1),
    )  # fmt: skip
    AuthorityLimit.objects.create(
        kind="waiver", role="supervisor", currency="CNY", signatures=1, max_amount=Decimal(500),
        in_force_from=NOW - timedelta(days=1),
    )  # fmt: skip
    case = debt(principal=1000, fee=80, interest=80)
    assert waive(case, collector, amount=Decimal(30)).status == "granted"
    assert waive(case, collector, amount=Decimal(20), component="interest").status == "granted"
    assert waive(case, collector, amount=Decimal("0.01")).status == "asked"
    assert Account.objects.get(pk=case.account.pk).balance == 1110
