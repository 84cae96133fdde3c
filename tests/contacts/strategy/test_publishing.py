"""Nobody publishes what was not rehearsed: neither by the verbs nor by writing to the database as the role `app`."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from collections_app.shared.actor import SYSTEM, Actor
from compliance.models import AuditEvent
from contacts.models import Rehearsal, RehearsalCell, Rollout, Step, StrategyVersion, Template, TemplateVersion
from contacts.strategy import definition, moving, publishing, rollout
from contacts.strategy.publishing import NotApprovable
from contacts.strategy.rollout import RolloutRefused
from tests.contacts.strategy.nights import AT, FIRST, case_of, draft, night, published, segment
from tests.factories.cases import CreditorFactory, FirmPolicyFactory, ProductFactory
from tests.factories.strategies import rehearsed

pytestmark = pytest.mark.django_db
NEXT = segment("all", {"key": "sms-1"}, {"key": "sms-9", "from_dpd": 9})


@pytest.fixture
def bank():
    creditor = CreditorFactory(code="bank")
    ProductFactory(creditor=creditor)
    return creditor


@pytest.fixture
def author(make_user):
    return make_user("admin", username="author")


@pytest.fixture
def second(make_user):
    return make_user("admin", username="second")


@pytest.fixture
def written(bank, author):
    version = draft(bank)
    StrategyVersion.objects.filter(pk=version.pk).update(created_by=author)
    return StrategyVersion.objects.get(pk=version.pk)


def refused(kind, verb, **more) -> str:
    with pytest.raises(kind) as error:
        verb(at=AT, **more)
    assert str(error.value)
    return error.value.code


def sql(statement: str, *values) -> str:
    """Run a statement as the role `app`; return the name of the rule that refused it, "" where none did."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
    except IntegrityError as error:
        return error.__cause__.diag.constraint_name
    return ""


def reworded() -> None:
    """Let another wording of the template be approved."""
    TemplateVersion.objects.create(template=Template.objects.get(code="t"), language="fr", version=1, body="Bonjour",
                                   status="approved", approved_at=AT, created_at=AT)  # fmt: skip


def approved(version, second) -> StrategyVersion:
    rehearsed(version, at=AT)
    publishing.submit(version_id=version.pk, actor=SYSTEM, at=AT)
    return publishing.approve(version_id=version.pk, by=second, at=AT)


# -- the verbs ---------------------------------------------------------------------------------------------------------


def test_a_version_goes_from_draft_to_everybody_and_every_turn_is_on_record(bank, written, author, second):
    rehearsal = rehearsed(written, at=AT)
    assert publishing.submit(version_id=written.pk, actor=Actor.of(author), at=AT).rehearsal == rehearsal
    publishing.approve(version_id=written.pk, by=second, at=AT)
    publishing.publish(version_id=written.pk, share=1, actor=Actor.of(second), at=AT)
    rollout.widen(version_id=written.pk, share=10, actor=Actor.of(second), at=AT)
    rollout.stop(version_id=written.pk, reason="too many", actor=Actor.of(second), at=AT)
    rollout.resume(version_id=written.pk, actor=Actor.of(second), at=AT)
    rollout.widen(version_id=written.pk, share=100, actor=Actor.of(second), at=AT)
    turns = Rollout.objects.filter(version=written).order_by("pk").values_list("what", "share", "by__username", "why")
    assert list(turns) == [
        ("published", 1, "second", ""),
        ("widened", 10, "second", ""),
        ("stopped", 10, "second", "too many"),
        ("resumed", 10, "second", ""),
        ("widened", 100, "second", ""),
    ]
    names = AuditEvent.objects.filter(subject_label="contacts.strategyversion").order_by("pk")
    assert [name.removeprefix("strategy.") for name in names.values_list("name", flat=True)] == [
        "drafted", "submitted", "approved", "published", "widened", "stopped", "resumed", "widened",
    ]  # fmt: skip


def test_what_was_not_rehearsed_is_not_submitted(written):
    assert refused(NotApprovable, publishing.submit, version_id=written.pk, actor=SYSTEM) == "not-rehearsed"
    rehearsed(written, at=AT, sample="0.1")
    assert refused(NotApprovable, publishing.submit, version_id=written.pk, actor=SYSTEM) == "not-rehearsed"
    rehearsed(written, at=AT)
    assert publishing.submit(version_id=written.pk, actor=SYSTEM, at=AT).status == "rehearsed"


