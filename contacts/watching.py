"""What an officer watches of people: who is one contact from a limit, which consents end, which holds need a look."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import F, Q, QuerySet

from cases import reach
from cases.models import Case, Consent, Hold, Instruction
from compliance import previews
from compliance.limits import Limit
from contacts import facts
from contacts.channels import catalogue
from contacts.facts import CaseFile
from contacts.models import ContactAttempt

LOOKED_AT: Final = 60
CHANNELS: Final = ("phone", "sms")
RECENT: Final = timedelta(days=7)
CONSENTS_WITHIN: Final = timedelta(days=14)
HOLDS_WITHIN: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Near:
    """A person whom one more contact brings to a limit, or who is at it."""

    case: Case
    channel: str
    limit: Limit


def near_limits(user: Any, *, at: datetime) -> tuple[list[Near], int]:
    """Return who is one contact or none from a limit, and of how many people: those whom we contacted last.

    Only the LOOKED_AT people contacted last are asked about, by the same preview that the case page makes.
    """
    recent = (
        reach.limit(ContactAttempt.objects.filter(origin="ours", case__isnull=False), user)
        .filter(at__gte=at - RECENT, at__lte=at)
        .order_by("-at", "-pk")
        .values_list("case_id", flat=True)[: LOOKED_AT * 4]
    )
    chosen = list(dict.fromkeys(pk for pk in recent if pk is not None))[:LOOKED_AT]
    cases = Case.objects.visible_to(user).filter(pk__in=chosen).select_related("person", "creditor").in_bulk()
    found: list[Near] = []
    for pk in chosen:
        case = cases.get(pk)
        if case is None or case.is_resolved:
            continue
        file = facts.of_case(pk, at=at)
        for channel in CHANNELS:
            scarcest = _scarcest(file, channel)
            if scarcest is not None and scarcest.left <= 1:
                found.append(Near(case, channel, scarcest))
    return sorted(found, key=lambda one: (-one.limit.left, one.limit.rule, one.case.pk)), len(chosen)


def _scarcest(file: CaseFile, channel: str) -> Limit | None:
    points = catalogue.candidates(channel, file.points)
    if not points:
        return None
    by_person = channel == "phone"
    question = file.question(
        channel=channel,
        contact_point_id=points[0].pk,
        content_class=channel if by_person else "reminder",
        automated=not by_person,
    )
    counts = previews.ask(question, file.facts(points[0].pk)).limits
    return counts[0] if counts else None


def _of_visible(user: Any) -> Q:
    """Return the condition that a row's person has a case within the user's reach."""
    return Q(person__in=Case.objects.visible_to(user).values("person_id"))


def expiring_consents(user: Any, *, at: datetime) -> QuerySet[Consent]:
    """Return the consents that stand and end soon, the soonest first."""
    standing = Consent.objects.filter(withdrawn_at__isnull=True, spent_by_attempt_id__isnull=True)
    return (
        standing.filter(_of_visible(user), expires_at__gt=at, expires_at__lte=at + CONSENTS_WITHIN)
        .select_related("person", "creditor")
        .order_by("expires_at", "pk")
    )


def holds_to_review(user: Any, *, at: datetime) -> QuerySet[Hold]:
    """Return the holds whose review is due or due soon, the most overdue first."""
    until = at.date() + HOLDS_WITHIN
    return (
        Hold.objects.filter(_of_visible(user), released_at__isnull=True, review_on__lte=until)
        .select_related("person", "reviewer_team", "reviewer", "placed_by", "creditor")
        .order_by(F("review_on").asc(), "pk")
    )


def matters_to_review(user: Any, *, at: datetime) -> QuerySet[Instruction]:
    """Return what people asked that somebody comes back to (disputes, complaints, care), the most overdue first."""
    until = at.date() + HOLDS_WITHIN
    return (
        Instruction.objects.filter(_of_visible(user), withdrawal__isnull=True, review_on__lte=until)
        .exclude(expires_at__lte=at)
        .select_related("person", "reviewer_team", "reviewer", "recorded_by", "creditor")
        .order_by("review_on", "pk")
    )


def reported_against_rules(user: Any, *, since: datetime) -> QuerySet[ContactAttempt]:
    """Return the contacts reported afterwards that would have been refused, the latest first."""
    rows = ContactAttempt.objects.filter(origin="reported", at__gte=since).exclude(flagged_rule="")
    return reach.limit(rows, user).select_related("case__person", "creditor").order_by("-at", "-pk")


def cases_of(user: Any, person_ids: set[int]) -> dict[int, Case]:
    """Return one case within reach for each of these persons, an open one where there is one."""
    rows = Case.objects.visible_to(user).filter(person_id__in=person_ids).order_by("-pk")
    found: dict[int, Case] = {}
    for case in rows:
        known = found.get(case.person_id)
        if known is None or (known.is_resolved and not case.is_resolved):
            found[case.person_id] = case
    return found
