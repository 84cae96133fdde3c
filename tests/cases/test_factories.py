"""What the factories make is what the product would have left: the database agrees, at commit too."""

from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Sum

from cases.models import Case, LedgerEntry
from tests.factories import cases, contacts, staff


@pytest.fixture
def committed(db):
    """Check what the database checks at commit."""
    yield
    connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("status", ["working", "promised", "on_plan", "cured", "closed"])
def test_a_case_reaches_its_state_by_its_transition(status):
    case = cases.CaseFactory(**{status: True}, balance="8420.00", dpd=47)
    assert Case.objects.get().status == status
    assert case.account.balance == Decimal("8420.00")
    assert LedgerEntry.objects.aggregate(total=Sum("amount"))["total"] == Decimal("8420.00")
    assert case.account.states.get().past_due_since == case.opened_on.replace(month=1, day=16)


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize(
    "trait", ["completed", "sms", "delivered", "failed", "uncertain", "withheld", "inbound", "reported"]
)
def test_an_attempt_of_ours_hangs_on_its_own_permit(trait):
    attempt = contacts.AttemptFactory(**{trait: True})
    assert (attempt.decision is None) == (attempt.origin != "ours")


@pytest.mark.usefixtures("committed")
def test_the_others_are_accepted_by_the_database():
    case = cases.CaseFactory(promised=True)
    cases.PromiseFactory(case=case, broken=True)
    cases.PromiseFactory(case=case)
    cases.HoldFactory(case=case)
    cases.InstructionFactory(person=case.person)
    cases.NoteFactory(case=case)
    cases.PaymentFactory(creditor=case.creditor)
    contacts.PlannedContactFactory(case=case)
    cases.CaseFactory(person=cases.PersonFactory(unnamed=True))
    assert staff.UserFactory(supervisor=True).has_perm("cases.assign")
