"""Creditors, people, debts and cases.

CaseFactory() is a new case of 12 days past due in Shanghai with one account, a mobile and an e-mail address. Everything
of one case shares its creditor and person: CaseFactory(creditor=…, person=…, dpd=47, balance="8420.00", working=True).
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import factory
from factory.django import DjangoModelFactory

from cases.models import (
    Account,
    AccountState,
    Address,
    Borrower,
    Case,
    Consent,
    ContactPoint,
    Creditor,
    FirmPolicyVersion,
    Hold,
    Instruction,
    LedgerEntry,
    LocationClaim,
    Note,
    Payment,
    Person,
    Product,
    Promise,
    PromisePart,
)
from cases.models.instruction import MATTERS
from collections_app.shared import clock, sealed
from tests.factories import NOW
from tests.factories.making import KnownFactory, Trait
from tests.factories.staff import TeamFactory


class CreditorFactory(DjangoModelFactory):
    """A bank in China; `us`, `gb`: we are an agency for a creditor there.

    policy={"caps": […]}, hours=("09:00", "20:00"): the firm's own limits, in force since ever.
    """

    class Meta:
        model = Creditor

    class Params:
        us = Trait(acting_as="agency", kind="unspecified", time_zone="America/New_York", currency="USD")
        gb = Trait(acting_as="agency", kind="unspecified", time_zone="Europe/London", currency="GBP")

    code = factory.Sequence(lambda n: f"bank-{n}")
    name = factory.Sequence(lambda n: f"Bank {n}")
    kind = "bank_cba_member"
    acting_as = "creditor"
    time_zone = "Asia/Shanghai"
    currency = "CNY"
    freshness_days = 35
    team = factory.SubFactory(TeamFactory)
    phone = "+861055550199"

    @classmethod
    def _create(cls, model_class: type[Creditor], *args: Any, **kwargs: Any) -> Creditor:
        document, hours = kwargs.pop("policy", None), kwargs.pop("hours", None)
        creditor = model_class.objects.create(**kwargs)
        if document or hours:
            FirmPolicyFactory(creditor=creditor, document=document or {}, hours=hours)
        return creditor


class FirmPolicyFactory(DjangoModelFactory):
    """The firm's own limits for a creditor's book, in force since ever."""

    class Meta:
        model = FirmPolicyVersion

    creditor = factory.SubFactory(CreditorFactory)
    in_force_from = datetime(2000, 1, 1, tzinfo=UTC)
    document = factory.LazyFunction(dict)
    reason = "as agreed"
    recorded_at = datetime(2000, 1, 1, tzinfo=UTC)

    @classmethod
    def _create(cls, model_class: type[FirmPolicyVersion], *args: Any, **kwargs: Any) -> FirmPolicyVersion:
        if hours := kwargs.pop("hours", None):
            kwargs["opens"], kwargs["closes"] = hours
        return model_class.objects.create(**kwargs)


class ProductFactory(DjangoModelFactory):
    """A credit card without tolerance; a promise has one day of grace."""

    class Meta:
        model = Product

    creditor = factory.SubFactory(CreditorFactory)
    code = factory.Sequence(lambda n: f"card-{n}")
    name = "Credit card"
    kind = "credit_card"


class PersonFactory(DjangoModelFactory):
    """A named person in Shanghai; `unnamed`: what a tape without person columns makes."""

    class Meta:
        model = Person
        skip_postgeneration_save = True

    class Params:
        new_york = Trait(jurisdiction="US-NY", time_zone="America/New_York", language="en")
        los_angeles = Trait(jurisdiction="US-CA", time_zone="America/Los_Angeles", language="en")
        london = Trait(jurisdiction="GB", time_zone="Europe/London", language="en")
        unnamed = Trait(name="", is_named=False)

    name = factory.Sequence(lambda n: f"王示例{n}")
    is_named = True
    language = "zh-hans"
    jurisdiction = "CN"
    time_zone = "Asia/Shanghai"
    created_at = NOW

    @factory.post_generation
    def location(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        """Claim that the person is in his time zone; location=False leaves the place unknown."""
        if create and extracted is not False and self.time_zone:
            LocationClaim.objects.create(
                person=self,
                basis="address",
                time_zone=self.time_zone,
                jurisdiction=self.jurisdiction,
                learned_at=self.created_at,
            )


class BorrowerFactory(KnownFactory):
    class Meta:
        model = Borrower
        django_get_or_create = ("person", "creditor")

    person = factory.SubFactory(PersonFactory)
    creditor = factory.SubFactory(CreditorFactory)
    external_ref = factory.Sequence(lambda n: f"B{n:06d}")
    created_at = NOW


class AddressFactory(DjangoModelFactory):
    """A number or address, sealed: AddressFactory(value="+8613800001234")."""

    class Meta:
        model = Address
        exclude = ("value",)

    value = factory.Sequence(lambda n: f"+8619900{n:06d}")
    kind = "phone"
    value_sealed = factory.LazyAttribute(lambda row: sealed.seal(row.value))
    value_hash = factory.LazyAttribute(lambda row: sealed.digest(row.kind, row.value))
    value_last4 = factory.LazyAttribute(lambda row: sealed.last4(row.value) if row.kind == "phone" else "")
    created_at = NOW


class ContactPointFactory(DjangoModelFactory):
    """A mobile of a person; `email`, `postal`, `work` for others, `bad` for one out of service."""

    class Meta:
        model = ContactPoint

    class Params:
        value = None
        email = Trait(
            kind="email",
            address=factory.SubFactory(AddressFactory, kind="email", value="wang.shili@example.com"),
        )
        postal = Trait(kind="postal", address=factory.SubFactory(AddressFactory, kind="postal", value="1 High St"))
        work = Trait(kind="work_phone")
        bad = Trait(state="bad")
        verified = Trait(state="verified", verified_at=NOW)

    person = factory.SubFactory(PersonFactory)
    address = factory.SubFactory(AddressFactory)
    kind = "mobile"
    source = "contract"
    created_at = NOW


class AccountFactory(DjangoModelFactory):
    """A debt whose ledger sums to its balance, with the state in force on `on`: AccountFactory(dpd=47, balance="9.00").

    past_due: the amount past due that the tape stated (None: it stated none, the whole balance is due).
    """

    class Meta:
        model = Account
        exclude = ("number", "on", "dpd", "past_due")

    number = factory.Sequence(lambda n: f"62220000{n:08d}")
    on = NOW.date()
    dpd = 12
    past_due = None
    person = factory.SubFactory(PersonFactory)
    product = factory.SubFactory(ProductFactory)
    creditor = factory.SelfAttribute("product.creditor")
    borrower = factory.LazyAttribute(lambda row: BorrowerFactory(person=row.person, creditor=row.creditor))
    number_sealed = factory.LazyAttribute(lambda row: sealed.seal(row.number))
    number_hash = factory.LazyAttribute(lambda row: sealed.digest("account", row.number))
    number_last4 = factory.LazyAttribute(lambda row: sealed.last4(row.number))
    currency = factory.SelfAttribute("creditor.currency")
    balance = Decimal("500.00")
    created_at = NOW

    @classmethod
    def _generate(cls, strategy: Any, params: dict[str, Any]) -> Any:
        on, dpd, past_due = params.get("on", cls.on), params.get("dpd", cls.dpd), params.get("past_due", cls.past_due)
        balance = Decimal(params.get("balance", cls.balance))
        account = super()._generate(strategy, {**params, "balance": Decimal("0.00")})
        account.balance = balance  # as the database moves it with the entry
        common = {
            "account": account,
            "person_id": account.person_id,
            "creditor_id": account.creditor_id,
            "currency": account.currency,
            "recorded_at": account.created_at,
        }
        if account.balance:
            LedgerEntry.objects.create(
                **common, kind="principal", amount=account.balance, effective_on=on, source="tape", reference="opening"
            )
        AccountState.objects.create(
            **common,
            effective_on=on,
            stated="due_date",
            oldest_unpaid_due_on=on - timedelta(days=dpd) if dpd else None,
            balance=account.balance,
            amount_past_due=None if past_due is None else Decimal(past_due),
        )
        return account


class CaseFactory(DjangoModelFactory):
    """A case with its account, mobile and e-mail address, waiting for a call that is due.

    dpd, balance, on: of its account. Traits: working, promised, on_plan, cured, closed, waiting (nothing to do yet).
    accounts=False, points=False: without. `account` and `point` of the result are the first of each.
    """

    class Meta:
        model = Case
        exclude = ("on", "dpd")

    class Params:
        working = Trait(to="working")
        promised = Trait(to="promised")
        on_plan = Trait(to="on_plan")
        cured = Trait(to="cured")
        closed = Trait(to="closed")
        waiting = Trait(next_action="wait_strategy", next_action_at=NOW + timedelta(days=7))

    own = frozenset()  # what is made for this case alone, so that nothing can hang on it yet
    at = NOW
    on = factory.LazyAttribute(lambda row: clock.business_day(row.at, row.creditor.time_zone))
    dpd = 12
    to = "new"
    creditor = factory.SubFactory(CreditorFactory)
    person = factory.SubFactory(PersonFactory)
    team = factory.SelfAttribute("creditor.team")
    borrower = factory.LazyAttribute(
        lambda row: BorrowerFactory(person=row.person, creditor=row.creditor, anew=bool(row.own))
    )
    opened_on = factory.LazyAttribute(lambda row: row.on)
    opened_at = factory.SelfAttribute("at")
    past_due_since = factory.LazyAttribute(lambda row: row.on - timedelta(days=row.dpd))
    balance = Decimal("500.00")
    currency = factory.SelfAttribute("creditor.currency")
    next_action = "call"
    next_action_at = factory.LazyAttribute(lambda row: row.at - timedelta(hours=1))

    @classmethod
    def _generate(cls, strategy: Any, params: dict[str, Any]) -> Any:
        return super()._generate(strategy, {"own": {"person", "creditor"} - set(params), **params})

    @classmethod
    def _create(cls, model_class: type[Case], *args: Any, **kwargs: Any) -> Case:
        at, to, own = kwargs.pop("at"), kwargs.pop("to"), kwargs.pop("own")
        accounts, points = kwargs.pop("accounts", True), kwargs.pop("points", True)
        kwargs["balance"] = Decimal(kwargs["balance"])
        case = model_class.objects.create(**kwargs)
        case.account = case.point = None
        if accounts:
            on = case.opened_on
            product = None if "creditor" in own else case.creditor.products.order_by("pk").first()
            case.account = AccountFactory(
                person=case.person,
                product=product or ProductFactory(creditor=case.creditor),
                borrower=case.borrower,
                balance=case.balance,
                dpd=case.dpd_on(on),
                on=on,
                created_at=at,
            )
        if "person" not in own:
            case.point = case.person.contact_points.order_by("position", "pk").first()
        if case.point is None and points and case.person.is_named:
            case.point = ContactPointFactory(person=case.person)
            ContactPointFactory(
                person=case.person,
                kind="email",
                position=3,
                address=AddressFactory(kind="email", value=f"person{case.person_id}@example.com"),
            )
        _move(case, to, at)
        return case


def _move(case: Case, to: str, at: datetime) -> None:
    moves = {
        "working": case.work,
        "promised": case.promise,
        "on_plan": case.enter_plan,
        "cured": lambda: case.cure(at=at),
        "closed": lambda: case.close(at=at, reason="recalled"),
    }
    if to != "new":
        moves[to]()
        case.save()


class PromiseFactory(DjangoModelFactory):
    """An open promise of a case for three days ahead; `kept`, `broken`, `cancelled` settle it."""

    class Meta:
        model = Promise

    class Params:
        kept = Trait(to="kept")
        broken = Trait(to="broken")
        cancelled = Trait(to="cancelled")

    to = "open"
    case = factory.SubFactory(CaseFactory, promised=True)
    person = factory.SelfAttribute("case.person")
    creditor = factory.SelfAttribute("case.creditor")
    currency = factory.SelfAttribute("case.currency")
    amount = Decimal("200.00")
    made_at = NOW
    due_on = factory.LazyAttribute(lambda row: row.made_at.date() + timedelta(days=3))
    next_due_on = factory.SelfAttribute("due_on")
    first_due_on = factory.SelfAttribute("due_on")

    @classmethod
    def _create(cls, model_class: type[Promise], *args: Any, **kwargs: Any) -> Promise:
        to = kwargs.pop("to")
        kwargs["amount"] = Decimal(kwargs["amount"])
        promise = model_class.objects.create(**kwargs)
        PromisePart.objects.create(
            promise=promise, person_id=promise.person_id, number=1, due_on=promise.due_on, amount=promise.amount,
            currency=promise.currency,
        )  # fmt: skip
        if to != "open":
            end = datetime.combine(promise.due_on + timedelta(days=2), time.min, promise.made_at.tzinfo)
            {"kept": promise.keep, "broken": promise.break_, "cancelled": promise.cancel}[to](at=end)
            promise.save()
        return promise


class PaymentFactory(DjangoModelFactory):
    """A payment as it arrives, on nothing yet. What follows from one is the business of `payments.record`."""

    class Meta:
        model = Payment

    creditor = factory.SubFactory(CreditorFactory)
    source = "api"
    external_ref = factory.Sequence(lambda n: f"P{n:06d}")
    amount = Decimal("200.00")
    currency = factory.SelfAttribute("creditor.currency")
    received_at = NOW
    value_on = factory.LazyAttribute(lambda row: row.received_at.date())
    recorded_at = factory.SelfAttribute("received_at")
    recorded_by = "bank"


class HoldFactory(DjangoModelFactory):
    """A standing hold on one case's debts; `released` for one that has ended."""

    class Meta:
        model = Hold
        exclude = ("case",)

    class Params:
        released = Trait(released_at=NOW, released_reason="cleared up")

    case = factory.SubFactory(CaseFactory)
    person = factory.SelfAttribute("case.person")
    creditor = factory.SelfAttribute("case.creditor")
    kind = "dispute"
    starts_at = NOW
    review_on = date(2026, 3, 18)
    reviewer_team = factory.SelfAttribute("case.team")
    recorded_at = NOW
    confirmed_at = NOW


class InstructionFactory(DjangoModelFactory):
    """What a person asked for, in force; a cease request unless `kind` says otherwise."""

    class Meta:
        model = Instruction

    class Params:
        matter = factory.LazyAttribute(lambda row: row.kind in MATTERS)

    person = factory.SubFactory(PersonFactory)
    kind = "cease_request"
    review_on = factory.LazyAttribute(lambda row: date(2026, 3, 18) if row.matter else None)
    reviewer_team = factory.LazyAttribute(lambda row: TeamFactory() if row.matter else None)
    received_at = NOW
    recorded_at = NOW
    confirmed_at = NOW


class ConsentFactory(DjangoModelFactory):
    """What a person agreed to: calls at other times, unless `kind` says otherwise."""

    class Meta:
        model = Consent

    person = factory.SubFactory(PersonFactory)
    kind = "consent_time"
    evidence = "recording 17"
    given_at = NOW
    recorded_at = NOW
    confirmed_at = NOW


class NoteFactory(DjangoModelFactory):
    class Meta:
        model = Note

    case = factory.SubFactory(CaseFactory)
    person = factory.SelfAttribute("case.person")
    text = "Asked for a statement by post."
    written_at = NOW
