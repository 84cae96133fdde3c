"""What a night does alike to many is told in one event that names every case; what a history shows, of the case."""

from datetime import timedelta

import pytest

from compliance.models import AuditEvent
from contacts.models import PlannedContact, Segment, Step
from tests.contacts.strategy.test_planner import NIGHT_OF, case_of, night, publish
from tests.factories.cases import CreditorFactory, ProductFactory

pytestmark = pytest.mark.django_db
TOMORROW = NIGHT_OF + timedelta(days=1)


@pytest.fixture
def creditor():
    creditor = CreditorFactory(code="bank")
    ProductFactory(creditor=creditor)
    return creditor


def told(name: str) -> list[tuple[str, int, dict]]:
    rows = AuditEvent.objects.filter(name=name).order_by("pk")
    return list(rows.values_list("subject_label", "subject_id", "details"))


def test_one_event_of_the_step_names_every_case_that_it_was_planned_for_and_put_in_the_queue(creditor):
    publish(creditor, steps=[{"key": "call", "kind": "call", "from_dpd": 1}])
    cases = [case_of(creditor, dpd) for dpd in (1, 2, 3)]
    early = case_of(creditor, 0)
    assert night(creditor) == {"call": 3}
    named = sorted(case.pk for case in cases)
    step, segment = Step.objects.get(), Segment.objects.get()
    details = {"business_date": str(TOMORROW), "cases": named, "next_action": "call", "queued": named}
    assert told("planned.made") == [("contacts.step", step.pk, details)]
    assert told("strategy.enrolled") == [
        ("contacts.segment", segment.pk, {"entered_on": str(TOMORROW), "cases": sorted([*named, early.pk])})
    ]
    assert told("case.next_action_set") == []


def test_a_step_that_queues_nobody_says_nothing_of_a_queue_and_a_night_without_work_tells_nothing(creditor):
    publish(creditor, steps=[{"key": "letter", "kind": "message", "template": "t-letter", "from_dpd": 1}])
    case = case_of(creditor, 1)
    night(creditor)
    assert [details for _label, _pk, details in told("planned.made")] == [
        {"business_date": str(TOMORROW), "cases": [case.pk]}
    ]
    before = AuditEvent.objects.count()
    night(creditor)
    assert AuditEvent.objects.count() == before


def test_a_case_that_is_put_before_a_supervisor_has_an_event_of_its_own(creditor):
    publish(creditor, steps=[{"key": "review", "kind": "review", "from_dpd": 1}])
    cases = [case_of(creditor, 1), case_of(creditor, 2)]
    night(creditor)
    flagged = AuditEvent.objects.filter(name="case.flagged_for_review").order_by("subject_id")
    assert list(flagged.values_list("subject_label", "subject_id", "person_id")) == [
        ("cases.case", case.pk, case.person_id) for case in cases
    ]


def test_who_left_and_what_was_cancelled_is_named_with_its_reason(creditor):
    publish(creditor, steps=[{"key": "letter", "kind": "message", "template": "t-letter", "from_dpd": 1}])
    cases = [case_of(creditor, 1), case_of(creditor, 2), case_of(creditor, 3)]
    night(creditor)
    for case in cases[:2]:
        case.refresh_from_db()
        case.close(at=case.next_action_at, reason="sold")
        case.save()
    night(creditor, TOMORROW)
    gone = [case.pk for case in cases[:2]]
    assert told("strategy.left") == [
        ("contacts.segment", Segment.objects.get().pk, {"why": "case-ended", "cases": gone})
    ]
    assert told("planned.cancelled") == [
        (
            "contacts.step",
            Step.objects.get().pk,
            {"reason": "case-resolved", "business_date": str(TOMORROW), "cases": gone},
        )
    ]
    assert PlannedContact.objects.filter(status="cancelled").count() == 2
