"""What an officer records about a claim that no other row tells: a suit, a served demand, an order; and taking it back.

The clocks of the case are reckoned at once, so that the gate and the lists see it with the commit.
"""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases import lifecycle
from cases.models import Account, Case, Document
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from compliance import audit
from contacts import legal_clocks
from contacts.models import LegalEvent

# Of these there is nothing to say before they have happened; an instalment may fall due later.
LATER: LegalEvent.Kind = LegalEvent.Kind.LAST_INSTALMENT


class LegalEventRefused(Refused):
    SENTENCES = {
        "no-evidence": _("Name the evidence: a receipt, a file number, who was there."),
        "future": _("%(day)s is in the future."),
        "no-until": _("Say when the last instalment falls due."),
        "account": _("This account is not one of the case."),
        "document": _("This document is not one of the case."),
        "undone": _("This was taken back already."),
    }


@transaction.atomic
def record(
    *,
    case_id: int,
    kind: str,
    happened_on: date,
    evidence: str,
    account_id: int | None = None,
    until: date | None = None,
    document_id: int | None = None,
    actor: Actor,
    at: datetime,
) -> LegalEvent:
    """Record what happened with a claim, with its evidence. happened_on, until: dates at the creditor's.

    Raises LegalEventRefused.
    """
    case = lifecycle.locked(case_id)
    if not evidence.strip():
        raise LegalEventRefused("no-evidence")
    if happened_on > clock.business_day(at, case.creditor.time_zone):
        raise LegalEventRefused("future", day=happened_on)
    if kind == LATER and until is None:
        raise LegalEventRefused("no-until")
    mine = Account.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id)
    if account_id is not None and not mine.filter(pk=account_id).exists():
        raise LegalEventRefused("account")
    if document_id is not None and not Document.objects.filter(pk=document_id, case=case).exists():
        raise LegalEventRefused("document")
    event = LegalEvent.objects.create(
        case=case,
        account_id=account_id,
        person_id=case.person_id,
        kind=kind,
        happened_on=happened_on,
        until=until if kind == LATER else None,
        evidence=evidence.strip()[:300],
        document_id=document_id,
        recorded_at=at,
        recorded_by_id=actor.id if actor.kind == "user" else None,
    )
    audit.record(
        "legal.event_recorded", subject=event, actor=actor, at=at, person_id=case.person_id, kind=kind, on=happened_on
    )
    legal_clocks.reckon(case_id, at=at)
    return event


@transaction.atomic
def undo(*, event_id: int, why: str, actor: Actor, at: datetime) -> LegalEvent:
    """Take back what was recorded in error; the row stays, and another says that it does not count.

    Raises LegalEventRefused.
    """
    event = LegalEvent.objects.select_related("case").get(pk=event_id)
    case: Case = lifecycle.locked(event.case_id)
    if event.undoes_id is not None or LegalEvent.objects.filter(undoes=event).exists():
        raise LegalEventRefused("undone")
    if not why.strip():
        raise LegalEventRefused("no-evidence")
    undone = LegalEvent.objects.create(
        case=case,
        account_id=event.account_id,
        person_id=case.person_id,
        kind=event.kind,
        happened_on=event.happened_on,
        until=event.until,
        evidence=why.strip()[:300],
        undoes=event,
        recorded_at=at,
        recorded_by_id=actor.id if actor.kind == "user" else None,
    )
    audit.record("legal.event_undone", subject=event, actor=actor, at=at, person_id=case.person_id, why=why[:200])
    legal_clocks.reckon(case.pk, at=at)
    return undone
