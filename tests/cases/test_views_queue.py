"""The queue hands a case to one person, says how much waits, and takes back what is put aside."""

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from cases.models import Case
from tests.factories.cases import CaseFactory, CreditorFactory, PersonFactory
from tests.factories.staff import UserFactory, set_clock


@pytest.fixture
def noon(at, settings, db):
    """It is 11:00 in Shanghai."""
    moment = at.replace(hour=3)
    set_clock(settings, moment)
    return moment


@pytest.fixture
def bank(team):
    return CreditorFactory(team=team)


@pytest.fixture
def desk(client, collector):
    client.force_login(collector)
    return client


def take_next(client):
    return client.post(reverse("cases:take-next"))


def test_the_next_case_is_the_one_with_the_highest_priority(desk, bank, noon):
    CaseFactory(creditor=bank, at=noon, score=10)
    urgent = CaseFactory(creditor=bank, at=noon, score=90)
    assert take_next(desk).url == reverse("cases:case", args=[urgent.ref])
    urgent.refresh_from_db()
    assert urgent.status == "working"


def test_two_collectors_never_get_the_same_case(desk, bank, team, noon):
    CaseFactory(creditor=bank, at=noon)
    CaseFactory(creditor=bank, at=noon)
    other = Client()
    other.force_login(UserFactory(team=team))
    assert take_next(desk).url != take_next(other).url


def test_a_second_tab_gets_the_case_in_hand_and_no_other(desk, bank, noon):
    CaseFactory(creditor=bank, at=noon)
    CaseFactory(creditor=bank, at=noon)
    assert take_next(desk).url == take_next(desk).url
    assert Case.objects.filter(lease_by__isnull=False).count() == 1


def test_nothing_due_leads_back_to_the_queue(desk, bank, noon):
    CaseFactory(creditor=bank, at=noon, next_action_at=noon + timedelta(hours=1))
    assert take_next(desk).url == reverse("cases:queue")


def test_a_case_of_another_team_is_not_handed_out(desk, noon):
    CaseFactory(at=noon)
    assert take_next(desk).url == reverse("cases:queue")


def test_the_queue_counts_what_is_due_and_late_and_names_three_without_balances(desk, bank, noon):
    for days in (0, 0, 2, 3):
        person = PersonFactory(name=f"示例{days}")
        due = noon - timedelta(days=days, hours=1)
        CaseFactory(creditor=bank, person=person, at=noon, next_action_at=due, balance="7654.32")
    page = desk.get(reverse("cases:queue"))
    assert (page.context["queue"]["left"], page.context["queue"]["late"]) == (4, 2)
    assert len(page.context["coming"]) == 3
    assert "7,654" not in page.content.decode()


def test_skipping_needs_a_known_reason(desk, bank, noon):
    case = CaseFactory(creditor=bank, at=noon)
    take_next(desk)
    page = desk.post(reverse("cases:skip", args=[case.ref]), {"reason": "no idea"})
    assert (page.status_code, bool(page.context["form"].errors["reason"])) == (200, True)
    case.refresh_from_db()
    assert case.next_action_at < noon


def test_a_skipped_case_comes_back_tomorrow_and_the_next_one_follows(desk, bank, noon):
    first = CaseFactory(creditor=bank, at=noon, score=2)
    second = CaseFactory(creditor=bank, at=noon, score=1)
    take_next(desk)
    response = desk.post(reverse("cases:skip", args=[first.ref]), {"reason": "bad-hour"})
    assert response.url == reverse("cases:case", args=[second.ref])
    first.refresh_from_db()
    assert first.lease_by is None
    assert first.next_action_at - noon >= timedelta(hours=20)
    skipped = desk.get(reverse("cases:queue")).context["skipped"]
    assert [(row["case"], row["reason"]) for row in skipped] == [(first, "not a good hour to call")]


def test_a_case_that_somebody_else_holds_cannot_be_taken(desk, bank, team, noon):
    case = CaseFactory(creditor=bank, at=noon)
    other = Client()
    other.force_login(UserFactory(username="wang", name="Wang", team=team))
    take_next(other)
    response = desk.post(reverse("cases:take", args=[case.ref]))
    assert [str(one) for one in get_messages(response.wsgi_request)] == ["Wang is working on this case at the moment."]
    assert desk.get(response.url).context["case"].holder == "Wang"


def test_a_case_put_back_is_free_for_the_next(desk, bank, noon):
    case = CaseFactory(creditor=bank, at=noon)
    take_next(desk)
    desk.post(reverse("cases:release", args=[case.ref]))
    case.refresh_from_db()
    assert case.lease_by is None


def test_what_is_done_for_today_leads_on_to_the_next_and_what_still_waits_comes_back(desk, bank, noon):
    case, following = CaseFactory(creditor=bank, at=noon, score=90), CaseFactory(creditor=bank, at=noon, score=10)
    take_next(desk)
    page, onward = reverse("cases:case", args=[case.ref]), reverse("cases:release", args=[case.ref])
    assert not desk.get(page).context["onward"]  # it still waits: whoever puts it back gets it again
    assert desk.post(onward, {"then": "next"}).url == page
    Case.objects.filter(pk=case.pk).update(next_action_at=noon + timedelta(days=1))
    assert desk.get(page).context["onward"]
    assert desk.post(onward, {"then": "next"}).url == reverse("cases:case", args=[following.ref])


def test_the_queue_asks_the_database_as_often_for_many_cases_as_for_one(
    desk, bank, noon, django_assert_max_num_queries
):
    for _many in range(12):
        CaseFactory(creditor=bank, at=noon)
    take_next(desk)
    desk.get(reverse("cases:queue"))
    with django_assert_max_num_queries(20):
        desk.get(reverse("cases:queue"))


@pytest.mark.parametrize("name", ["cases:take-next"])
def test_handing_out_is_never_done_by_looking(desk, name, noon):
    assert desk.get(reverse(name)).status_code == 405
