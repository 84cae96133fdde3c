"""When a contact may first be made on a day: a hint, worked out once per (jurisdiction, zone, channel) and not per
person.

The night plans; it does not decide. The gate is asked about a person of that place of whom nothing else is known, and
decides again, with every fact, when the contact is made. Where it says nothing useful the creditor's own hour counts.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from cases import firm_policy
from cases.models import Creditor
from collections_app.shared import clock
from compliance import gate
from compliance.facts import Facts, LocationClaim, Question
from contacts.facts import firm_numbers

OPENS: Final = time(8)


@dataclass(frozen=True, slots=True)
class Place:
    """Where persons of one class are: what law, what time."""

    jurisdiction: str
    time_zone: str


def zone_of(place: Place, creditor: Creditor) -> str:
    """Return the place's time zone, or the creditor's where it is unknown (the gate will refuse, and say so)."""
    try:
        clock.zone(place.time_zone)
    except clock.UnknownTimeZone:
        return creditor.time_zone
    return place.time_zone


def opening(
    place: Place,
    *,
    creditor: Creditor,
    day: date,
    channel: str,
    purpose: str,
    content_class: str,
    automated: bool,
    product: str = "credit_card",
) -> datetime:
    """Return the first instant of a local date at which such a contact is likely to be permitted there."""
    zone = clock.zone(zone_of(place, creditor))
    midnight = datetime.combine(day, time.min, zone)
    policy = firm_policy.in_force(creditor_id=creditor.pk, at=midnight)
    usual = datetime.combine(day, policy.opens or OPENS, zone)
    if not place.jurisdiction or not place.time_zone:
        return usual
    question = Question(
        at=midnight,
        channel=channel,
        purpose=purpose,
        content_class=content_class,
        automated=automated,
        actor_kind=creditor.acting_as,
    )
    facts = Facts(
        jurisdictions=(place.jurisdiction,),
        product=product,
        creditor_kind=creditor.kind,
        dpd=1,
        outsourced=creditor.acting_as != "creditor",
        firm_policy=firm_numbers(policy),
        extra_packs=policy.extra_packs,
        locations=(LocationClaim(zone=place.time_zone, at=midnight, authoritative=True),),
    )
    outcome = gate.preview(question, facts)
    permitted_from = None if outcome.permitted else outcome.next_permitted
    if permitted_from is None or not midnight < permitted_from < midnight + timedelta(days=1):
        return usual
    return permitted_from


def end_of_day(place: Place, *, creditor: Creditor, day: date, days_later: int = 0) -> datetime:
    """Return the end of a local date there, or of a date so many days later."""
    zone = clock.zone(zone_of(place, creditor))
    return datetime.combine(day + timedelta(days=days_later + 1), time.min, zone)
