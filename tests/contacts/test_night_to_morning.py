"""What the night plans leaves at the opening minute of the borrower's own zone, and not a minute before."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from collections_app.shared import sealed
from contacts import dispatch, night
from contacts.models import ContactAttempt, PlannedContact
from contacts.strategy import shipped
from tests.factories.cases import AccountFactory, ContactPointFactory, CreditorFactory, PersonFactory, ProductFactory

CLOSED = date(2026, 3, 3)
NIGHT = datetime(2026, 3, 3, 18, 30, tzinfo=UTC)  # 02:30 on 4 March in Shanghai
PLACES = {
    "new_york": ("America/New_York", "2026-03-04 08:00"),
    "los_angeles": ("America/Los_Angeles", "2026-03-04 08:00"),
}


@pytest.fixture
def book(db, supervisor, collector):
    """One debtor a day past due on the day of contact in each place, and the shipped strategy in force."""
    people = {}
    agency = CreditorFactory(code="agency", acting_as="agency", kind="unspecified", time_zone="Asia/Shanghai")
    product = ProductFactory(creditor=agency)
    shipped.ship(creditors=[agency], author=supervisor, approver=collector, at=NIGHT - timedelta(days=9))
    for place in PLACES:
        person = PersonFactory(**{place: True})
        AccountFactory(product=product, person=person, dpd=0, on=CLOSED, balance="500.00")
        account = person.accounts.get()
        account.states.model.objects.create(
            account=account, person=person, creditor=agency, effective_on=CLOSED, recorded_at=NIGHT, stated="due_date",
            oldest_unpaid_due_on=CLOSED, balance=account.balance, currency=account.currency,
        )  # fmt: skip
        ContactPointFactory(person=person)
        people[place] = person
    night.close_of_day(creditor_id=agency.pk, business_date=CLOSED, at=NIGHT)
    return people


def run(at: datetime) -> dict[str, int]:
    return dispatch.run(channel="sms", limit=50, budget_s=10, now=lambda: at)


def test_a_text_message_planned_at_night_leaves_at_the_opening_minute_of_the_borrowers_own_zone(book, carrier):
    planned = {row.person_id: row for row in PlannedContact.objects.filter(channel="sms")}
    assert set(planned) == {person.pk for person in book.values()}
    assert run(NIGHT) == {}
    for place, (zone, opens) in PLACES.items():
        row = planned[book[place].pk]
        opening = datetime.strptime(opens, "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(zone))
        assert run(opening - timedelta(minutes=1)) == {}
        assert run(opening) == {"sent": 1}
        attempt = ContactAttempt.objects.get(planned=row)
        assert (attempt.started_at, attempt.status) == (opening, "sent")
        number = sealed.unseal(attempt.address.value_sealed)
        assert [message.to for message in carrier.messages()].count(number) == 1
