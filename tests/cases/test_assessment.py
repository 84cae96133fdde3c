"""What a collector learns about why it is not paid."""

import pytest
from django.test import Client
from django.urls import reverse

from cases import assessment
from cases.models import Case
from cases.refusal import CaseRefused
from collections_app.shared.actor import SYSTEM
from compliance.models import AuditEvent
from tests.factories import NOW
from tests.factories.cases import CaseFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db
KNOWN = {"default_reason": "unemployment", "willingness": "high", "ability": "low", "is_hardship": True}


def test_what_was_learned_is_kept_with_what_was_thought_before():
    case = CaseFactory(working=True)
    assessment.assess(case_id=case.pk, actor=SYSTEM, at=NOW, **KNOWN)
    after = Case.objects.get(pk=case.pk)
    assert {field: getattr(after, field) for field in assessment.FIELDS} == KNOWN
    event = AuditEvent.objects.get(name="case.reason_recorded")
    assert (event.details["before"]["default_reason"], event.details["after"]["ability"]) == ("unknown", "low")


def test_a_stale_page_changes_nothing():
    case = CaseFactory(working=True)
    with pytest.raises(CaseRefused) as refused:
        assessment.assess(case_id=case.pk, version=case.version + 1, actor=SYSTEM, at=NOW, **KNOWN)
    assert refused.value.code == "stale"
    assert Case.objects.get(pk=case.pk).default_reason == "unknown"


def test_a_case_that_has_ended_is_left_alone():
    case = CaseFactory(cured=True)
    with pytest.raises(CaseRefused):
        assessment.assess(case_id=case.pk, actor=SYSTEM, at=NOW, **KNOWN)


def test_a_collector_records_it_on_the_case_page():
    case = CaseFactory(working=True)
    client, page = Client(), reverse("cases:case", args=[case.ref])
    client.force_login(UserFactory(team=case.team))
    url = reverse("cases:assess", args=[case.ref])
    assert url in client.get(page).content.decode()
    answer = client.post(url, {"version": case.version, **KNOWN})
    assert answer["Location"] == page
    assert Case.objects.get(pk=case.pk).default_reason == "unemployment"
    refused = client.post(url, {"version": case.version + 1, **KNOWN, "willingness": "much"})
    assert refused.status_code == 200
    assert "is-invalid" in refused.content.decode()
