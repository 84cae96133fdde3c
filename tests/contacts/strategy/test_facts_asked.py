# ruff: noqa: FBT003 (the value of a condition is what it is)
"""Facts of rarer tables, one by one: what was said and written, letters, guarantees, who works the case."""

from datetime import UTC, date, datetime, timedelta

import pytest

from cases.models import Case, Document
from contacts.models import InboundBinding, InboundMessage, LegalClock, PostalLetter, PrintBatch
from contacts.strategy.conditions import FACTS, Context, catalogue, holds_for, matching
from contacts.strategy.conditions.asking import months_before
from tests.factories.cases import CaseFactory, CreditorFactory, ProductFactory
from tests.factories.contacts import AttemptFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db
BEGINS = datetime(2026, 3, 5, tzinfo=UTC)
ON = Context(day=date(2026, 3, 5), begins_at=BEGINS)


def leaf(fact, op, value):
    return {"fact": fact, "op": op, "value": value}


@pytest.fixture
def case():
    creditor = CreditorFactory(time_zone="UTC")
    ProductFactory(creditor=creditor, kind="mortgage")
    return CaseFactory(creditor=creditor, on=ON.day, at=BEGINS)


def asked(case, fact, op, value):
    return holds_for(case.pk, leaf(fact, op, value), ON)


def wrote(case, at, kind="words"):
    message = InboundMessage.objects.create(
        source="test", event_id=f"{at}{kind}", channel="sms", kind=kind, content_sealed=b"x", content_sha256="x",
        received_at=at,
    )  # fmt: skip
    InboundBinding.objects.create(message=message, person=case.person, bound_at=at)


def test_days_since_the_borrower_wrote_are_calendar_days_and_leave_automatic_answers_out(case):
    wrote(case, BEGINS - timedelta(days=1), kind="auto_reply")
    assert asked(case, "days_since_reply", "at_least", 0) is None
    wrote(case, BEGINS - timedelta(days=3) + timedelta(hours=23))
    assert asked(case, "days_since_reply", "is", 3) is True
    wrote(case, BEGINS - timedelta(minutes=1))
    assert asked(case, "days_since_reply", "is", 1) is True


def test_days_since_a_contact_are_counted_from_midnight_to_midnight(case):
    for at, days in [
        (BEGINS + timedelta(hours=9), 0),
        (BEGINS, 0),
        (BEGINS - timedelta(seconds=1), 1),
        (BEGINS - timedelta(days=1), 1),
        (BEGINS - timedelta(days=1, seconds=1), 2),
    ]:
        Case.objects.update(last_contact_at=at)
        found = [number for number in range(4) if asked(case, "days_since_contact", "is", number)]
        assert found == [days], at


def test_the_last_letter_counts_and_one_that_was_not_posted_does_not(case):
    def letter(posted_at, ending):
        document = Document.objects.create(
            case=case, person=case.person, title="x", path="x", sha256="0" * 64, size=1, added_at=BEGINS
        )
        PostalLetter.objects.create(
            document=document, creditor=case.creditor, case=case, person=case.person, key=f"{document.pk:032d}",
            made_at=BEGINS, posted_at=posted_at, ending=ending, ended_at=BEGINS if ending else None,
            batch=batch if posted_at else None, position=document.pk if posted_at else None,
        )  # fmt: skip

    batch = PrintBatch.objects.create(
        creditor=case.creditor, letters_count=9, pages=9, path="x", sha256="x", manifest="x", manifest_sha256="x",
        collected_at=BEGINS,
    )  # fmt: skip
    letter(None, "withdrawn")
    assert asked(case, "letter_returned", "is", False) is None
    letter(BEGINS - timedelta(days=9), "returned")
    assert asked(case, "letter_returned", "is", True) is True
    letter(BEGINS - timedelta(days=2), "delivered")
    assert asked(case, "letter_returned", "is", True) is False


def test_the_outcome_of_the_last_contact_counts(case):
    assert asked(case, "last_outcome", "is", "busy") is None
    for days, outcome in [(3, "busy"), (1, "no_answer"), (5, "conversation")]:
        AttemptFactory(case=case, completed=True, outcome=outcome, at=BEGINS - timedelta(days=days))
    assert asked(case, "last_outcome", "is", "no_answer") is True
    assert asked(case, "last_outcome", "in", ["busy", "conversation"]) is False


def test_a_guarantee_under_which_something_was_demanded_in_time_ends_no_more(case):
    clock = LegalClock.objects.create(
        case=case, account=case.account, person=case.person, creditor=case.creditor, guarantor=case.person,
        kind="guarantee", rule="x", starts=date(2026, 1, 1), ends=date(2026, 3, 15), over_at=BEGINS,
    )  # fmt: skip
    assert asked(case, "days_to_guarantee_end", "is", 10) is True
    LegalClock.objects.filter(pk=clock.pk).update(kept={"on": "2026-02-01"})
    assert asked(case, "days_to_guarantee_end", "is", 10) is None


def test_who_works_it_how_long_it_is_here_and_what_secures_it(case):
    assert asked(case, "secured", "is", True) is True
    assert asked(case, "assigned", "is", True) is False
    Case.objects.update(owner=UserFactory(), opened_on=date(2026, 2, 23))
    assert asked(case, "assigned", "is", True) is True
    assert asked(case, "days_in_collection", "is", 10) is True
    assert asked(case, "person_kind", "is", "business") is False


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2024, 3, 31), 1, date(2024, 2, 29)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
        (date(2026, 12, 5), 12, date(2025, 12, 5)),
        (date(2026, 3, 5), 0, date(2026, 3, 5)),
    ],
)
def test_months_are_counted_back_to_the_same_day(day, months, expected):
    assert months_before(day, months) == expected


def test_what_the_book_uses_can_be_chosen_from(case):
    assert catalogue.in_use("product") == [(case.creditor.products.get().code, "Credit card")]
    assert catalogue.in_use("arm") == []
    assert (case.creditor.code, case.creditor.name) in catalogue.in_use("creditor")
    assert [value for value, _label in catalogue.in_use("ability")] == ["low", "middle", "high"]


def test_every_fact_is_one_statement_whatever_the_size_of_the_book(case, django_assert_num_queries):
    everything = [
        leaf(name, "known", True) if fact.kind != "number" else leaf(name, "at_least", 1)
        for name, fact in FACTS.items()
    ]
    with django_assert_num_queries(1):
        list(Case.objects.filter(matching({"any": everything}, ON)))


def test_no_fact_multiplies_the_rows_of_a_case(case):
    for name, fact in FACTS.items():
        value = {"number": 0, "amount": "0", "yes_no": True, "choice": (fact.values or ("x",))[0]}.get(
            fact.kind, "x:y" if name == "arm" else "x"
        )
        op = "at_least" if fact.kind in ("number", "amount") else "is"
        query = Case.objects.filter(matching({"any": [leaf(name, op, value), {}]}, ON))
        assert query.count() == 1, name
