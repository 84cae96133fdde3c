"""Nothing of the debt is said before the person is confirmed: whole responses are searched, on every page of a case."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from collections_app.shared.actor import Actor
from contacts import calls, verifying
from contacts.models import ContactAttempt, Verification
from contacts.views.withheld import WITHHELD
from tests.factories.cases import (
    AccountFactory,
    CaseFactory,
    ConsentFactory,
    CreditorFactory,
    HoldFactory,
    InstructionFactory,
    NoteFactory,
    PaymentFactory,
    ProductFactory,
    PromiseFactory,
)
from tests.factories.contacts import AttemptFactory
from tests.factories.staff import set_clock
from tests.factories.verifying import confirmed, known

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)  # 11:00 in Shanghai
BANK, PRODUCT = "Verschwiegene Kreditanstalt", "Platinum Discretion Card"
OWED = "8420.37"
# Amounts of the case, and words of people that name one.
TOLD = ("8420.37", "2650.55", "11070.92", "777.77", "333.33")


def secrets() -> list[str]:
    """Return everything that may not be said, as it could be written."""
    written = {amount: f"{Decimal(amount):,.2f}" for amount in TOLD}
    return [BANK, PRODUCT, *written, *written.values()]


@pytest.fixture
def case(team: Any, collector: Any) -> Any:
    """A case that everything has happened to."""
    bank = CreditorFactory(team=team, name=BANK)
    product = ProductFactory(creditor=bank, name=PRODUCT)
    case = CaseFactory(creditor=bank, at=NOON, working=True, dpd=47, balance=OWED)
    AccountFactory(person=case.person, product=product, borrower=case.borrower, balance="2650.55", created_at=NOON)
    known(case.person)
    NoteFactory(case=case, text=f"Says {BANK} charged him 333.33 too much", written_at=NOON - timedelta(days=1))
    PromiseFactory(case=case, broken=True, amount="777.77", made_at=NOON - timedelta(days=9))
    PaymentFactory(person=case.person, creditor=bank, amount="333.33", received_at=NOON - timedelta(days=3))
    HoldFactory(case=case, released=True, reason=f"cannot pay 777.77 to {BANK}")
    AttemptFactory(case=case, completed=True, outcome="conversation", at=NOON - timedelta(days=6), made_by=collector)
    return case


@pytest.fixture
def desk(client: Any, collector: Any, settings: Any) -> Any:
    set_clock(settings, NOON)
    client.force_login(collector)
    return client


@pytest.fixture
def attempt(case: Any, collector: Any) -> ContactAttempt:
    actor = Actor.of(collector)
    cleared = calls.open_call(case_id=case.pk, contact_point_id=case.point.pk, actor=actor, at=NOON)
    InstructionFactory(person=case.person, kind="complaint_open", words=f"{BANK} took 777.77")  # said in this call
    return cleared


def found(response: Any) -> list[str]:
    """Return the secrets that a response tells, in its text or its markup."""
    body = response.content.decode()
    return [secret for secret in secrets() if secret in body]


def page(client: Any, case: Any, **asked: str) -> Any:
    return client.get(reverse("cases:case", args=[case.ref]), asked)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_while_nobody_is_confirmed_no_creditor_product_or_amount_is_anywhere_in_the_page(desk, case, attempt, language):
    desk.cookies["django_language"] = language
    shown = page(desk, case)
    assert shown.context["masked"] is True
    assert found(shown) == []
    assert "•••" in shown.content.decode()


def test_once_confirmed_they_are_all_there(desk, case, attempt):
    confirmed(attempt, at=NOON)
    shown = page(desk, case)
    assert shown.context["masked"] is False
    assert {BANK, PRODUCT, "2,650.55", "777.77"} <= set(found(shown))


def test_before_a_call_they_are_shown_to_whoever_may_work_the_case(desk, case):
    shown = page(desk, case)
    assert shown.context["masked"] is False
    assert {BANK, PRODUCT, "2,650.55", "777.77"} <= set(found(shown))


def test_somebody_who_is_not_on_the_telephone_sees_them(client, case, attempt, supervisor, settings):
    set_clock(settings, NOON)
    client.force_login(supervisor)
    assert BANK in found(page(client, case))


def test_after_the_call_they_are_shown_again(desk, case, attempt, collector):
    calls.log_call(attempt_id=attempt.pk, outcome="no_answer", actor=Actor.of(collector), at=NOON)
    assert BANK in found(page(desk, case))


@pytest.mark.parametrize("part", ["facts", "action", "timeline"])
def test_a_part_of_the_page_tells_no_more_than_the_whole(desk, case, attempt, part):
    for number in range(30):
        NoteFactory(case=case, text=f"{BANK} 777.77", written_at=NOON - timedelta(minutes=number))
    asked = {"timeline": {"after": page(desk, case).context["timeline_more_url"].partition("after=")[2]}}.get(part, {})
    answer = desk.get(reverse("cases:case", args=[case.ref]), asked, headers={"HX-Request": "true"})
    assert found(answer) == []


def test_a_thread_of_messages_is_not_shown_while_nobody_is_confirmed(desk, case, attempt):
    assert found(page(desk, case, thread="email")) == []
    assert page(desk, case, thread="email").context["thread"] is None


def _routes(patterns: Any, space: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, f"{space}{pattern.namespace}:" if pattern.namespace else space)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield f"{space}{pattern.name}", pattern


def of_a_case() -> list[str]:
    """Return the pages that are about one case, by its reference alone."""
    names = []
    for name, pattern in _routes(get_resolver().url_patterns):
        route = str(pattern.pattern)
        if re.search(r"cases/<str:ref>/", route) and route.count("<") == 1 and not name.startswith("api"):
            names.append(name)
    return sorted(set(names))


def test_every_page_of_a_case_says_nothing_or_says_why_it_waits(desk, case, attempt):
    told = {}
    for name in of_a_case():
        response = desk.get(reverse(name, args=[case.ref]))
        if name in WITHHELD:
            assert response.status_code == 409, name
        if found(response):
            told[name] = found(response)
    assert told == {}


def test_the_same_pages_tell_it_once_the_person_is_confirmed(desk, case, attempt):
    confirmed(attempt, at=NOON)
    telling = {name for name in of_a_case() if found(desk.get(reverse(name, args=[case.ref])))}
    assert {"cases:case", "cases:money", "cases:payments", "cases:as-of", "contacts:preparation"} <= telling


def test_a_withheld_page_is_not_withheld_from_whoever_is_not_on_the_telephone(
    client, case, attempt, supervisor, settings
):
    set_clock(settings, NOON)
    client.force_login(supervisor)
    assert client.get(reverse("cases:money", args=[case.ref])).status_code == 200


def test_another_case_of_the_same_collector_is_not_withheld(desk, case, attempt):
    other = CaseFactory(creditor=case.creditor, at=NOON)
    assert desk.get(reverse("cases:money", args=[other.ref])).status_code == 200


# The keys of the panel, as the page sends them


def send(client: Any, case: Any, attempt: ContactAttempt, **typed: Any) -> Any:
    data = {"attempt": attempt.pk, "do": "confirmed"} | typed
    return client.post(reverse("contacts:verify", args=[case.ref]), data, headers={"HX-Request": "true"})


def test_right_answers_confirm_and_the_answer_is_the_whole_page_with_the_amounts(desk, case, attempt):
    answer = send(
        desk, case, attempt, said_birth_date="１９８５年３月１２日", said_document_last4="0011", note="half a note"
    )
    assert verifying.is_confirmed(attempt)
    assert {BANK, "2,650.55"} <= set(found(answer))
    assert 'id="contact-bar"' in answer.content.decode()
    assert "half a note" in answer.content.decode()


def test_a_wrong_answer_says_so_and_tells_nothing(desk, case, attempt):
    answer = send(desk, case, attempt, said_birth_date="1985-03-13")
    assert not verifying.is_confirmed(attempt)
    assert found(answer) == []
    body = answer.content.decode()
    assert "1985-03-12" not in body
    assert "wrong, 2 more tries" in body
    assert "0 of 2 answered rightly: nothing may be said about the debt yet." in body


def test_without_scripts_it_works_by_a_page_of_its_own(desk, case, attempt):
    data = {"attempt": attempt.pk, "do": "confirmed", "right": ["birth_date", "address"]}
    answer = desk.post(reverse("contacts:verify", args=[case.ref]), data)
    assert answer.url == reverse("cases:case", args=[case.ref])
    assert Verification.objects.get().right == ["birth_date", "address"]


def test_who_cannot_be_confirmed_hears_nothing_in_this_call(desk, case, attempt):
    answer = send(desk, case, attempt, do="failed")
    assert found(answer) == []
    assert "The person could not be confirmed." in answer.content.decode()
    assert found(page(desk, case)) == []


@pytest.mark.parametrize("how", ["wrong_party", "wrong_number"])
def test_a_stranger_ends_the_call_and_the_next_case_comes(desk, case, attempt, how):
    following = CaseFactory(creditor=case.creditor, at=NOON)
    data = {"attempt": attempt.pk, "do": how}
    answer = desk.post(reverse("contacts:stranger", args=[case.ref]), data, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == reverse("cases:case", args=[following.ref])
    attempt.refresh_from_db()
    case.point.address.refresh_from_db()
    assert (attempt.outcome, case.point.address.suppressed_reason) == ("wrong_number", "stranger")


def test_a_call_may_end_as_a_talk_only_with_a_confirmed_person(desk, case, attempt):
    case.refresh_from_db()
    data = {"version": case.version, "attempt": attempt.pk, "outcome": "talked", "unsaid": "said"}
    answer = desk.post(reverse("contacts:log-call", args=[case.ref]), data)
    assert "First confirm who is speaking." in answer.content.decode()
    assert found(answer) == []
    confirmed(attempt, at=NOON)
    desk.post(reverse("contacts:log-call", args=[case.ref]), data)
    attempt.refresh_from_db()
    assert (attempt.status, attempt.outcome) == ("completed", "conversation")


def offered(client: Any, case: Any) -> set[str]:
    return {one["ending"].value for one in page(client, case).context["possible_endings"]}


def test_the_outcomes_on_offer_are_those_that_the_call_may_have(desk, case, attempt):
    assert {"no-answer", "wrong-number", "callback"} <= offered(desk, case)
    assert not {"promise", "talked", "refuses", "says-paid"} & offered(desk, case)
    confirmed(attempt, at=NOON)
    assert {"talked", "refuses", "says-paid"} <= offered(desk, case)


def test_what_stands_is_still_seen_without_its_words(desk, case, attempt):
    ConsentFactory(person=case.person)
    shown = page(desk, case)
    assert "complaint lodged" in shown.content.decode()
    assert found(shown) == []


def test_an_act_in_two_keys_answers_with_no_more_than_the_page(desk, case, attempt):
    acts = page(desk, case).context["quick_acts"]
    assert acts
    for act in acts[:2]:
        asked = {"act": act.code}
        answer = desk.post(reverse("contacts:quick-act", args=[case.ref]), asked, headers={"HX-Request": "true"})
        assert found(answer) == []


def test_somebody_elses_call_is_not_verified_from_the_page(client, case, attempt, supervisor, settings):
    set_clock(settings, NOON)
    client.force_login(supervisor)
    assert send(client, case, attempt, right=["birth_date", "address"]).status_code == 404
    assert not Verification.objects.exists()
