"""Versions of packs: two people put a version in force, and it binds from its instant on."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from collections_app.shared.actor import SYSTEM, Actor
from compliance import engine, gate, packs_loader, reasons
from compliance.gate import GateUnavailable, Permit
from compliance.models import AuditEvent, Decision, PackRelease, ScheduledRelease
from compliance.releases import browsing, in_force, scheduling, uploads
from compliance.releases.scheduling import ReleaseRefused
from tests.compliance import planted
from tests.compliance.asking import call, calls, known
from tests.compliance.planted import COUNT, HOURS, PACK, texts
from tests.factories.staff import UserFactory

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
THEN = NOW + timedelta(days=1)  # when the planted version begins
SECOND = timedelta(seconds=1)
TWO_CALLS = ("limit = 3 }]", "limit = 3 }, { from = 2026-06-02, limit = 2 }]")


@pytest.fixture
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install the planted pack and POLICY, and nothing else."""
    with planted.installed(tmp_path / "packs", monkeypatch) as folder:
        yield folder


def read(*changes: tuple[str, str], **given: Any) -> packs_loader.Pack:
    return uploads.read(texts(*changes, **given))


# ------------------------------------------------------------------------------------------------ scheduling


@pytest.fixture
def officer(db: None) -> Any:
    return UserFactory(compliance=True)


@pytest.fixture
def second(db: None) -> Any:
    return UserFactory(compliance=True)


def propose(user: Any, *changes: tuple[str, str], at: datetime = NOW, **given: Any) -> ScheduledRelease:
    settings = {"version": "2026-06-02"} | {key: given.pop(key) for key in ("version", "examples") if key in given}
    files = texts(*(changes or (TWO_CALLS,)), **settings)
    given = {"in_force_from": THEN, "reason": "The Act was amended."} | given
    return scheduling.propose(files=files, actor=Actor.of(user), at=at, **given)


def approve(user: Any, row: ScheduledRelease, at: datetime = NOW) -> ScheduledRelease:
    return scheduling.approve(scheduled_id=row.pk, actor=Actor.of(user), at=at)


def withdraw(user: Any, row: ScheduledRelease, at: datetime, reason: str = "It was wrong.") -> ScheduledRelease:
    return scheduling.withdraw(scheduled_id=row.pk, reason=reason, actor=Actor.of(user), at=at)


def code_of(refused: pytest.ExceptionInfo[ReleaseRefused]) -> str:
    assert str(refused.value)
    return refused.value.code


def test_a_version_is_proposed_and_approved_by_two_people_and_both_are_in_the_audit_trail(
    packs: Path, officer: Any, second: Any
) -> None:
    row = approve(second, propose(officer))
    assert (row.pack, row.scheduled_by, row.approved_by, row.approved_at) == (PACK, officer, second, NOW)
    assert row.release.hash == read(TWO_CALLS, version="2026-06-02").hash
    assert uploads.read(row.files).examples == uploads.read(texts()).examples
    events = AuditEvent.objects.order_by("pk").values_list("name", "actor_id", "details__version")
    assert list(events) == [
        ("pack.release_proposed", officer.pk, "2026-06-02"),
        ("pack.release_approved", second.pk, "2026-06-02"),
    ]


def test_nobody_approves_what_he_proposed_and_the_database_says_so_too(packs: Path, officer: Any) -> None:
    row = propose(officer)
    with pytest.raises(ReleaseRefused) as refused:
        approve(officer, row)
    assert code_of(refused) == "same-person"
    with pytest.raises(IntegrityError, match="approved_by_another_person"), transaction.atomic():
        ScheduledRelease.objects.filter(pk=row.pk).update(approved_at=NOW, approved_by=officer)


@pytest.mark.parametrize("role", ["supervisor", "admin"])
def test_only_officers_propose_approve_and_withdraw(packs: Path, officer: Any, role: str) -> None:
    other = UserFactory(**{role: True})
    row = propose(officer)
    for verb in (lambda: propose(other), lambda: approve(other, row), lambda: withdraw(other, row, NOW)):
        with pytest.raises(ReleaseRefused) as refused:
            verb()
        assert code_of(refused) == "not-allowed"
    with pytest.raises(ReleaseRefused) as refused:
        scheduling.approve(scheduled_id=row.pk, actor=SYSTEM, at=NOW)
    assert code_of(refused) == "not-allowed"


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("no-reason", {"reason": "  "}),
        ("too-soon", {"in_force_from": NOW + timedelta(minutes=10) - SECOND}),
        ("too-late", {"in_force_from": NOW + timedelta(days=800)}),
        ("not-newer", {"version": "2025-12-31"}),
        ("not-newer", {"version": "2026-01-01"}),
        ("examples", {"examples": planted.EXAMPLES.replace("T12:00", "T22:00")}),
        ("unreadable", {"examples": ""}),
    ],
)
def test_what_cannot_be_scheduled_is_refused_and_nothing_is_stored(
    packs: Path, officer: Any, code: str, given: dict[str, Any]
) -> None:
    with pytest.raises(ReleaseRefused) as refused:
        propose(officer, **given)
    assert code_of(refused) == code
    assert not ScheduledRelease.objects.exists()
    assert not PackRelease.objects.exists()


