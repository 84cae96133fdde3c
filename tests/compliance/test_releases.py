"""Versions of packs: ids keep their meaning, two people put a version in force, and it binds from its instant on."""

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from collections_app.shared.actor import SYSTEM, Actor
from compliance import engine, gate, packs_loader, reasons
from compliance.gate import GateUnavailable, Permit
from compliance.models import AuditEvent, Decision, PackRelease, ScheduledRelease
from compliance.packs_loader import PackError
from compliance.releases import browsing, in_force, meaning, scheduling, uploads
from compliance.releases.scheduling import ReleaseRefused
from tests.compliance import planted
from tests.compliance.asking import call, calls, known
from tests.compliance.planted import COUNT, HOURS, PACK, texts
from tests.factories.staff import UserFactory

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
THEN = NOW + timedelta(days=1)  # when the planted version begins
SECOND = timedelta(seconds=1)
TODAY = date(2026, 6, 1)
TWO_CALLS = ("limit = 3 }]", "limit = 3 }, { from = 2026-06-02, limit = 2 }]")


@pytest.fixture
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install the planted pack and POLICY, and nothing else."""
    with planted.installed(tmp_path / "packs", monkeypatch) as folder:
        yield folder


def read(*changes: tuple[str, str], **given: Any) -> packs_loader.Pack:
    return uploads.read(texts(*changes, **given))


def said(*changes: tuple[str, str], on: date = TODAY) -> list[str]:
    """Return what changes of meaning these edits of the planted pack are."""
    return [str(problem) for problem in meaning.changes(meaning.record_of(read()), read(*changes), on=on)]


# ------------------------------------------------------------------------------------------------ meaning


@pytest.mark.parametrize(
    "changes",
    [
        (),
        (TWO_CALLS,),
        (("limit = 3 }]", "limit = 3, until = 2026-12-31 }]"),),
        (("At most three calls a day", "No more than three calls a day"), ("{count} calls today", "Today: {count}")),
        (('source = "Act 1, section 1"', 'source = "Act 1"\ntext = { en = "Three.", zh-hans = "三。" }'),),
        (('with = { unit = "attempt", windows = ["dates:1"] }', 'with = { windows = ["dates:1"] }'),
         ("limit = 3 }]", 'limit = 3, unit = "attempt" }]')),
    ],
)  # fmt: skip
def test_appending_ending_and_rewording_change_no_meaning(changes: tuple[tuple[str, str], ...]) -> None:
    assert said(*changes) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("limit = 3 }]", "limit = 4 }]",
         f"{PACK}: {COUNT}: version from 2026-01-01: limit: has begun with 3, is 4; append a version"),
        ("from = 2026-01-01, limit = 3", "from = 2026-01-02, limit = 3",
         f"{PACK}: {COUNT}: version from 2026-01-01: has begun and is gone; versions are appended, never moved"),
        ('windows = ["dates:1"]', 'windows = ["dates:7"]',
         f'{PACK}: {COUNT}: version from 2026-01-01: windows: has begun with ["dates:1"], is ["dates:7"]; '
         "append a version"),
        ('id = "ZZ-COUNT"', 'id = "ZZ-COUNTS"',
         f"{PACK}: {COUNT}: id: was released and is gone; end its last version instead"),
        ('applies_to = ["phone"]', 'applies_to = ["phone", "sms"]', f"{PACK}: {COUNT}: when: was "),
        ('applies_to = ["phone"]', 'applies_to = ["phone"]\nrole = "advisory"',
         f'{PACK}: {COUNT}: role: was "restriction", is "advisory"; end this rule and add one with a new id'),
        ('applies_to = ["phone"]', 'applies_to = ["phone"]\nstrength = "soft"',
         f'{PACK}: {COUNT}: strength: was "hard", is "soft"; end this rule and add one with a new id'),
    ],
)  # fmt: skip
def test_a_change_of_meaning_names_rule_and_key(old: str, new: str, problem: str) -> None:
    found = said((old, new))
    assert any(one.startswith(problem) for one in found), found


def test_another_check_under_the_same_id_is_another_meaning() -> None:
    other = [
        ('check = "count_limit"\nwith = { unit = "attempt", windows = ["dates:1"] }', 'check = "always"'),
        (", limit = 3 }]", " }]"),
    ]
    assert said(*other)[0] == (
        f'{PACK}: {COUNT}: check: was "count_limit", is "always"; end this rule and add one with a new id'
    )


def test_a_version_is_free_until_the_day_on_which_it_begins() -> None:
    planned = ("limit = 3 }]", "limit = 3 }, { from = 2026-09-01, limit = 2 }]")
    before = meaning.record_of(read(planned))
    other = read(("limit = 3 }]", "limit = 3 }, { from = 2026-09-01, limit = 1 }]"))
    assert meaning.changes(before, other, on=date(2026, 8, 31)) == []
    assert [problem.key for problem in meaning.changes(before, other, on=date(2026, 9, 1))] == [
        "version from 2026-09-01: limit"
    ]


def test_an_end_may_move_until_it_is_past() -> None:
    ended = read(("limit = 3 }]", "limit = 3, until = 2026-06-30 }]"))
    longer = read(("limit = 3 }]", "limit = 3, until = 2026-07-31 }]"))
    assert meaning.changes(meaning.record_of(ended), longer, on=date(2026, 6, 30)) == []
    found = meaning.changes(meaning.record_of(ended), longer, on=date(2026, 7, 1))
    assert [problem.key for problem in found] == ["version from 2026-01-01: until"]


# ------------------------------------------------------------------------------------------------ the ledger


def release(*names: str, **options: Any) -> tuple[dict[str, Any], int]:
    out, status = StringIO(), 0
    try:
        call_command("release_packs", *names, "--json", stdout=out, **options)
    except SystemExit as ended:
        status = int(str(ended.code))
    return json.loads(out.getvalue()), status


def shipped_again(folder: Path, *changes: tuple[str, str], version: str) -> dict[str, Any]:
    planted.write(folder, texts(*changes, version=version))
    planted.read_afresh()
    return release(PACK)[0]["packs"][0]


def test_a_released_pack_is_in_its_ledger_and_may_not_change_its_meaning(packs: Path) -> None:
    report, status = release(PACK)
    assert (report["packs"][0]["state"], status) == ("released", 0)
    ledger = json.loads((packs / PACK / "released.json").read_text(encoding="utf-8"))
    assert [each["version"] for each in ledger["releases"]] == ["2026-01-01"]
    assert ledger["rules"][COUNT]["versions"][0]["with"]["limit"] == 3
    assert release(PACK)[0]["packs"][0]["state"] == "unchanged"

    edited = shipped_again(packs, ("limit = 3 }]", "limit = 4 }]"), version="2026-02-01")
    assert edited["state"] == "refused"
    assert edited["problems"] == [
        f"{PACK}: {COUNT}: version from 2026-01-01: limit: has begun with 3, is 4; append a version"
    ]
    assert shipped_again(packs, TWO_CALLS, version="2026-02-01")["state"] == "released"
    ledger = json.loads((packs / PACK / "released.json").read_text(encoding="utf-8"))
    assert [each["version"] for each in ledger["releases"]] == ["2026-01-01", "2026-02-01"]
    assert [each["from"] for each in ledger["rules"][COUNT]["versions"]] == ["2026-01-01", "2026-06-02"]


def test_a_changed_content_needs_a_newer_version_to_be_shipped(packs: Path) -> None:
    release(PACK)
    again = shipped_again(packs, TWO_CALLS, version="2026-01-01")
    assert again["problems"] == [
        f"{PACK}/pack.toml: version: 2026-01-01 was released with another content; give this one a newer version"
    ]


def test_a_rule_that_was_never_released_is_free_to_change(packs: Path) -> None:
    assert meaning.problems_of_meaning(read(("limit = 3 }]", "limit = 4 }]")), on=TODAY) == []


def test_a_ledger_that_cannot_be_read_is_an_error_that_names_it(packs: Path) -> None:
    (packs / PACK / "released.json").write_text("[]", encoding="utf-8")
    assert "ZZ-LAW/released.json" in release(PACK)[0]["packs"][0]["problems"][0]


def test_only_looking_writes_nothing(packs: Path) -> None:
    assert release(PACK, check=True)[0]["packs"][0]["state"] == "not released"
    assert not (packs / PACK / "released.json").exists()
    with pytest.raises(CommandError):
        call_command("release_packs", "NO-PACK")


@pytest.mark.parametrize("pack_id", packs_loader.installed())
def test_no_installed_pack_means_something_else_than_what_was_shipped(pack_id: str) -> None:
    from collections_app.shared import clock

    assert meaning.problems_of_meaning(packs_loader.get(pack_id), on=clock.now().date()) == []


# ------------------------------------------------------------------------------------------------ uploads


def zipped(files: dict[str, str], folder: str = f"{PACK}/") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"{folder}{name}", text)
    return packed.getvalue()


@pytest.mark.parametrize("folder", [f"{PACK}/", "", "a/b/"])
def test_a_zip_of_the_folder_is_the_same_as_its_files(folder: str) -> None:
    single = uploads.from_files({name: text.encode() for name, text in texts().items()})
    assert uploads.from_zip(zipped(texts(), folder)) == single
    assert uploads.read(single).hash == read().hash


def test_every_installed_pack_can_be_uploaded_as_it_is() -> None:
    for pack_id in packs_loader.installed():
        path = packs_loader.FOLDER / pack_id
        files = uploads.from_files({each.name: each.read_bytes() for each in path.iterdir() if each.is_file()})
        assert uploads.read(files).hash == packs_loader.get(pack_id).hash


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"no zip", "not a zip file"),
        (zipped({**texts(), "evil.py": "x"}), "upload/evil.py: only pack.toml"),
        (zipped({"pack.toml": "x"}), "upload/contact.toml: the file is missing"),
        (zipped({**texts(), "README.md": "a" * 1_100_000}), "larger than 1,000,000 bytes when unpacked"),
        (b"x" * 1_000_001, "larger than 1,000,000 bytes"),
        (zipped({f"{number}.toml": "" for number in range(21)}), "more than 20 files"),
        (zipped({"a/pack.toml": "", "b/contact.toml": ""}), "files of more than one folder"),
        (zipped({**texts(), "contact.toml": "[[rule"}), "upload/contact.toml: "),
        (zipped({**texts(), "pack.toml": "id = 3"}), "upload/pack.toml: id: 3 is not the name of a pack"),
        (zipped(texts(version="next")), "ZZ-LAW/pack.toml: version: 'next' is not numbers"),
        (zipped(texts(("limit = 3 }", 'limit = "3" }'))), "ZZ-COUNT: version 1: limit: expected int"),
        (zipped(texts(("version = [{ from = 2026-01-01, limit = 3 }]", "version = [1]"))),
         "ZZ-LAW/contact.toml: ZZ-COUNT: not of the form of a pack"),
        (zipped(texts(version="1.1.1.1.1.123456789-1")), "ZZ-LAW/pack.toml: version"),
        (zipped(texts(version="123456789-123456789-123456789-123456789-1")), "ZZ-LAW/pack.toml: version"),
        (zipped({**texts(), "pack.toml": planted.HEAD + "\nweight = nan"}), "NaN is no number that can be kept"),
        (zipped(texts(("Act 1, section 1", "Act\\u0000"))), "ZZ-LAW: holds a null character"),
        (zipped({**texts(), "contact.toml": "rule = 3"}), "ZZ-LAW/contact.toml: only [[rule]] belongs here"),
        (zipped({**texts(), "examples.toml": "example = 3"}), "ZZ-LAW/examples.toml: only [[example]] belongs here"),
    ],
)  # fmt: skip
def test_a_bad_upload_is_refused_naming_file_rule_and_key(data: bytes, why: str) -> None:
    with pytest.raises(PackError) as refused:
        uploads.read(uploads.from_zip(data))
    assert why in str(refused.value)


def test_a_file_that_is_no_text_is_refused() -> None:
    files = {name: text.encode() for name, text in texts().items()}
    for content in (b"\xff\xfe", b"a\0b"):
        with pytest.raises(PackError, match="upload/contact"):
            uploads.from_files({**files, "contact.toml": content})


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
