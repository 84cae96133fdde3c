"""Calls: asked for, cleared or refused, and closed with everything that follows, all or nothing."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from cases import holds
from cases.models import Address, Note, Promise
from cases.promises import PromiseRefused
from collections_app.shared.actor import SYSTEM, Actor
from compliance.facts import Override
from compliance.models import AuditEvent, Decision
from contacts import calls, stops
from contacts.calls import CallRefused, LogRefused, NextStep, PromiseTerms
from contacts.models import ContactAttempt
from tests.contacts.conftest import TEN
from tests.factories.cases import CaseFactory, ContactPointFactory, CreditorFactory, PersonFactory
from tests.factories.contacts import AttemptFactory, PlannedContactFactory, StepFactory

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)  # eleven at night in Shanghai


@pytest.fixture
def case() -> Any:
    return CaseFactory(at=TEN)


@pytest.fixture
def actor(collector: Any) -> Actor:
    return Actor.of(collector)


def dial(case: Any, actor: Actor, at: datetime = TEN, **more: Any) -> ContactAttempt:
    return calls.open_call(case_id=case.pk, contact_point_id=case.point.pk, actor=actor, at=at, **more)


def test_a_permitted_call_is_reserved_with_its_permit(case, actor):
    attempt = dial(case, actor)
    assert (attempt.status, attempt.channel, attempt.automated) == ("cleared", "phone", False)
    assert (attempt.valid_from, attempt.valid_until) == (TEN, TEN + timedelta(minutes=3))
    assert (attempt.decision.verdict, attempt.decision.entrance) == ("permit", "screen")
    assert attempt.debts == [case.account.pk]
    connection.check_constraints()


def test_a_refused_call_is_kept_and_says_why_and_when(case, actor):
    with pytest.raises(CallRefused) as refused:
        dial(case, actor, at=NIGHT)
    attempt = ContactAttempt.objects.get()
    assert refused.value.code == "gate"
    assert attempt.status == "withheld"
    assert attempt.decision_id == refused.value.decision.decision_id
    assert attempt.reason_code in refused.value.decision.failing
    assert refused.value.decision.next_permitted == datetime(2026, 3, 5, 0, 0, tzinfo=UTC)
    connection.check_constraints()


def test_a_call_is_refused_without_asking_where_it_makes_no_sense(case, actor):
    stranger = ContactPointFactory()
    email = case.person.contact_points.get(kind="email")
    for point, code in ((stranger, "point"), (email, "point")):
        with pytest.raises(CallRefused) as refused:
            calls.open_call(case_id=case.pk, contact_point_id=point.pk, actor=actor, at=TEN)
        assert refused.value.code == code
    with pytest.raises(CallRefused) as refused:
        dial(CaseFactory(at=TEN, cured=True), actor)
    assert refused.value.code == "resolved"
    assert not Decision.objects.exists()


def test_nobody_dials_while_contact_is_stopped(case, actor):
    stops.order_stop(scope="creditor", target=case.creditor.code, reason="drill", actor=SYSTEM, at=TEN)
    with pytest.raises(CallRefused) as refused:
        dial(case, actor)
    assert refused.value.code == "stopped"


def test_a_hold_refuses_the_next_call_at_once(case, actor):
    holds.place(case=case, kind="dispute", actor=SYSTEM, at=TEN)
    with pytest.raises(CallRefused):
        dial(case, actor)


def test_the_same_call_is_not_opened_twice(case, actor):
    dial(case, actor)
    with pytest.raises(CallRefused) as refused:
        dial(case, actor, at=TEN + timedelta(minutes=1))
    assert refused.value.code == "already-open"


def test_a_call_that_was_not_made_gives_its_reservation_back(actor):
    creditor = CreditorFactory(policy={"caps": [{"channels": ["phone"], "limit": 1}]})
    case = CaseFactory(at=TEN, creditor=creditor)
    attempt = dial(case, actor)
    calls.cancel(attempt_id=attempt.pk, actor=actor, at=TEN + timedelta(seconds=5))
    again = dial(case, actor, at=TEN + timedelta(seconds=6))
    assert again.status == "cleared"
    with pytest.raises(LogRefused):
        calls.cancel(attempt_id=attempt.pk, actor=actor, at=TEN + timedelta(seconds=7))


def test_a_call_begins_within_its_permit_or_not_at_all(case, actor):
    attempt = dial(case, actor)
    with pytest.raises(LogRefused) as refused:
        calls.begin(attempt_id=attempt.pk, actor=actor, at=attempt.valid_until)
    assert refused.value.code == "over"
    begun = calls.begin(attempt_id=attempt.pk, actor=actor, at=TEN + timedelta(seconds=20))
    assert (begun.status, begun.started_at) == ("in_progress", TEN + timedelta(seconds=20))


def test_one_form_logs_outcome_promise_note_and_what_is_next(case, actor):
    task = PlannedContactFactory(case=case, at=TEN, automated=False, step=StepFactory(kind="call", template=None))
    attempt = dial(case, actor)
    at = TEN + timedelta(minutes=7)
    calls.log_call(
        attempt_id=attempt.pk,
        outcome="conversation",
        promise=PromiseTerms(amount=Decimal("200.00"), due_on=date(2026, 3, 6)),
        note="Will pay on Friday.",
        actor=actor,
        at=at,
    )
    attempt.refresh_from_db()
    case.refresh_from_db()
    case.point.refresh_from_db()
    task.refresh_from_db()
    promise = Promise.objects.get()
    assert (attempt.status, attempt.outcome, attempt.started_at, attempt.ended_at) == (
        "completed", "conversation", TEN, at
    )  # fmt: skip
    assert (promise.amount, promise.attempt_id, promise.status) == (Decimal("200.00"), attempt.pk, "open")
    assert (case.status, case.next_action) == ("promised", "wait_promise")
    assert case.last_contact_at == case.last_right_party_at == TEN
    assert Note.objects.get().text == "Will pay on Friday."
    assert case.point.state == "verified"
    assert task.status == "done"
    connection.check_constraints()


def test_an_impossible_promise_leaves_nothing_of_the_log(case, actor):
    attempt = dial(case, actor)
    before = AuditEvent.objects.count()
    with pytest.raises(PromiseRefused) as refused:
        calls.log_call(
            attempt_id=attempt.pk,
            outcome="conversation",
            promise=PromiseTerms(amount=Decimal("200.00"), due_on=date(2026, 3, 3)),
            note="x",
            actor=actor,
            at=TEN,
        )
    assert refused.value.code == "past"
    attempt.refresh_from_db()
    assert attempt.status == "cleared"
    assert not Note.objects.exists()
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize("outcome", ["no_answer", "voicemail_message", "wrong_number"])
def test_a_promise_is_made_in_a_conversation_only(case, actor, outcome):
    attempt = dial(case, actor)
    with pytest.raises(LogRefused) as refused:
        calls.log_call(
            attempt_id=attempt.pk,
            outcome=outcome,
            promise=PromiseTerms(amount=Decimal("1.00"), due_on=date(2026, 3, 6)),
            actor=actor,
            at=TEN,
        )
    assert refused.value.code == "promise-needs-conversation"


def test_an_unanswered_call_leaves_a_next_step(case, actor):
    attempt = dial(case, actor)
    calls.log_call(attempt_id=attempt.pk, outcome="no_answer", actor=actor, at=TEN)
    case.refresh_from_db()
    assert (case.status, case.next_action, case.next_action_at) == ("working", "call", TEN + timedelta(days=1))
    assert case.last_contact_at == TEN
    assert case.last_right_party_at is None


def test_the_collector_says_what_is_next(case, actor):
    attempt = dial(case, actor)
    due = TEN + timedelta(hours=5)
    calls.log_call(
        attempt_id=attempt.pk,
        outcome="conversation",
        next_step=NextStep("callback", due, "after work"),
        actor=actor,
        at=TEN,
    )
    case.refresh_from_db()
    assert (case.next_action, case.next_action_at, case.next_action_note) == ("callback", due, "after work")


def test_a_wrong_number_is_silent_for_everybody(case, actor):
    neighbour = CaseFactory(at=TEN, points=False)
    neighbour.point = ContactPointFactory(person=neighbour.person, address=case.point.address)
    attempt = dial(case, actor)
    calls.log_call(attempt_id=attempt.pk, outcome="wrong_number", actor=actor, at=TEN)
    case.point.refresh_from_db()
    assert case.point.state == "stranger"
    assert Address.objects.get(pk=case.point.address_id).suppressed_reason == "stranger"
    with pytest.raises(CallRefused) as refused:
        dial(neighbour, actor, at=TEN + timedelta(minutes=1))
    assert "POLICY-POINT" in refused.value.decision.failing


def test_a_dead_number_is_marked_for_its_person_only(case, actor):
    attempt = dial(case, actor)
    calls.log_call(attempt_id=attempt.pk, outcome="not_in_service", actor=actor, at=TEN)
    case.point.refresh_from_db()
    assert case.point.state == "bad"
    assert Address.objects.get(pk=case.point.address_id).suppressed_at is None


def test_a_call_is_closed_once_and_by_whom_it_belongs_to(case, actor, outsider):
    attempt = dial(case, actor)
    with pytest.raises(LogRefused) as refused:
        calls.log_call(attempt_id=attempt.pk, outcome="no_answer", actor=Actor.of(outsider), at=TEN)
    assert refused.value.code == "not-yours"
    calls.log_call(attempt_id=attempt.pk, outcome="no_answer", actor=actor, at=TEN)
    with pytest.raises(LogRefused) as refused:
        calls.log_call(attempt_id=attempt.pk, outcome="no_answer", actor=actor, at=TEN)
    assert refused.value.code == "not-open"


@pytest.mark.parametrize("outcome", ["sent", "received", "nonsense", "", "met"])
def test_a_call_does_not_end_like_a_message(case, actor, outcome):
    attempt = dial(case, actor)
    with pytest.raises(LogRefused) as refused:
        calls.log_call(attempt_id=attempt.pk, outcome=outcome, actor=actor, at=TEN)
    assert refused.value.code == "outcome"


def test_a_call_that_nobody_logged_counts_and_is_listed(actor):
    creditor = CreditorFactory(policy={"caps": [{"channels": ["phone"], "limit": 1}]})
    case = CaseFactory(at=TEN, creditor=creditor)
    attempt = dial(case, actor)
    later = TEN + timedelta(hours=2)
    assert list(calls.unlogged(at=later)) == [attempt]
    other = ContactPointFactory(person=case.person)
    with pytest.raises(CallRefused) as refused:
        calls.open_call(case_id=case.pk, contact_point_id=other.pk, actor=actor, at=later)
    assert refused.value.decision.failing == ("POLICY-CAP",)


def test_a_reported_call_counts_and_is_flagged_where_it_broke_a_rule(case, actor):
    attempt = calls.report_past_call(
        case_id=case.pk,
        contact_point_id=case.point.pk,
        happened_at=NIGHT - timedelta(days=1),
        outcome="no_answer",
        note="From the agency's list.",
        actor=actor,
        at=TEN,
    )
    assert (attempt.origin, attempt.status) == ("reported", "recorded")
    assert attempt.flagged_rule == attempt.decision.failing[0]
    assert attempt.decision.at == NIGHT - timedelta(days=1)
    assert AuditEvent.objects.filter(name="attempt.flagged", subject_id=attempt.pk).count() == 1


def test_a_reported_call_within_the_rules_is_not_flagged(case, actor):
    attempt = calls.report_past_call(
        case_id=case.pk,
        contact_point_id=case.point.pk,
        happened_at=TEN - timedelta(days=1),
        outcome="no_answer",
        actor=actor,
        at=TEN,
    )
    assert (attempt.flagged_rule, attempt.decision.verdict) == ("", "permit")


def test_what_is_known_only_now_does_not_flag_a_call_of_the_past(case, actor):
    holds.place(case=case, kind="dispute", actor=SYSTEM, at=TEN)
    attempt = calls.report_past_call(
        case_id=case.pk,
        contact_point_id=case.point.pk,
        happened_at=TEN - timedelta(days=1),
        outcome="no_answer",
        actor=actor,
        at=TEN + timedelta(minutes=1),
    )
    assert attempt.flagged_rule == ""


def test_a_report_from_the_future_or_from_long_ago_is_refused(case, actor):
    for happened_at, code in (
        (TEN + timedelta(seconds=1), "in-the-future"),
        (TEN - timedelta(days=400), "too-long-ago"),
    ):
        with pytest.raises(LogRefused) as refused:
            calls.report_past_call(case_id=case.pk, happened_at=happened_at, outcome="no_answer", actor=actor, at=TEN)
        assert refused.value.code == code


def test_a_soft_rule_yields_to_a_recorded_reason_and_a_hard_one_does_not(case, actor, supervisor):
    for minute in range(6):  # six unanswered calls to one number are the most a day, a soft rule
        AttemptFactory(case=case, completed=True, at=TEN + timedelta(minutes=minute))
    at = TEN + timedelta(hours=1)
    with pytest.raises(CallRefused) as refused:
        dial(case, actor, at=at)
    assert refused.value.decision.strength == "soft"
    reason = Override(supervisor_id=supervisor.pk, reason="He asked to be called back today.")
    assert dial(case, actor, at=at, override=reason).status == "cleared"
    assert AuditEvent.objects.filter(name="gate.soft_rule_overridden").count() == 1
    other = CaseFactory(at=TEN)
    with pytest.raises(CallRefused):
        dial(other, actor, at=NIGHT, override=reason)


def test_one_budget_over_creditors_and_numbers(actor):
    person = PersonFactory()
    caps = {"caps": [{"channels": ["phone"], "limit": 1}]}
    first = CaseFactory(at=TEN, person=person, creditor=CreditorFactory(policy=caps))
    second = CaseFactory(at=TEN, person=person, creditor=CreditorFactory(policy=caps), points=False)
    second.point = ContactPointFactory(person=person)
    dial(first, actor)
    with pytest.raises(CallRefused) as refused:
        dial(second, actor)
    assert refused.value.decision.failing == ("POLICY-CAP",)
