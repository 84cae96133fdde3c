"""The book of a trial: people in Shanghai, each with two messages planned for the same minute, where the firm allows
itself one a day."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from cases.models import (
    Account,
    AccountState,
    Address,
    Borrower,
    Case,
    ContactPoint,
    Creditor,
    FirmPolicyVersion,
    LocationClaim,
    Person,
    Product,
)
from collections_app.shared import sealed
from contacts.models import (
    Enrolment,
    PlannedContact,
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


def fill(*, people: int, channel: str) -> dict[int, str]:
    """Write the book into the database in use; return person id -> number or address."""
    creditor = Creditor.objects.create(
        code="trial",
        name="Trial Bank",
        kind="bank",
        time_zone="Asia/Shanghai",
        currency="CNY",
        freshness_days=3650,
    )
    FirmPolicyVersion.objects.create(
        creditor=creditor,
        in_force_from=AT - timedelta(days=3650),
        document={"caps": [{"channels": ["sms", "email"], "limit": LIMIT}]},
        reason="the limit of the trial",
        recorded_at=AT,
    )
    product = Product.objects.create(creditor=creditor, code="card", name="Card", kind="credit_card")
    steps = _strategy(creditor, channel)
    return dict(_person(creditor, product, steps, number, channel) for number in range(people))


def _strategy(creditor: Creditor, channel: str) -> list[Step]:
    template = Template.objects.create(code="trial", name="Trial", channel=channel)
    TemplateVersion.objects.create(
        template=template,
        language="en",
        version=1,
        subject="{{ reference }}",
        body="{{ salutation }}, {{ amount_due }} is past due.",
        status="approved",
        approved_at=AT,
        created_at=AT,
    )
    version = StrategyVersion.objects.create(
        strategy=Strategy.objects.create(code="trial", name="Trial"), version=1, created_at=AT
    )
    version.creditors.add(creditor)
    version.rehearse(at=AT, content_hash="0" * 64)
    version.save()
    version.approve(at=AT, by=None)
    version.save()
    version.publish(at=AT)
    version.save()
    segment = Segment.objects.create(version=version, position=1, name="Everybody")
    return [
        Step.objects.create(
            segment=segment, key=f"step-{number}", position=number, kind="message", from_dpd=1, template=template
        )
        for number in range(PER_PERSON)
    ]


def _person(creditor: Creditor, product: Product, steps: list[Step], number: int, channel: str) -> tuple[int, str]:
    person = Person.objects.create(
        name=f"Person {number}",
        is_named=True,
        language="en",
        jurisdiction="CN",
        time_zone="Asia/Shanghai",
        created_at=AT,
    )
    LocationClaim.objects.create(
        person=person, basis="address", time_zone="Asia/Shanghai", jurisdiction="CN", learned_at=AT
    )
    kind, value = ("phone", f"+8619900{number:06d}") if channel == "sms" else ("email", f"person{number}@example.com")
    address = Address.objects.create(
        kind=kind, value_sealed=sealed.seal(value), value_hash=sealed.digest(kind, value), created_at=AT
    )
    ContactPoint.objects.create(
        person=person,
        address=address,
        kind="mobile" if channel == "sms" else "email",
        source="contract",
        created_at=AT,
    )
    borrower = Borrower.objects.create(person=person, creditor=creditor, external_ref=f"T{number}", created_at=AT)
    common = {"person": person, "creditor": creditor, "currency": "CNY"}
    account = Account.objects.create(
        **common,
        borrower=borrower,
        product=product,
        number_sealed=sealed.seal(f"account {number}"),
        number_hash=sealed.digest("account", f"account {number}"),
        number_last4=f"{number % 10_000:04d}",
        balance=Decimal("500.00"),
        created_at=AT,
    )
    due = TODAY - timedelta(days=12)
    AccountState.objects.create(
        **common,
        account=account,
        effective_on=TODAY,
        recorded_at=AT,
        stated="due_date",
        oldest_unpaid_due_on=due,
        balance=Decimal("500.00"),
    )
    case = Case.objects.create(
        **common,
        borrower=borrower,
        opened_on=TODAY,
        opened_at=AT,
        past_due_since=due,
        balance=Decimal("500.00"),
        next_action="wait_strategy",
        next_action_at=AT + timedelta(days=7),
    )
    enrolment = Enrolment.objects.create(
        version=steps[0].segment.version,
        segment=steps[0].segment,
        case=case,
        person=person,
        creditor=creditor,
        entered_on=TODAY,
    )
    PlannedContact.objects.bulk_create(
        PlannedContact(
            enrolment=enrolment,
            step=step,
            business_date=TODAY,
            case=case,
            person=person,
            creditor=creditor,
            template=step.template,
            channel=channel,
            planned_for=AT,
            try_again_at=AT,
            expires_at=AT + timedelta(days=2),
            created_at=AT,
        )
        for step in steps
    )
    return person.pk, value
