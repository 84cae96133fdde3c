"""What was said in a call: ticks only grow, what is missing is asked about, and shares count calls."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from collections_app.shared.actor import Actor
from compliance.models import AuditEvent
from contacts import calls
from contacts.models import CallDisclosures, DisclosureTick
from contacts.scripts import editing, saying
from contacts.scripts.saying import SayingRefused
from tests.contacts.scripts.calling import NOON, called
from tests.factories.cases import CaseFactory, CreditorFactory, PersonFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank(team):
    return CreditorFactory(team=team)


@pytest.fixture
def attempt(bank, collector):
    return called(CaseFactory(creditor=bank, at=NOON, working=True), by=collector, confirmed=True)


def rules(found):
    return [line.rule for line in found]


def close(attempt, by, *, outcome="conversation", answer="", at=NOON):
    return saying.close(attempt_id=attempt.pk, outcome=outcome, answer=answer, by=by, at=at)


def test_a_tick_says_which_words_of_which_version_by_whom_and_when(attempt, collector):
    assert rules(saying.missing(attempt, at=NOON)) == ["CN-REC", "CN-ID"]
    row = saying.tick(attempt_id=attempt.pk, rule="CN-ID", by=collector, at=NOON)
    assert (row.rule, row.pack, row.is_said, row.script, row.version, row.language) == (
        "CN-ID", "CN-CBA-2026", True, "disclosures", 0, "zh-hans",
    )  # fmt: skip
    assert row.words == "我代表{{ creditor_name }}与您联系。"
    assert (row.ticked_by, row.ticked_at) == (collector, NOON)
    assert rules(saying.missing(attempt, at=NOON)) == ["CN-REC"]


def test_a_tick_is_taken_back_by_a_further_row_and_twice_the_same_adds_nothing(attempt, collector):
    for is_said in (True, True, False, False, True):
        saying.tick(attempt_id=attempt.pk, rule="CN-ID", by=collector, at=NOON, is_said=is_said)
    assert list(DisclosureTick.objects.order_by("pk").values_list("is_said", flat=True)) == [True, False, True]
    assert list(saying.ticks(attempt.pk)) == ["CN-ID"]


def test_what_no_rule_demands_cannot_be_ticked(attempt, collector):
    for rule in ("US-F-DISCLOSE", "CN-TIME-CBA", ""):
        with pytest.raises(SayingRefused) as refused:
            saying.tick(attempt_id=attempt.pk, rule=rule, by=collector, at=NOON)
        assert refused.value.code == "not-demanded"
    assert not DisclosureTick.objects.exists()


def test_only_whoever_calls_ticks_and_only_while_the_call_is_open(attempt, collector, team):
    with pytest.raises(SayingRefused) as refused:
        saying.tick(attempt_id=attempt.pk, rule="CN-ID", by=UserFactory(team=team), at=NOON)
    assert refused.value.code == "not-yours"
    calls.log_call(attempt_id=attempt.pk, outcome="no_answer", actor=Actor.of(collector), at=NOON)
    with pytest.raises(SayingRefused) as refused:
        saying.tick(attempt_id=attempt.pk, rule="CN-ID", by=collector, at=NOON)
    assert refused.value.code == "over"


@pytest.mark.parametrize("change", ["UPDATE contacts_disclosuretick SET is_said = false",
                                    "DELETE FROM contacts_disclosuretick",
                                    "UPDATE contacts_calldisclosures SET unsaid = '{}'",
                                    "DELETE FROM contacts_calldisclosures"])  # fmt: skip
def test_the_database_lets_the_record_only_grow(attempt, collector, change):
    saying.tick(attempt_id=attempt.pk, rule="CN-ID", by=collector, at=NOON)
    close(attempt, collector, answer="not-said")
    with (
        pytest.raises(DatabaseError, match=r"only grows|permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)
    assert (DisclosureTick.objects.count(), CallDisclosures.objects.get().unsaid) == (1, ["CN-REC"])


def test_an_outcome_that_reached_the_person_asks_about_what_is_not_ticked(attempt, collector):
    saying.tick(attempt_id=attempt.pk, rule="CN-REC", by=collector, at=NOON)
    with pytest.raises(SayingRefused) as refused:
        close(attempt, collector)
    assert refused.value.code == "unsaid"
    assert "For whom we call (CN-ID)" in str(refused.value)
    assert "CN-REC" not in str(refused.value)
    assert not CallDisclosures.objects.exists()


@pytest.mark.parametrize("outcome", ["no_answer", "busy", "voicemail_no_message", "wrong_number", "answered_dropped"])
def test_an_outcome_that_reached_nobody_asks_nothing(attempt, collector, outcome):
    assert close(attempt, collector, outcome=outcome) is None
    assert not CallDisclosures.objects.exists()


@pytest.mark.parametrize(
    ("answer", "unticked", "unsaid", "event"),
    [("said", ["CN-ID"], [], "script.unticked"), ("not-said", [], ["CN-ID"], "script.unsaid")],
)
def test_the_answer_is_kept_beside_the_ticks_and_in_the_audit_trail(
    attempt, collector, answer, unticked, unsaid, event
):
    saying.tick(attempt_id=attempt.pk, rule="CN-REC", by=collector, at=NOON)
    kept = close(attempt, collector, answer=answer)
    assert (kept.required, kept.ticked, kept.unticked, kept.unsaid) == (
        ["CN-REC", "CN-ID"], ["CN-REC"], unticked, unsaid,
    )  # fmt: skip
    assert {stage: (one["key"], one["version"]) for stage, one in kept.scripts.items()} == {
        "opening": ("cn-opening", 0), "talk": ("cn-talk-card", 0),
    }  # fmt: skip
    assert AuditEvent.objects.get(name__startswith="script.").name == event
    assert AuditEvent.objects.get(name=event).details["rules"] == ["CN-ID"]


def test_an_answer_that_is_none_asks_again(attempt, collector):
    with pytest.raises(SayingRefused):
        close(attempt, collector, answer="maybe")


def test_with_everything_ticked_nothing_is_asked_and_nothing_is_remarked(attempt, collector):
    for rule in ("CN-REC", "CN-ID"):
        saying.tick(attempt_id=attempt.pk, rule=rule, by=collector, at=NOON)
    kept = close(attempt, collector)
    assert (kept.ticked, kept.unticked, kept.unsaid) == (["CN-REC", "CN-ID"], [], [])
    assert not AuditEvent.objects.filter(name__startswith="script.").exists()


def test_words_of_the_firms_own_are_named_in_the_tick(attempt, collector, make_user):
    editor, second = make_user("admin", username="editor"), make_user("compliance", username="second")
    body = "disclose CN-ID: 这里是{{ creditor_name }}。\nsay: 您好。"
    when = {"jurisdiction": ["CN"], "product": ["credit_card"]}
    draft = editing.write(key="cn-talk-card", language="zh-hans", body=body, when=when, by=editor, at=NOON)
    before = saying.owed(attempt, at=NOON)[1].line
    editing.approve(version_id=draft.pk, by=second, at=NOON)
    row = saying.tick(attempt_id=attempt.pk, rule="CN-ID", by=collector, at=NOON)
    assert (before.script, before.version) == ("disclosures", 0)
    assert (row.script, row.version, row.words) == ("cn-talk-card", 1, "这里是{{ creditor_name }}。")


def test_the_share_counts_calls_that_reached_their_person_each_once(bank, collector, team):
    other = UserFactory(team=team)
    answers = [("said", collector), ("not-said", collector), ("not-said", other)]
    for answer, user in answers:
        one = called(CaseFactory(creditor=bank, person=PersonFactory(), at=NOON, working=True), by=user, confirmed=True)
        close(one, user, answer=answer)
        calls.log_call(attempt_id=one.pk, outcome="conversation", actor=Actor.of(user), at=NOON)
    again = close(one, other, answer="said", at=NOON + timedelta(minutes=1))  # its outcome was undone and said again
    assert (again.unsaid, CallDisclosures.objects.filter(attempt=one).count()) == (["CN-REC", "CN-ID"], 1)
    nobody = called(CaseFactory(creditor=bank, at=NOON, working=True), by=other, confirmed=True)
    close(nobody, other, answer="not-said")  # its outcome was undone, and it reached nobody
    calls.log_call(attempt_id=nobody.pk, outcome="no_answer", actor=Actor.of(other), at=NOON)
    day = {"since": NOON - timedelta(hours=1), "until": NOON + timedelta(hours=1)}
    found = saying.share(**day)
    assert (found.calls, found.ticked, found.unticked, found.unsaid) == (3, 0, 1, 2)
    assert found.said == pytest.approx(1 / 3)
    assert saying.share(**day, user_id=collector.pk).said == 0.5
    assert saying.share(**day, teams=[team.pk]).calls == 3
    assert saying.share(**day, teams=[team.pk + 1]).said is None
    assert saying.share(since=NOON - timedelta(days=1), until=NOON).calls == 0
