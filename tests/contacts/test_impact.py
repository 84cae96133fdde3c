"""What another version of a pack would change is what the gate would then say, contact by contact."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from collections_app.commands import WrongUse
from collections_app.shared.actor import Actor
from compliance.models import Decision
from compliance.releases import in_force, scheduling, uploads
from contacts import calls, impact
from contacts.models import ContactAttempt, PlannedContact
from tests.compliance import planted
from tests.compliance.planted import COUNT, HOURS, PACK, texts
from tests.factories.cases import CaseFactory, CreditorFactory, PersonFactory
from tests.factories.contacts import AttemptFactory, PlannedContactFactory, StepFactory
from tests.factories.staff import UserFactory, set_clock

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TOMORROW = NOON + timedelta(days=1)
RULE_OF_MESSAGES = """
[[rule]]
id = "ZZ-NO-SMS"
title = { en = "No text messages", zh-hans = "禁止短信" }
says = { en = "None", zh-hans = "不得" }
source = "Act 2"
applies_to = ["sms"]
check = "never"
version = [{ from = 2026-06-01 }]
"""
NO_MESSAGES = ("version = [{ from = 2026-01-01 }]", f"version = [{{ from = 2026-01-01 }}]\n{RULE_OF_MESSAGES}")


@pytest.fixture(autouse=True)
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with planted.installed(tmp_path / "packs", monkeypatch) as folder:
        yield folder


def person() -> Any:
    return PersonFactory(jurisdiction="ZZ", time_zone="UTC")


def case_of(**given: Any) -> Any:
    return CaseFactory(at=NOON, person=person(), creditor=CreditorFactory(time_zone="UTC"), **given)


def version(*changes: tuple[str, str]) -> Any:
    return uploads.read(texts(*changes, version="2026-06-02"))


def test_planned_messages_that_a_new_rule_forbids_are_counted_by_rule_and_channel():
    step = StepFactory()
    rows = [PlannedContactFactory(case=case_of(), step=step, at=TOMORROW) for _ in range(3)]
    PlannedContactFactory(case=case_of(), step=StepFactory(kind="call", template=None), at=TOMORROW)
    found = impact.of_pack(version(NO_MESSAGES), days=2, at=NOON)
    assert (found.version_now, found.version, found.read_as_of) == ("2026-01-01", "2026-06-02", None)
    side = found.planned
    assert (side.total, side.looked_at, side.forbidden, side.allowed) == (4, 4, 3, 0)
    assert (side.forbidden_by_rule, side.forbidden_by_channel) == ({"ZZ-NO-SMS": 3}, {"sms": 3})
    assert [(each.planned_id, each.rules, each.at) for each in side.examples] == [
        (row.pk, ("ZZ-NO-SMS",), TOMORROW) for row in rows
    ]
    assert side.examples[0].case_ref == rows[0].case.ref
    assert not Decision.objects.exists()


def test_the_same_version_changes_nothing():
    PlannedContactFactory(case=case_of(), at=TOMORROW)
    side = impact.of_pack(uploads.read(texts()), days=2, at=NOON).planned
    assert (side.total, side.forbidden, side.allowed) == (1, 0, 0)


def test_what_a_version_opens_is_counted_as_allowed():
    PlannedContactFactory(case=case_of(), at=datetime(2026, 6, 1, 21, 30, tzinfo=UTC))
    later = ('closes = "21:00" }', 'closes = "22:00" }')
    side = impact.of_pack(version(later), days=2, at=NOON).planned
    assert (side.allowed, side.allowed_by_rule, side.allowed_by_channel) == (1, {HOURS: 1}, {"sms": 1})
    assert side.examples[0].becomes == "allowed"


def test_only_what_is_due_within_the_days_is_looked_at():
    for at in (NOON, NOON + timedelta(days=1, hours=23), NOON + timedelta(days=2)):
        PlannedContactFactory(case=case_of(), at=at)
    PlannedContact.objects.filter(try_again_at=NOON).update(status="done", finished_at=NOON)
    assert impact.of_pack(version(NO_MESSAGES), days=2, at=NOON).planned.total == 1


def test_a_person_elsewhere_is_untouched():
    with_law = case_of()
    abroad = CaseFactory(at=NOON, person=PersonFactory(jurisdiction="YY", time_zone="UTC"))
    for case in (with_law, abroad):
        PlannedContactFactory(case=case, at=TOMORROW)
    side = impact.of_pack(version(NO_MESSAGES), days=2, at=NOON).planned
    assert (side.forbidden, side.refused_by_both) == (1, 1)  # where no law is installed it is refused anyway


def test_what_cannot_be_asked_is_said():
    PlannedContactFactory(case=case_of(points=False), at=TOMORROW)
    side = impact.of_pack(version(NO_MESSAGES), days=2, at=NOON).planned
    assert (side.looked_at, side.forbidden, side.not_asked) == (1, 0, {"no-contact-point": 1})


def called(case: Any, at: datetime, actor: Actor) -> ContactAttempt:
    attempt = calls.open_call(case_id=case.pk, contact_point_id=case.point.pk, actor=actor, at=at)
    return calls.log_call(attempt_id=attempt.pk, outcome="no_answer", actor=actor, at=at + timedelta(minutes=1))


def test_contacts_made_are_judged_with_what_was_known_then(collector):
    case, actor = case_of(), Actor.of(collector)
    made = [called(case, NOON - timedelta(days=1) + timedelta(minutes=10 * n), actor) for n in range(3)]
    two = ("limit = 3 }]", "limit = 3 }, { from = 2026-05-01, limit = 2 }]")
    found = impact.of_pack(version(two), days=7, at=NOON)
    side = found.made
    assert (side.total, side.forbidden, side.forbidden_by_rule) == (3, 1, {COUNT: 1})
    assert [(each.attempt_id, each.at) for each in side.examples] == [(made[2].pk, made[2].at)]
    assert impact.of_pack(version(two), days=7, at=NOON + timedelta(days=10)).made.total == 0


def test_a_change_of_a_later_day_is_read_as_of_that_day_on_both_sides(collector):
    case, actor = case_of(), Actor.of(collector)
    for number in range(3):
        called(case, NOON - timedelta(days=1) + timedelta(minutes=10 * number), actor)
    later = ("limit = 3 }]", "limit = 3 }, { from = 2027-01-01, limit = 2 }]")
    found = impact.of_pack(version(later), days=7, at=NOON)
    assert (found.read_as_of, found.made.forbidden) == (date(2027, 1, 1), 1)
    ended = ("limit = 3 }]", "limit = 3, until = 2026-12-31 }]")
    assert impact.of_pack(version(ended), days=7, at=NOON).read_as_of == date(2027, 1, 1)


def test_a_version_that_counts_over_a_longer_time_sees_that_far_back(collector):
    case = case_of()
    AttemptFactory(case=case, completed=True, at=NOON - timedelta(days=80))
    PlannedContactFactory(case=case, step=StepFactory(kind="call", template=None), at=TOMORROW)
    long = RULE_OF_MESSAGES.replace("sms", "phone").replace("ZZ-NO-SMS", "ZZ-QUARTER").replace("text m", "m")
    long = long.replace('check = "never"', 'check = "count_limit"\nwith = { unit = "attempt", windows = ["dates:90"] }')
    rule = (NO_MESSAGES[0], f"{NO_MESSAGES[0]}\n{long.replace('06-01 }', '06-01, limit = 1 }')}")
    assert impact.of_pack(version(rule), days=2, at=NOON).planned.forbidden_by_rule == {"ZZ-QUARTER": 1}


def test_the_answer_is_what_the_gate_says_when_the_version_is_in_force(monkeypatch, collector):
    case, actor = case_of(), Actor.of(collector)
    for number in range(2):
        called(case, NOON - timedelta(hours=3) + timedelta(minutes=10 * number), actor)
    PlannedContactFactory(case=case, step=StepFactory(kind="call", template=None), at=NOON + timedelta(hours=1))
    two = version(("limit = 3 }]", "limit = 3 }, { from = 2026-05-01, limit = 2 }]"))
    assert impact.of_pack(two, days=1, at=NOON).planned.forbidden_by_rule == {COUNT: 1}
    edition = in_force.at(NOON).with_pack(two)
    monkeypatch.setattr(in_force, "at", lambda instant: edition)
    with pytest.raises(calls.CallRefused) as refused:
        called(case, NOON + timedelta(hours=1), actor)
    assert refused.value.decision.failing == (COUNT,)


def test_a_large_book_is_sampled_evenly_and_the_share_is_said(monkeypatch):
    monkeypatch.setattr(impact, "CHUNK", 3)
    step = StepFactory()
    for _ in range(10):
        PlannedContactFactory(case=case_of(), step=step, at=TOMORROW)
    every = impact.of_pack(version(NO_MESSAGES), days=2, at=NOON)
    assert (every.planned.forbidden, every.planned.share, every.is_sample) == (10, 1.0, False)
    told = []
    found = impact.of_pack(version(NO_MESSAGES), days=2, at=NOON, limit=4, progress=lambda *each: told.append(each))
    assert found.planned.total == 10
    assert 2 <= found.planned.looked_at <= 4
    assert found.planned.forbidden == found.planned.looked_at
    assert found.planned.share == found.planned.looked_at / 10
    assert found.is_sample
    assert told[-1][2] == "planned"
    assert found == replace(impact.of_pack(version(NO_MESSAGES), days=2, at=NOON, limit=4), seconds=found.seconds)


def run(*names: str, **options: Any) -> dict[str, Any]:
    out = StringIO()
    call_command("pack_impact", PACK, *names, "--json", stdout=out, **options)
    return json.loads(out.getvalue())


def test_the_command_takes_a_scheduled_version_or_a_folder(settings, tmp_path):
    set_clock(settings, NOON)
    PlannedContactFactory(case=case_of(), at=TOMORROW)
    files = texts(NO_MESSAGES, version="2026-06-02")
    officer = Actor.of(UserFactory(compliance=True))
    scheduling.propose(files=files, in_force_from=TOMORROW, reason="Act 2", actor=officer, at=NOON)
    stored = run("--version", "2026-06-02", "--days", "2")
    assert (stored["pack"], stored["version"], stored["days"], stored["is_sample"]) == (PACK, "2026-06-02", 2, False)
    assert (stored["planned"]["forbidden"], stored["planned"]["forbidden_by_rule"]) == (1, {"ZZ-NO-SMS": 1})
    folder = planted.write(tmp_path / "new", files)
    assert run("--folder", str(folder), "--days", "2")["planned"] == stored["planned"]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("--days", "2"), "Say which version"),
        (("--days", "0", "--version", "2"), "between 1 and 366"),
        (("--days", "2", "--version", "2"), "No release 2 of ZZ-LAW is proposed; there is none"),
        (("--days", "2", "--folder", "/nowhere"), "/nowhere"),
        (("--days", "2", "--version", "2", "--sample", "0"), "at least 1"),
    ],
)
def test_the_command_says_how_it_is_to_be_called(names, says):
    with pytest.raises(WrongUse, match=says):
        run(*names)


def test_an_unknown_pack_is_wrong_use():
    with pytest.raises(WrongUse, match="There is no pack NO-SUCH"):
        call_command("pack_impact", "NO-SUCH", "--days", "2")
