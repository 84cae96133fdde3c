"""Sending: what leaves, what is withheld and until when, what a crash or a bad answer leaves behind."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from pypdf import PdfReader

from cases import arrears, holds, instructions
from cases.models import ContactPoint, ImportBatch
from collections_app.shared import sealed
from collections_app.shared.actor import SYSTEM
from compliance.models import Decision
from contacts import dispatch, stops
from contacts.dispatch import claims, clearing, handover
from contacts.models import ContactAttempt, PlannedContact, StopOrder
from tests.contacts.conftest import TEN
from tests.factories.cases import (
    AccountFactory,
    AddressFactory,
    CaseFactory,
    ContactPointFactory,
    FirmPolicyFactory,
    PersonFactory,
)
from tests.factories.contacts import StepFactory, TemplateFactory

pytestmark = pytest.mark.django_db


def run(now: Callable[[], datetime], channel: str = "sms") -> dict[str, int]:
    return dispatch.run(channel=channel, limit=50, budget_s=10, now=now)


def let_lease_lapse() -> None:
    PlannedContact.objects.filter(status="claimed").update(lease_until=datetime(2000, 1, 1, tzinfo=UTC))


def test_a_due_message_leaves_once_with_its_own_permit(carrier, plan, now, only_attempt):
    planned = plan()
    assert run(now) == {"sent": 1}
    assert run(now) == {}
    planned.refresh_from_db()
    attempt = only_attempt(planned)
    (message,) = carrier.messages()
    assert (planned.status, planned.claim, planned.tries) == ("done", 1, 1)
    assert (attempt.status, attempt.outcome, attempt.started_at) == ("sent", "sent", TEN)
    assert attempt.decision.verdict == "permit"
    assert attempt.decision_id == planned.decision_id
    assert message.key == str(planned.key)
    assert message.text == f"【{planned.creditor.name}】尊敬的{planned.person.name}，逾期 ¥500.00。"
    assert message.to == sealed.unseal(attempt.address.value_sealed)
    assert sealed.unseal(attempt.content_sealed) == message.text
    connection.check_constraints()


def test_what_the_law_forbids_now_waits_until_it_is_permitted(carrier, plan, now, only_attempt):
    planned = plan()
    now.at = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)  # eleven at night in Shanghai
    assert run(now) == {"not_sent": 1}
    planned.refresh_from_db()
    attempt = only_attempt(planned)
    assert carrier.messages() == []
    assert (planned.status, attempt.status) == ("withheld", "withheld")
    assert planned.try_again_at == attempt.decision.next_permitted
    assert planned.reason_code == attempt.reason_code == attempt.decision.failing[0]
    now.at = planned.try_again_at - timedelta(minutes=1)
    assert run(now) == {}
    now.at = planned.try_again_at
    assert run(now) == {"sent": 1}


def test_a_message_that_was_not_sent_in_time_is_cancelled(carrier, plan, now):
    planned = plan(expires_at=TEN + timedelta(hours=1))
    now.move(hours=1)
    run(now)
    planned.refresh_from_db()
    assert (planned.status, planned.reason_code) == ("cancelled", "too-late")
    assert carrier.messages() == []


def test_a_row_never_waits_past_its_own_end(carrier, plan, now):
    planned = plan(expires_at=TEN + timedelta(hours=14))
    now.at = TEN + timedelta(hours=13)  # eleven at night; permitted again only after it has expired
    run(now)
    planned.refresh_from_db()
    assert (planned.status, planned.try_again_at) == ("withheld", planned.expires_at)


def test_nobody_can_be_contacted_where_his_place_is_unknown(carrier, plan, now):
    person = PersonFactory(jurisdiction="", time_zone="", location=False)
    planned = plan(case=CaseFactory(at=TEN, person=person))
    run(now)
    planned.refresh_from_db()
    assert (planned.status, planned.reason_code) == ("withheld", "POLICY-FAILCLOSED")
    assert planned.try_again_at == TEN + timedelta(days=1)
    assert carrier.messages() == []


SPOILT: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "nothing-past-due": ("cancelled", lambda p: _set(p.case, past_due_since=None)),
    "left-strategy": ("cancelled", lambda p: _set(p.enrolment, left_on=TEN.date(), left_reason="cured")),
    "creditor-inactive": ("withheld", lambda p: _set(p.creditor, is_active=False)),
    "unnamed-person": ("withheld", lambda p: _set(p.person, is_named=False)),
    "no-contact-point": ("withheld", lambda p: ContactPoint.objects.filter(person=p.person).update(state="bad")),
    "no-approved-wording": ("withheld", lambda p: p.template.versions.update(status="retired")),
}


def _set(row: Any, **columns: Any) -> None:
    type(row).objects.filter(pk=row.pk).update(**columns)


@pytest.mark.parametrize("reason", SPOILT)
def test_what_is_no_longer_wanted_does_not_leave(carrier, plan, now, reason):
    status, spoil = SPOILT[reason]
    planned = plan()
    spoil(planned)
    run(now)
    planned.refresh_from_db()
    assert (planned.status, planned.reason_code) == (status, reason)
    assert carrier.messages() == []
    assert not ContactAttempt.objects.exists()


def test_balances_of_this_very_day_are_fresh_at_a_limit_of_no_days(carrier, plan, now):
    planned = plan()
    _set(planned.creditor, freshness_days=0)
    assert run(now) == {"sent": 1}


def test_a_payment_does_not_make_an_old_feed_fresh(carrier, plan, now):
    planned = plan()
    now.move(days=1)
    type(planned.creditor).objects.filter(pk=planned.creditor_id).update(freshness_days=0)
    product = planned.case.creditor.products.first()
    second = AccountFactory(person=planned.person, product=product, borrower=planned.case.borrower, dpd=3)
    arrears.restate(second, past_due_since=None, amount=arrears.ZERO, on=now().date(), at=now(), cause="payment")
    run(now)
    planned.refresh_from_db()
    assert (planned.status, planned.reason_code) == ("withheld", "stale-feed")


def test_stale_balances_hold_automatic_messages_back(carrier, plan, now):
    planned = plan()
    now.move(days=1)
    type(planned.creditor).objects.filter(pk=planned.creditor_id).update(freshness_days=0)
    run(now)
    planned.refresh_from_db()
    assert (planned.status, planned.reason_code) == ("withheld", "stale-feed")
    batch = ImportBatch.objects.create(creditor=planned.creditor, as_of=now().date(), uploaded_at=now())
    run(now.move_to_next_try(planned))
    planned.refresh_from_db()
    assert planned.reason_code == "stale-feed"  # a file that is not loaded proves nothing
    for move in (batch.stage, batch.check_rows, partial(batch.load, at=now())):
        move()
        batch.save()
    run(now.move_to_next_try(planned))
    planned.refresh_from_db()
    assert planned.status == "done"


def test_a_stopped_strategy_sends_nothing(carrier, plan, now):
    planned = plan()
    version = planned.step.segment.version
    version.stop(at=TEN)
    version.save()
    run(now)
    planned.refresh_from_db()
    assert (planned.status, planned.reason_code) == ("withheld", "strategy-stopped")


def test_a_wording_with_a_missing_value_is_withheld_before_anybody_is_asked(carrier, plan, now):
    wordings = {"zh-hans": "{{ creditor_name }} {{ promise_date }}"}
    planned = plan(step=StepFactory(template=TemplateFactory(versions=wordings)))
    run(now)
    planned.refresh_from_db()
    assert (planned.status, planned.reason_code) == ("withheld", "missing-value")
    assert not Decision.objects.exists()


def test_a_person_who_asked_to_be_left_alone_gets_nothing(carrier, plan, now):
    planned = plan()
    instructions.give(person_id=planned.person_id, kind="opt_out", channel="sms", actor=SYSTEM, at=TEN)
    run(now)
    planned.refresh_from_db()
    assert planned.status == "withheld"
    assert carrier.messages() == []


def test_an_instruction_written_by_a_fast_clock_binds_at_once(carrier, plan, now):
    planned = plan()
    instructions.give(
        person_id=planned.person_id, kind="opt_out", channel="sms", actor=SYSTEM, at=TEN + timedelta(seconds=5)
    )
    run(now)
    planned.refresh_from_db()
    assert planned.status == "withheld"


def test_a_stranger_at_the_same_number_silences_it_for_all(carrier, plan, now):
    shared = AddressFactory(value="+8613900001234")
    first = plan(case=CaseFactory(at=TEN, points=False))
    ContactPointFactory(person=first.person, address=shared)
    other = ContactPointFactory(person=PersonFactory(), address=shared)
    instructions.give(
        person_id=other.person_id, kind="opt_out", channel="sms", contact_point_id=other.pk, actor=SYSTEM, at=TEN
    )
    run(now)
    first.refresh_from_db()
    assert first.status == "withheld"
    assert carrier.messages() == []


def test_a_hold_between_decision_and_hand_over_stops_the_message(carrier, plan, now, only_attempt):
    planned = plan()
    (claim,) = dispatch.claim_due(channel="sms", limit=5, at=now())
    cleared = dispatch.clear(claim, now=now)
    holds.place(case=planned.case, kind="dispute", actor=SYSTEM, at=now.move(seconds=1))
    assert dispatch.hand_over(cleared, now=now) == "withheld"
    planned.refresh_from_db()
    attempt = only_attempt(planned)
    assert carrier.messages() == []
    assert attempt.decision.verdict == "permit"
    assert Decision.objects.get(pk=planned.decision_id).verdict == "refuse"
    assert (planned.status, attempt.status, attempt.reason_code) == ("withheld", "withheld", planned.reason_code)
    connection.check_constraints()


def test_a_permit_that_is_over_hands_nothing_over(carrier, plan, now):
    planned = plan()
    (claim,) = dispatch.claim_due(channel="sms", limit=5, at=now())
    cleared = dispatch.clear(claim, now=now)
    now.at = cleared.permit.valid_until
    assert dispatch.hand_over(cleared, now=now) == "withheld"
    planned.refresh_from_db()
    assert (planned.status, planned.reason_code) == ("withheld", "permit-expired")
    assert carrier.messages() == []


def test_a_worker_that_lost_its_claim_hands_nothing_over(carrier, plan, now):
    plan()
    (claim,) = dispatch.claim_due(channel="sms", limit=5, at=now())
    cleared = dispatch.clear(claim, now=now)
    let_lease_lapse()
    (taken_over,) = claims.claim_lapsed(limit=5)
    assert taken_over.number == claim.number + 1
    assert dispatch.hand_over(cleared, now=now) == "lost"
    assert carrier.messages() == []


def test_a_patient_carrier_is_tried_again_when_it_said(carrier, plan, now, only_attempt):
    planned = plan()
    carrier.order("rate_limited", retry_after_s=7)
    assert run(now) == {"failed": 1}
    planned.refresh_from_db()
    assert (planned.status, planned.reason_code) == ("withheld", "provider-busy")
    assert planned.try_again_at == TEN + timedelta(seconds=7)
    now.move(seconds=7)
    assert run(now) == {"sent": 1}
    assert [a.status for a in ContactAttempt.objects.order_by("pk")] == ["failed", "sent"]
    assert len(carrier.messages()) == 1


def test_a_carrier_that_is_not_there_costs_nothing_but_time(carrier, plan, now, settings):
    planned = plan()
    settings.SMS_PROVIDER_URL = "http://127.0.0.1:1/sms"
    dispatch.carriers.forget()
    assert run(now) == {"failed": 1}
    planned.refresh_from_db()
    assert (planned.status, planned.reason_code) == ("withheld", "provider-unreachable")
    assert planned.try_again_at == TEN + timedelta(minutes=1)


def test_a_number_that_does_not_exist_is_marked_and_the_next_one_is_tried(carrier, plan, now):
    planned = plan()
    second = ContactPointFactory(person=planned.person, position=1)
    carrier.order("refused")
    assert run(now) == {"failed": 1}
    first = planned.case.point
    first.refresh_from_db()
    assert first.state == "bad"
    now.move(seconds=1)
    assert run(now) == {"sent": 1}
    assert ContactAttempt.objects.get(status="sent").contact_point_id == second.pk


def test_without_another_number_a_dead_one_ends_the_plan(carrier, plan, now):
    planned = plan()
    carrier.order("refused")
    run(now)
    planned.refresh_from_db()
    assert (planned.status, planned.reason_code) == ("cancelled", "address-unknown")


@pytest.mark.parametrize("fault", ["error_after_accept", "wrong_json", "timeout_after_accept"])
def test_an_answer_that_says_nothing_is_cleared_up_by_asking(carrier, plan, now, only_attempt, fault):
    planned = plan()
    carrier.order(fault, delay_s=0.1)
    assert run(now) == {"waiting": 1}
    assert only_attempt(planned).status == "cleared"
    let_lease_lapse()
    now.move(minutes=1)
    assert dispatch.sweep(now=now)["sent"] == 1
    planned.refresh_from_db()
    assert (planned.status, only_attempt(planned).status) == ("done", "sent")
    assert carrier.stats()["most_per_key"] == 1
    connection.check_constraints()


@pytest.mark.parametrize("fault", ["error", "cut"])
def test_what_the_carrier_never_took_is_tried_again_under_the_same_key(carrier, plan, now, fault):
    planned = plan()
    carrier.order(fault)
    assert run(now) == {"waiting": 1}
    let_lease_lapse()
    assert dispatch.sweep(now=now)["put_back"] == 1
    assert run(now) == {"sent": 1}
    assert [a.status for a in ContactAttempt.objects.order_by("pk")] == ["cancelled", "sent"]
    assert [m.key for m in carrier.messages()] == [str(planned.key)]


def test_a_carrier_that_cannot_say_is_asked_again_and_then_left_to_a_person(carrier, plan, now, only_attempt):
    planned = plan()
    carrier.order("timeout_after_accept", delay_s=0.1)
    carrier.order("no_idempotency", times=None)
    run(now)
    let_lease_lapse()
    assert dispatch.sweep(now=now)["asked_again"] == 1
    let_lease_lapse()
    now.move(hours=1)
    assert dispatch.sweep(now=now)["uncertain"] == 1
    attempt = only_attempt(planned)
    planned.refresh_from_db()
    assert (attempt.status, attempt.reason_code, planned.status) == ("uncertain", "fate-unknown", "done")


def test_a_crash_before_the_decision_loses_nothing(carrier, plan, now):
    plan()
    dispatch.claim_due(channel="sms", limit=5, at=now())
    assert run(now) == {}
    let_lease_lapse()
    assert dispatch.sweep(now=now)["put_back"] == 1
    assert run(now) == {"sent": 1}


def test_a_message_of_unknown_fate_counts_against_the_limits(carrier, plan, now, only_attempt):
    planned = plan()
    FirmPolicyFactory(creditor=planned.creditor, document={"caps": [{"channels": ["sms"], "limit": 1}]})
    (claim,) = dispatch.claim_due(channel="sms", limit=5, at=now())
    dispatch.clear(claim, now=now)
    second = plan(case=planned.case, step=None)
    run(now)
    second.refresh_from_db()
    assert (second.status, second.reason_code) == ("withheld", "POLICY-CAP")
    assert only_attempt(second).decision.next_permitted == datetime(2026, 3, 4, 16, 0, tzinfo=UTC) + timedelta(hours=8)


def test_a_person_settles_what_nobody_knew(carrier, plan, now, only_attempt, collector):
    from collections_app.shared.actor import Actor

    first, second = plan(), plan()
    for planned in (first, second):
        attempt = _uncertain(planned, now)
        assert attempt.status == "uncertain"
    actor = Actor.of(collector)
    dispatch.settle_uncertain(attempt_id=only_attempt(first).pk, sent=True, actor=actor, at=now.move(hours=2))
    dispatch.settle_uncertain(attempt_id=only_attempt(second).pk, sent=False, actor=actor, at=now())
    assert (only_attempt(first).status, only_attempt(second).status) == ("sent", "cancelled")
    with pytest.raises(dispatch.NothingToSettle):
        dispatch.settle_uncertain(attempt_id=only_attempt(first).pk, sent=False, actor=actor, at=now())
    assert run(now) == {}  # nothing is sent again by that
    connection.check_constraints()


def _uncertain(planned: PlannedContact, now: Any) -> ContactAttempt:
    (claim,) = [c for c in dispatch.claim_due(channel="sms", limit=1, at=now()) if c.planned_id == planned.pk]
    cleared = clearing.clear(claim, now=now)
    attempt = ContactAttempt.objects.get(pk=cleared.attempt_id)
    handover.doubt(attempt, claims.mine(claim), at=now())
    return attempt


def test_a_stop_holds_everything_back_and_lifting_it_sends_at_once(carrier, plan, now):
    planned = plan()
    order = stops.order_stop(scope="everything", reason="drill", actor=SYSTEM, at=TEN)
    assert order.confirmed_at == TEN
    assert run(now) == {"stopped": 1}
    planned.refresh_from_db()
    assert planned.status == "planned"
    assert stops.figures(order) == {"planned": 1, "at_provider": 0}
    stops.lift_stop(order_id=order.pk, actor=SYSTEM, at=now.move(minutes=1))
    assert run(now) == {"sent": 1}


@pytest.mark.parametrize("scope", ["creditor", "strategy", "template", "channel"])
def test_a_stop_covers_its_scope_and_nothing_else(carrier, plan, now, scope):
    inside, outside = plan(), plan(channel="email")
    target = {
        "creditor": inside.creditor.code,
        "strategy": inside.step.segment.version.strategy.code,
        "template": inside.template.code,
        "channel": "sms",
    }[scope]
    order = stops.order_stop(scope=scope, target=target, reason="drill", actor=SYSTEM, at=TEN)
    assert stops.is_stopped(inside, stops.standing())
    assert not stops.is_stopped(outside, stops.standing())
    assert stops.figures(order) == {"planned": 1, "at_provider": 0}
    run(now)
    assert carrier.messages() == []
    stops.lift_stop(order_id=order.pk, actor=SYSTEM, at=now.move(seconds=1))
    assert run(now) == {"sent": 1}


def test_a_stop_between_decision_and_hand_over_is_obeyed(carrier, plan, now):
    plan()
    (claim,) = dispatch.claim_due(channel="sms", limit=5, at=now())
    cleared = dispatch.clear(claim, now=now)
    StopOrder.objects.create(scope="channel", target="sms", reason="drill", ordered_at=TEN)
    assert dispatch.hand_over(cleared, now=now) == "withheld"
    assert carrier.messages() == []


def test_letters_go_to_the_print_room_as_a_document_of_the_case(plan, now, only_attempt, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    planned = plan(channel="letter", case_with={"creditor__phone": "95500"})
    ContactPointFactory(
        person=planned.person, kind="postal", address=AddressFactory(kind="postal", value="上海市 <b>1</b> 号")
    )
    assert run(now, "letter") == {"sent": 1}
    (document,) = planned.case.documents.all()
    page = PdfReader(tmp_path / document.path).pages[0].extract_text()
    assert "上海市 <b>1</b> 号" in page
    assert planned.case.ref in page
    assert (document.content_type, document.size) == ("application/pdf", (tmp_path / document.path).stat().st_size)
    assert only_attempt(planned).provider_ref == f"document-{document.pk}"


def test_work_is_bounded_by_rows_and_time(carrier, plan, now):
    for _ in range(3):
        plan()
    assert dispatch.run(channel="sms", limit=2, budget_s=10, now=now) == {"sent": 2}
    assert dispatch.run(channel="sms", limit=2, budget_s=0, now=now) == {}
    assert PlannedContact.objects.filter(status="planned").count() == 1
