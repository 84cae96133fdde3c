"""From the database to what the gate may know: one question and its facts, in a constant number of queries.

Counts and instructions follow the person and the address, never the case: one budget per person over all creditors,
and a number that two persons share is one number. What is not known stays unknown, and the gate refuses.

A row that is visible counts as in force now, even where another machine's clock wrote an instant slightly ahead of
ours: with `live` such instants are read as "now". Only a question about the past (`live=False`) reads them as they
are written.

The firm's own limits are those of the version that is in force at the instant (`cases.firm_policy`); what it enables
adds to the policies that are always honoured.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from cases import firm_policy
from cases.models import Account, Case, ContactPoint, Instruction, LocationClaim
from contacts.facts.casefile import DEBTOR, NOTICE_RECORDS, CaseFile, firm_numbers
from contacts.facts.standing import by, standing_records
from contacts.models import ContactAttempt

LOOK_BACK: Final = timedelta(days=40)  # longer than the longest window that any rule counts over
NEVER_HAPPENED: Final = ("withheld", "cancelled")

__all__ = ["CaseFile", "firm_numbers", "of_case", "of_cases"]


def of_case(
    case_id: int, *, at: datetime, contacted_id: int | None = None, party: str = DEBTOR, live: bool = True
) -> CaseFile:
    """Return what is known about one case at this instant. contacted_id and party: whom to reach, if not the debtor."""
    contacted = {case_id: (contacted_id, party)} if contacted_id is not None else {}
    return of_cases([case_id], at=at, contacted=contacted, live=live)[case_id]


def of_cases(
    case_ids: Iterable[int],
    *,
    at: datetime,
    contacted: Mapping[int, tuple[int, str]] | None = None,
    live: bool = True,
) -> dict[int, CaseFile]:
    """Return what is known about each of these cases, in twelve queries however many there are.

    contacted: case id -> (person id, role) where somebody other than the debtor is to be reached.
    """
    contacted = contacted or {}
    cases = list(Case.objects.filter(pk__in=list(case_ids)).select_related("person", "creditor").order_by("pk"))
    whom = {case.pk: contacted.get(case.pk, (case.person_id, DEBTOR)) for case in cases}
    persons = {case.person_id for case in cases} | {person for person, _ in whom.values()}
    debtors = {case.person_id for case in cases}

    points = list(
        ContactPoint.objects.filter(person_id__in=persons)
        .select_related("address", "person")
        .order_by("position", "pk")
    )
    addresses = {point.address_id for point in points}
    accounts = (
        Account.objects.filter(person_id__in=debtors, status=Account.Status.OPEN)
        .select_related("product")
        .order_by("pk")
    )
    claims = LocationClaim.objects.filter(person_id__in=persons).exclude(ended_at__lte=at).order_by("pk")
    # Asking a third person is permitted once, and never again after a refusal: however long ago it was.
    recent = Q(at__gte=at - LOOK_BACK) | Q(content_class__in=list(NOTICE_RECORDS)) | ~Q(party=DEBTOR)
    if not live:
        recent &= Q(at__lte=at)
    attempts = (
        ContactAttempt.objects.filter(Q(person_id__in=persons) | Q(address_id__in=addresses), recent)
        .exclude(status__in=NEVER_HAPPENED)
        .select_related("contact_point", "creditor")
        .order_by("at", "pk")
    )
    instructions = (
        Instruction.objects.filter(Q(person_id__in=persons) | Q(address_id__in=addresses))
        .select_related("withdrawal")
        .order_by("pk")
    )
    grouped_points, grouped_claims = by(points, "person_id"), by(claims, "person_id")
    grouped_accounts, told = by(accounts, "person_id"), list(instructions)
    happened = list(attempts)
    concerned = {case.pk: {case.person_id, whom[case.pk][0]} for case in cases}
    standing, promised = standing_records(concerned, cases, at=at, live=live)
    policies = firm_policy.in_force_for({case.creditor_id for case in cases}, at=at)
    files = {}
    for case in cases:
        person_id, party = whom[case.pk]
        own = tuple(grouped_points.get(person_id, ()))
        reached = {point.address_id for point in own}
        both = {person_id, case.person_id}
        files[case.pk] = CaseFile(
            case=case,
            contacted_id=person_id,
            party=party,
            at=at,
            live=live,
            points=own,
            accounts=tuple(a for a in grouped_accounts.get(case.person_id, ()) if a.creditor_id == case.creditor_id),
            claims=tuple(grouped_claims.get(person_id, ()) or grouped_claims.get(case.person_id, ())),
            attempts=tuple(
                a for a in happened if a.person_id in both or a.contacted_id in both or a.address_id in reached
            ),
            instructions=tuple(i for i in told if i.person_id in both or i.address_id in reached),
            records=tuple(standing.get(case.pk, ())),
            open_promise=promised.get(case.pk),
            policy=policies.get(case.creditor_id, firm_policy.UNSET),
            _point_by_id={point.pk: point for point in own},
        )
    return files
