"""Wishes, consents and holds as verbs: what each needs, what the database refuses, and the lists to come back to."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from cases import addresses, consents, holds, instructions, wishes
from cases.consents import ConsentRefused
from cases.holds import HoldRefused
from cases.instructions import InstructionRefused
from cases.models import Address, Consent, ContactPoint, Hold, Instruction, Person
from collections_app.shared import sealed
from collections_app.shared.actor import SYSTEM, Actor
from compliance.models import AuditEvent
from compliance.periods import add_months
from contacts import watching
from tests.factories import NOW
from tests.factories.cases import (
    AccountFactory,
    CaseFactory,
    ContactPointFactory,
    CreditorFactory,
    HoldFactory,
    PersonFactory,
)
from tests.factories.staff import TeamFactory

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


@pytest.fixture
def case():
    return CaseFactory(working=True)


def ask(case, kind, **more):
    return instructions.give(person_id=case.person_id, kind=kind, actor=SYSTEM, at=NOW, **more)


def agree(case, kind="consent_time", **more):
    wanted = {"evidence": "recording 12", "creditor_id": case.creditor_id} | more
    return consents.give(person_id=case.person_id, kind=kind, actor=SYSTEM, at=NOW, **wanted)


# -- instructions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "more", "code"),
    [
        ("dance", {}, "kind"),
        ("opt_out", {"channel": "fax"}, "channel"),
        ("vulnerable", {"details": {"channels": ["fax"]}}, "channel"),
        ("inconvenient_window", {}, "window"),
        ("inconvenient_window", {"details": {"start": "09:00", "end": "9"}}, "window"),
        ("inconvenient_window", {"details": {"start": "25:00", "end": "09:00"}}, "window"),
        ("only_times", {"details": {"start": "09:00", "end": "09:00"}}, "window"),
        ("only_times", {"details": {"start": "09:00", "end": "10:00", "days": ["Monday"]}}, "days"),
        ("inconvenient_place", {}, "place"),
        ("inconvenient_place", {"place": "moon"}, "place"),
        ("wrong_party", {}, "point-needed"),
        ("cease_request", {"sent_at": NOW, "received_at": NOW - timedelta(days=1)}, "sent-later"),
        ("cease_request", {"received_at": NOW + timedelta(hours=1)}, "in-the-future"),
        ("cease_request", {"expires_at": NOW - timedelta(days=1)}, "over"),
        ("dispute_open", {"review_on": date(2020, 1, 1)}, "review-in-the-past"),
    ],
)
def test_an_instruction_that_means_nothing_is_refused_with_its_reason(case, kind, more, code):
    with pytest.raises(InstructionRefused) as refused:
        ask(case, kind, **more)
    assert refused.value.code == code
    assert str(refused.value) != code  # a sentence
    assert not Instruction.objects.exists()


def test_another_persons_number_or_account_is_refused(case):
    with pytest.raises(InstructionRefused) as refused:
        ask(case, "opt_out", contact_point_id=ContactPointFactory().pk)
    assert refused.value.code == "point"
    with pytest.raises(InstructionRefused) as refused:
        ask(case, "dispute_open", account_id=AccountFactory().pk)
    assert refused.value.code == "account"


def test_a_midnight_end_and_a_window_over_midnight_are_times(case):
    ask(case, "inconvenient_window", details={"start": "20:00", "end": "24:00"})
    ask(case, "inconvenient_window", details={"start": "22:00", "end": "07:00"})
    assert Instruction.objects.count() == 2


def test_what_opens_a_matter_gets_a_review_date_and_the_team_of_the_case(case):
    given = ask(case, "dispute_open")
    assert (given.review_on, given.reviewer_team) == (TODAY + timedelta(days=14), case.team)
    assert ask(case, "cease_request").review_on is None


def test_without_any_team_whoever_wrote_it_down_comes_back_to_it(collector):
    person = PersonFactory()
    actor = Actor.of(collector)
    given = instructions.give(person_id=person.pk, kind="complaint_open", actor=actor, at=NOW)
    assert (given.reviewer_team, given.reviewer) == (None, collector)


def test_nobody_at_all_is_never_the_answer():
    given = instructions.give(person_id=PersonFactory().pk, kind="complaint_open", actor=SYSTEM, at=NOW)
    assert given.reviewer_team is not None


@pytest.mark.parametrize(
    "change",
    [
        {"review_on": None},
        {"reviewer_team_id": None, "reviewer_id": None},
        {"sent_at": NOW + timedelta(days=1)},
        {"expires_at": NOW - timedelta(days=1)},
        {"kind": "wrong_party", "address_id": None},
        {"kind": "opt_out_confirmed", "confirms_id": None},
    ],
)
def test_the_database_itself_refuses_an_instruction_without_end_keeper_or_sense(case, change):
    given = ask(case, "dispute_open")
    with pytest.raises(IntegrityError), transaction.atomic():
        Instruction.objects.filter(pk=given.pk).update(**change)


def test_confirming_twice_says_it_once(case):
    given = ask(case, "cease_request")
    instructions.confirm(instruction_id=given.pk, actor=SYSTEM, at=NOW + timedelta(hours=1))
    given.refresh_from_db()
    assert given.confirmed_at == NOW
    assert AuditEvent.objects.filter(name="instruction.confirmed").count() == 1


def test_a_wrong_party_silences_the_number_and_taking_it_back_restores_it(case):
    given = ask(case, "wrong_party", contact_point_id=case.point.pk)
    point = ContactPoint.objects.select_related("address").get(pk=case.point.pk)
    assert (point.state, point.address.suppressed_reason, point.address.suppressed_at) == ("stranger", "stranger", NOW)
    instructions.withdraw(instruction_id=given.pk, reason="it is his after all", actor=SYSTEM, at=NOW)
    point = ContactPoint.objects.select_related("address").get(pk=case.point.pk)
    assert (point.state, point.address.suppressed_at) == ("unverified", None)


def test_taking_back_a_wrong_party_leaves_what_else_silences_the_number(case):
    given = ask(case, "wrong_party", contact_point_id=case.point.pk)
    Address.objects.filter(pk=case.point.address_id).update(suppressed_reason="court order")
    instructions.withdraw(instruction_id=given.pk, reason="it is his", actor=SYSTEM, at=NOW)
    assert Address.objects.get(pk=case.point.address_id).suppressed_reason == "court order"


def test_a_strangers_number_that_nobody_has_is_silenced_before_a_file_brings_it():
    addresses.silence_unknown(kind="phone", canonical="+8613800138000", actor=SYSTEM, at=NOW)
    addresses.silence_unknown(kind="phone", canonical="+8613800138000", actor=SYSTEM, at=NOW)
    address = Address.objects.get(value_hash=sealed.digest("phone", "+8613800138000"))
    assert address.suppressed_at == NOW
    assert AuditEvent.objects.filter(name="contact_point.suppressed").count() == 1


def test_special_care_shows_on_the_person_with_its_date_until_it_is_taken_back(case):
    more = {"level": "confirmed", "channels": ["phone"]}
    first = ask(case, "vulnerable", details=more, review_on=TODAY + timedelta(days=30))
    second = ask(case, "vulnerable")
    person = Person.objects.get(pk=case.person_id)
    assert person.vulnerability == "suspected"  # what was said last
    instructions.withdraw(instruction_id=second.pk, reason="mistake", actor=SYSTEM, at=NOW)
    assert Person.objects.get(pk=case.person_id).vulnerability == "suspected"
    instructions.withdraw(instruction_id=first.pk, reason="recovered", actor=SYSTEM, at=NOW)
    person = Person.objects.get(pk=case.person_id)
    assert (person.vulnerability, person.vulnerability_review_on) == ("none", None)


# -- consents ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"kind": "dance"}, "kind"), ({"channel": "fax"}, "channel"), ({"evidence": " "}, "evidence"),
        ({"given_at": NOW + timedelta(hours=1)}, "in-the-future"), ({"expires_at": NOW}, "over"),
        ({"details": {"start": "09:00"}}, "window"), ({"details": {"per_day": 0}}, "per-day"),
        ({"details": {"per_day": 51}}, "per-day"),
    ],
)  # fmt: skip
def test_a_consent_that_shows_nothing_is_refused(case, more, code):
    with pytest.raises((ConsentRefused, InstructionRefused)) as refused:
        agree(case, **more)
    assert refused.value.code == code
    assert not Consent.objects.exists()


def test_a_consent_is_withdrawn_once_and_says_why(case):
    given = agree(case)
    with pytest.raises(ConsentRefused) as refused:
        consents.withdraw(consent_id=given.pk, reason="", actor=SYSTEM, at=NOW)
    assert refused.value.code == "no-reason"
    consents.withdraw(consent_id=given.pk, reason="no more", actor=SYSTEM, at=NOW)
    with pytest.raises(ConsentRefused) as refused:
        consents.withdraw(consent_id=given.pk, reason="again", actor=SYSTEM, at=NOW)
    assert refused.value.code == "withdrawn"
    with pytest.raises(IntegrityError), transaction.atomic():
        Consent.objects.filter(pk=given.pk).update(withdrawn_reason="")


def test_a_consent_to_more_calls_is_spent_by_a_conversation_and_one_for_once_by_any_contact(case):
    more, single, lasting = agree(case, "consent_more_calls"), agree(case, details={"once": True}), agree(case)
    later = NOW + timedelta(hours=1)
    assert consents.spend(person_id=case.person_id, attempt_id=7, conversation=True, actor=SYSTEM, at=later) == 2
    spent = set(Consent.objects.filter(spent_at=later, spent_by_attempt_id=7).values_list("pk", flat=True))
    assert spent == {more.pk, single.pk}
    lasting.refresh_from_db()
    assert lasting.spent_at is None
    assert consents.spend(person_id=case.person_id, attempt_id=8, conversation=True, actor=SYSTEM, at=later) == 0


# -- holds -------------------------------------------------------------------------------------------------------------


def held(case, kind="policy", **more):
    return holds.place(case=case, kind=kind, actor=SYSTEM, at=NOW, **more)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"kind": "dance"}, "kind"), ({"ends_on": date(2020, 1, 1)}, "ends-in-the-past"),
        ({"review_on": date(2020, 1, 1)}, "review-in-the-past"), ({"kind": "deferral"}, "no-end"),
    ],
)  # fmt: skip
def test_a_hold_without_sense_is_refused(case, more, code):
    with pytest.raises(HoldRefused) as refused:
        held(case, **more)
    assert refused.value.code == code
    assert not Hold.objects.exists()


@pytest.mark.parametrize("change", [{"review_on": None}, {"reviewer_team_id": None, "reviewer_id": None}])
def test_a_hold_has_an_end_or_somebody_who_comes_back_to_it_also_by_raw_sql(case, change):
    hold = held(case)
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.filter(pk=hold.pk).update(**change)
    Hold.objects.filter(pk=hold.pk).update(ends_on=TODAY, **change)  # an end is enough
    connection.check_constraints()


def test_a_hold_of_a_case_without_a_team_is_kept_by_somebody(case):
    type(case).objects.filter(pk=case.pk).update(team=None)
    case.refresh_from_db()
    assert held(case).reviewer_team == case.creditor.team


def korean():
    creditor = CreditorFactory(time_zone="Asia/Seoul", currency="KRW")
    person = PersonFactory(jurisdiction="KR", time_zone="Asia/Seoul")
    return CaseFactory(working=True, creditor=creditor, person=person)


def test_a_deferral_in_korea_lasts_three_months_at_most_and_is_extended_once():
    case, last = korean(), date(2026, 6, 5)  # NOW is 5 March in Seoul
    with pytest.raises(HoldRefused) as refused:
        held(case, "deferral", ends_on=last + timedelta(days=1))
    assert (refused.value.code, refused.value.values["latest"]) == ("too-long", last)
    hold = held(case, "deferral", ends_on=last)
    more = {"hold_id": hold.pk, "reason": "still ill", "today": TODAY, "actor": SYSTEM, "at": NOW}
    with pytest.raises(HoldRefused):
        holds.extend(ends_on=date(2026, 9, 6), **more)
    assert holds.extend(ends_on=date(2026, 9, 5), **more).extensions == 1
    with pytest.raises(HoldRefused) as refused:
        holds.extend(ends_on=date(2026, 9, 6), **more)
    assert refused.value.code == "extended-once"
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.filter(pk=hold.pk).update(extensions=2)


def test_elsewhere_a_deferral_may_be_longer_and_still_has_an_end(case):
    assert held(case, "deferral", ends_on=TODAY + timedelta(days=365)).ends_on == TODAY + timedelta(days=365)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [(date(2026, 1, 31), 1, date(2026, 2, 28)), (date(2026, 11, 30), 3, date(2027, 2, 28)),
     (date(2024, 1, 31), 1, date(2024, 2, 29)), (date(2026, 12, 15), 1, date(2027, 1, 15))],
)  # fmt: skip
def test_months_later_is_the_same_day_or_the_last_of_the_month(day, months, later):
    assert add_months(day, months) == later


def test_a_review_moves_the_date_and_says_why(case):
    hold = held(case)
    more = {"hold_id": hold.pk, "today": TODAY, "actor": SYSTEM, "at": NOW}
    with pytest.raises(HoldRefused):
        holds.review(review_on=date(2020, 1, 1), reason="later", **more)
    assert holds.review(review_on=TODAY + timedelta(days=30), reason="statement awaited", **more).review_on == (
        TODAY + timedelta(days=30)
    )
    assert AuditEvent.objects.get(name="hold.reviewed").details["reason"] == "statement awaited"


def test_only_a_crisis_has_a_treatment_and_it_does_not_end_in_the_future(case):
    other, crisis = held(case), held(case, "crisis_moratorium")
    more = {"today": TODAY, "actor": SYSTEM, "at": NOW}
    with pytest.raises(HoldRefused):
        holds.end_treatment(hold_id=other.pk, on=TODAY, **more)
    with pytest.raises(HoldRefused):
        holds.end_treatment(hold_id=crisis.pk, on=TODAY + timedelta(days=1), **more)
    assert holds.end_treatment(hold_id=crisis.pk, on=TODAY, **more).ends_on == TODAY + timedelta(days=30)


def test_a_released_hold_is_not_moved_any_more(case):
    hold = held(case)
    holds.release(hold_id=hold.pk, reason="cleared", actor=SYSTEM, at=NOW)
    more = {"hold_id": hold.pk, "today": TODAY, "actor": SYSTEM, "at": NOW}
    for verb, day in ((holds.extend, "ends_on"), (holds.review, "review_on")):
        with pytest.raises(HoldRefused) as refused:
            verb(reason="x", **{day: TODAY + timedelta(days=9)}, **more)
        assert refused.value.code == "released"


# -- what somebody must come back to, and the panel --------------------------------------------------------------------


def test_the_lists_hold_what_is_due_for_those_who_may_see_it(case, compliance_officer, make_user):
    mine, other = make_user("supervisor", team=case.team), make_user("supervisor", username="o", team=TeamFactory())
    due = HoldFactory(case=case, review_on=TODAY)
    HoldFactory(case=case, kind="policy", review_on=TODAY + timedelta(days=60))
    matter, lapsed, gone = ask(case, "dispute_open"), ask(case, "complaint_open"), ask(case, "sensitive_occasion")
    Instruction.objects.update(review_on=TODAY)
    Instruction.objects.filter(pk=lapsed.pk).update(expires_at=NOW + timedelta(seconds=1))
    instructions.withdraw(instruction_id=gone.pk, reason="over", actor=SYSTEM, at=NOW)
    later = NOW + timedelta(seconds=2)
    for reader in (mine, compliance_officer):
        assert list(watching.holds_to_review(reader, at=later)) == [due]
        assert list(watching.matters_to_review(reader, at=later)) == [matter]
    for find in (watching.holds_to_review, watching.matters_to_review):
        assert list(find(other, at=later)) == []


def test_the_panel_says_scope_source_and_end_and_what_is_over(case):
    ask(case, "inconvenient_window", details={"start": "12:00", "end": "13:30", "days": ["Mon", "Fri"]})
    gone = ask(case, "opt_out", channel="sms", source="letter", form="written")
    instructions.withdraw(instruction_id=gone.pk, reason="changed his mind", actor=SYSTEM, at=NOW)
    agree(case, context="not_permitted", expires_at=datetime(2026, 4, 1, tzinfo=UTC))
    held(case, "hardship", reason="lost his job")
    found = wishes.of_case(case, at=NOW, over=True)
    (window,) = found.asked
    assert (window.label, window.scope, window.source) == (
        "inconvenient time", ("Mon Fri 12:00–13:30",), "call, by word of mouth",
    )  # fmt: skip
    assert [line.extra["worthless"] for line in found.agreed] == [True]
    assert [(line.label, line.words) for line in found.held] == [("hardship", "lost his job")]
    assert [(line.source, line.ended) for line in found.over] == [
        ("letter, in writing", "taken back: changed his mind")
    ]