def test_ten_minutes_ahead_is_soon_enough(packs: Path, officer: Any, second: Any) -> None:
    row = propose(officer, in_force_from=NOW + timedelta(minutes=10))
    with pytest.raises(ReleaseRefused) as refused:
        approve(second, row, NOW + SECOND)
    assert code_of(refused) == "too-soon"
    assert approve(second, row).approved_at == NOW


def test_a_version_that_changes_meaning_is_refused_naming_rule_and_key(packs: Path, officer: Any) -> None:
    with pytest.raises(ReleaseRefused) as refused:
        propose(officer, ("limit = 3 }]", "limit = 2 }]"))
    assert code_of(refused) == "meaning"
    assert refused.value.problems == (
        f"{PACK}: {COUNT}: version from 2026-01-01: limit: has begun with 3, is 2; append a version",
    )
    assert COUNT in str(refused.value)


def test_meaning_is_compared_with_what_binds_when_it_begins(packs: Path, officer: Any, second: Any) -> None:
    approve(second, propose(officer))  # two calls a day from 2 June on
    later = {"version": "2026-07-01", "in_force_from": THEN + timedelta(days=30)}
    with pytest.raises(ReleaseRefused) as refused:
        propose(officer, ("limit = 3 }]", "limit = 3 }, { from = 2026-06-02, limit = 1 }]"), **later)
    assert refused.value.problems == (
        f"{PACK}: {COUNT}: version from 2026-06-02: limit: has begun with 2, is 1; append a version",
    )
    both = ("limit = 3 }]", "limit = 3 }, { from = 2026-06-02, limit = 2 }, { from = 2026-07-01, limit = 1 }]")
    assert propose(officer, both, **later).pk


def test_versions_follow_each_other_in_time(packs: Path, officer: Any, second: Any) -> None:
    first, rival = propose(officer), propose(officer, version="2026-06-03")
    approve(second, first)
    for row, given in ((rival, {}), (None, {"in_force_from": THEN - SECOND, "version": "2026-06-09"})):
        with pytest.raises(ReleaseRefused) as refused:
            approve(second, row) if row else propose(officer, **given)
        assert code_of(refused) == ("same-instant" if row else "not-older")
    with pytest.raises(ReleaseRefused) as refused:
        propose(officer, in_force_from=THEN + SECOND)
    assert code_of(refused) == "unchanged"
    with pytest.raises(IntegrityError, match="two_releases_of_a_pack_never_begin_at_once"), transaction.atomic():
        ScheduledRelease.objects.filter(pk=rival.pk).update(approved_at=NOW, approved_by=second)
    withdraw(second, first, NOW)
    assert approve(second, rival).approved_at == NOW


def test_a_pack_that_is_not_installed_comes_with_the_program(packs: Path, officer: Any) -> None:
    shutil.rmtree(packs / PACK)
    planted.read_afresh()
    with pytest.raises(ReleaseRefused) as refused:
        propose(officer)
    assert code_of(refused) == "not-installed"


def test_a_row_is_approved_once_and_withdrawn_once_and_otherwise_never_changes(
    packs: Path, officer: Any, second: Any
) -> None:
    row = approve(second, propose(officer))
    with pytest.raises(ReleaseRefused) as refused:
        approve(second, row)
    assert code_of(refused) == "not-waiting"
    with pytest.raises(ReleaseRefused) as refused:
        withdraw(second, row, NOW, reason=" ")
    assert code_of(refused) == "no-reason"
    withdraw(officer, row, NOW)
    with pytest.raises(ReleaseRefused) as refused:
        withdraw(officer, row, NOW)
    assert code_of(refused) == "withdrawn"
    rows = ScheduledRelease.objects.filter(pk=row.pk)
    for change in (
        {"in_force_from": THEN + timedelta(days=1)},
        {"reason": "another"},
        {"files": {}},
        {"approved_at": None, "approved_by": None},
        {"withdrawn_at": None, "withdrawn_by": None, "withdrawn_because": "", "binds_until": None},
    ):
        with pytest.raises(DatabaseError, match="approved once and withdrawn once"), transaction.atomic():
            rows.update(**change)
    with pytest.raises(DatabaseError, match="withdrawn, never removed"), transaction.atomic():
        rows.delete()


# ------------------------------------------------------------------------------------------------ as of an instant

