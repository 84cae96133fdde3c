"""Runs, strategies, planned contacts, uncertain messages and the stop switch, as a supervisor sees them."""

from datetime import date, timedelta

import pytest
from celery import current_app
from django.urls import reverse

from compliance.models import AuditEvent
from contacts import outbox
from contacts.models import NightRun, StopOrder
from contacts.strategy import sentences
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.contacts import AttemptFactory, PlannedContactFactory, SegmentFactory, StepFactory, publish
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank(at, settings):
    set_clock(settings, at)
    return CreditorFactory(team=TeamFactory(code="north"), code="bank")


@pytest.fixture
def supervisor(client, bank):
    user = UserFactory(supervisor=True, team=bank.team)
    client.force_login(user)
    return user


@pytest.fixture
def admin(client, bank):
    user = UserFactory(admin=True)
    client.force_login(user)
    return user


# -- runs --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def eager():
    """Tasks run in this process; nobody else would hear of them."""
    before = current_app.conf.task_always_eager
    current_app.conf.task_always_eager = True
    yield
    current_app.conf.task_always_eager = before


def close(client, bank, on, **more):
    form = {"creditor": bank.pk, "business_date": on.isoformat()}
    return client.post(reverse("contacts:run-night"), form, **more)


def test_a_day_is_closed_from_the_page_and_shown_step_by_step(client, admin, bank, eager):
    CaseFactory(creditor=bank)
    page = close(client, bank, date(2026, 3, 3), follow=True)
    run = NightRun.objects.get()
    assert (run.status, run.business_date) == ("done", date(2026, 3, 3))
    assert page.context["run"]["business_date"] == date(2026, 3, 3)
    assert [step["state"] for step in page.context["steps"]].count("done") >= 8
    listed = client.get(reverse("contacts:runs"))
    assert [row["url"] for row in listed.context["runs"]] == [reverse("contacts:run", args=[run.pk])]


def test_a_day_that_is_not_over_is_refused_with_the_reason(client, admin, bank, eager):
    page = close(client, bank, date(2026, 3, 4), follow=True)
    assert "is not over yet" in page.text
    assert not NightRun.objects.exists()


def test_a_missing_day_shows_until_it_is_closed(client, admin, bank, at):
    for on in (date(2026, 3, 1), date(2026, 3, 3)):
        NightRun.objects.create(creditor=bank, business_date=on, status="done", started_at=at, finished_at=at)
    gaps = client.get(reverse("contacts:runs")).context["missing"]
    assert [gap["business_date"] for gap in gaps] == [date(2026, 3, 2)]


def test_a_run_under_way_asks_for_itself_and_at_its_end_for_the_whole_page(client, supervisor, bank, at):
    run = NightRun.objects.create(creditor=bank, business_date=date(2026, 3, 3), started_at=at)
    run.steps.create(position=1, name="ageing", state="running", rows=20)
    url = reverse("contacts:run", args=[run.pk])
    assert 'hx-trigger="every 2s"' in client.get(url).text
    NightRun.objects.filter(pk=run.pk).update(status="done", finished_at=at)
    done = client.get(url, headers={"HX-Request": "true"})
    assert done["HX-Refresh"] == "true"
    assert 'hx-trigger="every 2s"' not in done.text


def test_only_an_administrator_starts_a_run_and_only_the_own_books_show(client, supervisor, bank, at):
    other = CreditorFactory(team=TeamFactory(code="south"))
    run = NightRun.objects.create(creditor=other, business_date=date(2026, 3, 3), started_at=at)
    assert close(client, bank, date(2026, 3, 3)).status_code == 403
    assert client.get(reverse("contacts:run", args=[run.pk])).status_code == 404
    assert client.get(reverse("contacts:runs")).context["page"].count == 0
    client.force_login(UserFactory(team=bank.team))
    assert client.get(reverse("contacts:runs")).status_code == 403


# -- planned and uncertain


def test_the_views_of_planned_contacts_count_their_own_lists(client, supervisor, bank, at):
    PlannedContactFactory(case=CaseFactory(creditor=bank), at=at - timedelta(hours=1))
    late = PlannedContactFactory(case=CaseFactory(creditor=bank), at=at - timedelta(hours=1))
    late.withhold(reason_code="stale-feed", try_again_at=at + timedelta(hours=1))
    late.save()
    PlannedContactFactory(case=CaseFactory(creditor=CreditorFactory(team=TeamFactory())), at=at)
    page = client.get(reverse("contacts:planned"))
    assert page.context["page"].count == 2
    for view in page.context["views"]:
        assert client.get(view["url"]).context["page"].count == view["count"], view["label"]
    assert [view["count"] for view in page.context["views"]] == [1, 1, 0, 0]
    withheld = client.get(reverse("contacts:planned"), {"view": "withheld"})
    assert "older than this creditor allows" in withheld.text


