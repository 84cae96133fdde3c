"""Calls about cases for the tests of scripts: permitted by the gate, and confirmed."""

from datetime import UTC, datetime
from typing import Any

from cases.models import Case
from collections_app.shared.actor import Actor
from contacts import calls, verifying
from contacts.models import ContactAttempt

NOON = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)  # 11:00 in Shanghai


def called(case: Case, *, by: Any, at: datetime = NOON, confirmed: bool = False) -> ContactAttempt:
    """Return an open call about this case that the gate has permitted."""
    actor = Actor.of(by)
    calls.open_call(case_id=case.pk, contact_point_id=case.point.pk, actor=actor, at=at)
    rows = ContactAttempt.objects.select_related("case__person", "case__creditor", "decision")
    attempt = rows.get(case=case, status="cleared")
    if confirmed:
        confirm(attempt, by=by, at=at)
    return attempt


def confirm(attempt: ContactAttempt, *, by: Any, at: datetime = NOON) -> None:
    """Let the person called be on the line."""
    verifying.confirm(attempt_id=attempt.pk, questions=["account_last4", "email"], actor=Actor.of(by), at=at)
