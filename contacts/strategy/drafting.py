"""Drafts: begun anew or from another version, changed as whole documents, each change taken back and done again.

Two people may edit one draft. Whoever saves says which document he was looking at; if it is another one by now,
nothing is overwritten.
"""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.models import Creditor
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from contacts.models import DraftEdit, Strategy, StrategyVersion
from contacts.strategy import definition, editing
from contacts.strategy.definition import Definition
from contacts.strategy.editing import Document


class DraftRefused(Refused):
    SENTENCES = {
        "stale": _(
            "Somebody else has changed this draft since you opened it. Nothing of theirs was overwritten; your last "
            "change was not saved. Look at the draft as it is now."
        ),
        "nothing-to-undo": _("There is nothing to take back."),
        "nothing-to-redo": _("There is nothing to do again."),
        "code-taken": _("There is a strategy with the code %(strategy)s already. Make a copy of one of its versions."),
    }


def document_of(version: StrategyVersion) -> Document:
    """Return the document that a version stands for, each segment with its key."""
    return editing.with_keys(definition.to_document(definition.of_version(version)))


def token_of(document: Document) -> str:
    """Return what says of a document that it is this one: it changes with every word."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@transaction.atomic
def begin(
    what: Definition,
    *,
    creditors: list[Creditor],
    actor: Actor,
    at: datetime,
    based_on: StrategyVersion | None = None,
) -> StrategyVersion:
    """Begin a draft: the next version of the strategy of that code. Raises DefinitionError for a missing template.

    based_on: the version that it is a copy of.
    """
    strategy, _created = Strategy.objects.get_or_create(code=what.code, defaults=definition.words_of(what))
    Strategy.objects.select_for_update(no_key=True).get(pk=strategy.pk)
    newest = strategy.versions.order_by("-version").first()
    version = StrategyVersion.objects.create(
        strategy=strategy,
        version=newest.version + 1 if newest else 1,
        based_on=based_on,
        created_at=at,
        created_by_id=actor.id if actor.kind == "user" else None,
    )
    version.creditors.set(creditors)
    return definition.replace_draft(version.pk, what, actor=actor, at=at)


@transaction.atomic
def save(
    *, version_id: int, document: Document, was: str, what: str, about: str, actor: Actor, at: datetime
) -> StrategyVersion:
    """Replace a draft by an edited document, and remember both.

    was: token of the document that was edited. Raises DefinitionError, DraftRefused and NotADraft.
    """
    version, before = _locked(version_id, was)
    definition.replace_draft(version_id, definition.parse(document), actor=actor, at=at)
    after = document_of(StrategyVersion.objects.select_related("strategy").get(pk=version_id))
    if after == before:
        return version
    version.edits.filter(state=DraftEdit.State.UNDONE).update(state=DraftEdit.State.DROPPED)
    DraftEdit.objects.create(
        version=version,
        what=what[:30],
        about=about[:120],
        before=before,
        after=after,
        at=at,
        by_id=actor.id if actor.kind == "user" else None,
    )
    return version


def last_done(version: StrategyVersion) -> DraftEdit | None:
    """Return the edit that `undo` would take back."""
    return version.edits.filter(state=DraftEdit.State.DONE).order_by("-pk").first()


def last_undone(version: StrategyVersion) -> DraftEdit | None:
    """Return the edit that `redo` would do again."""
    return version.edits.filter(state=DraftEdit.State.UNDONE).order_by("pk").first()


@transaction.atomic
def undo(*, version_id: int, was: str, actor: Actor, at: datetime) -> DraftEdit:
    """Take the last edit back. Raises DraftRefused and NotADraft."""
    version, _before = _locked(version_id, was)
    edit = last_done(version)
    if edit is None:
        raise DraftRefused("nothing-to-undo")
    return _turn(edit, edit.before, DraftEdit.State.UNDONE, actor=actor, at=at)


@transaction.atomic
def redo(*, version_id: int, was: str, actor: Actor, at: datetime) -> DraftEdit:
    """Do again what was taken back last. Raises DraftRefused and NotADraft."""
    version, _before = _locked(version_id, was)
    edit = last_undone(version)
    if edit is None:
        raise DraftRefused("nothing-to-redo")
    return _turn(edit, edit.after, DraftEdit.State.DONE, actor=actor, at=at)


def _turn(edit: DraftEdit, to: dict[str, Any], state: str, *, actor: Actor, at: datetime) -> DraftEdit:
    definition.replace_draft(edit.version_id, definition.parse(to), actor=actor, at=at)
    edit.state = state
    edit.save(update_fields=["state"])
    return edit


def _locked(version_id: int, was: str) -> tuple[StrategyVersion, Document]:
    version = (
        StrategyVersion.objects.select_related("strategy")
        .select_for_update(of=("self",), no_key=True)
        .get(pk=version_id)
    )
    document = document_of(version)
    if token_of(document) != was:
        raise DraftRefused("stale")
    return version, document
