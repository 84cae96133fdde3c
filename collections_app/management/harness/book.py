"""The book of a trial: people in Shanghai, each with two messages planned for the same minute, where the firm allows
itself one a day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from cases import firm_policy
from cases.models import (
    Account,
    AccountState,
    Address,
    Borrower,
    Case,
    ContactPoint,
    Creditor,
    LedgerEntry,
    LocationClaim,
    Person,
    Product,
)
from collections_app.management.harness.oracle import CLOSES, OPENS
from collections_app.shared import sealed
from collections_app.shared.actor import SYSTEM
from collections_app.staff.models import Team, User
from contacts.models import (
    Enrolment,
    PlannedContact,
    Rehearsal,
    Segment,
    Step,
    Strategy,
    StrategyVersion,
    Template,
    TemplateVersion,
)

AT: Final = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)  # Wednesday, ten in the morning in Shanghai
TODAY: Final = date(2026, 3, 4)
LIMIT: Final = 1  # messages a day that the firm allows itself, per person
PER_PERSON: Final = 2  # messages planned


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody lives, as law and clocks see it; an empty text is not known."""

    jurisdiction: str = "CN"
    zone: str = "Asia/Shanghai"


def fill(
    *,
    people: int,
    channel: str,
    zone: str = "Asia/Shanghai",
    at: datetime = AT,
    limit: int = LIMIT,
    messages: int = PER_PERSON,
) -> dict[int, str]:
    """Write the book into the database in use; return person id -> number or address.

    zone: where everybody is; mainland law holds for them all the same. at: when everything is due. limit: messages a
    day that the firm allows itself, 0: it says nothing. messages: how many are planned for each person.
    """
    caps = {"caps": [{"channels": ["sms", "email"], "limit": limit}]} if limit else None
    lender = creditor("trial", hours=(time(OPENS), time(CLOSES)), document=caps, at=at)
    steps = strategy(lender, channels=[channel] * messages, at=at)
    place, today = Place(zone=zone), at.date()
    kind = "mobile" if channel == "sms" else "email"
    reached = {}
    for number in range(people):
        case = debtor(lender, number=number, kinds=[kind], place=place, at=at, today=today)
        plan(case, steps, at=at, today=today)
        reached[case.person_id] = value_of(kind, number)
    return reached


def creditor(
    code: str,
    *,
    kind: str = "bank",
    acting_as: str = "creditor",
    zone: str = "Asia/Shanghai",
    currency: str = "CNY",
    product: str = "credit_card",
    hours: tuple[time, time] | None = None,
    document: dict[str, Any] | None = None,
    team: Team | None = None,
    at: datetime = AT,
) -> Creditor:
    """Make a lender with one product and the firm's limits for its book."""
    made = Creditor.objects.create(
        code=code,
        name=f"Bank {code}",
        kind=kind,
        acting_as=acting_as,
        time_zone=zone,
        currency=currency,
        freshness_days=3650,
        team=team,
    )
    opens, closes = hours or (None, None)
    firm_policy.set_policy(
        creditor=made, opens=opens, closes=closes, document=document, reason="limits of a trial", actor=SYSTEM, at=at
    )
    Product.objects.create(creditor=made, code="card", name="Card", kind=product)
    return made


def strategy(lender: Creditor, *, channels: list[str], at: datetime = AT) -> list[Step]:
    """Publish a strategy of one message for each channel named; return its steps."""
    version = StrategyVersion.objects.create(
        strategy=Strategy.objects.create(code=lender.code, name=lender.name), version=1, created_at=at
    )
    version.creditors.add(lender)
    segment = Segment.objects.create(version=version, key="all", position=1, name="Everybody")
    steps = [
        Step.objects.create(
            segment=segment,
            key=f"step-{number}",
            position=number,
            kind="message",
            from_dpd=1,
            template=_template(f"{lender.code}-{channel}", channel, at=at),
        )
        for number, channel in enumerate(channels)
    ]
    _publish(version, at=at)
    return steps