def test_a_version_with_errors_is_for_nobody_to_approve(bank):
    twice = draft(bank, segment("all", {"key": "sms-1"}), segment("more", {"key": "sms-2"}))
    rehearsed(twice, at=AT)
    with pytest.raises(NotApprovable, match="stands before it and takes every case") as error:
        publishing.submit(version_id=twice.pk, actor=SYSTEM, at=AT)
    assert error.value.code == "errors"
    Step.objects.filter(segment__key="more").delete()
    twice.segments.get(key="more").delete()
    rehearsed(twice, at=AT)
    assert publishing.submit(version_id=twice.pk, actor=SYSTEM, at=AT).status == "rehearsed"


def test_a_rehearsal_of_another_version_does_not_count(bank, written):
    other = rehearsed(draft(bank, NEXT, code="other"), at=AT)
    code = refused(NotApprovable, publishing.submit, version_id=written.pk, rehearsal_id=other.pk, actor=SYSTEM)
    assert code == "not-rehearsed"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda version: Step.objects.filter(segment__version=version).update(from_dpd=2), "its segments and steps"),
        (lambda version: FirmPolicyFactory(creditor=version.creditors.get()), "the firm's own limits"),
        (lambda version: reworded(), "the wordings of its templates"),
        (lambda version: version.creditors.add(CreditorFactory()), "its creditors"),
    ],
    ids=["steps", "policy", "wordings", "creditors"],
)
def test_what_changed_since_the_rehearsal_is_named(written, change, said):
    rehearsed(written, at=AT)
    change(written)
    with pytest.raises(NotApprovable) as error:
        publishing.submit(version_id=written.pk, actor=SYSTEM, at=AT)
    assert said in str(error.value)


def test_what_changed_between_approval_and_publishing_is_refused(written, second):
    approved(written, second)
    reworded()
    assert refused(NotApprovable, publishing.publish, version_id=written.pk, actor=SYSTEM) == "changed"


def test_whoever_wrote_or_edited_it_does_not_approve_it(written, author, second, make_user):
    editor = make_user("admin", username="editor")
    written.edits.create(what="step", at=AT, by=editor)
    rehearsed(written, at=AT)
    publishing.submit(version_id=written.pk, actor=SYSTEM, at=AT)
    for person in (author, editor):
        assert refused(NotApprovable, publishing.approve, version_id=written.pk, by=person) == "own"
    assert publishing.approve(version_id=written.pk, by=second, at=AT).approved_by == second


def test_what_is_sent_back_is_a_draft_that_nobody_approved(written, second):
    approved(written, second)
    sent = publishing.send_back(version_id=written.pk, reason="no exit", actor=SYSTEM, at=AT)
    assert (sent.status, sent.approved_by, sent.rehearsal, sent.content_hash) == ("draft", None, None, "")
    Step.objects.filter(segment__version=written).update(from_dpd=2)


def test_a_version_is_published_from_a_day_on_and_not_in_the_past(written, second):
    approved(written, second)
    yesterday = FIRST - timedelta(days=1)
    code = refused(NotApprovable, publishing.publish, version_id=written.pk, starts_on=yesterday, actor=SYSTEM)
    assert code == "past"
    later = FIRST + timedelta(days=9)
    version = publishing.publish(version_id=written.pk, starts_on=later, actor=SYSTEM, at=AT)
    assert (version.starts_on, version.status) == (later, "published")


def test_one_canary_at_a_time(bank, second):
    published(bank)
    canary = published(bank, NEXT, share=1)
    third = approved(draft(bank, segment("all", {"key": "third"})), second)
    assert refused(NotApprovable, publishing.publish, version_id=third.pk, actor=SYSTEM) == "canary"
    rollout.roll_back(version_id=canary.pk, reason="third is better", actor=SYSTEM, at=AT)
    assert publishing.publish(version_id=third.pk, share=1, actor=SYSTEM, at=AT).replaces.version == 1


def test_rolling_back_brings_the_version_before_back_and_a_second_time_the_one_before_that(bank):
    first, second, third = published(bank), published(bank, NEXT), published(bank, segment("all", {"key": "third"}))
    assert rollout.roll_back(version_id=third.pk, reason="bad", actor=SYSTEM, at=AT) == second
    assert rollout.roll_back(version_id=second.pk, reason="bad", actor=SYSTEM, at=AT) == first
    assert list(StrategyVersion.objects.order_by("version").values_list("status", flat=True)) == [
        "published", "retired", "retired",
    ]  # fmt: skip
    assert refused(RolloutRefused, rollout.roll_back, version_id=first.pk, reason="bad", actor=SYSTEM) == (
        "nothing-before"
    )