def test_a_contact_that_has_become_useless_is_not_due(supervisor, bank, at):
    PlannedContactFactory(case=CaseFactory(creditor=bank), at=at - timedelta(days=3))
    assert outbox.due(outbox.planned(supervisor), at).count() == 0


@pytest.mark.parametrize(("said", "becomes"), [("yes", "sent"), ("no", "cancelled")])
def test_a_supervisor_settles_an_uncertain_message(client, supervisor, bank, at, said, becomes):
    attempt = AttemptFactory(case=CaseFactory(creditor=bank), uncertain=True, at=at - timedelta(hours=1))
    assert client.get(reverse("contacts:uncertain")).context["page"].count == 1
    url = reverse("contacts:settle", args=[attempt.ref])
    client.post(url, {"sent": said, "note": "asked the provider"})
    attempt.refresh_from_db()
    assert attempt.status == becomes
    assert client.get(reverse("contacts:uncertain")).context["page"].count == 0
    again = client.post(url, {"sent": said}, follow=True)
    assert "settled meanwhile" in again.text


def test_an_uncertain_message_is_not_settled_without_an_answer_or_by_another_team(client, supervisor, bank, at):
    attempt = AttemptFactory(case=CaseFactory(creditor=bank), uncertain=True, at=at)
    url = reverse("contacts:settle", args=[attempt.ref])
    client.post(url, {"note": "?"})
    client.force_login(UserFactory(supervisor=True, team=TeamFactory(code="south")))
    assert client.post(url, {"sent": "yes"}).status_code == 404
    client.force_login(UserFactory(compliance=True))
    assert client.post(url, {"sent": "yes"}).status_code == 403
    attempt.refresh_from_db()
    assert attempt.status == "uncertain"


# -- stops and strategies


def test_a_stop_is_ordered_with_a_reason_and_lifted(client, supervisor, bank):
    url = reverse("contacts:stops")
    page = client.post(url, {"what": "channel:sms", "reason": " "})
    assert page.context["form"].errors["reason"]
    assert not StopOrder.objects.exists()
    client.post(url, {"what": "channel:sms", "reason": "wrong text"})
    order = StopOrder.objects.get()
    assert (order.scope, order.target, order.ordered_by, order.lifted_at) == ("channel", "sms", supervisor, None)
    assert "wrong text" in client.get(url).text
    client.post(reverse("contacts:lift-stop", args=[order.pk]))
    order.refresh_from_db()
    assert order.lifted_at is not None
    again = client.post(reverse("contacts:lift-stop", args=[order.pk]), follow=True)
    assert "lifted already" in again.text


@pytest.mark.parametrize("what", ["channel:pigeon", "everything:now", "creditor:nobody", ""])
def test_a_stop_of_something_that_is_not_there_is_refused(client, supervisor, what):
    page = client.post(reverse("contacts:stops"), {"what": what, "reason": "why"})
    assert page.status_code == 200
    assert not StopOrder.objects.exists()


def test_a_collector_does_not_reach_the_switch(client, bank):
    client.force_login(UserFactory(team=bank.team))
    assert client.post(reverse("contacts:stops"), {"what": "everything:", "reason": "x"}).status_code == 403
    assert not StopOrder.objects.exists()


def test_a_strategy_is_listed_and_its_version_is_stopped_with_a_reason(client, supervisor, bank):
    segment = SegmentFactory(version__creditors=[bank])
    StepFactory(segment=segment, from_dpd=3, until_dpd=6)
    publish(segment.version)
    shown = client.get(reverse("contacts:strategies")).context["lines"][0]
    assert (shown.in_force, shown.canary, shown.waiting) == (segment.version, None, None)
    stop = reverse("contacts:stop-strategy", args=[shown.in_force.pk])
    client.post(stop, {"reason": ""})
    segment.version.refresh_from_db()
    assert segment.version.status == "published"
    client.post(stop, {"reason": "wrong people"})
    segment.version.refresh_from_db()
    assert segment.version.status == "stopped"
    assert AuditEvent.objects.get(name="strategy.stopped").details == {"reason": "wrong people", "share": 100}


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({}, "always"),
        ({"fact": "hardship", "op": "is", "value": False}, "not in hardship"),
        ({"fact": "bucket", "op": "in", "value": ["M1", "M2"]}, "bucket is M1 or M2"),
        ({"fact": "dpd", "op": "between", "value": [3, 7]}, "days past due between 3 and 7"),
        ({"not": {"fact": "held", "op": "is", "value": True}}, "not on hold"),
        ({"fact": "language", "op": "known", "value": False}, "language not known"),
        (
            {"any": [{"fact": "dpd", "op": "is", "value": 1}, {"all": [{"fact": "held", "op": "is", "value": True}]}]},
            "days past due is 1 or (on hold)",
        ),
    ],
)
def test_a_condition_reads_in_words(condition, words):
    assert sentences.of_condition(condition) == words
