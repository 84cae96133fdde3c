"""Versions of scripts: written by one person, put in force by another, never changed; and what may not be said."""

import pytest
from django.db import DatabaseError, transaction
from django.utils import translation

from collections_app.shared.actor import Actor
from compliance.models import AuditEvent
from contacts.models import ScriptVersion
from contacts.rendering import RenderingRefused
from contacts.scripts import checking, choosing, editing, notation
from contacts.scripts.checking import ScriptRefused
from contacts.scripts.conditions import ConditionRefused
from contacts.scripts.notation import NotationRefused
from tests.contacts.scripts.calling import NOON

pytestmark = pytest.mark.django_db
BODY = "say: It is about your account with {{ creditor_name }}.\nask: What has happened?"


@pytest.fixture
def editor(make_user):
    return make_user("admin", username="editor")


@pytest.fixture
def second(make_user):
    return make_user("compliance", username="second")


def write(by, body=BODY, **more):
    return editing.write(**{"key": "talk", "language": "en", "body": body, "when": {}, "by": by, "at": NOON} | more)


def code_of(error, act, *args, **kwargs):
    with pytest.raises(error) as refused:
        act(*args, **kwargs)
    return refused.value.code


# -- The life of a version -----------------------------------------------------------------------------------------


def test_a_draft_is_in_force_only_when_somebody_else_approves_it(editor, second):
    draft = write(editor)
    assert (draft.status, draft.version, draft.script.key, draft.script.stage) == ("draft", 1, "talk", "talk")
    assert choosing.approved() == ()
    assert code_of(ScriptRefused, editing.approve, version_id=draft.pk, by=editor, at=NOON) == "own"
    assert choosing.approved() == ()
    editing.approve(version_id=draft.pk, by=second, at=NOON)
    assert [(one.key, one.version, one.language) for one in choosing.approved()] == [("talk", 1, "en")]


def test_the_firms_own_words_take_the_place_of_the_programs_until_they_are_retired(editor, second):
    def first():
        found = choosing.candidates(choosing.approved(), stage="talk", language="en")
        return next(one.version for one in found if one.key == "talk")

    draft = write(editor)
    assert first() == 0
    editing.approve(version_id=draft.pk, by=second, at=NOON)
    assert first() == 1
    in_chinese = choosing.candidates(choosing.approved(), stage="talk", language="zh-hans")
    assert next(one.version for one in in_chinese if one.key == "talk") == 0
    editing.retire(version_id=draft.pk, reason="too long", actor=Actor.of(second), at=NOON)
    assert first() == 0


def test_the_next_version_retires_the_one_before(editor, second):
    first = write(editor)
    editing.approve(version_id=first.pk, by=second, at=NOON)
    later = write(editor, "say: Shorter.")
    assert (later.version, later.pk != first.pk) == (2, True)
    editing.approve(version_id=later.pk, by=second, at=NOON)
    assert list(ScriptVersion.objects.order_by("version").values_list("status", flat=True)) == ["retired", "approved"]
    assert list(AuditEvent.objects.order_by("pk").values_list("name", flat=True)) == [
        "script.written", "script.approved", "script.written", "script.retired", "script.approved",
    ]  # fmt: skip


def test_a_draft_that_is_written_again_stays_the_same_version(editor):
    assert write(editor).pk == write(editor, "say: Again.").pk
    assert ScriptVersion.objects.get().body == "say: Again."


def test_a_refusal_says_why_and_a_decided_draft_is_not_decided_again(editor, second):
    draft = write(editor)
    assert code_of(ScriptRefused, editing.refuse, version_id=draft.pk, reason=" ", by=second, at=NOON) == "no-reason"
    editing.refuse(version_id=draft.pk, reason="too harsh", by=second, at=NOON)
    assert code_of(ScriptRefused, editing.approve, version_id=draft.pk, by=second, at=NOON) == "not-a-draft"
    assert code_of(ScriptRefused, editing.retire, version_id=draft.pk, actor=Actor.of(second), at=NOON) == (
        "not-in-force"
    )


@pytest.mark.parametrize("change", [{"body": "say: Other."}, {"conditions": {"reason": ["illness"]}}, {"version": 9},
                                    {"status": "draft"}])  # fmt: skip
