"""What is uploaded is read and tried; what was released keeps its meaning under its id."""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from compliance import packs_loader
from compliance.packs_loader import PackError
from compliance.releases import meaning, uploads
from tests.compliance import planted
from tests.compliance.planted import COUNT, PACK, texts

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
