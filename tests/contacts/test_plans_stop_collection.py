"""A plan that is agreed stops collection on its way out; a reminder before an instalment is service and leaves."""

from datetime import timedelta
from decimal import Decimal

import pytest

from cases.models import Plan
from cases.plans import agreeing, drafting
from cases.plans.drafting import Draft
from collections_app.shared.actor import SYSTEM
from contacts import dispatch
from tests.contacts.conftest import TEN
from tests.factories.contacts import StepFactory, TemplateFactory

pytestmark = pytest.mark.django_db
REMINDER = {
    "zh-hans": "【{{ creditor_name }}】您的第{{ instalment_number }}期"
    "{{ instalment_amount }}将于{{ instalment_date }}到期。"
}


def run(now) -> dict[str, int]:
    return dispatch.run(channel="sms", limit=50, budget_s=10, now=now)


def agree(case, *, sign=True, first=1) -> Plan:
    wanted = Draft(first_on=TEN.date() + timedelta(days=first), count=5)
    plan = drafting.draft(case_id=case.pk, wanted=wanted, left=Decimal(1000), actor=SYSTEM, at=TEN)
    assert plan.status == "approved"
    if sign:
        plan = agreeing.sign(plan_id=plan.pk, how="electronic", by="B", actor=SYSTEM, at=TEN)
    return plan


def spoken(planned) -> tuple[str, str]:
    planned.refresh_from_db()
    return planned.status, planned.reason_code


@pytest.mark.parametrize("sign", [True, False])
def test_what_was_planned_before_the_agreement_is_withheld_at_the_hand_over(carrier, plan, now, sign):
    planned = plan()
    agree(planned.case, sign=sign)
    assert run(now) == {"not_sent": 1}
    assert carrier.messages() == []
    assert spoken(planned) == ("withheld", "CN-STOP-70")


def test_without_an_agreement_or_after_it_was_given_up_the_same_message_leaves(carrier, plan, now):
    planned = plan()
    made = agree(planned.case)
    agreeing.cancel(plan_id=made.pk, why="asked for it", actor=SYSTEM, at=TEN)
    assert run(now) == {"sent": 1}
    assert len(carrier.messages()) == 1


def test_a_broken_plan_lets_collection_go_on(carrier, plan, now):
    planned = plan()
    made = agree(planned.case)
    Plan.objects.filter(pk=made.pk).update(status="missed", missed_on=TEN.date())
    run(now)
    assert carrier.messages() == []
    Plan.objects.filter(pk=made.pk).update(status="broken", ended_at=TEN)
    now.move_to_next_try(planned)
    assert run(now) == {"sent": 1}


def reminder(plan, case=None, **fields):
    template = TemplateFactory(channel="sms", purpose="service_reminder", versions=REMINDER)
    condition = {"fact": "days_until_instalment", "op": "between", "value": [0, 1]}
    return plan(step=StepFactory(template=template, condition=condition), purpose="service_reminder", **fields)


def test_a_reminder_before_an_instalment_leaves_and_says_what_is_left_of_it(carrier, plan, now):
    planned = reminder(plan)
    agree(planned.case)
    assert run(now) == {"sent": 1}
    (message,) = carrier.messages()
    assert message.text == f"【{planned.creditor.name}】您的第1期¥100.00将于2026年3月5日到期。"


def test_nobody_is_reminded_of_an_instalment_that_is_paid_or_far_off(carrier, plan, now):
    paid, far = reminder(plan), reminder(plan)
    agree(paid.case).instalments.filter(number=1).update(paid_amount=Decimal(100))
    agree(far.case, first=10)
    assert run(now) == {"not_sent": 2}
    assert carrier.messages() == []
    assert {spoken(paid), spoken(far)} == {("cancelled", "no-longer-due")}
