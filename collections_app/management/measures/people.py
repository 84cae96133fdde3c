"""Borrowers in New York made in bulk, each with one account, one case, one telephone, and a past of any length."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.db import connection

from cases.models import (
    Account,
    Address,
    Borrower,
    Case,
    ContactPoint,
    Creditor,
    LocationClaim,
    Person,
    Product,
)
from collections_app.management.measures import sql
from collections_app.staff.models import Team, User

AT: Final = datetime(2026, 3, 5, 17, 0, tzinfo=UTC)  # 12:00 in New York
RECENT: Final = 10  # contacts of a person within the longest window; the rest of his past lies before it
DUE: Final = date(2026, 1, 20)


def caller() -> User:
    """Return the person who calls, made where there is none."""
    team, _ = Team.objects.get_or_create(code="bench", defaults={"name": "Bench"})
    return User.objects.get_or_create(username="caller", defaults={"role": "collector", "team": team})[0]


def fill(number: int, *, history: int = 0) -> list[tuple[int, int]]:
    """Make so many borrowers with a past of so many contacts each; return pairs of a case and a telephone."""
    creditor, made = Creditor.objects.get_or_create(
        code="bench-gate",
        defaults={
            "name": "Bench Agency", "kind": "unspecified", "acting_as": "agency", "time_zone": "America/New_York",
            "currency": "USD", "freshness_days": 35,
        },
    )  # fmt: skip
    if made:
        Product.objects.create(creditor=creditor, code="card", name="Card", kind="credit_card")
    product = Product.objects.get(creditor=creditor)
    born = AT - timedelta(days=400)
    first = Person.objects.count()
    names = [f"Caller {first + place}" for place in range(number)]
    persons = Person.objects.bulk_create(
        Person(name=name, is_named=True, jurisdiction="US-NY", time_zone="America/New_York", created_at=born)
        for name in names
    )
    LocationClaim.objects.bulk_create(
        LocationClaim(person=person, basis="address", time_zone="America/New_York", jurisdiction="US-NY",
                      learned_at=born) for person in persons
    )  # fmt: skip
    addresses = Address.objects.bulk_create(
        Address(kind="phone", value_sealed=b"-", value_hash=name.encode(), created_at=born) for name in names
    )
    points = ContactPoint.objects.bulk_create(
        ContactPoint(person=person, address=address, kind="mobile", source="contract", created_at=born)
        for person, address in zip(persons, addresses, strict=True)
    )
    borrowers = Borrower.objects.bulk_create(
        Borrower(person=person, creditor=creditor, external_ref=person.name, created_at=born) for person in persons
    )
    common = {"creditor": creditor, "currency": "USD"}
    Account.objects.bulk_create(
        Account(**common, person=person, borrower=borrower, product=product, number_sealed=b"-",
                number_hash=person.name.encode(), number_last4="0000", created_at=born)
        for person, borrower in zip(persons, borrowers, strict=True)
    )  # fmt: skip
    cases = Case.objects.bulk_create(
        Case(**common, person=person, borrower=borrower, opened_on=DUE, opened_at=born, past_due_since=DUE,
             next_action="call", next_action_at=born)
        for person, borrower in zip(persons, borrowers, strict=True)
    )  # fmt: skip
    if history:
        with connection.cursor() as cursor:
            cursor.execute(sql.PAST, {"first": persons[0].pk, "last": persons[-1].pk, "creditor": creditor.pk,
                                      "recent": RECENT, "history": history, "at": AT})  # fmt: skip
    return [(case.pk, point.pk) for case, point in zip(cases, points, strict=True)]
