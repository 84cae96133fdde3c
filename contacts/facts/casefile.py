"""What is known about one case, and the question and facts that any contact about it makes of that."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from functools import cached_property
from typing import Final

from django.db.models import QuerySet

from cases.firm_policy import Policy
from cases.models import Account, Case, ContactPoint, Product, Promise
from cases.models.case import RESOLVED
from collections_app.shared import clock
from collections_app.shared.asked_often import asked_often
from compliance import facts as known
from compliance.facts import ContactEvent, Facts, FirmPolicy, Override, Question, Record
from contacts.facts.asked import Concerned, records_of
from contacts.facts.rows import AttemptRow, ClaimRow, Found, PointRow
from contacts.facts.standing import standing_records

OPEN_STATES: Final = ("cleared", "in_progress", "uncertain")
# Failures that say how: a letter that came back, and a machine's call that rang, which limits count as a call.
KNOWN_FAILURES: Final = ("returned_undeliverable", "no_answer", "busy", "not_in_service")
UNUSABLE: Final = (ContactPoint.State.BAD, ContactPoint.State.STRANGER, ContactPoint.State.REMOVED)
DEBTOR: Final = "debtor"
GUARANTOR: Final = "guarantor"
TELEPHONES: Final = ("mobile", "home_phone", "work_phone", "unknown_phone")

NOTICE_RECORDS: Final = {
    "validation_notice": "validation_notice_sent",
    "verification": "verification_sent",
    "collection_notice": "collection_notice_sent",
    "agency_notice": "agency_notice_sent",
}  # content class of a message that left -> the notice that it was

# Where the accounts of one case are of several products, this one names the case; the rules of all of them bind.
PRODUCT_ORDER: Final = (
    Product.Kind.CREDIT_CARD,
    Product.Kind.MICROFINANCE,
    Product.Kind.ONLINE_CONSUMER_LOAN,
    Product.Kind.ONLINE_LOAN,
    Product.Kind.CASH_LOAN,
    Product.Kind.STUDENT_LOAN,
    Product.Kind.CONSUMER_LOAN,
    Product.Kind.PERSONAL_LOAN,
    Product.Kind.MORTGAGE,
    Product.Kind.CAR_LOAN,
    Product.Kind.GUARANTEED_LOAN,
    Product.Kind.BUSINESS_LOAN,
    Product.Kind.CONSUMER_DEBT,
)


@dataclass(frozen=True)
class CaseFile:
    """What is known before a contact about one case; makes the question and the facts for any way of making it.

    What rules need has been read; the models of case, accounts, points and promise are fetched when they are asked for.
    """

    found: Found
    party: str
    at: datetime
    live: bool

    @property
    def case_id(self) -> int:
        return self.found.case.pk

    @property
    def person_id(self) -> int:
        """The debtor."""
        return self.found.case.person_id

    @property
    def contacted_id(self) -> int:
        """The person to be reached: the debtor, or somebody else."""
        return self.found.case.contacted_id

    @property
    def creditor_id(self) -> int:
        return self.found.case.creditor_id

    @property
    def is_resolved(self) -> bool:
        return self.found.case.status in RESOLVED

    @cached_property
    def debts(self) -> tuple[int, ...]:
        """The ids of the open accounts of the case."""
        return tuple(account.pk for account in self.found.accounts)

    @cached_property
    def case(self) -> Case:
        """The case, with its person and creditor."""
        return Case.objects.select_related("person", "creditor").get(pk=self.case_id)

    @cached_property
    def accounts(self) -> tuple[Account, ...]:
        """The open accounts of the case, with their products."""
        return tuple(Account.objects.filter(pk__in=self.debts).select_related("product").order_by("pk"))

    @cached_property
    def points(self) -> tuple[ContactPoint, ...]:
        """The numbers and addresses of the person to be reached, in his order."""
        return tuple(_points(person=self.contacted_id))

    @cached_property
    def open_promise(self) -> Promise | None:
        """The promise that is open, if there is one."""
        ids = [promise.pk for promise in self.found.promises if promise.status == Promise.Status.OPEN]
        return Promise.objects.get(pk=ids[-1]) if ids else None

    def point(self, contact_point_id: int | None) -> ContactPoint | None:
        """Return the contact point of that id among those of the person contacted, or None."""
        return next((point for point in self.points if point.pk == contact_point_id), None)

    def point_row(self, contact_point_id: int | None) -> PointRow | None:
        """Return what was read of the contact point of that id, or None where it is not the person's."""
        return next((point for point in self.found.points if point.pk == contact_point_id), None)

    def has_open(self, *, made_by_id: int | None, contact_point_id: int) -> bool:
        """Whether this user has not yet said how his last call or visit about this case at this point ended."""
        return any(
            attempt.made_by_id == made_by_id and attempt.contact_point_id == contact_point_id
            for attempt in self.found.attempts
            if attempt.case_id == self.case_id and attempt.status in ("cleared", "in_progress")
        )

    def is_stopped(self, channel: str) -> bool:
        """Whether a call or visit of this kind for this creditor is stopped by order."""
        codes = {"everything": "", "creditor": self.found.case.creditor_code, "channel": channel}
        return any(codes.get(stop.scope) == stop.target for stop in self.found.stops)

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
        point = self.point_row(contact_point_id)
        return Question(
            at=self.at,
            channel=channel,
            party=self.party,
            person_id=self.contacted_id,
            contact_point_id=contact_point_id,
            point_kind=point.kind if point else None,
            debts=self.debts,
            purpose=purpose,
            content_class=content_class,
            actor_kind=self.found.case.acting_as,
            staff=staff_id,
            automated=automated,
            override=override,
            in_reply=in_reply,
            other_numbers=self._other_numbers(point),
        )

    def _other_numbers(self, point: PointRow | None) -> bool | None:
        """Whether the person gave another telephone number that can be used; asked of a number at work only."""
        if point is None or point.kind != "work_phone":
            return None
        return any(
            other.kind in TELEPHONES and other.kind != "work_phone" and other.state not in UNUSABLE
            for other in self.found.points
        )

    def facts(self, contact_point_id: int | None = None, *, except_attempt: int | None = None) -> Facts:
        """Return what is known before a contact at this point.

        except_attempt: the reservation of this very contact, which does not count against itself.
        """
        case, policy = self.found.case, self.found.policy
        point = self.point_row(contact_point_id)
        kinds = {account.product_kind for account in self.found.accounts}
        product = next((kind for kind in PRODUCT_ORDER if kind in kinds), Product.Kind.CONSUMER_DEBT)
        events = (self._event(attempt, point) for attempt in self.found.attempts if attempt.pk != except_attempt)
        return Facts(
            jurisdictions=self.jurisdictions,
            product=str(product),
            other_products=tuple(sorted(kinds - {product})),
            creditor_kind=case.creditor_kind,
            dpd=self._dpd(),
            outsourced=case.acting_as != "creditor",
            firm_policy=firm_numbers(policy),
            extra_packs=policy.extra_packs,
            locations=self._locations(point),
            contacts=tuple(event for event in events if event is not None),
            records=(
                *standing_records(self.found, self._seen),
                *records_of(self.found.instructions, self._concerned(point)),
                *self._point_records(),
                *self._notices(),
                *(self.overdue_since() if self.party == GUARANTOR else ()),
            ),
        )

    def overdue_since(self) -> tuple[Record, ...]:
        """Return since when the claim is due, where it is: clocks of a guarantee and of limitation begin there."""
        case = self.found.case
        if case.past_due_since is None or not self._dpd():
            return ()
        due = datetime.combine(case.past_due_since, time(12), clock.zone(case.creditor_time_zone))
        return (Record(kind="overdue_since", at=min(due, self.at)),)

    def _dpd(self) -> int:
        """Return the days past due on the day of the question at the creditor's; 0 when nothing is past due."""
        since = self.found.case.past_due_since
        if since is None:
            return 0
        return max(0, (clock.business_day(self.at, self.found.case.creditor_time_zone) - since).days)

    def _concerned(self, point: PointRow | None) -> Concerned:
        return Concerned(self.found.case, self.contacted_id, self.party, point, self.at, self._seen)

    def _seen(self, at: datetime, recorded_at: datetime | None = None) -> datetime:
        """Return the instant as this question sees it: what is there already is not in the future."""
        in_future_by_intent = recorded_at is not None and at > recorded_at
        return min(at, self.at) if self.live and not in_future_by_intent else at

    @cached_property
    def jurisdictions(self) -> tuple[str, ...]:
        """Where the person is, as law sees it: one place where that is certain, else each that may be."""
        person = self.found.case
        places = {claim.jurisdiction for claim in self._places if claim.jurisdiction}
        certain = [claim for claim in self._places if claim.authoritative and claim.jurisdiction]
        if certain:
            return (max(certain, key=lambda claim: claim.learned_at).jurisdiction,)
        if person.jurisdiction:
            places.add(person.jurisdiction)
        return tuple(sorted(places))

    @cached_property
    def _places(self) -> tuple[ClaimRow, ...]:
        """Where the person is said to be: as far as it was known then, else as far as it is known now; by his own
        claims, else by the debtor's.
        """
        claims = self.found.claims
        own = [claim for claim in claims if claim.person_id == self.contacted_id] or claims
        return tuple(claim for claim in own if claim.learned_at <= self.at) or tuple(own)

    def _locations(self, point: PointRow | None) -> tuple[known.LocationClaim, ...]:
        claims = [
            known.LocationClaim(
                zone=claim.time_zone,
                at=min(claim.learned_at, self.at),
                party=self.party,
                person_id=self.contacted_id,
                basis=claim.basis,
                authoritative=claim.authoritative,
            )
            for claim in self._places
        ]
        person = self.found.case
        if not claims and person.time_zone:
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

    def _event(self, attempt: AttemptRow, point: PointRow | None) -> ContactEvent | None:
        same_point = point is not None and attempt.address_id is not None and attempt.address_id == point.address_id
        ours = attempt.contacted_id == self.contacted_id
        about = attempt.person_id == self.person_id
        if not (ours or about or same_point):
            return None
        outcome = attempt.status if attempt.status in OPEN_STATES else attempt.outcome or attempt.status
        if attempt.status == "failed" and attempt.outcome not in KNOWN_FAILURES:
            outcome = "failed"
        if attempt.channel == "voice_notice":  # dialled, and nobody knows yet who hears it: it counts as everything
            outcome = {"sent": "uncertain", "delivered": "notice_played"}.get(outcome, outcome)
        if outcome == "recorded":
            outcome = "received" if attempt.direction == "inbound" else "uncertain"
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
            point_kind=attempt.point_kind,
            debts=tuple(attempt.debts),
            purpose=attempt.purpose,
            actor_kind=attempt.acting_as,
            automated=attempt.automated,
            reserved_point=bool(attempt.point_reserved),
        )

    def _point_records(self) -> Iterable[Record]:
        for point in self.found.points:
            if point.suppressed_at is not None:
                at = self._seen(point.suppressed_at)
            elif self.live and point.state in UNUSABLE:  # how it was on another day is not known
                at = self._seen(point.created_at)
            else:
                continue
            yield Record(kind="point_suppressed", at=at, person_id=self.contacted_id, contact_point_id=point.pk)

    def _notices(self) -> Iterable[Record]:
        for attempt in self.found.attempts:
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


@asked_often
def _points(person: int) -> QuerySet[ContactPoint]:
    points = ContactPoint.objects.filter(person_id=person).select_related("address", "person")
    return points.order_by("position", "pk")