pytest_asks = pytest.mark.usefixtures("scheduled_releases")
QUESTION = call("2026-06-02T12:00:00Z", person_id=7, contact_point_id=3)
FACTS = known("ZZ", "UTC", contacts=calls(["2026-06-02T10:00:00Z", "2026-06-02T11:00:00Z"]))
SHIPPED, NEW = "2026-01-01", "2026-06-02"


def version_at(at: datetime) -> str:
    return in_force.at(at).get(PACK).version


def committed() -> None:
    """Let this process read what is scheduled again, as it does every two seconds."""
    in_force.forget()


@pytest_asks
def test_a_version_binds_from_its_instant_on(packs: Path, officer: Any, second: Any) -> None:
    row = propose(officer)
    committed()
    assert version_at(THEN) == SHIPPED  # proposed only
    approve(second, row)
    committed()
    assert [version_at(at) for at in (NOW, THEN - SECOND, THEN, THEN + timedelta(days=99))] == [
        SHIPPED, SHIPPED, NEW, NEW,
    ]  # fmt: skip
    before, after = replace(QUESTION, at=THEN - SECOND), replace(QUESTION, at=THEN)
    two = [replace(event, at=event.at - timedelta(hours=10)) for event in FACTS.contacts]
    facts = replace(FACTS, contacts=tuple(two))
    assert gate.preview(before, facts).permitted
    assert gate.preview(after, facts).failing == (COUNT,)
    assert "2 calls today" in reasons.of_outcome(gate.preview(after, facts))[0].sentence


@pytest_asks
def test_a_question_read_as_of_a_date_takes_the_version_of_that_date(packs: Path, officer: Any, second: Any) -> None:
    approve(second, propose(officer, in_force_from=datetime(2026, 6, 2, tzinfo=UTC)))
    committed()
    for day, version in ((date(2026, 6, 1), SHIPPED), (date(2026, 6, 2), NEW)):
        _pack, _policy = gate.choose_packs(QUESTION, replace(FACTS, as_of=day))
        assert _pack.version == version


@pytest_asks
def test_a_withdrawn_version_never_binds_or_stops_binding_for_everybody_at_once(
    packs: Path, officer: Any, second: Any
) -> None:
    withdraw(officer, approve(second, propose(officer)), NOW)
    committed()
    assert version_at(THEN + timedelta(days=1)) == SHIPPED
    row = approve(second, propose(officer, version="2026-06-03"))
    over = THEN + timedelta(hours=2)
    withdraw(second, row, over)
    committed()
    settled = over + in_force.SETTLES
    assert [version_at(at) for at in (THEN, settled - SECOND, settled, settled + timedelta(days=1))] == [
        "2026-06-03", "2026-06-03", SHIPPED, SHIPPED,
    ]  # fmt: skip
    row.refresh_from_db()
    assert [row.state_at(at) for at in (NOW, THEN, settled)] == ["ended", "binds", "ended"]


def test_every_process_has_read_of_a_withdrawal_before_it_binds() -> None:
    assert in_force.SETTLES.total_seconds() >= 2 * in_force.READ_EVERY


@pytest_asks
def test_a_program_that_ships_the_version_or_a_newer_one_goes_before_what_was_scheduled(
    packs: Path, officer: Any, second: Any
) -> None:
    approve(second, propose(officer))
    committed()
    assert version_at(THEN) == NEW
    planted.write(packs, texts(TWO_CALLS, version="2026-07-01"))
    planted.read_afresh()
    assert [version_at(at) for at in (NOW, THEN)] == ["2026-07-01", "2026-07-01"]


@pytest_asks
def test_a_decision_asks_the_database_nothing_about_releases(
    packs: Path, officer: Any, second: Any, django_assert_num_queries: Any
) -> None:
    approve(second, propose(officer))
    committed()
    with django_assert_num_queries(2):  # what is scheduled, and the content of the release
        gate.preview(replace(QUESTION, at=THEN), FACTS)
    with django_assert_num_queries(0):
        for minutes in range(50):
            gate.preview(replace(QUESTION, at=THEN + timedelta(minutes=minutes)), FACTS)


