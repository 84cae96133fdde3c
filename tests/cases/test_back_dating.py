"""As it stood, as it was known; and what becomes known late, put before a supervisor with the difference."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from cases import approvals, arrears, as_of, back_dating, payments
from cases.models import Approval, Correction
from collections_app.shared.actor import SYSTEM, Actor
from contacts import back_dating as contacted
from tests.factories import NOW
from tests.factories.cases import CaseFactory
from tests.factories.contacts import AttemptFactory

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 4)  # NOW at the creditor's


def pay(case, amount, *, value_on, ref="R1", at=NOW):
    return payments.record(
        creditor=case.creditor,
        source="bank",
        external_ref=ref,
        amount=Decimal(amount),
        currency="CNY",
        received_at=at,
        value_on=value_on,
        account_id=case.account.pk,
        actor=SYSTEM,
        at=at,
    ).payment


@pytest.fixture
def case():
    """A case whose tape came 30 days ago: 12 days past due then, 42 now."""
    return CaseFactory(working=True, at=NOW - timedelta(days=30), dpd=12, balance="500.00")


def then(case, on, known_at=NOW):
    found = as_of.account(case.account, on=on, known_at=known_at)
    return (found.balance, found.dpd, found.bucket)


def test_an_account_is_shown_as_it_stood_and_as_it_was_known(case):
    paid_on = TODAY - timedelta(days=10)
    before = NOW - timedelta(seconds=1)
    pay(case, "500.00", value_on=paid_on)
    assert then(case, paid_on, before) == (Decimal("500.00"), 32, "M2")
    assert then(case, paid_on) == (Decimal("0.00"), 0, "M0")
    assert then(case, paid_on - timedelta(days=1)) == (Decimal("500.00"), 31, "M2")
    assert then(case, TODAY, before) == (Decimal("500.00"), 42, "M2")


def test_the_state_that_follows_from_a_payment_holds_from_the_day_it_counts(case):
    paid_on = TODAY - timedelta(days=10)
    pay(case, "500.00", value_on=paid_on)
    state = arrears.state_on(case.account.pk, paid_on)
    assert (state.effective_on, state.past_due_since, state.cause) == (paid_on, None, "payment")


def test_a_late_payment_that_changes_an_age_is_put_before_a_supervisor(case):
    pay(case, "500.00", value_on=TODAY - timedelta(days=10))
    correction = Correction.objects.get()
    assert (correction.status, correction.amount, correction.case_id) == ("open", Decimal("500.00"), case.pk)
    days = correction.diff["days"]
    assert (days[0]["on"], days[-1]["on"]) == ("2026-02-22", "2026-03-04")
    assert (days[0]["before"]["dpd"], days[0]["after"]["dpd"]) == (32, 0)
    assert (days[0]["before"]["components"], days[0]["after"]["components"]) == ({"unsplit": "500.00"}, {})
    again = back_dating.shifts(case.account, since=correction.effective_on, recorded_at=correction.recorded_at)
    assert [back_dating.told(shift) for shift in again] == days
    asked = Approval.objects.get()
    assert (asked.kind, asked.reason) == ("correction", "late-entry:10")
    assert asked.why == "Recorded 10 days after it counts; the days past due change."


@pytest.mark.parametrize(("amount", "days"), [("500.00", 3), ("100.00", 10), ("500.00", 0)])
def test_what_is_not_late_or_changes_no_age_asks_nobody(case, amount, days):
    pay(case, amount, value_on=TODAY - timedelta(days=days))
    assert not Correction.objects.exists()


def test_a_contact_that_nothing_past_due_stood_behind_is_named(case):
    def contact(days, **more):
        at = datetime(2026, 3, 4, 2, tzinfo=NOW.tzinfo) - timedelta(days=days)
        return AttemptFactory(case=case, person=case.person, creditor=case.creditor, at=at, sms=True, **more)

    paid_on = TODAY - timedelta(days=10)
    contact(12)
    contact(10)  # on the day of the payment: nothing was known, and nothing was wrong
    wrong = [contact(9), contact(2)]
    contact(5, purpose="service_reminder")
    pay(case, "500.00", value_on=paid_on)
    assert contacted.regretted(Correction.objects.get()) == wrong


def test_a_correction_is_approved_by_a_supervisor_and_refused_with_a_reason(case, supervisor):
    for number, (approve, status) in enumerate([(True, "approved"), (False, "refused")]):
        other = CaseFactory(working=True, at=NOW - timedelta(days=30), dpd=12, creditor=case.creditor)
        pay(other, "500.00", value_on=TODAY - timedelta(days=10), ref=f"P{number}")
        approval = Approval.objects.get(status="pending")
        assert approvals.kind_of("correction").facts(approvals.subject_of(approval), at=NOW)
        approvals.decide(approval_id=approval.pk, approve=approve, reason="seen", actor=Actor.of(supervisor), at=NOW)
        correction = Correction.objects.get(case=other)
        assert (correction.status, correction.decided_at) == (status, NOW)


def test_a_case_is_shown_with_its_accounts_and_what_was_agreed(case):
    found = as_of.case(case, on=TODAY, known_at=NOW)
    assert (found.status, found.balance, found.dpd, found.promise) == ("open", Decimal("500.00"), 42, None)
    assert as_of.case(case, on=TODAY, known_at=NOW - timedelta(days=31)).accounts == ()


def test_the_pages_of_money_show_what_the_books_say(case, client, supervisor):
    paid_on = TODAY - timedelta(days=10)
    pay(case, "120.50", value_on=paid_on)
    pay(case, "379.50", value_on=paid_on, ref="R2")
    case.creditor.team = supervisor.team
    case.creditor.save()
    case.team = supervisor.team
    case.save(update_fields=["team"])
    client.force_login(supervisor)
    assert "Event recorded late" in client.get(f"/cases/{case.ref}/").content.decode()
    page = client.get(f"/cases/{case.ref}/money/").content.decode()
    assert "−120.50" in page
    assert "R2" in page
    page = client.get(f"/cases/{case.ref}/as-of/", {"on": "2026-02-22", "known": "2026-02-22"}).content.decode()
    assert "500.00" in page
    page = client.get(f"/corrections/{Correction.objects.get().ref}/").content.decode()
    assert "2026-02-22" in page
    assert client.get(f"/cases/{case.ref}/as-of/", {"on": "2026-02-30"}).status_code == 200
    assert client.get("/corrections/J-XXXXXX/").status_code == 404
