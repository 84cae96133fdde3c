"""A call from the page: asked for, cleared, dialled, and closed with all that follows; or refused, with the reason."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from cases import lifecycle
from cases.models import Case, ContactPoint, Note, Promise
from collections_app.shared import sealed
from collections_app.shared.actor import SYSTEM
from compliance.models import Decision
from contacts import verifying
from contacts.forms import ENDINGS
from contacts.models import ContactAttempt
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import UserFactory, set_clock
from tests.factories.verifying import confirmed

NOON = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)  # 11:00 in Shanghai
NIGHT = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)  # 23:00 in Shanghai
UNCONFIRMED = ("no-answer", "voicemail", "wrong-number", "not-in-service", "busy", "dropped", "message-left")


@pytest.fixture
def bank(team):
    return CreditorFactory(team=team)


@pytest.fixture
def case(bank):
    return CaseFactory(creditor=bank, at=NOON, working=True)


@pytest.fixture
def desk(client, collector, settings):
    set_clock(settings, NOON)
    client.force_login(collector)
    return client


def call(client, case, point=None):
    return client.post(reverse("contacts:call", args=[case.ref]), {"point": point or case.point.pk})


def log(client, case, outcome, *, headers=None, **typed):
    case.refresh_from_db()
    attempt = ContactAttempt.objects.filter(status="cleared").order_by("-pk").first()
    if attempt is not None and outcome not in UNCONFIRMED and not verifying.is_confirmed(attempt):
        confirmed(attempt, at=NOON)
    data = {
        "version": case.version,
        "attempt": attempt.pk if attempt else 0,
        "outcome": outcome,
        "unsaid": "said",
    } | typed
    return client.post(reverse("contacts:log-call", args=[case.ref]), data, headers=headers)


def said(response):
    return [str(one) for one in get_messages(response.wsgi_request)]


def test_a_call_by_day_is_cleared_and_shows_the_whole_number(desk, collector, case):
    page = desk.get(call(desk, case).url)
    attempt = ContactAttempt.objects.get()
    assert (attempt.status, attempt.made_by, attempt.decision.verdict) == ("cleared", collector, "permit")
    assert page.context["attempt"].number == sealed.unseal(case.point.address.value_sealed)
    assert page.context["attempt"].number in page.content.decode()


def test_a_call_by_night_is_refused_with_the_stored_reason_and_no_number(desk, case, settings):
    set_clock(settings, NIGHT)
    response = call(desk, case)
    decision = Decision.objects.get()
    assert decision.verdict == "refuse"
    (message,) = said(response)
    assert message.startswith("Not permitted now: ")
    assert "03-05 08:00 their time" in message
    page = desk.get(response.url)
    assert page.context["attempt"] is None
    assert page.context["timeline"][0].kind == "refused"
    assert ContactAttempt.objects.get().status == "withheld"


@pytest.mark.parametrize("point", ["0", "x", "", "9" * 30])
def test_a_number_of_nobody_is_never_called(desk, case, point):
    call(desk, case, point=point or " ")
    assert not ContactAttempt.objects.filter(status="cleared").exists()


def test_a_number_of_another_person_is_never_called(desk, case, bank):
    other = CaseFactory(creditor=bank, at=NOON)
    assert said(call(desk, case, point=other.point.pk)) == [
        "This number or address does not belong to the person, or does not fit."
    ]


def test_whoever_may_not_call_is_refused(client, case):
    client.force_login(UserFactory(compliance=True))
    assert call(client, case).status_code == 403
    assert not Decision.objects.exists()


def test_no_answer_is_recorded_and_the_next_try_set_for_the_persons_morning(desk, case):
    call(desk, case)
    assert log(desk, case, "no-answer").url == reverse("cases:case", args=[case.ref])
    attempt = ContactAttempt.objects.get()
    assert (attempt.status, attempt.outcome) == ("completed", "no_answer")
    case.refresh_from_db()
    assert case.next_action == "call"
    assert case.next_action_at == datetime(2026, 3, 5, 1, 30, tzinfo=UTC)  # 09:30 in Shanghai


def test_save_and_next_leads_to_the_next_case_and_frees_this_one(desk, case, bank):
    following = CaseFactory(creditor=bank, at=NOON)
    call(desk, case)
    assert log(desk, case, "no-answer", then="next").url == reverse("cases:case", args=[following.ref])
    case.refresh_from_db()
    assert case.lease_by is None


def test_htmx_is_led_on_by_a_header(desk, case):
    call(desk, case)
    response = log(desk, case, "no-answer", headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Redirect"]) == (200, reverse("cases:case", args=[case.ref]))


def test_a_promise_is_made_in_the_call_and_the_case_waits_for_it(desk, collector, case):
    call(desk, case)
    log(
        desk, case, "promise", promise_amount="３００", promise_on="2026-03-07", promise_method="app", note="salary day"
    )
    promise = Promise.objects.get()
    assert (promise.amount, promise.method, promise.made_with) == (Decimal("300.00"), "app", collector)
    assert promise.attempt_id == ContactAttempt.objects.get().pk
    case.refresh_from_db()
    assert (case.status, case.next_action) == ("promised", "wait_promise")
    assert Note.objects.get().text == "salary day"
    case.point.refresh_from_db()
    assert case.point.state == "verified"


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"promise_amount": ""}, "promise_amount", "How much is promised?"),
        ({"promise_on": ""}, "promise_on", "By which day?"),
        ({"promise_amount": "9999"}, "promise_amount", "9999.00 is more than the 500.00 that is owed."),
        ({"promise_on": "2026-03-03"}, "promise_on", "2026-03-03 is in the past."),
        ({"promise_on": "31/02"}, "promise_on", "“31/02” is a day that does not exist."),
    ],
)
def test_a_promise_that_cannot_be_keeps_the_call_open_and_what_was_typed(desk, case, typed, field, sentence):
    call(desk, case)
    good = {"promise_amount": "100", "promise_on": "2026-03-07", "note": "on salary day"}
    page = log(desk, case, "promise", headers={"HX-Request": "true"}, **(good | typed))
    assert page.context["form"].errors[field] == [sentence]
    body = page.content.decode()
    assert body.lstrip().startswith("<section")
    assert "on salary day" in body
    assert ContactAttempt.objects.get().status == "cleared"
    assert not Promise.objects.exists()
    assert not Note.objects.exists()


def test_a_log_without_an_outcome_is_refused_on_the_whole_page_without_scripts(desk, case):
    call(desk, case)
    page = log(desk, case, "", note="talked about the shop")
    assert page.context["form"].errors["outcome"] == ["Say how the call ended."]
    assert "talked about the shop" in page.content.decode()
    assert page.content.decode().lstrip().startswith("<!doctype html>")


def test_a_stale_page_is_refused_once_and_then_saved_with_nothing_lost(desk, case):
    call(desk, case)
    shown = Case.objects.get(pk=case.pk).version
    lifecycle.set_next_action(case_id=case.pk, action="review", due_at=NOON, actor=SYSTEM, at=NOON)
    page = log(desk, case, "refuses", version=shown, note="wants a statement first")
    form = page.context["form"]
    assert form.non_field_errors() == [
        "Somebody else has changed this case since you opened it. Look at it again before you save."
    ]
    assert "wants a statement first" in page.content.decode()
    assert not Note.objects.exists()
    log(desk, case, "refuses", version=form["version"].value(), note="wants a statement first")
    assert Note.objects.get().text == "Refuses to pay: wants a statement first"


def test_call_back_needs_its_time_and_sets_it(desk, case):
    call(desk, case)
    assert log(desk, case, "callback").context["form"].errors["callback_at"]
    log(desk, case, "callback", callback_at="2026-03-06T14:00")
    case.refresh_from_db()
    assert case.next_action == "callback"
    assert case.next_action_at == datetime(2026, 3, 6, 6, 0, tzinfo=UTC)  # 14:00 on the collector's clock


def test_what_is_chosen_goes_before_what_follows_from_the_outcome(desk, case):
    call(desk, case)
    page = log(desk, case, "no-answer", next_action="review")
    assert page.context["form"].errors["next_at"] == ["A next action has a date, and a date an action."]
    log(desk, case, "no-answer", next_action="review", next_at="2026-03-09T09:00")
    case.refresh_from_db()
    assert case.next_action == "review"


def test_a_wrong_number_is_silenced_for_everybody(desk, case):
    call(desk, case)
    log(desk, case, "wrong-number")
    point = ContactPoint.objects.select_related("address").get(pk=case.point.pk)
    assert point.state == "stranger"
    assert point.address.suppressed_at is not None
    assert desk.get(reverse("cases:case", args=[case.ref])).context["refused_ways"][0]["reason"]


@pytest.mark.parametrize("ending", [ending for ending in ENDINGS if not ending.needs], ids=lambda one: one.value)
def test_every_outcome_can_be_recorded_and_leaves_the_case_with_a_future(desk, case, ending):
    call(desk, case)
    log(desk, case, ending.value)
    assert ContactAttempt.objects.get().outcome == ending.outcome
    case.refresh_from_db()
    assert case.next_action == ending.action
    assert case.next_action_at > NOON


def test_a_call_that_was_closed_in_another_tab_says_so_and_keeps_the_words(desk, case):
    call(desk, case)
    attempt = ContactAttempt.objects.get().pk
    log(desk, case, "no-answer")
    page = log(desk, case, "talked", attempt=attempt, note="wants to pay in June", headers={"HX-Request": "true"})
    body = page.content.decode()
    assert "This call has been closed already." in body
    assert "wants to pay in June" in body
    assert ContactAttempt.objects.get().outcome == "no_answer"


def test_a_call_of_somebody_else_cannot_be_closed(desk, case, team):
    call(desk, case)
    desk.force_login(UserFactory(team=team))
    assert log(desk, case, "no-answer").status_code == 404
    assert ContactAttempt.objects.get().status == "cleared"


def test_a_call_that_was_not_made_is_given_back_and_another_may_follow(desk, case):
    call(desk, case)
    desk.post(reverse("contacts:cancel-call", args=[case.ref]), {"attempt": ContactAttempt.objects.get().pk})
    assert ContactAttempt.objects.get().status == "cancelled"
    call(desk, case)
    assert ContactAttempt.objects.filter(status="cleared").count() == 1


def test_a_call_left_open_is_called_to_mind_on_the_next_case(desk, case, bank):
    following = CaseFactory(creditor=bank, at=NOON)
    call(desk, case)
    page = desk.get(reverse("cases:case", args=[following.ref]))
    assert page.context["call_elsewhere"].case == case


def test_a_payment_that_cures_the_case_during_the_call_does_not_lose_the_call(desk, case):
    call(desk, case)
    lifecycle.cure(case_id=case.pk, actor=SYSTEM, at=NOON)
    log(desk, case, "says-paid")
    assert ContactAttempt.objects.get().status == "completed"
    case.refresh_from_db()
    assert case.status == "cured"