def test_what_a_turn_cannot_do_is_said(bank):
    version = published(bank)
    assert refused(RolloutRefused, rollout.widen, version_id=version.pk, share=100, actor=SYSTEM) == "everybody"
    assert refused(RolloutRefused, rollout.stop, version_id=version.pk, reason=" ", actor=SYSTEM) == "no-reason"
    assert refused(RolloutRefused, rollout.resume, version_id=version.pk, actor=SYSTEM) == "not-stopped"
    canary = published(bank, NEXT, share=10)
    assert refused(RolloutRefused, rollout.widen, version_id=canary.pk, share=1, actor=SYSTEM) == "wider"
    assert refused(RolloutRefused, rollout.roll_back, version_id=version.pk, reason="x", actor=SYSTEM) == (
        "nothing-before"
    )


def test_moves_are_set_on_a_draft_for_the_segments_in_force(bank, second):
    published(bank)
    case_of(bank)
    night(bank)
    version = draft(bank, NEXT)
    before, (row,) = moving.in_flight(version)
    assert (before.version, row.key, row.cases, row.steps, row.action) == (1, "all", 1, (("sms-1", 1),), "move")
    publishing.set_move(version_id=version.pk, from_key="all", action="stay", actor=SYSTEM, at=AT)
    assert moving.in_flight(version)[1][0].action == "stay"
    code = refused(
        NotApprovable, publishing.set_move, version_id=version.pk, from_key="none", action="stay", actor=SYSTEM
    )
    assert code == "segment"
    approved(version, second)
    code = refused(
        NotApprovable, publishing.set_move, version_id=version.pk, from_key="all", action="end", actor=SYSTEM
    )
    assert code == "status"


def test_what_is_suggested_follows_from_the_steps_that_are_left(bank):
    published(bank, segment("same", {"key": "a"}), segment("other", {"key": "b"}), segment("gone", {"key": "c"}))
    version = draft(bank, segment("same", {"key": "a"}), segment("other", {"key": "x"}))
    assert [(row.key, row.suggested) for row in moving.in_flight(version)[1]] == [
        ("same", "move"), ("other", "restart"), ("gone", "stay"),
    ]  # fmt: skip


def test_another_creditor_makes_another_version_of_what_is_in_force(bank):
    version = published(bank)
    other = CreditorFactory(code="other")
    again = definition.store(definition.of_version(version), creditors=[other], actor=SYSTEM, at=AT)
    assert (again.version, again.status, list(again.creditors.order_by("pk"))) == (2, "draft", [bank, other])
    assert list(version.creditors.all()) == [bank]


# -- the database ------------------------------------------------------------------------------------------------------

APPROVE = """UPDATE contacts_strategyversion SET status = 'approved', approved_by_id = %s, approved_at = now()
WHERE id = %s"""
SUBMIT = """UPDATE contacts_strategyversion SET status = 'rehearsed', content_hash = %s, rehearsal_id = %s
WHERE id = %s"""
PUBLISH = "UPDATE contacts_strategyversion SET status = 'published', published_at = now() WHERE id = %s"
REHEARSED = "strategy_is_published_as_it_was_rehearsed"
SOMEBODY_ELSE = "strategy_is_approved_by_somebody_else"
IN_USE = "strategy_version_in_use_never_changes"
DONE = "rehearsal_done_never_changes"


def test_the_database_approves_nothing_that_was_not_rehearsed(written, second):
    submit = "UPDATE contacts_strategyversion SET status = 'rehearsed', content_hash = %s WHERE id = %s"
    assert sql(submit, "0" * 64, written.pk) == ""
    assert sql(APPROVE, second.pk, written.pk) == REHEARSED


@pytest.mark.parametrize(
    "spoilt",
    [{"status": "failed"}, {"sample": "0.5"}, {"content_hash": "1" * 64}],
    ids=["failed", "a part of the book", "another content"],
)
def test_the_database_approves_by_a_finished_rehearsal_of_all_of_this_content_only(written, second, spoilt):
    row = rehearsed(written, at=AT)
    fields = {"version": written, "status": "done", "days": 7, "content_hash": row.content_hash, "inputs_hash": "x",
              "full_hash": "x", "requested_at": AT, "finished_at": AT}  # fmt: skip
    bad = Rehearsal.objects.create(**fields | spoilt)
    submit = (
        "UPDATE contacts_strategyversion SET status = 'rehearsed', content_hash = %s, rehearsal_id = %s WHERE id = %s"
    )
    assert sql(submit, row.content_hash, bad.pk, written.pk) == ""
    assert sql(APPROVE, second.pk, written.pk) == REHEARSED
    good = "UPDATE contacts_strategyversion SET rehearsal_id = %s WHERE id = %s"
    assert sql(good, row.pk, written.pk) == ""
    assert sql(APPROVE, second.pk, written.pk) == ""


