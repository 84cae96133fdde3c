"""A contact reported late is judged by the law and the knowledge of its own instant, and opens later counts again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cases.models import Instruction
from collections_app.shared.actor import Actor
from compliance import gate, packs_loader
from compliance.models import AuditEvent
from compliance.releases import in_force, scheduling
from contacts import calls
from contacts.models import ContactAttempt
from tests.compliance import planted
from tests.compliance.planted import COUNT, PACK, texts
from tests.factories.cases import CaseFactory, ContactPointFactory, CreditorFactory, PersonFactory
from tests.factories.contacts import AttemptFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db
TEN = datetime(2026, 6, 10, 10, tzinfo=UTC)
MINUTES = timedelta(minutes=1)
ONE_CALL = ("limit = 3 }]", "limit = 3 }, { from = 2026-06-01, limit = 1 }]")


@pytest.fixture(autouse=True)
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with planted.installed(tmp_path / "packs", monkeypatch) as folder:
        yield folder


@pytest.fixture
def case() -> Any:
    person = PersonFactory(jurisdiction="ZZ", time_zone="UTC")
    return CaseFactory(at=TEN - timedelta(days=5), person=person, creditor=CreditorFactory(time_zone="UTC"))


@pytest.fixture
def actor(collector: Any) -> Actor:
    return Actor.of(collector)


def called(case: Any, actor: Actor, at: datetime) -> ContactAttempt:
    attempt = calls.open_call(case_id=case.pk, contact_point_id=case.point.pk, actor=actor, at=at)
    return calls.log_call(attempt_id=attempt.pk, outcome="no_answer", actor=actor, at=at + MINUTES)


def reported(case: Any, actor: Actor, happened_at: datetime, outcome: str = "no_answer", **more: Any) -> ContactAttempt:
    given = {"contact_point_id": case.point.pk} | more
    at = TEN + timedelta(days=1)
    return calls.report_past_call(
        case_id=case.pk, happened_at=happened_at, outcome=outcome, actor=actor, at=at, **given
    )


@pytest.mark.usefixtures("scheduled_releases")
def test_a_reported_call_is_judged_by_the_packs_that_were_in_force_at_its_instant(case, actor):
    first, second = (Actor.of(UserFactory(compliance=True)) for _ in range(2))
    begins, announced = TEN - timedelta(hours=1), TEN - timedelta(days=2)
    files = texts(ONE_CALL, version="2026-06-10")
    row = scheduling.propose(files=files, in_force_from=begins, reason="One call", actor=first, at=announced)
    scheduling.approve(scheduled_id=row.pk, actor=second, at=announced)
    in_force.forget()
    before, after = reported(case, actor, begins - MINUTES), reported(case, actor, begins)
    assert (before.flagged_rule, after.flagged_rule) == ("", COUNT)
    shipped = gate.short_hash(packs_loader.get(PACK))
    assert before.decision.releases[0] == shipped
    assert after.decision.releases[0] == row.release.hash[: gate.SHORT]
    for attempt in (before, after):
        assert attempt.decision.at == attempt.at
        assert gate.differences(attempt.decision, gate.recompute(attempt.decision)) == {}


def test_later_calls_that_a_late_report_would_have_forbidden_are_flagged(case, actor):
    made = [called(case, actor, TEN + 10 * number * MINUTES) for number in range(3)]
    late = reported(case, actor, TEN - MINUTES)
    for attempt in made:
        attempt.refresh_from_db()
    assert [attempt.flagged_rule for attempt in made] == ["", "", COUNT]
    assert late.flagged_rule == ""
    event = AuditEvent.objects.get(name="attempt.flagged_late")
    assert (event.subject_id, event.details) == (made[2].pk, {"rule": COUNT, "reported": late.pk})
    assert made[2].decision.verdict == "permit"  # what was decided stays decided


def test_a_report_that_changes_no_count_flags_nothing(case, actor):
    made = [called(case, actor, TEN + 10 * number * MINUTES) for number in range(3)]
    reported(case, actor, TEN - timedelta(days=1))
    elsewhere = CaseFactory(at=TEN, person=PersonFactory(jurisdiction="ZZ", time_zone="UTC"), creditor=case.creditor)
    reported(elsewhere, actor, TEN - MINUTES)
    assert ContactAttempt.objects.filter(pk__in=[attempt.pk for attempt in made]).exclude(flagged_rule="").count() == 0
    assert not AuditEvent.objects.filter(name="attempt.flagged_late").exists()


def test_a_contact_is_flagged_once_and_keeps_the_first_reason(case, actor):
    third = [called(case, actor, TEN + 10 * number * MINUTES) for number in range(3)][2]
    reported(case, actor, TEN - MINUTES)
    reported(case, actor, TEN - 2 * MINUTES)
    third.refresh_from_db()
    assert third.flagged_rule == COUNT
    assert AuditEvent.objects.filter(name="attempt.flagged_late", subject_id=third.pk).count() == 1


def test_a_late_report_looks_no_further_than_the_rules_count(case, actor):
    old = AttemptFactory(case=case, completed=True, at=TEN - timedelta(days=3))
    reported(case, actor, TEN - timedelta(days=200))
    old.refresh_from_db()
    assert old.flagged_rule == ""


def test_what_a_reported_call_says_of_the_number_binds_from_now_on(case, actor):
    reported(case, actor, TEN, outcome="wrong_number")
    told = Instruction.objects.get(person=case.person)
    assert (told.kind, told.contact_point_id) == ("wrong_party", case.point.pk)
    case.point.address.refresh_from_db()
    assert case.point.address.suppressed_at is not None


def test_a_third_person_who_refused_an_agency_is_not_asked_again(case, actor):
    other = ContactPointFactory(person=PersonFactory(jurisdiction="ZZ", time_zone="UTC"))
    attempt = reported(
        case, actor, TEN, "third_party_refused", contact_point_id=other.pk, contacted_id=other.person_id,
        party="contact_person", purpose="locate",
    )  # fmt: skip
    assert (attempt.person_id, attempt.contacted_id, attempt.party) == (
        case.person_id, other.person_id, "contact_person",
    )  # fmt: skip
    assert (attempt.decision.person_id, attempt.decision.question["party"]) == (other.person_id, "contact_person")
    assert Instruction.objects.filter(person=other.person, kind="third_party_refused").exists()
