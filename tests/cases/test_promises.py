"""Promises in parts: who makes them, how far they move, and what they come to by the money that is in time."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from cases import payments, promises
from cases.models import Case, Promise, PromisePart
from cases.priority.rules import rules
from cases.promises import Part, PromiseRefused
from collections_app.shared.actor import SYSTEM
from compliance.models import AuditEvent
from tests.factories import NOW
from tests.factories.cases import CaseFactory

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 4)


def day(number):
    return TODAY + timedelta(days=number)


def promise(case, *parts, at=NOW, **more):
    agreed = [Part(day(due), Decimal(amount)) for amount, due in parts]
    return promises.make(case_id=case.pk, parts=agreed, currency=case.currency, actor=SYSTEM, at=at, **more)


def pay(case, amount, days=0, *, value=None, ref=None):
    """Record money `days` from now that counts from `value` days from now."""
    return payments.record(
        creditor=case.creditor,
        source="bank",
        external_ref=ref or f"R{days}-{amount}",
        amount=Decimal(amount),
        currency=case.currency,
        received_at=NOW + timedelta(days=days if value is None else value),
        account_id=case.account.pk,
        actor=SYSTEM,
        at=NOW + timedelta(days=days),
    ).payment


def tick(days=0, **more):
    return promises.settle_ended(actor=SYSTEM, at=NOW + timedelta(days=days, **more))


def now_of(made):
    made.refresh_from_db()
    case = Case.objects.get(pk=made.case_id)
    return made.status, str(made.paid_amount), case.status, case.next_action


@pytest.fixture
def case(db):
    return CaseFactory(working=True, balance="2000.00")


def test_a_promise_keeps_its_parts_in_order_of_their_days(case):
    made = promise(case, ("300.00", 9), ("500.00", 3))
    assert [(part.number, part.due_on, part.amount) for part in made.parts.order_by("number")] == [
        (1, day(3), Decimal("500.00")),
        (2, day(9), Decimal("300.00")),
    ]
    assert (made.amount, made.next_due_on, made.due_on, made.first_due_on) == (
        Decimal("800.00"), day(3), day(9), day(9),
    )  # fmt: skip
    waits = Case.objects.get(pk=case.pk).next_action_at
    assert waits == datetime(2026, 3, 8, 16, 0, tzinfo=UTC)  # midnight after the grace of the first, in Shanghai


def test_who_promised_and_how_it_will_be_paid_are_kept(case):
    made = promise(case, ("300.00", 3), promised_by="guarantor", promiser_id=CaseFactory().person_id, method="branch")
    assert (made.promised_by, made.method, made.promiser_id is None) == ("guarantor", "branch", False)


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([], "no-part"),
        ([("0.00", 3)], "not-positive"),
        ([("500.00", 3), ("-1.00", 4)], "not-positive"),
        ([("5.001", 3)], "inexact"),
        ([("1500.00", 3), ("500.01", 4)], "too-much"),
        ([("500.00", -1), ("500.00", 4)], "past"),
        ([("500.00", 3), ("500.00", 32)], "too-late"),
        ([("1.00", number) for number in range(7)], "too-many"),
    ],
)
def test_parts_that_cannot_be_are_refused_and_nothing_is_lost(case, parts, code):
    with pytest.raises(PromiseRefused) as refused:
        promise(case, *parts)
    assert refused.value.code == code
    assert not PromisePart.objects.exists()
    assert Case.objects.get(pk=case.pk).status == "working"


def test_the_strictest_term_of_each_product_binds(case):
    product = case.account.product
    product.promise_max_days, product.promise_grace_days = 10, 3
    product.save()
    terms = promises.terms_of(case)
    assert (terms.promise_max_days, terms.promise_grace_days, terms.promise_moves) == (10, 3, 2)


# -- kept, partly kept, broken -----------------------------------------------------------------------------------------


def test_every_part_in_time_keeps_it(case):
    made = promise(case, ("500.00", 3), ("300.00", 9))
    pay(case, "500.00", 3)
    assert now_of(made) == ("open", "500.00", "promised", "wait_promise")
    assert (made.next_due_on, Case.objects.get(pk=case.pk).next_action_at.date()) == (day(9), date(2026, 3, 14))
    pay(case, "300.00", 9)
    assert now_of(made) == ("kept", "800.00", "working", "call")


def test_a_missed_part_breaks_it_at_the_creditors_midnight_and_not_a_minute_before(case):
    made = promise(case, ("500.00", 3), ("300.00", 9))
    midnight = datetime(2026, 3, 8, 16, 0, tzinfo=UTC)
    assert promises.settle_ended(actor=SYSTEM, at=midnight - timedelta(minutes=1)) == 0
    assert now_of(made) == ("open", "0.00", "promised", "wait_promise")
    assert promises.settle_ended(actor=SYSTEM, at=midnight) == 1
    assert now_of(made) == ("broken", "0.00", "working", "call")
    assert promises.settle_ended(actor=SYSTEM, at=midnight + timedelta(minutes=1)) == 0
    assert AuditEvent.objects.filter(name="promise.broken").count() == 1


def test_a_part_paid_in_part_is_partly_kept(case):
    made = promise(case, ("500.00", 3), ("300.00", 9))
    pay(case, "100.00", 1)
    assert tick(5) == 1
    assert now_of(made)[:2] == ("partly_kept", "100.00")


def test_the_second_part_is_judged_by_its_own_day(case):
    made = promise(case, ("500.00", 3), ("300.00", 9))
    pay(case, "500.00", 2)
    assert tick(8) == 0
    assert tick(11) == 1
    assert now_of(made)[:2] == ("partly_kept", "500.00")


def test_a_first_broken_promise_raises_the_case_once(case):
    before = Case.objects.get(pk=case.pk).score
    promise(case, ("500.00", 1))
    tick(3)
    promise(case, ("500.00", 4), at=NOW + timedelta(days=3))
    tick(6)
    assert Promise.objects.filter(status="broken").count() == 2
    assert Case.objects.get(pk=case.pk).score == before + rules().points["broken_promise"] == before + 22


def test_a_case_that_was_cured_meanwhile_has_nothing_broken(case):
    made = promise(case, ("500.00", 3))
    Case.objects.filter(pk=case.pk).update(status="cured", cured_at=NOW, next_action="", next_action_at=None)
    assert tick(5) == 1
    assert now_of(made)[0] == "cancelled"


def test_creditors_west_of_us_have_their_own_midnight():
    case = CaseFactory(working=True, balance="500.00", creditor__time_zone="America/New_York", creditor__currency="USD")
    promise(case, ("100.00", 3))
    assert promises.settle_ended(actor=SYSTEM, at=datetime(2026, 3, 9, 3, 59, tzinfo=UTC)) == 0
    # On the 8th the clocks went forward.
    assert promises.settle_ended(actor=SYSTEM, at=datetime(2026, 3, 9, 4, 0, tzinfo=UTC)) == 1


# -- late news, reversals ----------------------------------------------------------------------------------------------


def test_money_that_was_in_time_keeps_a_broken_promise_however_late_we_hear_of_it(case):
    made = promise(case, ("500.00", 3))
    tick(5)
    assert now_of(made)[0] == "broken"
    pay(case, "500.00", 6, value=4)
    assert now_of(made)[:2] == ("kept", "500.00")


def test_money_that_was_late_does_not(case):
    made = promise(case, ("500.00", 3))
    tick(5)
    pay(case, "500.00", 6, value=5)
    assert now_of(made)[:2] == ("broken", "0.00")


def test_part_of_it_in_time_makes_it_partly_kept(case):
    made = promise(case, ("500.00", 3))
    tick(5)
    pay(case, "200.00", 6, value=4)
    assert now_of(made)[:2] == ("partly_kept", "200.00")


def test_a_first_part_that_was_in_time_opens_the_rest_again(case):
    made = promise(case, ("500.00", 3), ("300.00", 9))
    tick(5)
    pay(case, "500.00", 6, value=4)
    assert now_of(made) == ("open", "500.00", "promised", "wait_promise")
    assert AuditEvent.objects.filter(name="promise.reopened").count() == 1


def test_a_reversal_opens_a_kept_promise_while_there_is_time(case):
    made = promise(case, ("500.00", 3))
    paid = pay(case, "500.00", 1)
    assert now_of(made) == ("kept", "500.00", "working", "call")
    payments.reverse(payment_id=paid.pk, reason="bounced", actor=SYSTEM, at=NOW + timedelta(days=4))
    assert now_of(made) == ("open", "0.00", "promised", "wait_promise")
    pay(case, "500.00", 4, ref="again")
    assert now_of(made)[0] == "kept"


def test_a_reversal_after_the_grace_breaks_it(case):
    made = promise(case, ("500.00", 3))
    paid = pay(case, "500.00", 1)
    payments.reverse(payment_id=paid.pk, reason="bounced", actor=SYSTEM, at=NOW + timedelta(days=5))
    assert now_of(made)[:3] == ("broken", "0.00", "working")


def test_a_reversal_leaves_what_other_money_keeps(case):
    made = promise(case, ("500.00", 3))
    first = pay(case, "400.00", 1)
    pay(case, "100.00", 2)
    payments.reverse(payment_id=first.pk, reason="bounced", actor=SYSTEM, at=NOW + timedelta(days=6))
    assert now_of(made)[:2] == ("partly_kept", "100.00")


def test_a_cured_case_waits_for_its_promise_again_and_is_looked_at(case):
    made = promise(case, ("2000.00", 3))
    paid = pay(case, "2000.00", 1)
    assert Case.objects.get(pk=case.pk).status == "cured"
    payments.reverse(payment_id=paid.pk, reason="bounced", actor=SYSTEM, at=NOW + timedelta(days=2))
    assert now_of(made) == ("open", "0.00", "promised", "review")


# -- moving ------------------------------------------------------------------------------------------------------------


def test_a_promise_moves_twice_and_not_a_third_time(case):
    first = promise(case, ("500.00", 3))
    second = promise(case, ("500.00", 5), replace=True)
    third = promise(case, ("500.00", 7), replace=True)
    with pytest.raises(PromiseRefused) as refused:
        promise(case, ("500.00", 8), replace=True)
    assert refused.value.code == "moved-too-often"
    assert [(one.moved_times, one.first_due_on) for one in (first, second, third)] == [
        (0, day(3)), (1, day(3)), (2, day(3)),
    ]  # fmt: skip
    assert (second.replaces, third.replaces) == (first, second)
    assert list(Promise.objects.order_by("pk").values_list("status", flat=True)) == ["cancelled", "cancelled", "open"]
    assert AuditEvent.objects.filter(name="promise.moved").count() == 2


def test_it_moves_at_most_two_weeks_from_where_it_began(case):
    promise(case, ("500.00", 3))
    promise(case, ("500.00", 17), replace=True)
    with pytest.raises(PromiseRefused) as refused:
        promise(case, ("500.00", 18), replace=True)
    assert str(refused.value) == "First promised for 2026-03-07: it can be moved to 2026-03-21 at the latest."


def test_an_earlier_or_better_promise_is_no_move(case):
    promise(case, ("500.00", 3))
    better = promise(case, ("600.00", 2), replace=True)
    assert (better.moved_times, AuditEvent.objects.filter(name="promise.moved").count()) == (0, 0)


def test_asking_for_less_is_a_move(case):
    promise(case, ("500.00", 3))
    assert promise(case, ("400.00", 3), replace=True).moved_times == 1


def test_the_product_says_how_often(case):
    case.account.product.promise_moves = 0
    case.account.product.save()
    promise(case, ("500.00", 3))
    with pytest.raises(PromiseRefused):
        promise(case, ("500.00", 4), replace=True)
    assert Promise.objects.get().status == "open"
