"""The next case is kept for a collector while he is at another one; a case may be taken over, and nothing is lost."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from cases import lifecycle, worklist
from cases.models import Case
from cases.refusal import CaseRefused
from collections_app.shared.actor import Actor
from compliance.models import AuditEvent
from tests.asked import anew
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import UserFactory, set_clock


@pytest.fixture
def noon(at, settings, db):
    """It is 11:00 in Shanghai."""
    moment = at.replace(hour=3)
    set_clock(settings, moment)
    return moment


@pytest.fixture
def three(team, noon):
    """Three cases that are due, the most urgent first."""
    bank = CreditorFactory(team=team)
    return [CaseFactory(creditor=bank, at=noon, score=score) for score in (90, 50, 10)]


@pytest.fixture
def desk(client, collector):
    client.force_login(collector)
    return client


def other_desk(team):
    client = Client()
    client.force_login(UserFactory(team=team))
    return client


def url(case: Case) -> str:
    return reverse("cases:case", args=[case.ref])


def take_next(client) -> str:
    return client.post(reverse("cases:take-next")).url


def test_the_case_kept_ahead_is_the_one_that_is_handed_out_next(desk, three):
    assert take_next(desk) == url(three[0])
    assert desk.post(reverse("cases:ahead")).json() == {"url": url(three[1]), "seconds": 120}
    desk.post(reverse("cases:release", args=[three[0].ref]))
    Case.objects.filter(pk=three[0].pk).update(score=99)  # whatever else has become urgent meanwhile
    assert take_next(desk) == url(three[1])
    assert take_next(desk) == url(three[1])


def test_what_is_in_hand_stays_in_hand_while_the_next_is_kept(desk, three, collector):
    take_next(desk)
    desk.post(reverse("cases:ahead"))
    assert take_next(desk) == url(three[0])
    assert desk.get(reverse("cases:queue")).context["current"]["ref"] == three[0].ref
    assert worklist.held_by(collector).count() == 2


def test_one_case_is_kept_at_most_and_asking_again_keeps_it_longer(desk, three, collector):
    take_next(desk)
    first = desk.post(reverse("cases:ahead")).json()["url"]
    Case.objects.filter(pk=three[1].pk).update(lease_until=worklist.ClockTimestamp() + timedelta(seconds=5))
    assert desk.post(reverse("cases:ahead")).json()["url"] == first == url(three[1])
    assert worklist.held_by(collector).count() == 2
    three[1].refresh_from_db()
    soon = Case.objects.filter(pk=three[1].pk, lease_until__gt=worklist.ClockTimestamp() + timedelta(seconds=90))
    assert soon.exists()


def test_nobody_else_gets_a_case_that_is_kept_ahead_until_its_time_is_over(desk, three, team):
    take_next(desk)
    desk.post(reverse("cases:ahead"))
    assert take_next(other_desk(team)) == url(three[2])
    assert take_next(other_desk(team)) == reverse("cases:queue")
    Case.objects.filter(pk=three[1].pk).update(lease_until=worklist.ClockTimestamp() - timedelta(seconds=1))
    assert take_next(other_desk(team)) == url(three[1])


def test_fetching_the_page_for_later_neither_begins_work_nor_takes_the_case_in_hand(desk, three):
    take_next(desk)
    ahead = desk.post(reverse("cases:ahead")).json()["url"]
    assert desk.get(ahead, {"ahead": "1"}).status_code == 200
    kept = Case.objects.get(pk=three[1].pk)
    assert (kept.status, kept.lease_is_ahead) == ("new", True)
    desk.get(ahead)  # looked at in earnest: it is in hand
    assert Case.objects.get(pk=three[1].pk).lease_is_ahead is False


def test_nothing_is_kept_where_nothing_is_due(desk, three, collector):
    Case.objects.exclude(pk=three[0].pk).update(next_action_at=collector.date_joined + timedelta(days=9_999))
    take_next(desk)
    answer = desk.post(reverse("cases:ahead"))
    assert (answer.status_code, answer.content) == (204, b"")


def test_keeping_is_recorded_once_and_handing_out_as_ever(desk, three):
    take_next(desk)
    desk.post(reverse("cases:ahead"))
    desk.post(reverse("cases:ahead"))
    kept = AuditEvent.objects.filter(name="case.kept_ahead")
    assert [event.subject_id for event in kept] == [three[1].pk]
    assert AuditEvent.objects.filter(name="case.leased", subject_id=three[1].pk).count() == 0
    desk.post(reverse("cases:release", args=[three[0].ref]))
    take_next(desk)
    assert AuditEvent.objects.filter(name="case.leased", subject_id=three[1].pk).count() == 1


# -- taking over -------------------------------------------------------------------------------------------------------


def over(client, case: Case, reason: str = "on-my-line"):
    return client.post(reverse("cases:take-over", args=[case.ref]), {"reason": reason})


def test_taking_over_moves_the_lease_and_is_recorded_with_its_reason(desk, three, team, collector):
    take_next(desk)
    colleague = other_desk(team)
    assert over(colleague, three[0]).url == url(three[0])
    case = Case.objects.get(pk=three[0].pk)
    assert case.lease_by_id != collector.pk
    event = AuditEvent.objects.get(name="case.taken_over")
    assert (event.subject_id, event.details) == (case.pk, {"reason": "on-my-line", "holder": collector.pk})


def test_without_a_reason_nothing_is_taken_over(desk, three, team, collector):
    take_next(desk)
    over(other_desk(team), three[0], reason="because")
    assert Case.objects.get(pk=three[0].pk).lease_by_id == collector.pk
    assert not AuditEvent.objects.filter(name="case.taken_over").exists()


def test_whoever_lost_the_case_is_told_on_his_page_and_what_he_saves_is_shown_to_be_stale(desk, three, team, noon):
    take_next(desk)
    page = desk.get(url(three[0]))
    holder = reverse("cases:holder", args=[three[0].ref])
    assert desk.get(holder).status_code == 204
    over(other_desk(team), three[0])
    assert "has this case now" in desk.get(holder).content.decode()
    with pytest.raises(CaseRefused) as refused:
        lifecycle.set_next_action(
            case_id=three[0].pk, action="call", due_at=noon, version=page.context["case"].version,
            actor=Actor.system("test"), at=noon,
        )  # fmt: skip
    assert refused.value.code == "stale"


def test_a_free_case_is_taken_over_without_a_new_version(desk, three, team):
    before = three[0].version
    over(other_desk(team), three[0])
    assert Case.objects.get(pk=three[0].pk).version == before + 1  # begun: new became working
    assert not AuditEvent.objects.filter(name="case.taken_over").exists()


# -- the end of the queue ----------------------------------------------------------------------------------------------


def test_a_queue_that_is_done_says_what_was_done_and_when_the_next_case_falls_due(desk, three, noon, collector):
    Case.objects.filter(pk__in=[case.pk for case in three]).update(next_action_at=noon + timedelta(hours=2))
    AuditEvent.objects.create(
        name="attempt.completed", subject_label="contacts.contactattempt", subject_id=1, person_id=three[0].person_id,
        actor_kind="user", actor_id=collector.pk, actor_label=str(collector), at=noon, details={},
    )  # fmt: skip
    queue = desk.get(reverse("cases:queue")).context["queue"]
    assert (queue["left"], queue["done_today"], queue["calls_today"], queue["next_due"]) == (
        0, 1, 1, noon + timedelta(hours=2),
    )  # fmt: skip


def test_a_long_queue_is_counted_to_a_thousand_and_said_to_be_longer(desk, three, monkeypatch):
    monkeypatch.setattr(worklist, "COUNTED", 2)
    anew(monkeypatch, worklist, "_counted", "_late")
    assert desk.get(reverse("cases:queue")).context["queue"]["left"] == 3  # one more than counted: "2+"
    take_next(desk)
    assert desk.get(reverse("cases:queue")).context["queue"]["left"] == 3


@pytest.mark.parametrize(("counted", "due", "late"), [(1, 2, 2), (2, 3, 2), (3, 3, 2)])
def test_what_is_late_is_counted_of_the_whole_queue_however_long(
    three, monkeypatch, collector, noon, counted, due, late
):
    monkeypatch.setattr(worklist, "COUNTED", counted)
    anew(monkeypatch, worklist, "_counted", "_late")
    Case.objects.filter(pk__in=[three[1].pk, three[2].pk]).update(next_action_at=noon - timedelta(days=2))
    queue = worklist.queue(collector, at=noon)
    assert (queue.due, queue.late) == (due, late)


def test_the_last_cases_are_listed_to_look_at_latest_first_without_the_one_in_hand(desk, three):
    for case in three:
        assert take_next(desk) == url(case)
        desk.post(reverse("cases:release", args=[case.ref]))
        Case.objects.filter(pk=case.pk).update(score=0)
    take_next(desk)
    page = desk.get(reverse("cases:back"), headers={"HX-Request": "true"}).content.decode()
    in_hand = Case.objects.get(lease_by__isnull=False)
    places = {case.pk: page.find(url(case)) for case in three}
    assert places[in_hand.pk] == -1
    others = [case for case in reversed(three) if case.pk != in_hand.pk]
    assert 0 < places[others[0].pk] < places[others[1].pk]
    assert desk.get(reverse("cases:back")).url == reverse("cases:queue")
