"""The page of the legal clocks: what is past due begins them, and a demand of years ago still counts."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from contacts import legal_clocks
from tests.factories.cases import CaseFactory, PersonFactory
from tests.factories.contacts import AttemptFactory
from tests.factories.staff import set_clock

NOON = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)  # 11:00 in Shanghai

pytestmark = pytest.mark.django_db


def _case(**given):
    return CaseFactory(person=PersonFactory(name="王小明"), at=NOON, working=True, **given)


def _limitation(case, at=NOON):
    return next((one for one in legal_clocks.of_case(case.pk, at=at) if one.id == "CN-LIM-3Y"), None)


def test_a_case_past_due_has_its_limitation_clock_from_the_oldest_due_date():
    case = _case(dpd=47)
    found = _limitation(case)
    assert found.starts == date(2026, 3, 4) - timedelta(days=47)
    assert found.ends == date(2029, 1, 16)
    assert not found.certain  # the calendar of 2029 is not known


def test_a_case_that_is_not_past_due_has_none():
    assert _limitation(_case(dpd=0)) is None


def test_a_talk_of_two_years_ago_starts_it_anew():
    case = _case(dpd=1200)
    assert _limitation(case).over
    AttemptFactory(case=case, at=NOON - timedelta(days=730), to="completed", outcome="conversation")
    found = _limitation(case)
    assert [one.ground for one in found.interrupted_by] == ["demand"]
    assert (found.over, found.ends) == (False, date(2027, 3, 4))


def test_the_page_shows_the_clock_and_the_case_links_to_it(client, collector, team, settings):
    set_clock(settings, NOON)
    client.force_login(collector)
    case = _case(dpd=47, creditor__team=team)
    address = reverse("contacts:legal-clocks", args=[case.ref])
    assert address in client.get(reverse("cases:case", args=[case.ref])).content.decode()
    page = client.get(address).content.decode()
    assert "2029-01-16" in page
    assert "CN-LIM-3Y" in page
    assert "a holiday may still move it" in page


def test_a_case_of_another_team_has_no_clocks(client, outsider):
    client.force_login(outsider)
    assert client.get(reverse("contacts:legal-clocks", args=[_case(dpd=47).ref])).status_code == 404
