"""What is ahead of one case is what the rehearsal of the whole book says of it; and what a payment would change."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from cases.models import Account, Case, Creditor, Payment
from collections_app.management.measures import first_day
from collections_app.shared.actor import SYSTEM
from contacts import night
from contacts.models import Step, StrategyVersion
from contacts.rehearsal import alone, running
from contacts.rehearsal.alone import WhatIf
from contacts.rehearsal.running import Task
from contacts.rehearsal.sending import send_day
from contacts.rehearsal.shadow import Part
from contacts.strategy import definition
from tests.contacts.rehearsal.book import AT, ON, make_book
from tests.factories.cases import AccountFactory, ContactPointFactory, PersonFactory

DAYS = 5
MORNING = AT + timedelta(days=1)  # the night before is closed: every case stands


@pytest.fixture(scope="module")
def book(own_database: Any, django_db_blocker: Any) -> Iterator[Any]:
    """Return the database that holds the book, a night old, with one more case that is five days late."""
    with django_db_blocker.unblock():
        make_book()
        creditor = Creditor.objects.get()
        person = PersonFactory()
        account = AccountFactory(product=creditor.products.get(), person=person, dpd=4, on=ON, balance="900.00")
        ContactPointFactory(person=person)
        night.close_of_day(creditor_id=creditor.pk, business_date=ON, at=AT)
        with first_day.connected():
            yield Case.objects.get(person=account.person)


@pytest.fixture(autouse=True)
def unblocked(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


def version() -> StrategyVersion:
    return StrategyVersion.objects.get(status="published")


def ahead(case: Case, **more: Any) -> list[alone.Day]:
    return alone.ahead(case, version_id=version().pk, days=DAYS, at=MORNING, send_day=send_day, **more)


def told(days: list[alone.Day]) -> set[tuple[Any, ...]]:
    keys = dict(Step.objects.values_list("pk", "key"))
    return {
        (day.day, keys[step.step_id], step.channel, step.outcome, "" if step.outcome == "task" else step.reason)
        for day in days
        for step in day.steps
    }


def of_the_book() -> dict[int, set[tuple[Any, ...]]]:
    """What a rehearsal of the whole book says, by case."""
    creditors = tuple(Creditor.objects.values_list("pk", flat=True))
    ran = running.run(Task(Part(creditors), None, version().strategy_id, DAYS, MORNING), send_day=send_day)
    found: dict[int, set[tuple[Any, ...]]] = {}
    for key, cell in ran.cells.by_key.items():
        assert cell.count == len(cell.cases)
        for case in cell.cases:
            found.setdefault(case, set()).add((key.day, key.step_key, key.channel, key.outcome, key.reason))
    return found


def test_what_is_ahead_of_each_case_is_what_the_rehearsal_of_the_book_says(book):
    whole = of_the_book()
    assert len(whole) > 15
    of_outcome = {outcome: {pk for pk, rows in whole.items() if any(outcome in row for row in rows)}
                  for outcome in ("sent", "task", "withheld", "obstacle")}  # fmt: skip
    assert min(len(of_outcome["sent"]), len(of_outcome["task"])) > 0
    chosen = {pk for pks in of_outcome.values() for pk in sorted(pks)[:3]} | {book.pk}
    nobody = Case.objects.unresolved().exclude(pk__in=whole).order_by("pk").values_list("pk", flat=True)[:1]
    for case in Case.objects.filter(pk__in=[*chosen, *nobody]):
        assert told(ahead(case)) == whole.get(case.pk, set())
    other = told(ahead(book, what_if=WhatIf("pays", book.balance, ON + timedelta(days=1))))
    assert other != whole[book.pk]  # the comparison sees what differs


def test_a_part_payment_lowers_what_is_owed_and_the_days_past_due_go_on(book):
    before = Account.objects.get(person=book.person)
    half, day = Decimal("450.00"), ON + timedelta(days=1)
    days = ahead(book, what_if=WhatIf("pays", half, day))
    assert (days[0].balance, days[0].past_due, days[0].dpd) == (half, half, 6)
    assert [each.dpd for each in days] == [6, 7, 8, 9, 10]
    assert {each.status for each in days} == {"working"} or {each.status for each in days} == {"new"}
    plain = ahead(book)
    assert (plain[0].balance, plain[0].past_due, plain[0].dpd) == (Decimal("900.00"), Decimal("900.00"), 6)
    assert Account.objects.get(person=book.person).balance == before.balance
    assert not Payment.objects.exists()


def test_what_brings_the_arrears_to_nothing_cures_and_nothing_follows(book):
    days = ahead(book, what_if=WhatIf("pays", Decimal("900.00"), ON + timedelta(days=2)))
    assert [(each.status, each.dpd) for each in days[1:]] == [("cured", 0)] * 4
    assert [each.steps for each in days[1:]] == [[]] * 4
    assert days[0].status != "cured"


def test_conditions_see_the_balance_and_the_payment(book):
    document = {
        "code": version().strategy.code,
        "name": "By balance",
        "segment": [
            {"key": "paid", "name": "Paid", "step": [],
             "condition": {"fact": "days_since_payment", "op": "at_most", "value": 9}},
            {"key": "much", "name": "Much", "condition": {"fact": "balance", "op": "at_least", "value": 800},
             "step": [{"key": "look", "kind": "review", "from_dpd": 1}]},
        ],
    }  # fmt: skip
    draft = definition.store(
        definition.parse(document), creditors=[book.creditor], actor=SYSTEM, at=AT, based_on=version()
    )

    def segments(**more: Any) -> list[str]:
        days = alone.ahead(book, version_id=draft.pk, days=3, at=MORNING, send_day=send_day, **more)
        return [day.segment for day in days]

    assert segments() == ["much", "much", "much"]
    assert segments(what_if=WhatIf("pays", Decimal(450), ON + timedelta(days=2))) == ["much", "paid", "paid"]


def test_a_promise_that_is_kept_is_paid_by_its_amount(book):
    days = ahead(book, what_if=WhatIf("promises", Decimal("100.00"), ON + timedelta(days=2)))
    assert [day.told for day in days] == ["", "kept", "", "", ""]
    assert (days[0].balance, days[1].balance) == (Decimal("900.00"), Decimal("800.00"))
    broken = ahead(book, what_if=WhatIf("breaks", Decimal("100.00"), ON + timedelta(days=2)))
    assert [day.balance for day in broken] == [Decimal("900.00")] * 5
