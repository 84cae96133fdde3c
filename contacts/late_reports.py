"""A contact that is reported late changes what was right to do after it: the count is opened again.

What was decided stays decided, since nobody knew. But contacts made after the one reported, which would have been
refused had it been known, are flagged for the compliance officer, as the reported one is.
"""

from bisect import insort
from dataclasses import replace
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from collections_app.shared.actor import Actor
from compliance import audit, engine, gate, look_back
from compliance.facts import ContactEvent, Facts, FactsError, Question, from_plain
from compliance.packs_loader import PackError
from compliance.releases.in_force import ReleasesUnknown
from contacts import facts
from contacts.models import ContactAttempt

MOST: Final = 200  # later contacts of one person that are judged again
NEVER_MADE: Final = ("withheld", "cancelled")


def judge_again(reported: ContactAttempt, *, actor: Actor, at: datetime) -> list[int]:
    """Flag the contacts made after a reported one that would have been refused had it been known; return their ids.

    Each is judged with the facts that its decision keeps and the reported contact, by the packs of its own instant.
    """
    flagged = []
    for attempt in _later(reported, at=at):
        rule = _rule_against(attempt, reported)
        if not rule:
            continue
        attempt.flagged_rule = rule[:60]
        attempt.save(update_fields=["flagged_rule"])
        audit.record(
            "attempt.flagged_late",
            subject=attempt,
            actor=actor,
            at=at,
            person_id=attempt.person_id,
            rule=rule,
            reported=reported.pk,
        )
        flagged.append(attempt.pk)
    return flagged


def _later(reported: ContactAttempt, *, at: datetime) -> QuerySet[ContactAttempt]:
    same = Q(person_id=reported.person_id)
    if reported.address_id is not None:
        same |= Q(address_id=reported.address_id)
    until = min(at, reported.at + look_back.longest(at))
    rows = ContactAttempt.objects.filter(same, at__gt=reported.at, at__lte=until, direction="outbound", flagged_rule="")
    rows = rows.filter(decision__verdict="permit", case__isnull=False).exclude(status__in=NEVER_MADE)
    return rows.select_related("decision").order_by("at", "pk")[:MOST]


def _rule_against(attempt: ContactAttempt, reported: ContactAttempt) -> str:
    """Return the first rule that forbids a contact once the reported one is known; empty: none."""
    decision = attempt.decision
    if decision is None or attempt.case_id is None:
        return ""
    event = _as_seen_by(attempt, reported)
    if event is None:
        return ""
    try:
        question, known = from_plain(Question, decision.question), from_plain(Facts, decision.facts)
        packs = gate.choose_packs(question, known)
    except (FactsError, PackError, OSError, ReleasesUnknown):
        return ""
    if not engine.permits(question, known, packs):
        return ""  # by the packs as they are read now it would have been refused anyway, report or not
    contacts = list(known.contacts)
    insort(contacts, event, key=lambda each: each.at)
    outcome = engine.evaluate(question, replace(known, contacts=tuple(contacts)), packs)
    return outcome.failing[0] if outcome.failing else ""


def _as_seen_by(attempt: ContactAttempt, reported: ContactAttempt) -> ContactEvent | None:
    """Return the reported contact as it counts for the person and number of another one; None where it does not."""
    file = facts.of_case(
        attempt.case_id or 0, at=attempt.at, contacted_id=attempt.contacted_id, party=attempt.party, live=False
    )
    known = file.facts(attempt.contact_point_id, except_attempt=attempt.pk)
    return next((event for event in known.contacts if event.id == reported.pk), None)
