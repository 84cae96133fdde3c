"""Every move of a case between its states, one verb each: lock, check, change, save, record, announce."""

from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django_fsm import can_proceed

from cases import events, locks
from cases.models import Case
from cases.models.case import HUMAN_ACTIONS, NextAction, Status
from cases.refusal import CaseRefused
from collections_app.shared.actor import Actor
from collections_app.shared.asked_often import asked_often
from compliance import audit

NEXT_FIELDS = ["next_action", "next_action_at", "next_action_note"]
LEASE_FIELDS = ["lease_by", "lease_until"]


def locked(case_id: int) -> Case:
    """Return the case with its person locked first, then its own row. Call inside a transaction."""
    person_id = _person_of.first(case=case_id)
    if person_id is None:
        raise Case.DoesNotExist(f"there is no case with the key {case_id}")
    locks.lock(person_ids=[person_id])
    (case,) = _row_locked(case=case_id)  # cases are never deleted
    return case


@asked_often
def _person_of(case: int) -> QuerySet[Case, int]:
    return Case.objects.filter(pk=case).values_list("person_id", flat=True)


@asked_often
def _row_locked(case: int) -> QuerySet[Case]:
    return Case.objects.select_for_update(of=("self",), no_key=True).filter(pk=case)


def check_version(case: Case, version: int | None) -> None:
    """Refuse a save from a page that no longer shows the case as it is. None: the caller does not come from a page."""
    if version is not None and version != case.version:
        raise CaseRefused("stale")


def _require(case: Case, move) -> None:
    if not can_proceed(move):
        raise CaseRefused("resolved" if case.is_resolved else "not-possible", status=case.get_status_display())


def _save(case: Case, *fields: str) -> None:
    case.version += 1
    case.save(update_fields=[*fields, "version"])


@transaction.atomic
def start(*, case_id: int, actor: Actor, at: datetime) -> Case:
    """Somebody begins to work a new case; a case already under way stays as it is."""
    case = locked(case_id)
    if case.status == Status.NEW:
        case.work()
        _save(case, "status")
        audit.record("case.started", subject=case, actor=actor, at=at, person_id=case.person_id)
    return case


@transaction.atomic
def set_next_action(
    *,
    case_id: int,
    action: str,
    due_at: datetime,
    note: str = "",
    actor: Actor,
    at: datetime,
    version: int | None = None,
) -> Case:
    """Say what happens next and when. An open case is never without. Raises CaseRefused."""
    case = locked(case_id)
    check_version(case, version)
    if case.is_resolved:
        raise CaseRefused("resolved", status=case.get_status_display())
    if action not in NextAction.values or due_at is None:
        raise CaseRefused("no-next-action")
    case.next_action, case.next_action_at, case.next_action_note = action, due_at, note[:200]
    _save(case, *NEXT_FIELDS)
    audit.record(
        "case.next_action_set",
        subject=case,
        actor=actor,
        at=at,
        person_id=case.person_id,
        action=action,
        due_at=due_at,
    )
    return case


def await_promise(case: Case, *, due_at: datetime, actor: Actor, at: datetime, keeps_review: bool = False) -> None:
    """Put a locked case to waiting for its promise. Called by `promises.make` in its own transaction.

    keeps_review: a supervisor who is to look at it next still does.
    """
    if case.status in (Status.NEW, Status.WORKING):
        case.promise()
    elif case.status != Status.PROMISED:
        raise CaseRefused("not-possible", status=case.get_status_display())
    if not (keeps_review and case.next_action == NextAction.REVIEW):
        case.next_action, case.next_action_at, case.next_action_note = NextAction.WAIT_PROMISE, due_at, ""
    _save(case, "status", *NEXT_FIELDS)
    audit.record("case.promised", subject=case, actor=actor, at=at, person_id=case.person_id)
    transaction.on_commit(partial(events.case_promised.send, sender=Case, case_id=case.pk, at=at), robust=True)


def await_plan(case: Case, *, due_at: datetime, actor: Actor, at: datetime) -> None:
    """Put a locked case to waiting for its plan: a signature, or the next instalment. Called by `cases.plans`."""
    if case.status != Status.ON_PLAN:
        _require(case, case.enter_plan)
        case.enter_plan()
        audit.record("case.put_on_plan", subject=case, actor=actor, at=at, person_id=case.person_id)
    case.next_action, case.next_action_at, case.next_action_note = NextAction.WAIT_PLAN, due_at, ""
    _save(case, "status", *NEXT_FIELDS)


def return_to_work(case: Case, *, action: str, due_at: datetime, actor: Actor, at: datetime, why: str) -> None:
    """Take a locked case back from waiting (a promise settled or broken, a plan broken) and say what is next."""
    if case.status in (Status.PROMISED, Status.ON_PLAN):
        case.work()
    case.next_action, case.next_action_at, case.next_action_note = action, due_at, ""
    _save(case, "status", *NEXT_FIELDS)
    audit.record("case.returned_to_work", subject=case, actor=actor, at=at, person_id=case.person_id, why=why)


@transaction.atomic
def cure(*, case_id: int, actor: Actor, at: datetime) -> Case:
    """End a case whose arrears are cleared. Raises CaseRefused for one that is resolved already."""
    case = locked(case_id)
    cure_locked(case, actor=actor, at=at)
    return case


def cure_locked(case: Case, *, actor: Actor, at: datetime) -> None:
    """Cure a case that the caller has locked."""
    _require(case, case.cure)
    case.cure(at=at)
    case.past_due_since = None
    _save(case, "status", "cured_at", "past_due_since", *NEXT_FIELDS, *LEASE_FIELDS)
    audit.record("case.cured", subject=case, actor=actor, at=at, person_id=case.person_id)
    transaction.on_commit(partial(events.case_cured.send, sender=Case, case_id=case.pk, at=at), robust=True)


@transaction.atomic
def close(*, case_id: int, reason: str, actor: Actor, at: datetime) -> Case:
    """End a case without cure (sold, recalled, opened in error). Raises CaseRefused."""
    case = locked(case_id)
    if not reason.strip():
        raise CaseRefused("no-reason")
    _require(case, case.close)
    case.close(at=at, reason=reason[:40])
    _save(case, "status", "closed_at", "closed_reason", *NEXT_FIELDS, *LEASE_FIELDS)
    audit.record("case.closed", subject=case, actor=actor, at=at, person_id=case.person_id, reason=reason)
    transaction.on_commit(partial(events.case_closed.send, sender=Case, case_id=case.pk, at=at), robust=True)
    return case


def reopen_locked(case: Case, *, past_due_since, actor: Actor, at: datetime, why: str) -> None:
    """Open a cured case again because what cured it was undone; a person looks at it next."""
    _require(case, case.reopen)
    case.reopen()
    case.past_due_since = past_due_since
    case.next_action, case.next_action_at, case.next_action_note = NextAction.REVIEW, at, ""
    _save(case, "status", "cured_at", "past_due_since", *NEXT_FIELDS)
    audit.record("case.reopened", subject=case, actor=actor, at=at, person_id=case.person_id, why=why)


def is_human(action: str) -> bool:
    """Whether this next action puts the case before a person."""
    return action in HUMAN_ACTIONS
