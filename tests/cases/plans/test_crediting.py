"""Payments meet instalments in order; late ones, reversals, early settlement and reinstatement."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from cases import approvals, closing, invariants, lifecycle, payments
from cases.closing import Close, Span
from cases.models import Approval, Case, Plan
from cases.plans import agreeing, crediting
from collections_app.shared.actor import SYSTEM, Actor
from compliance.models import AuditEvent
from tests.cases.plans.conftest import AT

pytestmark = pytest.mark.django_db
WHOLE = Span(0, 2**62)


def on(day: date) -> datetime:
    return AT + timedelta(days=(day - AT.date()).days)


@pytest.fixture
def pay(case):
    def take(amount: str, day: date, ref: str | None = None):
        return payments.record(
            creditor=case.creditor,
            source="test",
            external_ref=ref or f"{day}-{amount}",
            amount=Decimal(amount),
            currency="CNY",
            received_at=on(day),
            value_on=day,
            account_id=case.account.pk,
            actor=SYSTEM,
            at=on(day),
        ).payment

    return take


def night(case, business_date: date) -> int:
    close = Close(case.creditor, business_date, closing.newest_state(case.creditor_id), SYSTEM, on(business_date))
    return closing.judge_plans(close, WHOLE)


def paid(plan) -> list[str]:
    return [str(line.paid_amount) for line in plan.instalments.order_by("number")]


def now(plan) -> str:
    return Plan.objects.get(pk=plan.pk).status


def state(case) -> tuple[str, str, str]:
    found = Case.objects.get(pk=case.pk)
    return found.status, found.next_action, found.next_action_note


def test_payments_meet_the_oldest_instalment_first(signed, pay, case):
    plan = signed()
    pay("400.00", date(2026, 1, 20))
    pay("1100.00", date(2026, 2, 1))
    assert paid(plan) == ["1000.00", "500.00", "0.00", "0.00", "0.00", "0.00"]
    first = plan.instalments.get(number=1)
    assert first.paid_on == date(2026, 2, 1)
    case.refresh_from_db()
    assert case.next_action_at.date() == date(2026, 3, 8)  # the second instalment and its grace


def test_a_payment_before_the_signature_meets_nothing(signed, pay):
    plan = signed(at=AT + timedelta(days=1))
    pay("400.00", date(2026, 1, 5))
    assert paid(plan)[0] == "0.00"


def test_a_case_on_a_plan_is_cured_by_its_last_instalment_only(signed, pay, case):
    plan = signed()
    pay("5999.99", date(2026, 1, 20))
    assert (now(plan), state(case)[0]) == ("performing", "on_plan")
    pay("0.01", date(2026, 1, 21))
    assert (now(plan), state(case)[0]) == ("completed", "cured")


def test_a_reversal_leaves_what_would_have_been_without_it_and_opens_a_completed_plan(signed, pay, case):
    plan = signed()
    first = pay("1500.00", date(2026, 1, 20))
    pay("4500.00", date(2026, 1, 21))
    assert (now(plan), state(case)[0]) == ("completed", "cured")
    payments.reverse(payment_id=first.pk, reason="charged back", actor=SYSTEM, at=on(date(2026, 1, 22)))
    assert paid(plan) == ["1000.00"] * 4 + ["500.00", "0.00"]
    assert (now(plan), state(case)[:2]) == ("performing", ("on_plan", "wait_plan"))


def test_an_instalment_is_missed_when_grace_is_over_and_made_good_by_paying(signed, pay, case):
    plan = signed()
    night(case, date(2026, 2, 7))  # prepares the 8th, the last day of grace
    assert now(plan) == "performing"
    night(case, date(2026, 2, 8))
    assert (now(plan), Plan.objects.get(pk=plan.pk).missed_on) == ("missed", date(2026, 2, 5))
    assert state(case)[:2] == ("on_plan", "review")
    pay("1000.00", date(2026, 2, 9))
    assert (now(plan), Plan.objects.get(pk=plan.pk).missed_on) == ("performing", None)
    assert state(case)[:2] == ("on_plan", "wait_plan")


def test_a_plan_breaks_when_it_is_not_made_good_and_the_case_returns_to_work(signed, case):
    plan = signed()
    night(case, date(2026, 2, 8))
    night(case, date(2026, 2, 18))
    assert now(plan) == "missed"
    night(case, date(2026, 2, 19))
    assert now(plan) == "broken"
    assert state(case) == ("working", "call", "plan-broken")


def test_paying_what_is_behind_within_the_days_that_were_told_brings_a_broken_plan_back_once(signed, pay, case):
    plan = signed()
    night(case, date(2026, 2, 8))
    night(case, date(2026, 2, 19))
    pay("999.99", date(2026, 2, 25))
    assert now(plan) == "broken"
    pay("0.01", date(2026, 2, 26))
    assert (now(plan), state(case)[:2]) == ("performing", ("on_plan", "wait_plan"))
    night(case, date(2026, 3, 9))
    night(case, date(2026, 3, 20))
    assert now(plan) == "broken"
    pay("1000.00", date(2026, 3, 21))
    assert now(plan) == "broken"


def test_paying_after_those_days_brings_nothing_back(signed, pay, case):
    plan = signed()
    night(case, date(2026, 2, 8))
    night(case, date(2026, 2, 19))
    pay("1000.00", date(2026, 3, 22))  # the 31st day after the 19th
    assert (now(plan), paid(plan)[0]) == ("broken", "0.00")


def test_a_first_instalment_that_is_late_or_short_is_put_before_a_person_the_day_after(signed, pay, case):
    plan = signed()
    pay("999.99", date(2026, 2, 5))
    night(case, date(2026, 2, 4))
    assert state(case)[:2] == ("on_plan", "wait_plan")
    night(case, date(2026, 2, 5))
    assert now(plan) == "performing"
    assert state(case) == ("on_plan", "review", "plan-first-instalments")
    events = AuditEvent.objects.filter(name="plan.early_trouble", subject_id=plan.pk)
    assert [event.details["paid"] for event in events] == ["999.99"]
    night(case, date(2026, 2, 5))
    assert events.count() == 1


def test_a_later_instalment_has_its_grace_before_anybody_is_told(signed, pay, case):
    plan = signed()
    pay("2000.00", date(2026, 2, 1))
    night(case, date(2026, 4, 7))  # the third was due on the 7th, behind a holiday
    assert state(case)[:2] == ("on_plan", "wait_plan")
    assert not AuditEvent.objects.filter(name="plan.early_trouble", subject_id=plan.pk).exists()


def test_an_agreement_that_nobody_signs_in_time_is_dropped_by_the_night(draft, case):
    plan = draft()
    night(case, date(2026, 1, 18))
    assert now(plan) == "approved"
    night(case, date(2026, 1, 19))
    assert (now(plan), state(case)) == ("cancelled", ("working", "call", "plan-unsigned"))


def test_the_figure_that_settles_a_plan_completes_it_when_paid(draft, signed, pay, case):
    plan = signed(rate=Decimal("12"), left="9000.00")
    day = date(2026, 1, 15)
    figure = crediting.settles(plan, on=day)
    assert figure.amount == Decimal("6000.00") + Decimal("19.73")  # ten days at 12 per cent
    assert plan.total > figure.amount
    pay(str(figure.amount), day)
    assert now(plan) == "completed"


def test_reduced_payments_end_with_something_owed_and_a_person_looks(draft, by, supervisor, pay, case):
    plan = draft(kind="reduced", instalment=Decimal("500.00"), count=2)
    approval = Approval.objects.get(subject_id=plan.pk)
    approvals.decide(approval_id=approval.pk, approve=True, actor=Actor.of(supervisor), at=AT)
    agreeing.sign(plan_id=plan.pk, how="paper", by="B", actor=by, at=AT)
    pay("1000.00", date(2026, 1, 20))
    assert now(plan) == "completed"
    assert state(case)[:2] == ("working", "review")


def test_the_nightly_check_finds_an_instalment_that_its_payments_do_not_explain(signed, pay, case):
    plan = signed()
    pay("1500.00", date(2026, 1, 20))
    check = "instalments_equal_their_payments"
    assert invariants.check_creditor(case.creditor_id, None)[check] == []
    plan.instalments.filter(number=2).update(paid_amount=Decimal("500.01"))
    assert invariants.check_creditor(case.creditor_id, None)[check] == [plan.pk]


def test_a_plan_of_a_case_that_is_closed_is_over_with_it(signed, case):
    plan = signed()
    lifecycle.close(case_id=case.pk, reason="sold", actor=SYSTEM, at=AT)
    night(case, date(2026, 1, 6))
    assert now(plan) == "cancelled"
    (event,) = AuditEvent.objects.filter(name="plan.cancelled", subject_id=plan.pk)
    assert event.details["why"] == "case over"
    assert state(case)[0] == "closed"
