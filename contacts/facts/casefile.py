"""What is known about one case, and the question and facts that any contact about it makes of that."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cases.firm_policy import UNSET, Policy
from cases.models import Account, Case, ContactPoint, Instruction, LocationClaim, Product, Promise
from collections_app.shared import clock
from compliance import facts as known
from compliance.facts import ContactEvent, Facts, FirmPolicy, Override, Question, Record
from contacts.facts.asked import Concerned, records_of
from contacts.models import ContactAttempt

OPEN_STATES: Final = ("cleared", "in_progress", "uncertain")
UNUSABLE: Final = (ContactPoint.State.BAD, ContactPoint.State.STRANGER, ContactPoint.State.REMOVED)
DEBTOR: Final = "debtor"

NOTICE_RECORDS: Final = {
    "validation_notice": "validation_notice_sent",
    "verification": "verification_sent",
    "collection_notice": "collection_notice_sent",
    "agency_notice": "agency_notice_sent",
}  # content class of a message that left -> the notice that it was

# Where the accounts of one case are of several products, the one whose rules say most is asked about.
PRODUCT_ORDER: Final = (
    Product.Kind.CREDIT_CARD,
    Product.Kind.MICROFINANCE,
    Product.Kind.ONLINE_CONSUMER_LOAN,
    Product.Kind.CONSUMER_LOAN,
    Product.Kind.PERSONAL_LOAN,
    Product.Kind.MORTGAGE,
    Product.Kind.CAR_LOAN,
    Product.Kind.GUARANTEED_LOAN,
    Product.Kind.BUSINESS_LOAN,
    Product.Kind.CONSUMER_DEBT,
)


@dataclass(frozen=True, slots=True)
class CaseFile:
    """What is known before a contact about one case; makes the question and the facts for any way of making it."""

    case: Case
    contacted_id: int
    party: str
    at: datetime
    live: bool
    points: tuple[ContactPoint, ...]
    accounts: tuple[Account, ...]
    claims: tuple[LocationClaim, ...] = ()
    attempts: tuple[ContactAttempt, ...] = ()
    instructions: tuple[Instruction, ...] = ()
    records: tuple[Record, ...] = ()
    open_promise: Promise | None = None
    policy: Policy = UNSET
    _point_by_id: dict[int, ContactPoint] = field(default_factory=dict)

    def point(self, contact_point_id: int | None) -> ContactPoint | None:
        """Return the contact point of that id among those of the person contacted, or None."""
        return self._point_by_id.get(contact_point_id) if contact_point_id is not None else None

    def question(
        self,
        *,
        channel: str,
        contact_point_id: int | None,
        purpose: str = "collection",
        content_class: str = "reminder",
        automated: bool = False,
        staff_id: int | None = None,
        override: Override | None = None,
        in_reply: bool | None = None,
    ) -> Question:
        """Return the proposal to reach the person now, by this channel and point, about all debts of the case."""
        point = self.point(contact_point_id)
        return Question(
            at=self.at,
            channel=channel,
            party=self.party,
            person_id=self.contacted_id,
            contact_point_id=contact_point_id,
            point_kind=point.kind if point else None,
            debts=tuple(account.pk for account in self.accounts),
            purpose=purpose,
            content_class=content_class,
            actor_kind=self.case.creditor.acting_as,
            staff=staff_id,
            automated=automated,
            override=override,
            in_reply=in_reply,
        )

    def facts(self, contact_point_id: int | None = None, *, except_attempt: int | None = None) -> Facts:
        """Return what is known before a contact at this point.

        except_attempt: the reservation of this very contact, which does not count against itself.
        """
        creditor = self.case.creditor
        point = self.point(contact_point_id)
        kinds = {account.product.kind for account in self.accounts}
        product = next((kind for kind in PRODUCT_ORDER if kind in kinds), Product.Kind.CONSUMER_DEBT)
        events = (self._event(attempt, point) for attempt in self.attempts if attempt.pk != except_attempt)
        return Facts(
            jurisdictions=self._jurisdictions(),
            product=str(product),
            creditor_kind=creditor.kind,
            dpd=self.case.dpd_on(clock.business_day(self.at, creditor.time_zone)),
            outsourced=creditor.acting_as != "creditor",
            firm_policy=firm_numbers(self.policy),
            extra_packs=self.policy.extra_packs,
            locations=self._locations(point),
            contacts=tuple(event for event in events if event is not None),
            records=(
                *self.records,
                *records_of(self.instructions, self._concerned(point)),
                *self._point_records(),
                *self._notices(),
            ),
        )

    def _concerned(self, point: ContactPoint | None) -> Concerned:
        return Concerned(self.case, self.contacted_id, self.party, point, self.at, self._seen)

    def _seen(self, at: datetime, recorded_at: datetime | None = None) -> datetime:
        """Return the instant as this question sees it: what is there already is not in the future."""
        in_future_by_intent = recorded_at is not None and at > recorded_at
        return min(at, self.at) if self.live and not in_future_by_intent else at

    def _jurisdictions(self) -> tuple[str, ...]:
        person = self._person()
        places = {claim.jurisdiction for claim in self._places() if claim.jurisdiction}
        certain = [claim for claim in self._places() if claim.authoritative and claim.jurisdiction]
        if certain:
            return (max(certain, key=lambda claim: claim.learned_at).jurisdiction,)
        if person is not None and person.jurisdiction:
            places.add(person.jurisdiction)
        return tuple(sorted(places))

    def _person(self) -> Any:
        if self.contacted_id == self.case.person_id:
            return self.case.person
        return self.points[0].person if self.points else None

    def _places(self) -> tuple[LocationClaim, ...]:
        """Return where the person is said to be: as far as it was known then, else as far as it is known now."""
        return tuple(claim for claim in self.claims if claim.learned_at <= self.at) or self.claims

    def _locations(self, point: ContactPoint | None) -> tuple[known.LocationClaim, ...]:
        claims = [
            known.LocationClaim(
                zone=claim.time_zone,
                at=min(claim.learned_at, self.at),
                party=self.party,
                person_id=self.contacted_id,
                basis=claim.basis,
                authoritative=claim.authoritative,
            )
            for claim in self._places()
        ]
        person = self._person()
        if not claims and person is not None and person.time_zone:
            claims.append(
                known.LocationClaim(
                    zone=person.time_zone,
                    at=min(person.created_at, self.at),
                    party=self.party,
                    person_id=self.contacted_id,
                )
            )
        if point is not None and point.time_zone and all(claim.zone != point.time_zone for claim in claims):
            # The number's own area is evidence too; where it disagrees, the contact must be lawful in both places.
            basis = "landline_area_code" if point.kind.endswith("_phone") else "mobile_area_code"
            claims.append(
                known.LocationClaim(
                    zone=point.time_zone,
                    at=min(point.created_at, self.at),
                    party=self.party,
                    person_id=self.contacted_id,
                    basis=basis,
                )
            )
        return tuple(claims)

    def _event(self, attempt: ContactAttempt, point: ContactPoint | None) -> ContactEvent | None:
        same_point = point is not None and attempt.address_id is not None and attempt.address_id == point.address_id
        ours = attempt.contacted_id == self.contacted_id
        about = attempt.person_id == self.case.person_id
        if not (ours or about or same_point):
            return None
        outcome = attempt.status if attempt.status in OPEN_STATES else attempt.outcome or attempt.status
        if attempt.status == "failed" and attempt.outcome != ContactAttempt.Outcome.RETURNED:
            outcome = "failed"
        if outcome == "recorded":
            outcome = "received" if attempt.direction == "inbound" else "uncertain"
        used = attempt.contact_point
        return ContactEvent(
            at=self._seen(attempt.at),
            channel=attempt.channel,
            outcome=outcome,
            id=attempt.pk,
            direction=attempt.direction,
            # Somebody else at the same number is a stranger to this person: counted at the number, never as the debtor.
            party=self.party if ours else attempt.party if about else "stranger",
            person_id=attempt.contacted_id,
            contact_point_id=point.pk if same_point and point is not None else attempt.contact_point_id,
            point_kind=used.kind if used else None,
            debts=tuple(attempt.debts),
            purpose=attempt.purpose,
            actor_kind=attempt.creditor.acting_as,
            automated=attempt.automated,
            reserved_point=bool(used and used.reserved),
        )

    def _point_records(self) -> Iterable[Record]:
        for point in self.points:
            address = point.address
            if address.suppressed_at is not None:
                at = self._seen(address.suppressed_at)
            elif self.live and point.state in UNUSABLE:  # how it was on another day is not known
                at = self._seen(point.created_at)
            else:
                continue
            yield Record(kind="point_suppressed", at=at, person_id=point.person_id, contact_point_id=point.pk)

    def _notices(self) -> Iterable[Record]:
        for attempt in self.attempts:
            kind = NOTICE_RECORDS.get(attempt.content_class)
            left = attempt.status in ("sent", "delivered", "recorded") and attempt.direction == "outbound"
            if kind and left and attempt.contacted_id == self.contacted_id:
                yield Record(kind=kind, at=self._seen(attempt.at), id=attempt.pk, debts=tuple(attempt.debts))


def firm_numbers(policy: Policy) -> FirmPolicy:
    """Return the firm's own numbers as rules read them, with the policies that are always honoured."""
    numbers = policy.document
    return FirmPolicy(
        opens=f"{policy.opens:%H:%M}" if policy.opens else None,
        closes=f"{policy.closes:%H:%M}" if policy.closes else None,
        guard_minutes=tuple(
            sorted((str(name), int(value)) for name, value in numbers.get("guard_minutes", {}).items())
        ),
        caps=tuple(
            known.Cap(
                channels=tuple(sorted(cap["channels"])),
                limit=int(cap["limit"]),
                days=int(cap.get("days", 1)),
                per=str(cap.get("per", "person")),
            )
            for cap in numbers.get("caps", ())
        ),
        enabled=tuple(sorted({*known.DEFAULT_POLICIES, *numbers.get("enabled", ())})),
    )
