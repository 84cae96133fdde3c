"""Books that are kept here: interest grows in a rehearsal as it does in the night, and balances move on the copies."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from cases import ledger
from cases.models import Account, AccountState, LedgerEntry, Rate
from collections_app.shared.money import Money
from contacts import night
from contacts.rehearsal import running, shadow
from contacts.rehearsal.running import REHEARSAL
from contacts.rehearsal.shadow import FIRST_NUMBER, Part
from tests.contacts.rehearsal.book import AT, ON
from tests.factories.cases import AccountFactory, ContactPointFactory, CreditorFactory, PersonFactory, ProductFactory


@pytest.fixture(scope="module")
def account(own_database: Any, django_db_blocker: Any) -> Iterator[Account]:
    """Return an account of a book kept here that bears interest."""
    with django_db_blocker.unblock():
        creditor = CreditorFactory(code="own", books="ours")
        product = ProductFactory(creditor=creditor)
        person = PersonFactory()
        ContactPointFactory(person=person)
        account = AccountFactory(product=product, person=person, dpd=1, on=ON, balance="500.00")
        Rate.objects.create(product=product, component="interest", percent="36.5", from_on=ON)
        ledger.charge(
            account, "principal", Money(Decimal(1000), "CNY"), ON, ON, at=AT - timedelta(hours=9), source="test"
        )
        yield account


def found(account: Account) -> dict[str, Any]:
    state = AccountState.objects.filter(account=account).order_by("effective_on", "pk").last()
    return {
        "balance": Account.objects.get(pk=account.pk).balance,
        "interest": ledger.components(account.pk).get("interest"),
        "entries": LedgerEntry.objects.filter(account=account).count(),
        "state": (state.effective_on, state.balance, state.past_due_since),
    }


def test_interest_grows_and_moves_the_balance_of_the_copy_only(account, django_db_blocker):
    with django_db_blocker.unblock():
        before = found(account)
        with shadow.opened(Part((account.creditor_id,)), known_on=ON):
            close = running.Close(account.creditor, ON, 10**9, REHEARSAL, AT)
            shared = running.Night(close)
            for stage in running.STAGES:
                if stage.name in running.STEPS:
                    for span in running._spans(stage, close):
                        stage.work(shared, span)
            rehearsed = found(account)
            assert LedgerEntry.objects.filter(pk__gte=FIRST_NUMBER).count() == 1
        assert found(account) == before
        night.close_of_day(creditor_id=account.creditor_id, business_date=ON, at=AT)
        assert found(account) == rehearsed != before
        assert rehearsed["interest"] == Decimal("1.00")
