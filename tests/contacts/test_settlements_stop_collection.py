"""A settlement that is agreed rests collection as a plan does; one that is only offered, or failed, does not."""

from datetime import timedelta
from decimal import Decimal

import pytest

from cases.models import AuthorityLimit
from cases.settlements import offering, watching
from cases.settlements.offering import Wanted
from collections_app.shared.actor import SYSTEM
from contacts import dispatch
from tests.contacts.conftest import TEN
from tests.factories.contacts import StepFactory, TemplateFactory

pytestmark = pytest.mark.django_db


def run(now) -> dict[str, int]:
    return dispatch.run(channel="sms", limit=50, budget_s=10, now=now)


def offered(case):
    AuthorityLimit.objects.get_or_create(
        kind="settlement", role="collector", currency=case.currency, signatures=0, in_force_from=TEN - timedelta(days=1)
    )
    wanted = Wanted(
        pays=Decimal(300), first_due_on=TEN.date() + timedelta(days=1), expires_on=TEN.date() + timedelta(days=1),
        reason="ill",
    )  # fmt: skip
    return offering.make(case_id=case.pk, wanted=wanted, actor=SYSTEM, at=TEN)


def agreed(case):
    made = offered(case)
    return offering.accept(settlement_id=made.pk, how="call", evidence="recording", actor=SYSTEM, at=TEN)


def test_what_was_planned_before_the_agreement_is_withheld_at_the_hand_over(carrier, plan, now):
    planned = plan()
    agreed(planned.case)
    assert run(now) == {"not_sent": 1}
    assert carrier.messages() == []
    planned.refresh_from_db()
    assert (planned.status, planned.reason_code) == ("withheld", "CN-STOP-70")


def test_an_offer_alone_stops_nothing(carrier, plan, now):
    planned = plan()
    offered(planned.case)
    assert run(now) == {"sent": 1}
    assert len(carrier.messages()) == 1


def test_once_it_failed_collection_goes_on(carrier, plan, now):
    planned = plan()
    made = agreed(planned.case)
    late = TEN.date() + timedelta(days=5)
    moved = watching.judge(creditor_id=planned.case.creditor_id, business_date=late, actor=SYSTEM, at=TEN)
    assert moved == 1
    made.refresh_from_db()
    assert made.status == "failed"
    assert run(now) == {"sent": 1}


def test_a_service_message_leaves_while_it_is_paid(carrier, plan, now):
    words = {"zh-hans": "【{{ creditor_name }}】您的约定还款日临近。"}
    template = TemplateFactory(channel="sms", purpose="service_reminder", versions=words)
    planned = plan(step=StepFactory(template=template), purpose="service_reminder")
    agreed(planned.case)
    assert run(now) == {"sent": 1}
