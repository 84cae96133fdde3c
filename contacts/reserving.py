"""The attempt that a decision is spent on: cleared by a permit (this is the reservation), or withheld by a refusal."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from compliance.facts import Question
from compliance.gate import Permit, Refusal
from contacts import sql
from contacts.facts import CaseFile
from contacts.models import ContactAttempt


def reserve(
    question: Question,
    decision: Permit | Refusal,
    *,
    file: CaseFile,
    address_id: int,
    made_by_id: int | None = None,
    planned: tuple[int, int] | None = None,
    template_version_id: int | None = None,
    at: datetime,
) -> ContactAttempt:
    """Write the attempt of a decision, in the transaction and under the locks that it was made in.

    planned: the planned contact and the number of its claim, of a message; with a permit its row names the decision.
    """
    permit = decision if isinstance(decision, Permit) else None
    planned_id, claim = planned or (None, None)
    attempt = ContactAttempt(
        person_id=file.person_id,
        contacted_id=file.contacted_id,
        creditor_id=file.creditor_id,
        case_id=file.case_id,
        contact_point_id=question.contact_point_id,
        address_id=address_id,
        planned_id=planned_id,
        claim=claim,
        decision_id=decision.decision_id,
        channel=question.channel or "",
        party=question.party,
        purpose=question.purpose,
        content_class=question.content_class or "",
        automated=question.automated,
        debts=list(file.debts),
        status=ContactAttempt.Status.CLEARED if permit else ContactAttempt.Status.WITHHELD,
        at=at,
        valid_from=permit.valid_from if permit else None,
        valid_until=permit.valid_until if permit else None,
        recorded_at=at,
        made_by_id=made_by_id,
        template_version_id=template_version_id,
        reason_code="" if permit else rule_of(decision),
    )
    values = [getattr(attempt, column) for column in sql.RESERVED]
    statement = sql.RESERVE_PLANNED if planned_id is not None and permit else sql.RESERVE
    ((attempt.pk,),) = statement.rows([_plain(value) for value in values])
    attempt._state.adding, attempt._state.db = False, "default"
    return attempt


def rule_of(decision: Refusal | Permit) -> str:
    """Return the id of the rule that a refusal names first."""
    return rule_in(decision.failing if isinstance(decision, Refusal) else ())


def rule_in(failing: Sequence[str]) -> str:
    """Return the rule that rows and attempts name as the reason, of those that failed."""
    return (failing[0] if failing else "gate-unavailable")[:60]


def _plain(value: object) -> object:
    return str(value) if isinstance(value, str | UUID) else value
