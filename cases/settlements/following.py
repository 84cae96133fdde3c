"""What follows for a case when something was given up, or is owed again: its figures, its cure, its return to work."""

from datetime import datetime

from cases import lifecycle, positions
from cases.models import Case
from cases.models.case import NextAction
from cases.models.case import Status as CaseStatus
from cases.plans import agreeing
from cases.settlements import counting
from collections_app.shared import clock
from collections_app.shared.actor import Actor


def after(case_id: int, *, why: str, actor: Actor, at: datetime) -> Case:
    """Bring a case whose person is locked up to date: cured where nothing is past due, open again where it is."""
    case = Case.objects.select_for_update(of=("self",), no_key=True).select_related("creditor").get(pk=case_id)
    positions.refresh(case, on=clock.business_day(at, case.creditor.time_zone))
    runs = agreeing.is_standing(case) or counting.is_running(case)
    if case.past_due_since is None:
        if not case.is_resolved and not runs:
            lifecycle.cure_locked(case, actor=actor, at=at)
    elif case.status == CaseStatus.CURED and not _has_open(case):
        lifecycle.reopen_locked(case, past_due_since=case.past_due_since, actor=actor, at=at, why=why)
    elif case.status == CaseStatus.ON_PLAN and not runs:
        lifecycle.return_to_work(case, action=NextAction.REVIEW, due_at=at, actor=actor, at=at, why=why)
    return case


def _has_open(case: Case) -> bool:
    """Whether arrears after the cure have opened a case of their own."""
    return Case.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id).unresolved().exists()