@pytest_asks
def test_what_is_scheduled_is_read_again_after_two_seconds(
    packs: Path, officer: Any, second: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    elapsed = [100.0]
    monkeypatch.setattr(in_force.time, "monotonic", lambda: elapsed[0])
    assert version_at(THEN) == SHIPPED
    approve(second, propose(officer))
    elapsed[0] += in_force.READ_EVERY - 0.01
    assert version_at(THEN) == SHIPPED
    elapsed[0] += 0.01
    assert version_at(THEN) == NEW


@pytest_asks
@pytest.mark.django_db
def test_a_table_that_cannot_be_read_is_a_refusal(packs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = replace(FACTS, contacts=())
    assert gate.preview(QUESTION, facts).permitted

    def gone() -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(ScheduledRelease.objects, "approved", gone)
    assert gate.preview(QUESTION, facts).permitted  # what was read a moment ago
    in_force.forget()
    outcome = gate.preview(QUESTION, facts)
    assert outcome.failing == (engine.ENGINE_ERROR,)
    assert "cannot be read" in str(outcome.results[0].finding.values["message"])


@pytest_asks
@pytest.mark.django_db
def test_a_table_that_is_not_there_lets_nothing_through(packs: Path) -> None:
    def decide_without_tables() -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL search_path TO pg_temp")
            facts = replace(FACTS, contacts=())
            gate.decide(QUESTION, facts, actor=SYSTEM, at=THEN, entrance="screen", creditor_id=1)

    in_force.forget()
    with pytest.raises(GateUnavailable):
        decide_without_tables()
    assert not Decision.objects.exists()


@pytest_asks
def test_a_permit_ends_where_another_version_begins(packs: Path, officer: Any, second: Any) -> None:
    approve(second, propose(officer))
    committed()
    facts = replace(FACTS, contacts=())
    spoken = []
    for before in (timedelta(seconds=40), timedelta(minutes=3), timedelta(milliseconds=400)):
        answer = gate.decide(QUESTION, facts, actor=SYSTEM, at=THEN - before, entrance="screen", creditor_id=1)
        assert isinstance(answer, Permit)
        spoken.append(answer.valid_until)
    assert spoken == [THEN, THEN, THEN]
    later = gate.decide(QUESTION, facts, actor=SYSTEM, at=THEN, entrance="screen", creditor_id=1)
    assert isinstance(later, Permit)
    assert later.valid_until == THEN + timedelta(minutes=3)


@pytest_asks
def test_a_decision_names_the_version_it_was_made_with_and_is_computed_again_from_it(
    packs: Path, officer: Any, second: Any
) -> None:
    row = approve(second, propose(officer))
    committed()
    for at in (THEN - timedelta(hours=1), THEN + timedelta(hours=3)):
        gate.decide(QUESTION, FACTS, actor=SYSTEM, at=at, entrance="screen", creditor_id=1)
    first, last = Decision.objects.order_by("pk")
    shipped, policy = packs_loader.get(PACK), packs_loader.get("POLICY")
    assert first.releases == [gate.short_hash(shipped), gate.short_hash(policy)]
    assert last.releases == [row.release.hash[: gate.SHORT], gate.short_hash(policy)]
    assert (first.verdict, last.verdict) == ("permit", "refuse")
    for decision in (first, last):
        assert gate.differences(decision, gate.recompute(decision)) == {}
    assert "2 calls today" in reasons.of_decision(last)[0].sentence


@pytest_asks
def test_a_release_of_the_firms_own_pack_binds_too(officer: Any, second: Any) -> None:
    path = packs_loader.FOLDER / "POLICY"
    files = {each.name: each.read_text(encoding="utf-8") for each in path.iterdir() if each.suffix == ".toml"}
    version = packs_loader.get("POLICY").version
    files["pack.toml"] = files["pack.toml"].replace(f'version = "{version}"', f'version = "9{version}"', 1)
    row = scheduling.propose(files=files, in_force_from=THEN, reason="Newer", actor=Actor.of(officer), at=NOW)
    approve(second, row)
    committed()
    outcome = gate.preview(replace(QUESTION, at=THEN), known("US-TX", "America/Chicago"))
    assert {pack: used for pack, used, _hash in outcome.packs}["POLICY"] == f"9{version}"


# ------------------------------------------------------------------------------------------------ browsing


@pytest_asks
def test_a_day_shows_the_versions_and_rules_of_that_day(packs: Path, officer: Any, second: Any) -> None:
    ends = ("limit = 3 }]", "limit = 3, until = 2026-06-30 }]")
    approve(second, propose(officer, ends))
    committed()

    def shown(day: date) -> tuple[Any, ...]:
        state = next(each for each in browsing.state_on(day) if each.pack.id == PACK)
        return state.pack.version, state.is_shipped, state.begins, state.ends, [rule.state for rule in state.rules]

    assert shown(date(2025, 12, 31)) == (SHIPPED, True, None, THEN, ["not_yet", "not_yet"])
    assert shown(date(2026, 6, 1)) == (SHIPPED, True, None, THEN, ["in_force", "in_force"])
    assert shown(date(2026, 6, 2)) == (NEW, False, THEN, None, ["in_force", "in_force"])
    assert shown(date(2026, 7, 1)) == (NEW, False, THEN, None, ["over", "in_force"])
    state = next(each for each in browsing.state_on(date(2026, 7, 1)) if each.pack.id == PACK)
    assert (state.count("over"), state.rules[0].rule.id, state.rules[1].rule.id) == (1, COUNT, HOURS)
    assert [row.state_at(THEN) for row in browsing.scheduled_of(PACK)] == ["binds"]