def test_the_database_refuses_to_change_what_is_in_force(editor, second, change):
    draft = write(editor)
    ScriptVersion.objects.filter(pk=draft.pk).update(body=BODY + "\nsay: A draft may be changed.")
    editing.approve(version_id=draft.pk, by=second, at=NOON)
    with pytest.raises(DatabaseError), transaction.atomic():
        ScriptVersion.objects.filter(pk=draft.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        ScriptVersion.objects.filter(pk=draft.pk).delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        type(draft.script).objects.filter(pk=draft.script_id).update(key="other")


def test_the_database_lets_nobody_approve_his_own(editor):
    draft = write(editor)
    with pytest.raises(DatabaseError), transaction.atomic():
        ScriptVersion.objects.filter(pk=draft.pk).update(status="approved", approved_by=editor, approved_at=NOON)


# -- What may be written -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "empty"),
        ("[unable]\nsay: x", "empty"),
        ("Good day", "not-a-line"),
        ("shout: Pay!", "not-a-line"),
        ("say:", "no-words"),
        ("disclose: recorded", "no-rule"),
        ("say CN-ID: x", "a-rule"),
        ("say: x\n[sleepy]\nsay: y", "unknown-branch"),
        ("say: x\n[unable]\nsay: y\n[unable]\nsay: z", "twice"),
        ("disclose CN-ID: a\ndisclose CN-ID: b", "twice"),
        ("say: x\n[unable]\ndisclose CN-ID: y", "not-in-a-branch"),
        ("say: x\n[unable]\n", "empty-branch"),
        ("say: " + "x" * 501, "too-long"),
        ("\n".join(["say: x"] * 61), "too-many"),
    ],
)
def test_what_is_no_script_is_refused_with_its_line(body, code):
    assert code_of(NotationRefused, notation.read, body) == code


def test_a_script_is_read_as_it_is_written():
    words = notation.read("say: a\n\nask：乙\ndisclose CN-ID: c\n[unable]\nask: d")
    assert [(one.kind, one.rule, one.text) for one in words.lines] == [
        ("say", "", "a"), ("ask", "", "乙"), ("disclose", "CN-ID", "c"),
    ]  # fmt: skip
    assert [one.text for one in words.branches["unable"]] == ["d"]


@pytest.mark.parametrize(
    ("body", "error", "code"),
    [
        ("say: Hello {{ nobody }}.", RenderingRefused, "unknown-variable"),
        ("say: Hello {{ creditor_name.phone }}.", RenderingRefused, "not-a-name"),
        ("say: Pay, or you will be arrested.", ScriptRefused, "forbidden"),
        ("say: x\n[unwilling]\nsay: 不还钱就抓你坐牢。", ScriptRefused, "forbidden"),
        ("disclose US-F-NOTHING: x", ScriptRefused, "unknown-rule"),
        ("disclose US-F-DISCLOSE: Hello there.", ScriptRefused, "clause"),
        ("say: x\n[voicemail]\nsay: y", ScriptRefused, "branch-stage"),
    ],
)
def test_what_may_not_be_said_is_not_even_kept(editor, body, error, code):
    assert code_of(error, write, editor, body) == code
    assert not ScriptVersion.objects.exists()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("say: It is about {{ amount_due }}.", "variable-before"),
        ("say: I call for {{ creditor_name }}.", "variable-before"),
        ("say: It is about your debt.", "before"),
        ("say: You owe us something.", "before"),
        ("say: 关于您的逾期。", "before"),
        ("say: x\n[wrong_person]\nsay: 请转告他还款。", "before"),
        ("disclose CN-ID: Here is {{ creditor_name }}.", "variable-before"),
        ("say: x\n[unable]\nask: y", "branch-stage"),
    ],
)
def test_before_confirmation_nothing_tells_of_a_debt(editor, body, code):
    assert code_of(ScriptRefused, write, editor, body, key="opening") == code


@pytest.mark.parametrize("body", ["say: Good day, {{ borrower_name }}.", "say: 您好，请问您是{{ borrower_name }}吗？",
                                  "disclose CN-REC: This call is recorded."])  # fmt: skip
def test_what_tells_nothing_may_be_said_before(editor, body):
    assert write(editor, body, key="opening").status == "draft"


def test_a_condition_is_of_the_catalogue(editor):
    assert code_of(ConditionRefused, write, editor, when={"weather": ["rain"]}) == "unknown-name"
    assert write(editor, when={"reason": ["illness"], "jurisdiction": ["US"]}).conditions == {
        "jurisdiction": ["US"], "reason": ["illness"],
    }  # fmt: skip


def test_a_script_keeps_its_place_in_the_call_and_its_languages(editor):
    assert code_of(ScriptRefused, write, editor, key="opening", stage="talk") == "stage"
    assert code_of(ScriptRefused, write, editor, language="ja") == "language"


def test_a_fault_names_its_line_also_behind_a_branch():
    body = "say: a\n\n[angry]\nsay: b\n[unable]\nsay: You will be arrested."
    with translation.override("en"):
        (fault,) = checking.faults_of(body, stage="talk")
    assert "in line 6" in str(fault)
