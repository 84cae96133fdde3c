"""Why was this person not called on Tuesday, and when may we? From the case it takes two clicks."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from collections_app.shared import refs
from collections_app.shared.actor import Actor
from compliance.models import Decision
from contacts import calls
from contacts.calls import CallRefused
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.django_db
TUESDAY_NIGHT = datetime(2026, 3, 3, 15, 30, tzinfo=UTC)  # 23:30 in Shanghai


@pytest.fixture
def case(at, settings):
    set_clock(settings, at)
    return CaseFactory(creditor=CreditorFactory(team=TeamFactory(code="north")), at=TUESDAY_NIGHT)


@pytest.fixture
def refused(case):
    """A call that was refused on Tuesday night."""
    with pytest.raises(CallRefused):
        calls.open_call(
            case_id=case.pk, contact_point_id=case.point.pk, actor=Actor.of(UserFactory()), at=TUESDAY_NIGHT
        )
    return Decision.objects.get()


@pytest.mark.parametrize("role", ["collector", "supervisor", "compliance"])
def test_two_clicks_from_the_case_to_the_answer(client, case, refused, role):
    roles = {"supervisor": {"supervisor": True}, "compliance": {"compliance": True}}
    client.force_login(UserFactory(**roles.get(role, {}) | ({} if role == "compliance" else {"team": case.team})))
    page = client.get(reverse("cases:case", args=[case.ref]))
    first = reverse("contacts:refused", args=[case.ref])
    assert f'href="{first}"' in page.text
    days = client.get(first)
    assert [day["title"] for day in days.context["days"]] == ["Tuesday 2026-03-03"]
    (row,) = days.context["days"][0]["rows"]
    assert row["clock"] == "23:30"
    assert row["url"] == reverse("compliance:decision", args=[refs.encode("D", refused.pk)])
    answer = client.get(row["url"])
    assert answer.context["decision"]["sentence"] == (
        "Not called: quiet hours until 08:00 their time. It was possible again from today 08:00 their time."
    )
    assert [bar.title for bar in answer.context["bars"]] == ["Tuesday 2026-03-03", "Wednesday 2026-03-04"]
    assert [bar.summary for bar in answer.context["bars"]] == ["08:00–22:00", "08:00–22:00"]


def test_a_day_without_a_refusal_leads_to_the_rules(client, case, refused):
    client.force_login(UserFactory(team=case.team))
    page = client.get(reverse("contacts:refused", args=[case.ref]), {"day": "2026-03-02"})
    assert page.context["days"] == []
    assert "Nothing was refused on Monday 2026-03-02" in page.text
    assert "at=2026-03-02T12%3A00" in page.context["try_url"]
    said = client.get(reverse("contacts:refused", args=[case.ref]), {"day": "3 march", "all": "1"})
    assert said.url.endswith("?day=2026-03-03&all=1")  # as people say it; the address means the same tomorrow
    assert (
        "Tuesday 2026-03-03"
        in client.get(reverse("cases:day-reads"), {"box": "day", "day": "tue", "kind": "past"}).content.decode()
    )  # the last Tuesday: of what lies ahead nothing was refused yet
    tuesday = client.get(reverse("contacts:refused", args=[case.ref]), {"day": "2026-03-03"})
    assert len(tuesday.context["days"]) == 1


def test_an_officer_finds_the_person_by_name(client, case, refused):
    client.force_login(UserFactory(compliance=True))
    found = client.get(reverse("compliance:decisions"), {"q": case.person.name, "verdict": "refuse"})
    assert found.context["page"].count == 1
    assert client.get(reverse("compliance:decisions"), {"q": case.ref}).context["page"].count == 1
    assert client.get(reverse("compliance:decisions"), {"q": "nobody of that name"}).context["page"].count == 0


def test_another_team_finds_nothing(client, case, refused):
    client.force_login(UserFactory(team=TeamFactory(code="south")))
    assert client.get(reverse("contacts:refused", args=[case.ref])).status_code == 404
    assert client.get(reverse("compliance:decision", args=[refs.encode("D", refused.pk)])).status_code == 404


def test_the_facts_of_a_decision_with_many_contacts_are_said_in_words(client, case, refused):
    """What several contacts share is stored once; the page once could not read that."""
    actor = Actor.of(UserFactory())
    for hour in (1, 2, 3):
        when = TUESDAY_NIGHT.replace(hour=hour, minute=0)
        attempt = calls.open_call(case_id=case.pk, contact_point_id=case.point.pk, actor=actor, at=when)
        calls.log_call(attempt_id=attempt.pk, outcome="no_answer", actor=actor, at=when)
    with pytest.raises(CallRefused):
        calls.open_call(case_id=case.pk, contact_point_id=case.point.pk, actor=actor, at=TUESDAY_NIGHT)
    client.force_login(UserFactory(compliance=True))
    last = Decision.objects.order_by("-pk").first()
    page = client.get(reverse("compliance:decision", args=[refs.encode("D", last.pk)]))
    facts = {fact["label"]: fact["lines"] for fact in page.context["facts"]}
    assert facts["Contacts before"][0] == "2026-03-03 11:00 · call, no answer"
    assert facts["Kind of creditor"] == ["bank, member of the China Banking Association"]
    assert facts["Place, as the law sees it"] == ["mainland China"]
