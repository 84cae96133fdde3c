"""A small book that a rehearsal has something to do with, and other ways to send."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from contacts.models import PlannedContact
from tests.factories import strategies
from tests.factories.cases import (
    AccountFactory,
    CaseFactory,
    ContactPointFactory,
    CreditorFactory,
    HoldFactory,
    PersonFactory,
    ProductFactory,
    PromiseFactory,
)
from tests.factories.staff import TeamFactory, UserFactory

ON = date(2026, 3, 3)
AT = datetime(2026, 3, 3, 18, 30, tzinfo=UTC)  # 02:30 on 4 March in Shanghai


def make_book() -> None:
    author, approver = UserFactory(supervisor=True), UserFactory(supervisor=True)
    creditor = CreditorFactory(code="bank", team=TeamFactory())
    product = ProductFactory(creditor=creditor)
    strategies.ship(creditors=[creditor], author=author, approver=approver, at=AT - timedelta(days=9))
    for number in range(24):
        person = PersonFactory(new_york=True) if number % 3 else PersonFactory()
        AccountFactory(product=product, person=person, dpd=number * 3 % 64, on=ON)
        ContactPointFactory(person=person)
    for _ in range(4):
        promised = CaseFactory(creditor=creditor, on=ON, dpd=5, promised=True, next_action="wait_promise")
        PromiseFactory(case=promised, due_on=ON - timedelta(days=2), grace_days=1)
        CaseFactory(creditor=creditor, on=ON, dpd=0, working=True)  # nothing past due: it is cured
    HoldFactory(case=promised, ends_on=ON)


@dataclass(frozen=True)
class Gone:
    """A row that left, as a rehearsal counts it."""

    planned_id: int
    case_id: int
    person_id: int
    step_id: int
    channel: str
    at: datetime
    outcome: str = "sent"
    reason: str = ""


def everything_sent(close: Any, span: Any, **_more: Any) -> Iterator[Gone]:
    """Send whatever is planned for the day, and ask nobody."""
    rows = PlannedContact.objects.filter(creditor=close.creditor, business_date=close.day, automated=True)
    for row in rows.filter(status="planned").order_by("pk"):
        PlannedContact.objects.filter(pk=row.pk).update(status="done", finished_at=row.planned_for)
        yield Gone(row.pk, row.case_id, row.person_id, row.step_id, row.channel, row.planned_for)
