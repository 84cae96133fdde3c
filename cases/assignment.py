"""Who works a case: a team, and within it an owner or nobody in particular."""

from datetime import datetime

from django.db import transaction

from cases import lifecycle
from cases.models import Case
from cases.refusal import CaseRefused
from collections_app.shared.actor import Actor
from compliance import audit


@transaction.atomic
def assign(*, case_id: int, owner, actor: Actor, at: datetime) -> Case:
    """Give a case to one collector of its team, or (None) back to the team. Raises CaseRefused."""
    case = lifecycle.locked(case_id)
    if case.is_resolved:
        raise CaseRefused("resolved", status=case.get_status_display())
    if owner is not None and owner.team_id != case.team_id:
        raise CaseRefused("not-possible", status=case.get_status_display())
    if owner is None or owner.pk != case.owner_id:
        case.owner_since = at if owner else None
    case.owner = owner
    case.lease_by = case.lease_until = None
    case.version += 1
    case.save(update_fields=["owner", "owner_since", "lease_by", "lease_until", "version"])
    name = "case.assigned" if owner else "case.unassigned"
    audit.record(name, subject=case, actor=actor, at=at, person_id=case.person_id, owner=owner.pk if owner else None)
    return case
