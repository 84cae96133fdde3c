"""A case that has ended asks for nothing more."""

from decimal import Decimal

import pytest
from django.utils.translation import override

from cases import payments
from cases.queries import skip_label
from collections_app.shared.actor import SYSTEM
from compliance.models import AuditEvent
from contacts import listeners
from contacts.inbound import recognise
from contacts.models import Enrolment, PlannedContact
from tests.factories import NOW
from tests.factories.cases import CaseFactory
from tests.factories.contacts import PlannedContactFactory

pytestmark = pytest.mark.django_db


def test_what_was_planned_is_cancelled_when_a_payment_cures(django_capture_on_commit_callbacks):
    case = CaseFactory(working=True, balance="500.00")
    planned = PlannedContactFactory(case=case)
    with django_capture_on_commit_callbacks(execute=True):
        payments.record(
            creditor=case.creditor,
            source="bank",
            external_ref="R",
            amount=Decimal("500.00"),
            currency="CNY",
            received_at=NOW,
            account_id=case.account.pk,
            actor=SYSTEM,
            at=NOW,
        )
    planned = PlannedContact.objects.get(pk=planned.pk)
    assert (planned.status, planned.reason_code) == ("cancelled", "case-ended")
    assert Enrolment.objects.get(case=case).left_reason == "case-ended"


def test_another_case_is_left_alone():
    case, other = CaseFactory(working=True), PlannedContactFactory()
    listeners.case_ended(None, case_id=case.pk, at=NOW)
    assert PlannedContact.objects.get(pk=other.pk).status == "planned"


def test_hearing_it_twice_changes_nothing_more():
    planned = PlannedContactFactory()
    listeners.case_ended(None, case_id=planned.case_id, at=NOW)
    before = AuditEvent.objects.count()
    listeners.case_ended(None, case_id=planned.case_id, at=NOW)
    assert AuditEvent.objects.count() == before


def test_what_is_being_sent_is_not_torn_away():
    planned = PlannedContactFactory()
    planned.take(lease_until=NOW)
    planned.save()
    assert listeners.cancel_planned(case_id=planned.case_id, reason_code="x", actor=SYSTEM, at=NOW) == 0


@pytest.mark.parametrize(
    ("kept", "language", "shown"),
    [
        ("reply: hardship, wrong number", "en", "a reply: Cannot pay: hardship, Wrong number"),
        ("reply", "en", "a reply"),
        ("reply: ask again on Monday", "en", "a reply: ask again on Monday"),  # somebody's own words
        ("replying later", "en", "replying later"),
    ],
)
def test_a_reply_that_waits_for_a_person_is_named_in_words_and_not_in_codes(kept, language, shown):
    with override(language):
        assert skip_label(kept).casefold() == shown.casefold()


def test_every_meaning_of_a_reply_has_a_name_in_chinese():
    with override("zh-hans"):
        for intent in recognise.intents():
            assert any("一" <= letter <= "鿿" for letter in skip_label(f"reply: {intent.replace('_', ' ')}"))