def test_the_database_knows_a_draft_that_was_edited_after_its_rehearsal(written, second):
    row = rehearsed(written, at=AT)
    Step.objects.filter(segment__version=written).update(from_dpd=2)
    submit = (
        "UPDATE contacts_strategyversion SET status = 'rehearsed', content_hash = %s, rehearsal_id = %s WHERE id = %s"
    )
    assert sql(submit, row.content_hash, row.pk, written.pk) == ""
    assert sql(APPROVE, second.pk, written.pk) == REHEARSED


def test_the_database_lets_nobody_approve_what_he_wrote(written, author, second):
    rehearsed(written, at=AT)
    publishing.submit(version_id=written.pk, actor=SYSTEM, at=AT)
    assert sql(APPROVE, author.pk, written.pk) == SOMEBODY_ELSE
    assert sql(APPROVE, None, written.pk) == SOMEBODY_ELSE
    assert sql("UPDATE contacts_strategyversion SET created_by_id = NULL WHERE id = %s", written.pk) == IN_USE
    assert sql(APPROVE, second.pk, written.pk) == ""


@pytest.mark.parametrize("status", ["draft", "rehearsed"])
def test_the_database_publishes_nothing_that_was_not_approved(written, status):
    rehearsed(written, at=AT)
    if status == "rehearsed":
        publishing.submit(version_id=written.pk, actor=SYSTEM, at=AT)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PUBLISH, [written.pk])


def test_the_database_changes_nothing_of_a_version_in_use(bank, second):
    version = approved(draft(bank), second)
    pk, own = version.pk, version.segments.get().pk
    step = Step.objects.get(segment=own).pk
    insert = "INSERT INTO contacts_move (version_id, from_key, action) VALUES (%s, 'all', 'end')"
    statements = {
        "a condition": sql("UPDATE contacts_segment SET condition = '{}' WHERE id = %s", own),
        "a step": sql("UPDATE contacts_step SET from_dpd = 9 WHERE id = %s", step),
        "a step gone": sql("DELETE FROM contacts_step WHERE id = %s", step),
        "a move": sql(insert, pk),
        "a set": sql("UPDATE contacts_strategyversion SET sets = '{\"x\": []}' WHERE id = %s", pk),
        "a hash": sql("UPDATE contacts_strategyversion SET content_hash = 'x' WHERE id = %s", pk),
        "an approver": sql("UPDATE contacts_strategyversion SET approved_by_id = NULL WHERE id = %s", pk),
        "a creditor": sql("DELETE FROM contacts_strategyversion_creditors WHERE strategyversion_id = %s", pk),
    }
    assert statements == dict.fromkeys(statements, IN_USE)
    free = draft(bank, NEXT, code="free")
    assert sql("UPDATE contacts_step SET from_dpd = 9 WHERE segment_id = %s", free.segments.get().pk) == ""
    assert sql("UPDATE contacts_step SET segment_id = %s WHERE segment_id = %s", own, free.segments.get().pk) == IN_USE


def test_the_database_keeps_what_a_rehearsal_found(bank, written):
    row = rehearsed(written, at=AT)
    cell = {"day": FIRST, "creditor": bank, "segment_key": "all", "step_key": "sms-1", "kind": "message",
            "channel": "sms", "outcome": "sent", "count": 1}  # fmt: skip
    assert sql("UPDATE contacts_rehearsal SET results = '{\"sent\": 0}' WHERE id = %s", row.pk) == DONE
    assert sql("DELETE FROM contacts_rehearsal WHERE id = %s", row.pk) == DONE
    with pytest.raises(IntegrityError), transaction.atomic():
        RehearsalCell.objects.create(rehearsal=row, **cell)
    running = Rehearsal.objects.create(version=written, status="running", days=7, content_hash="x", requested_at=AT)
    RehearsalCell.objects.create(rehearsal=running, **cell)
    assert sql("UPDATE contacts_rehearsalcell SET count = 2 WHERE rehearsal_id = %s", running.pk) == ""


def test_the_history_of_turns_only_grows(bank):
    published(bank)
    with pytest.raises(Exception, match=r"only grows|permission denied"), transaction.atomic():
        Rollout.objects.update(share=50)
