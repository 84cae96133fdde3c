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
CLOSES: Final = time(22)  # no best time is later, also where neither a law nor the firm's policy ends the day


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


@dataclass(frozen=True, slots=True)
class Asked:
    """A contact of which the gate is asked, of a person of whom nothing else is known."""

    channel: str
    purpose: str
    content_class: str
    automated: bool
    product: str = "credit_card"


def opening(place: Place, asked: Asked, *, creditor: Creditor, day: date) -> datetime:
    """Return the first instant of a local date at which such a contact is likely to be permitted there."""
    midnight = datetime.combine(day, time.min, clock.zone(zone_of(place, creditor)))
    policy = firm_policy.in_force(creditor_id=creditor.pk, at=midnight)
    usual = datetime.combine(day, policy.opens or OPENS, midnight.tzinfo)
    if not place.jurisdiction or not place.time_zone:
        return usual
    found = _permitted_from(place, asked, policy, creditor=creditor, at=midnight)
    return usual if found is None or found <= midnight else found


def begins(place: Place, asked: Asked, *, best_from: time | None, creditor: Creditor, day: date) -> datetime:
    """Return the opening, or the best local time where that is later and such a contact is likely to be permitted then;
    where it is permitted a little later that day, that instant.
    """
    opens = opening(place, asked, creditor=creditor, day=day)
    if best_from is None:
        return opens
    best = datetime.combine(day, best_from, clock.zone(zone_of(place, creditor)))
    policy = firm_policy.in_force(creditor_id=creditor.pk, at=best)
    if best <= opens or best_from >= (policy.closes or CLOSES):
        return opens
    if not place.jurisdiction or not place.time_zone:
        return best
    return _permitted_from(place, asked, policy, creditor=creditor, at=best) or opens


class Openings:
    """When contacts may begin on one day at one creditor, each answer worked out once: many steps ask the same.

    For the length of one transaction; what the firm sets meanwhile counts in the next.
    """

    def __init__(self, creditor: Creditor, day: date) -> None:
        self.creditor, self.day = creditor, day
        self._known: dict[tuple[Place, Asked, time | None], datetime] = {}

    def begins(self, place: Place, asked: Asked, *, best_from: time | None) -> datetime:
        """Return what `begins` returns for this creditor and day."""
        key = place, asked, best_from
        if key not in self._known:
            self._known[key] = begins(place, asked, best_from=best_from, creditor=self.creditor, day=self.day)
        return self._known[key]


def _permitted_from(
    place: Place, asked: Asked, policy: firm_policy.Policy, *, creditor: Creditor, at: datetime
) -> datetime | None:
    """Return the first permitted instant from `at` on of the same local date; None where the gate knows none."""
    question = Question(
        at=at,
        channel=asked.channel,
        purpose=asked.purpose,
        content_class=asked.content_class,
        automated=asked.automated,
        actor_kind=creditor.acting_as,
    )
    facts = Facts(
        jurisdictions=(place.jurisdiction,),
        product=asked.product,
        creditor_kind=creditor.kind,
        dpd=1,
        outsourced=creditor.acting_as != "creditor",
        firm_policy=firm_numbers(policy),
        extra_packs=policy.extra_packs,
        locations=(LocationClaim(zone=place.time_zone, at=at, authoritative=True),),
    )
    outcome = gate.preview(question, facts)
    if outcome.permitted:
        return at
    tomorrow = datetime.combine(at.date() + timedelta(days=1), time.min, at.tzinfo)
    found = outcome.next_permitted
    return found if found is not None and at <= found < tomorrow else None


def end_of_day(place: Place, *, creditor: Creditor, day: date, days_later: int = 0) -> datetime:
    """Return the end of a local date there, or of a date so many days later."""
    zone = clock.zone(zone_of(place, creditor))
    return datetime.combine(day + timedelta(days=days_later + 1), time.min, zone)
