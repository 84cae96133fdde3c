"""Who is on the line: the firm's questions, what counts as right, and how a call ends with a stranger."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import Error, transaction

from cases import amounts, verification_policy
from cases.models import ContactPoint
from cases.verification_policy import Terms
from collections_app.shared.actor import Actor
from compliance.models import AuditEvent
from contacts import calls, identity, verifying
from contacts.models import ContactAttempt, Verification
from contacts.verifying import VerificationRefused
from tests.factories.cases import (
    AddressFactory,
    CaseFactory,
    ContactPointFactory,
    CreditorFactory,
    FirmPolicyFactory,
)
from tests.factories.verifying import PLACE, known

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)  # 11:00 in Shanghai


@pytest.fixture
def actor(collector: Any) -> Actor:
    return Actor.of(collector)


@pytest.fixture
def case(team: Any) -> Any:
    case = CaseFactory(creditor=CreditorFactory(team=team), at=NOON, working=True)
    known(case.person)
    return case


@pytest.fixture
def attempt(case: Any, actor: Actor) -> ContactAttempt:
    return calls.open_call(case_id=case.pk, contact_point_id=case.point.pk, actor=actor, at=NOON)


def compare(attempt: ContactAttempt, actor: Actor, **said: str) -> dict[str, bool]:
    return verifying.compare(attempt_id=attempt.pk, said=said, actor=actor, at=NOON)


def confirm(attempt: ContactAttempt, actor: Actor, *questions: str) -> Verification:
    return verifying.confirm(attempt_id=attempt.pk, questions=questions, actor=actor, at=NOON)


def words(kept: Any) -> list[str]:
    """Return everything that is kept as texts, but for whole numbers: the number of a row may be any number."""
    if isinstance(kept, dict):
        kept = [part for name, value in kept.items() if name != "_state" for part in (name, value)]
    if isinstance(kept, list | tuple):
        return [word for part in kept for word in words(part)]
    return [] if isinstance(kept, int) else [str(kept)]


# What is right


@pytest.mark.parametrize(
    "said",
    ["1985-03-12", "１９８５年３月１２日", "19850312", "1985/3/12", "12 March 1985", "March 12, 1985",
     "12th of Mar 1985", "12/03/1985", "03/12/1985", "12.3.1985", " 1985-03-12 "],
)  # fmt: skip
def test_a_date_of_birth_is_right_in_every_form_that_people_say_it(said):
    assert date(1985, 3, 12) in identity.birth_days(said)


@pytest.mark.parametrize("said", ["1985-03-13", "12 May 1985", "11/03/1985"])
def test_another_date_is_wrong(said):
    assert date(1985, 3, 12) not in identity.birth_days(said)


@pytest.mark.parametrize("said", ["85-3-12", "march", "yes", "1985", "31 February 1985"])
def test_what_is_no_date_is_no_answer(said):
    with pytest.raises(amounts.DayRefused):
        identity.birth_days(said)


@pytest.mark.parametrize(
    ("said", "is_right"),
    [
        ("12 High Street", True), ("１２ ｈｉｇｈ ｓｔｒｅｅｔ", True), ("LS1 4DY 12", True), (PLACE, True),
        ("High Street", False), ("12", False), ("13 High Street", False), ("12 High Road", False), ("", False),
    ],
)  # fmt: skip
def test_a_part_of_an_address_is_right_when_it_cannot_be_mistaken(said, is_right):
    assert identity.same_place(said, PLACE) is is_right


@pytest.mark.parametrize(
    ("said", "is_right"),
    [("浦东新区世纪大道100号", True), ("世纪大道１００号", True), ("上海市", False), ("世纪大道101号", False)],
)
def test_an_address_without_blanks_is_right_by_a_run_of_it(said, is_right):
    assert identity.same_place(said, "上海市浦东新区世纪大道100号 3单元") is is_right


def test_answers_are_compared_and_only_the_result_is_kept(case, attempt, actor):
    found = compare(attempt, actor, birth_date="１９８５－０３－１２", document_last4="００１１", address="1 High St")
    assert found == {"birth_date": True, "document_last4": True, "address": False}
    row = Verification.objects.get()
    assert (row.result, row.person_id, row.needed) == ("asked", case.person_id, 2)
    assert (row.asked, row.right, row.compared) == (
        ["birth_date", "document_last4", "address"], ["birth_date", "document_last4"], ["birth_date", "document_last4"],
    )  # fmt: skip
    kept = words(list(AuditEvent.objects.filter(name="verification.asked").values())) + words(row.__dict__)
    assert "birth_date" in kept
    assert not [word for word in kept if "High St" in word or "1985" in word or "１９８５" in word]


# How many are needed


def test_two_right_answers_confirm_and_one_does_not(attempt, actor):
    compare(attempt, actor, birth_date="1985-03-12")
    with pytest.raises(VerificationRefused) as refused:
        confirm(attempt, actor)
    assert str(refused.value) == "1 of 2 answered rightly: nothing may be said about the debt yet."
    assert not verifying.is_confirmed(attempt)
    compare(attempt, actor, document_last4="0011")
    row = confirm(attempt, actor)
    assert (row.right, row.compared) == (["birth_date", "document_last4"], ["birth_date", "document_last4"])
    assert verifying.is_confirmed(attempt)


def test_what_the_collector_heard_counts_and_is_kept_apart_from_what_was_compared(attempt, actor):
    compare(attempt, actor, birth_date="1985-03-12")
    row = confirm(attempt, actor, "address")
    assert (row.right, row.compared, row.by_id) == (["birth_date", "address"], ["birth_date"], actor.id)


def test_a_tick_does_not_make_a_wrong_answer_right(attempt, actor):
    compare(attempt, actor, birth_date="1985-03-13", document_last4="0011")
    with pytest.raises(VerificationRefused):
        confirm(attempt, actor, "birth_date")
    assert confirm(attempt, actor, "address").right == ["document_last4", "address"]


def test_where_the_firm_says_so_only_what_was_compared_counts(attempt, actor, case):
    FirmPolicyFactory(creditor=case.creditor, document={"verification": {"needed": 1, "only_compared": True}})
    with pytest.raises(VerificationRefused):
        confirm(attempt, actor, "birth_date", "address")
    compare(attempt, actor, birth_date="1985-03-12")
    assert confirm(attempt, actor).right == ["birth_date"]


def test_a_question_is_compared_three_times_in_a_call_and_no_more(attempt, actor):
    for ending in ("0001", "0002", "0003"):
        assert compare(attempt, actor, document_last4=ending) == {"document_last4": False}
    with pytest.raises(VerificationRefused) as refused:
        compare(attempt, actor, document_last4="0011")
    assert refused.value.code == "tries"
    assert compare(attempt, actor, birth_date="1985-03-12") == {"birth_date": True}  # another question is not barred


def test_what_cannot_be_read_as_a_date_is_not_counted_as_a_try(attempt, actor):
    with pytest.raises(VerificationRefused) as refused:
        compare(attempt, actor, birth_date="spring")
    assert str(refused.value) == "Date of birth: this cannot be read as a date."
    assert not Verification.objects.exists()


def test_a_question_of_nobodys_choice_is_refused(attempt, actor):
    for ask in (lambda: compare(attempt, actor, email="a@example.com"), lambda: confirm(attempt, actor, "shoe_size")):
        with pytest.raises(VerificationRefused) as refused:
            ask()
        assert refused.value.code == "question"


# What the firm asks


def test_other_questions_stand_in_where_too_little_is_known():
    assert Terms().asked_of(["birth_date", "document_last4", "account_last4"]) == ("birth_date", "document_last4")
    assert Terms().asked_of(["birth_date", "account_last4", "email"]) == ("birth_date", "account_last4")
    assert Terms().asked_of(["email", "account_last4"]) == ("account_last4", "email")
    assert Terms().asked_of([]) == ()


def test_nobody_is_confirmed_of_whom_nothing_is_known(team, actor):
    case = CaseFactory(creditor=CreditorFactory(team=team), at=NOON, working=True)
    attempt = calls.open_call(case_id=case.pk, contact_point_id=case.point.pk, actor=actor, at=NOON)
    ContactPoint.objects.filter(person=case.person, kind="email").update(state="removed")
    standing = verifying.standing(
        attempt.pk, terms=Terms(), known=identity.known_of(case.person, creditor_id=case.creditor_id)
    )
    assert ([each.key for each in standing.questions], standing.is_possible) == (["account_last4"], False)
    with pytest.raises(VerificationRefused):
        confirm(attempt, actor, "account_last4")


def test_the_firms_own_questions_are_those_that_are_asked():
    document = {"verification": {"questions": ["email", "account_last4"], "needed": 1}}
    assert verification_policy.of_document(document) == Terms(("account_last4", "email"), 1)
    assert verification_policy.of_document({}) == Terms(("birth_date", "document_last4", "address"), 2)


@pytest.mark.parametrize(
    ("said", "is_sound"),
    [
        ({}, True), ({"questions": ["email"], "needed": 1}, True), ({"needed": 3}, True), ({"needed": 4}, False),
        ({"needed": 0}, False), ({"questions": ["shoe_size"], "needed": 1}, False),
        ({"questions": ["email"], "needed": 2}, False),
    ],
)  # fmt: skip
def test_a_policy_never_needs_more_than_it_asks(said, is_sound):
    assert verification_policy.is_sound({"verification": said}) is is_sound


# How a call ends


@pytest.mark.parametrize("result", ["wrong_party", "wrong_number"])
def test_a_strangers_number_is_silent_for_everybody_who_has_it(case, attempt, actor, team, result):
    other = CaseFactory(creditor=CreditorFactory(team=team), at=NOON)
    shared = ContactPointFactory(person=other.person, address=case.point.address, kind="work_phone")
    elsewhere = ContactPointFactory(person=other.person, address=AddressFactory(), kind="mobile")
    verifying.wrong_party(attempt_id=attempt.pk, result=result, actor=actor, at=NOON)
    attempt.refresh_from_db()
    assert (attempt.status, attempt.outcome) == ("completed", "wrong_number")
    assert Verification.objects.get().result == result
    shared.address.refresh_from_db()
    assert (shared.address.suppressed_at, shared.address.suppressed_reason) == (NOON, "stranger")
    with pytest.raises(calls.CallRefused):
        calls.open_call(case_id=other.pk, contact_point_id=shared.pk, actor=actor, at=NOON)
    assert calls.open_call(case_id=other.pk, contact_point_id=elsewhere.pk, actor=actor, at=NOON).status == "cleared"


def test_a_call_ends_one_way(attempt, actor):
    verifying.fail(attempt_id=attempt.pk, actor=actor, at=NOON)
    with pytest.raises(VerificationRefused) as refused:
        confirm(attempt, actor, "birth_date", "address")
    assert refused.value.code == "settled"
    assert not verifying.is_confirmed(attempt)


def test_somebody_elses_call_is_not_confirmed(attempt, actor, supervisor):
    with pytest.raises(VerificationRefused) as refused:
        confirm(attempt, Actor.of(supervisor), "birth_date", "address")
    assert refused.value.code == "not-yours"


def test_a_closed_call_is_not_confirmed(attempt, actor):
    calls.log_call(attempt_id=attempt.pk, outcome="no_answer", actor=actor, at=NOON)
    with pytest.raises(VerificationRefused) as refused:
        confirm(attempt, actor, "birth_date", "address")
    assert refused.value.code == "not-open"


# What the database keeps


def row(attempt: ContactAttempt, **fields: Any) -> Verification:
    given = {"asked": [], "right": [], "compared": [], "needed": 2, "result": "asked"} | fields
    return Verification.objects.create(attempt=attempt, person_id=attempt.contacted_id, at=NOON, **given)


def test_rows_only_grow(attempt):
    made = row(attempt, asked=["birth_date"])
    for change in (lambda: Verification.objects.filter(pk=made.pk).update(result="failed"), made.delete):
        with pytest.raises(Error), transaction.atomic():
            change()
    assert Verification.objects.get().result == "asked"


@pytest.mark.parametrize(
    "wrong",
    [
        {"asked": ["email"], "right": ["birth_date"]},
        {"asked": ["email"], "compared": ["email"]},
        {"asked": ["email"], "right": ["email"], "result": "confirmed", "needed": 2},
        {"result": "confirmed", "needed": 0},
        {"result": "perhaps"},
    ],
)
def test_the_database_refuses_a_confirmation_that_its_answers_do_not_bear(attempt, wrong):
    with pytest.raises(Error), transaction.atomic():
        row(attempt, **wrong)
    row(attempt, asked=["email", "address"], right=["email", "address"], result="confirmed")  # this one they bear


def test_the_database_keeps_one_ending_for_a_call(attempt):
    row(attempt, result="failed")
    with pytest.raises(Error), transaction.atomic():
        row(attempt, asked=["email", "address"], right=["email", "address"], result="confirmed")
    row(attempt)  # asking on is no ending