def _publish(version: StrategyVersion, *, at: datetime) -> None:
    """Publish a strategy for a book that holds nobody yet: its rehearsal found nothing."""
    version.rehearsal = Rehearsal.objects.create(
        version=version,
        status=Rehearsal.Status.DONE,
        days=1,
        content_hash="0" * 64,
        inputs_hash="0" * 64,
        full_hash="0" * 64,
        requested_at=at,
        finished_at=at,
    )
    version.rehearse(at=at, content_hash="0" * 64)
    version.save()
    second = User.objects.filter(username="second-person").first()
    version.approve(at=at, by=second or User.objects.create(username="second-person", role="admin"))
    version.save()
    version.publish(at=at)
    version.save()


def _template(code: str, channel: str, *, at: datetime) -> Template:
    template, new = Template.objects.get_or_create(code=code, defaults={"name": code, "channel": channel})
    if new:
        TemplateVersion.objects.create(
            template=template,
            language="en",
            version=1,
            subject="{{ reference }}",
            body="{{ salutation }}, {{ amount_due }} is past due at {{ creditor_name }}.",
            status="approved",
            approved_at=at,
            created_at=at,
        )
    return template


def value_of(kind: str, number: int) -> str:
    """Return the number or address of the person with that number."""
    return f"person{number}@example.com" if kind == "email" else f"+8619900{number:06d}"


def debtor(
    lender: Creditor,
    *,
    number: int,
    kinds: list[str],
    place: Place | None = None,
    dpd: int = 12,
    at: datetime = AT,
    today: date = TODAY,
) -> Case:
    """Make a person with a card that is past due, his ways to be reached, and his case. place: Shanghai."""
    place = place or Place()
    person = Person.objects.create(
        name=f"Person {number}",
        is_named=True,
        language="en",
        jurisdiction=place.jurisdiction,
        time_zone=place.zone,
        created_at=at,
    )
    if place.zone:
        LocationClaim.objects.create(
            person=person, basis="address", time_zone=place.zone, jurisdiction=place.jurisdiction, learned_at=at
        )
    for position, kind in enumerate(kinds):
        value = value_of(kind, number)
        form = "email" if kind == "email" else "phone"
        address = Address.objects.create(
            kind=form, value_sealed=sealed.seal(value), value_hash=sealed.digest(form, value), created_at=at
        )
        ContactPoint.objects.create(
            person=person, address=address, kind=kind, source="contract", position=position, created_at=at
        )
    borrower = Borrower.objects.create(person=person, creditor=lender, external_ref=f"T{number}", created_at=at)
    common = {"person": person, "creditor": lender, "currency": lender.currency}
    account = Account.objects.create(
        **common,
        borrower=borrower,
        product=lender.products.get(),
        number_sealed=sealed.seal(f"account {number}"),
        number_hash=sealed.digest("account", f"account {number}"),
        number_last4=f"{number % 10_000:04d}",
        created_at=at,
    )
    LedgerEntry.objects.create(
        **common,
        account=account,
        kind=LedgerEntry.Kind.PRINCIPAL,
        amount=Decimal("500.00"),
        effective_on=today,
        recorded_at=at,
        source="tape",
    )
    due = today - timedelta(days=dpd)
    AccountState.objects.create(
        **common,
        account=account,
        effective_on=today,
        recorded_at=at,
        stated="due_date",
        oldest_unpaid_due_on=due,
        balance=Decimal("500.00"),
    )
    return Case.objects.create(
        **common,
        borrower=borrower,
        team=lender.team,
        opened_on=today,
        opened_at=at,
        past_due_since=due,
        balance=Decimal("500.00"),
        next_action="wait_strategy",
        next_action_at=at + timedelta(days=7),
    )


def plan(case: Case, steps: list[Step], *, at: datetime = AT, today: date = TODAY) -> list[PlannedContact]:
    """Enrol a case and plan each step for this instant."""
    enrolment = Enrolment.objects.create(
        version=steps[0].segment.version,
        segment=steps[0].segment,
        case=case,
        person_id=case.person_id,
        creditor_id=case.creditor_id,
        entered_on=today,
    )
    return PlannedContact.objects.bulk_create(
        PlannedContact(
            enrolment=enrolment,
            step=step,
            business_date=today,
            case=case,
            person_id=case.person_id,
            creditor_id=case.creditor_id,
            template=step.template,
            channel=step.template.channel,
            planned_for=at,
            try_again_at=at,
            expires_at=at + timedelta(days=2),
            created_at=at,
        )
        for step in steps
        if step.template is not None
    )
