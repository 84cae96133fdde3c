"""Third persons: asked only where the debtor is, only after he was lost, told nothing; one refusal bars for good."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cases.models import ContactPoint, Instruction, PartyRole
from collections_app.shared.actor import Actor
from contacts import calls
from contacts.calls import CallRefused
from tests.contacts.conftest import TEN
from tests.factories.cases import CaseFactory, ContactPointFactory, CreditorFactory, PersonFactory
from tests.factories.contacts import AttemptFactory

pytestmark = pytest.mark.django_db
NEW_YORK_TEN = datetime(2026, 3, 4, 15, tzinfo=UTC)


@pytest.fixture
def actor(collector: Any) -> Actor:
    return Actor.of(collector)


class Place:
    """A case in one country, with a contact person, and ten in the morning there."""

    def __init__(self, country: str) -> None:
        abroad = country == "US"
        person = {"jurisdiction": "US-NY", "time_zone": "America/New_York", "language": "en"} if abroad else {}
        self.at = NEW_YORK_TEN if abroad else TEN
        self.made_at = self.at - timedelta(days=60)
        creditor = CreditorFactory(us=True) if abroad else CreditorFactory()
        self.case = CaseFactory(at=self.made_at, creditor=creditor, person=PersonFactory(**person))
        self.friend = PersonFactory(**person)
        self.number = ContactPointFactory(person=self.friend)
        PartyRole.objects.create(
            borrower=self.case.borrower, person=self.friend, role="contact_person", since=self.made_at
        )

    def ask(self, actor: Actor, *, at: datetime | None = None, number: ContactPoint | None = None, **more: Any) -> Any:
        wanted = {"purpose": "locate", "party": "contact_person", "contacted_id": self.friend.pk} | more
        point_id = (number or self.number).pk
        return calls.open_call(case_id=self.case.pk, contact_point_id=point_id, actor=actor, at=at or self.at, **wanted)

    def lose_the_debtor(self) -> None:
        """Dial him in vain, three times, the day before."""
        for hours in (20, 21, 22):
            AttemptFactory(case=self.case, completed=True, outcome="no_answer", at=self.at - timedelta(hours=hours))


@pytest.fixture(params=["CN", "US"])
def place(request: Any) -> Place:
    return Place(request.param)


def end(attempt: Any, actor: Actor, outcome: str) -> None:
    calls.log_call(attempt_id=attempt.pk, outcome=outcome, actor=actor, at=attempt.at + timedelta(minutes=1))


def refused(place: Place, actor: Actor, **more: Any) -> tuple[str, ...]:
    with pytest.raises(CallRefused) as found:
        place.ask(actor, **more)
    return found.value.decision.failing


def test_in_china_nobody_is_asked_before_the_debtor_is_lost(actor):
    place = Place("CN")
    assert any(rule.startswith("CN-PARTY") for rule in refused(place, actor))
    place.lose_the_debtor()
    assert place.ask(actor).status == "cleared"


def test_a_third_person_is_never_pressed_for_money(place, actor):
    place.lose_the_debtor()
    assert refused(place, actor, purpose="collection")
    assert place.ask(actor).status == "cleared"


def test_one_refusal_bars_the_person_for_good_on_every_number_and_for_every_creditor(place, actor):
    place.lose_the_debtor()
    attempt = place.ask(actor)
    calls.log_call(
        attempt_id=attempt.pk, outcome="third_party_refused", actor=actor, at=place.at + timedelta(minutes=1)
    )
    told = Instruction.objects.get()
    assert (told.kind, told.person, told.creditor, told.expires_at) == (
        "third_party_refused", place.friend, None, None,
    )  # fmt: skip
    much_later = place.at + timedelta(days=200)
    other_number = ContactPointFactory(person=place.friend)
    assert "POLICY-CEASE" in refused(place, actor, at=much_later, number=other_number)
    elsewhere = Place("CN" if place.case.person.jurisdiction == "CN" else "US")
    elsewhere.friend, elsewhere.number = place.friend, other_number
    elsewhere.lose_the_debtor()
    assert "POLICY-CEASE" in refused(elsewhere, actor)


def test_who_refused_as_a_third_person_may_still_be_called_about_his_own_debt(actor):
    place = Place("CN")
    place.lose_the_debtor()
    attempt = place.ask(actor)
    calls.log_call(
        attempt_id=attempt.pk, outcome="third_party_refused", actor=actor, at=place.at + timedelta(minutes=1)
    )
    own = CaseFactory(at=place.at, person=place.friend, points=False)
    calls.open_call(case_id=own.pk, contact_point_id=place.number.pk, actor=actor, at=place.at + timedelta(hours=1))


def test_where_a_stranger_answers_the_debtors_number_and_refuses_that_number_is_not_called_again(actor):
    place = Place("CN")
    attempt = calls.open_call(case_id=place.case.pk, contact_point_id=place.case.point.pk, actor=actor, at=place.at)
    calls.log_call(
        attempt_id=attempt.pk, outcome="third_party_refused", actor=actor, at=place.at + timedelta(minutes=1)
    )
    told = Instruction.objects.get()
    assert (told.kind, told.channel, told.contact_point) == ("opt_out", "phone", place.case.point)
    later = place.at + timedelta(days=1)
    with pytest.raises(CallRefused) as found:
        calls.open_call(case_id=place.case.pk, contact_point_id=place.case.point.pk, actor=actor, at=later)
    assert "POLICY-OPT-OUT" in found.value.decision.failing
    own_other = ContactPointFactory(person=place.case.person)
    calls.open_call(case_id=place.case.pk, contact_point_id=own_other.pk, actor=actor, at=later)


def test_in_america_the_same_person_is_asked_once_however_long_ago_it_was(actor):
    place = Place("US")
    attempt = place.ask(actor)
    end(attempt, actor, "conversation")
    assert "US-F-LOCATION-ONCE" in refused(place, actor, at=place.at + timedelta(days=90))


def test_in_china_the_licence_ends_when_the_debtor_is_reached(actor):
    place = Place("CN")
    place.lose_the_debtor()
    AttemptFactory(case=place.case, completed=True, outcome="conversation", at=place.at - timedelta(hours=1))
    assert any(rule.startswith("CN-PARTY") for rule in refused(place, actor))
