"""Who owes on several accounts of a creditor gets one message for all of them; another creditor's stay out of it."""

from decimal import Decimal
from typing import Any

import pytest

from contacts import dispatch
from contacts.models import ContactAttempt
from tests.contacts.conftest import TEN
from tests.factories.cases import AccountFactory, CaseFactory

pytestmark = pytest.mark.django_db


def test_three_accounts_are_one_attempt_with_one_permit_and_the_whole_amount(carrier: Any, plan: Any, now: Any):
    case = CaseFactory(at=TEN)
    first = case.borrower.accounts.get()
    common = {"person": case.person, "product": first.product, "borrower": case.borrower, "on": TEN.date()}
    more = [AccountFactory(**common, balance=Decimal(amount)) for amount in ("70.00", "30.50")]
    elsewhere = AccountFactory(person=case.person, on=TEN.date(), balance=Decimal("9.00"))
    plan(case=case)
    assert dispatch.run(channel="sms", now=now) == {"sent": 1}
    (attempt,) = ContactAttempt.objects.all()
    assert sorted(attempt.debts) == sorted(each.pk for each in (first, *more))
    assert elsewhere.pk not in attempt.debts
    (message,) = carrier.messages()
    assert str(first.balance + Decimal("100.50")) in message.text.replace(",", "")
