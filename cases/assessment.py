"""Why it is not paid, and how willing and able the borrower is: what a collector learns, for the strategy to use."""

from datetime import datetime

from django.db import transaction

from cases import lifecycle
from cases.models import Case
from cases.refusal import CaseRefused
from collections_app.shared.actor import Actor
from compliance import audit

FIELDS = ["default_reason", "willingness", "ability", "is_hardship"]


@transaction.atomic
def assess(
    *,
    case_id: int,
    default_reason: str,
    willingness: str,
    ability: str,
    is_hardship: bool,
    actor: Actor,
    at: datetime,
    version: int | None = None,
) -> Case:
    """Record what is known of the reason for default, willingness and ability. Raises CaseRefused."""
    case = lifecycle.locked(case_id)
    lifecycle.check_version(case, version)
    if case.is_resolved:
        raise CaseRefused("resolved", status=case.get_status_display())
    before = {field: getattr(case, field) for field in FIELDS}
    case.default_reason, case.willingness, case.ability = default_reason, willingness, ability
    case.is_hardship = is_hardship
    case.version += 1
    case.save(update_fields=[*FIELDS, "version"])
    audit.record(
        "case.reason_recorded",
        subject=case,
        actor=actor,
        at=at,
        person_id=case.person_id,
        before=before,
        after={field: getattr(case, field) for field in FIELDS},
    )
    return case
