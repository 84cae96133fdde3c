"""Drafts: nothing is lost, nothing is overwritten, and every edit can be taken back."""

import pytest

from collections_app.shared.actor import Actor
from contacts.models import DraftEdit
from contacts.strategy import definition, drafting, editing
from contacts.strategy.definition import DefinitionError, NotADraft
from contacts.strategy.drafting import DraftRefused
from contacts.strategy.editing import Node
from tests.factories.cases import CreditorFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db

DOCUMENT = {
    "code": "cards",
    "name": "Cards",
    "segment": [{"key": "rest", "name": "Rest", "step": [{"key": "call", "kind": "call", "from_dpd": 4}]}],
}


@pytest.fixture
def who():
    return Actor.of(UserFactory(admin=True))


@pytest.fixture
def draft(who, at):
    return drafting.begin(definition.parse(DOCUMENT), creditors=[CreditorFactory()], actor=who, at=at)


def now(draft):
    return drafting.document_of(type(draft).objects.get(pk=draft.pk))


def save(draft, document, who, at, was=None):
    was = was or drafting.token_of(now(draft))
    return drafting.save(version_id=draft.pk, document=document, was=was, what="changed", about="x", actor=who, at=at)


def test_a_draft_begins_as_the_next_version_with_its_creditors(draft, who, at):
    assert (draft.version, draft.status, now(draft)) == (1, "draft", DOCUMENT)
    twin = drafting.begin(
        definition.of_version(draft), creditors=list(draft.creditors.all()), actor=who, at=at, based_on=draft
    )
    assert (twin.version, twin.based_on_id, now(twin)) == (2, draft.pk, DOCUMENT)
    assert list(twin.creditors.all()) == list(draft.creditors.all())


def test_an_edit_is_kept_with_what_was_before(draft, who, at):
    edited, _node = editing.change(now(draft), Node("rest", "call"), {"from_dpd": 5})
    save(draft, edited, who, at)
    assert now(draft)["segment"][0]["step"][0]["from_dpd"] == 5
    edit = DraftEdit.objects.get(version=draft)
    assert (edit.before, edit.after, edit.by_id, edit.state) == (DOCUMENT, edited, who.id, "done")


def test_an_edit_that_changes_nothing_is_no_edit(draft, who, at):
    save(draft, now(draft), who, at)
    assert not DraftEdit.objects.exists()


def test_two_edits_are_taken_back_and_done_again_in_their_order(draft, who, at):
    for days in (5, 6):
        save(draft, editing.change(now(draft), Node("rest", "call"), {"from_dpd": days})[0], who, at)

    def turn(verb):
        verb(version_id=draft.pk, was=drafting.token_of(now(draft)), actor=who, at=at)
        return now(draft)["segment"][0]["step"][0]["from_dpd"]

    turns = [drafting.undo, drafting.undo, drafting.redo, drafting.redo]
    assert [turn(verb) for verb in turns] == [5, 4, 5, 6]
    with pytest.raises(DraftRefused, match="nothing to do again"):
        turn(drafting.redo)


def test_after_another_edit_what_was_taken_back_is_not_done_again(draft, who, at):
    save(draft, editing.change(now(draft), Node("rest", "call"), {"from_dpd": 5})[0], who, at)
    drafting.undo(version_id=draft.pk, was=drafting.token_of(now(draft)), actor=who, at=at)
    save(draft, editing.change(now(draft), Node("rest", "call"), {"from_dpd": 9})[0], who, at)
    with pytest.raises(DraftRefused):
        drafting.redo(version_id=draft.pk, was=drafting.token_of(now(draft)), actor=who, at=at)
    assert now(draft)["segment"][0]["step"][0]["from_dpd"] == 9


def test_nobody_overwrites_what_somebody_else_has_changed(draft, who, at):
    seen = drafting.token_of(now(draft))
    save(draft, editing.change(now(draft), Node("rest"), {"name": "Others"})[0], who, at)
    with pytest.raises(DraftRefused, match="Somebody else"):
        save(draft, editing.change(DOCUMENT, Node("rest", "call"), {"from_dpd": 8})[0], who, at, was=seen)
    with pytest.raises(DraftRefused, match="Somebody else"):
        drafting.undo(version_id=draft.pk, was=seen, actor=who, at=at)
    assert (now(draft)["segment"][0]["name"], now(draft)["segment"][0]["step"][0]["from_dpd"]) == ("Others", 4)


def test_a_bad_document_changes_nothing_and_says_where(draft, who, at):
    with pytest.raises(DefinitionError) as refused:
        save(draft, editing.change(now(draft), Node("rest", "call"), {"from_dpd": -1})[0], who, at)
    assert [path for path, _message in refused.value.problems] == ["segment[0].step[0].from_dpd"]
    assert (now(draft), DraftEdit.objects.count()) == (DOCUMENT, 0)


def test_what_was_rehearsed_is_no_draft_any_more(draft, who, at):
    draft.rehearse(at=at, content_hash="x")
    draft.save()
    with pytest.raises(NotADraft):
        save(draft, editing.change(now(draft), Node("rest", "call"), {"from_dpd": 5})[0], who, at)
