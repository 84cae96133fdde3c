"""A bound or a clause of a pack that no example proves is found, and nothing that is proved is reported."""

import json
from datetime import date, time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from compliance import examples, mutants, mutation, packs_loader
from compliance.packs_loader import Pack, PackError
from compliance.releases import meaning

HEAD = """
id = "T-PACK"
name = { en = "Test", zh-hans = "测试" }
version = "1"
jurisdictions = ["XT"]
force = "law"
confidence = "primary text"
owner = "nobody"
reviewer = "nobody"
reviewed_on = 2026-01-01
"""
RULES = """
[[rule]]
id = "T-HOURS"
title = { en = "Hours", zh-hans = "时段" }
says = { en = "No", zh-hans = "否" }
text = { en = "Between eight and nine.", zh-hans = "八时至二十一时。" }
source = "a text"
applies_to = ["phone", "visit"]
check = "local_hours"
version = [{ from = 2026-01-01, opens = 08:00:00, closes = 21:00:00 }]

[[rule]]
id = "T-REPLY"
title = { en = "Replies", zh-hans = "答复" }
text = { en = "Replies may be late.", zh-hans = "答复不受限。" }
source = "a text"
role = "exception"
lifts = ["T-HOURS"]
check = "purpose_is"
with = { purposes = ["reply"] }
version = [{ from = 1970-01-01 }]
"""
PROOFS = """
[[example]]
says = "At 08:00 the day is open"
at = 2026-03-10T08:00:00+00:00
zone = "UTC"
permitted = true

[[example]]
says = "At 07:59:59 it is not"
at = 2026-03-10T07:59:59+00:00
zone = "UTC"
refused_by = ["T-HOURS"]
next = 2026-03-10T08:00:00+00:00

[[example]]
says = "At 20:59:59 the day is open"
at = 2026-03-10T20:59:59+00:00
zone = "UTC"
permitted = true

[[example]]
says = "At 21:00 it is over, for visits too"
at = 2026-03-10T21:00:00+00:00
zone = "UTC"
given = { channel = "visit", point_kind = "home" }
refused_by = ["T-HOURS"]
next = 2026-03-11T08:00:00+00:00

[[example]]
says = "A letter has no hour"
at = 2026-03-10T22:00:00+00:00
zone = "UTC"
given = { channel = "letter", point_kind = "postal" }
permitted = true

[[example]]
says = "A reply may be late"
at = 2026-03-10T22:00:00+00:00
zone = "UTC"
given = { purpose = "reply" }
permitted = true

[[example]]
says = "The rule binds from New Year on"
at = 2026-01-01T00:00:00+00:00
zone = "UTC"
refused_by = ["T-HOURS"]

[[example]]
says = "The night before is free"
at = 2025-12-31T23:59:59+00:00
zone = "UTC"
permitted = true
"""


def _pack(folder: Path, proofs: str = PROOFS, rules: str = RULES) -> Pack:
    path = folder / "T-PACK"
    path.mkdir(exist_ok=True)
    for name, text in (("pack", HEAD), ("contact", rules), ("examples", proofs)):
        (path / f"{name}.toml").write_text(text, encoding="utf-8")
    return packs_loader.load_folder(path)


def _check(pack: Pack, explained: dict[str, str] | None = None) -> mutation.Report:
    return mutation.check(pack, examples.cases(pack), explained)


def _without(says: str) -> str:
    kept = [part for part in PROOFS.split("[[example]]") if says not in part]
    assert len(kept) == len(PROOFS.split("[[example]]")) - 1
    return "[[example]]".join(kept)


def test_every_mutant_of_a_well_proved_pack_is_killed(tmp_path: Path) -> None:
    report = _check(_pack(tmp_path))
    assert report.survivors == ()
    assert report.killed == report.mutants == 12


@pytest.mark.parametrize(
    ("missing", "survivors"),
    [
        ("At 08:00 the day", set()),  # the next permitted time of another example says it too
        ("At 20:59:59 the day", {"T-HOURS: closes: 21:00 -> 20:59"}),
        ("for visits too", {"T-HOURS: when channel: without visit", "T-HOURS: closes: 21:00 -> 21:01"}),
        ("A letter has no hour", {"T-HOURS: when channel: left out"}),
        ("A reply may be late", {"T-REPLY: left out", "T-REPLY: purposes: without reply"}),
        ("The rule binds from", {"T-HOURS: 2026-01-01: begins a day later"}),
        ("The night before", {"T-HOURS: 2026-01-01: begins a day earlier"}),
    ],
)
def test_what_no_example_proves_survives(tmp_path: Path, missing: str, survivors: set[str]) -> None:
    assert set(_check(_pack(tmp_path, _without(missing))).survivors) == survivors


def test_an_explained_survivor_is_in_order_and_one_that_is_killed_is_a_mistake(tmp_path: Path) -> None:
    weak = _pack(tmp_path, _without("A letter has no hour"))
    name = "T-HOURS: when channel: left out"
    assert _check(weak).sound is False
    report = _check(weak, {name: "because"})
    assert (report.sound, report.explained, report.survivors) == (True, (name,), ())
    killed = _check(_pack(tmp_path), {name: "because"})
    assert (killed.sound, killed.mistakes) == (False, (f"{name}: explained as no gap, but killed",))
    gone = _check(weak, {name: "because", "T-HOURS: no such": "because"})
    assert gone.mistakes == ("T-HOURS: no such: explained, but no such mutant",)


def test_an_example_that_does_not_hold_proves_nothing(tmp_path: Path) -> None:
    wrong = _without("A letter has no hour") + PROOFS.split("[[example]]")[5].join(["[[example]]", ""]).replace(
        "permitted = true", 'refused_by = ["T-HOURS"]'
    )
    assert _check(_pack(tmp_path, wrong)).survivors == ("T-HOURS: when channel: left out",)


def test_versions_that_follow_each_other_move_their_common_border(tmp_path: Path) -> None:
    later = RULES.replace(
        "closes = 21:00:00 }]", "closes = 21:00:00 }, { from = 2026-07-01, opens = 09:00:00, closes = 21:00:00 }]"
    )
    names = [
        mutant.name
        for mutant in mutants.mutants(_pack(tmp_path, rules=later))
        if "begins" in mutant.name or "ends" in mutant.name
    ]
    assert names == [
        "T-HOURS: 2026-01-01: begins a day earlier",
        "T-HOURS: 2026-01-01: begins a day later",
        "T-HOURS: 2026-07-01: begins a day earlier",
        "T-HOURS: 2026-07-01: begins a day later",
    ]
    moved = next(m for m in mutants.mutants(_pack(tmp_path, rules=later)) if "07-01: begins a day later" in m.name)
    days = [(version.begins, version.ends) for version in moved.pack.rules[0].versions]
    assert days == [(date(2026, 1, 1), date(2026, 7, 1)), (date(2026, 7, 2), None)]


@pytest.mark.parametrize(
    ("key", "value", "optional", "changed"),
    [
        ("limit", 3, False, [2, 4]),
        ("opens", time(0, 0), False, [time(0, 1)]),
        ("closes", time(21, 0), False, [time(20, 59), time(21, 1)]),
        ("until", date(2026, 1, 1), False, [date(2025, 12, 31), date(2026, 1, 2)]),
        ("per_collector", True, True, [False]),
        ("parties", ("debtor", "spouse"), False, [("spouse",), ("debtor",)]),
        ("windows", ("dates:7", "week"), False, [("week",), ("dates:6", "week"), ("dates:8", "week"), ("dates:7",)]),
        ("windows", ("hours:1",), False, [(), ("hours:2",)]),
        ("unit", "connected", False, ["attempt", "actual_contact"]),
        ("key", "debt", True, ["person", "contact_point"]),
        ("zone", "Asia/Shanghai", True, [None]),
        ("kind", "judgment_due", False, []),
    ],
)
def test_a_parameter_moves_by_the_smallest_step(key: str, value: object, optional: bool, changed: list[object]) -> None:
    assert [new for _, new in mutants.changed_values(key, value, optional=optional)] == changed


def test_a_reason_needs_words(tmp_path: Path) -> None:
    _pack(tmp_path)
    file = tmp_path / "T-PACK" / "mutants.toml"
    assert mutation.explanations("T-PACK", tmp_path) == {}
    file.write_text('[[equivalent]]\nmutants = ["A: b", "A: c"]\nwhy = "they are the same"\n', encoding="utf-8")
    assert mutation.explanations("T-PACK", tmp_path) == dict.fromkeys(["A: b", "A: c"], "they are the same")
    for wrong in ('[[equivalent]]\nmutants = ["A: b"]\nwhy = ""\n', "[[equal]]\n", "[[equivalent]\n"):
        file.write_text(wrong, encoding="utf-8")
        with pytest.raises(PackError, match=r"T-PACK/mutants\.toml"):
            mutation.explanations("T-PACK", tmp_path)


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the small pack, weak by one example, the only one installed."""
    _pack(tmp_path, _without("A letter has no hour"))
    real = packs_loader.get
    small = packs_loader.load_folder(tmp_path / "T-PACK")
    monkeypatch.setattr(packs_loader, "installed", lambda: ("T-PACK",))
    monkeypatch.setattr(packs_loader, "get", lambda name: small if name == "T-PACK" else real(name))
    monkeypatch.setattr(packs_loader, "FOLDER", tmp_path)
    return tmp_path


def _command(*arguments: str) -> tuple[int, dict[str, Any]]:
    out = StringIO()
    try:
        call_command("check_packs", *arguments, "--json", stdout=out)
    except SystemExit as left:
        return int(str(left.code)), json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


def test_the_command_reports_the_survivor_and_leaves_with_1(planted: Path) -> None:
    status, report = _command()
    assert status == 0
    assert report == {"packs": [report["packs"][0]]}
    assert {key: report["packs"][0][key] for key in ("id", "version", "rules", "examples", "failed")} == {
        "id": "T-PACK", "version": "1", "rules": 2, "examples": 7, "failed": [],
    }  # fmt: skip
    status, report = _command("T-PACK", "--mutate")
    assert (status, report["mutants"], report["killed"]) == (1, 12, 11)
    assert report["survivors"] == ["T-PACK: T-HOURS: when channel: left out"]


def test_a_vector_kills_what_no_example_proves(planted: Path) -> None:
    vector = {
        "id": "V1", "packs": ["T-PACK"], "jurisdiction": "XT", "context": {},
        "events": [{"at": "2026-01-02T12:00:00Z", "kind": "location", "zone": "UTC"}],
        "query": {"at": "2026-03-10T22:00:00Z", "kind": "contact", "channel": "letter", "party": "debtor"},
        "expected": "permit", "rule": "T-HOURS", "next_permitted": None,
    }  # fmt: skip
    folder = planted / "more"
    folder.mkdir()
    (folder / "t.jsonl").write_text(json.dumps(vector) + "\n", encoding="utf-8")
    status, report = _command("--mutate", "--vectors", str(folder))
    assert (status, report["survivors"]) == (0, [])
    (folder / "t.jsonl").write_text(json.dumps(vector | {"packs": ["NOT-HERE"]}), encoding="utf-8")
    assert _command("--mutate", "--vectors", str(folder))[0] == 1


def test_an_explanation_that_is_not_true_leaves_with_1(planted: Path) -> None:
    file = planted / "T-PACK" / "mutants.toml"
    file.write_text('[[equivalent]]\nmutants = ["T-HOURS: when channel: left out"]\nwhy = "w"\n', encoding="utf-8")
    assert _command("--mutate")[0] == 0
    file.write_text(file.read_text().replace('left out"', 'left out", "T-REPLY: left out"'), encoding="utf-8")
    status, report = _command("--mutate")
    assert (status, report["mistakes"]) == (1, ["T-PACK: T-REPLY: left out: explained as no gap, but killed"])


@pytest.mark.parametrize("wrong", [["NO-SUCH"], ["--mutate", "--vectors", "/no/such/folder"]])
def test_a_pack_or_folder_that_is_not_there_is_wrong_use(wrong: list[str]) -> None:
    with pytest.raises(CommandError) as left:
        call_command("check_packs", *wrong)
    assert left.value.returncode == 2


def test_a_rule_without_text_or_seen_from_one_side_only_is_refused(planted: Path) -> None:
    assert _command("T-PACK")[1]["packs"][0]["failed"] == []
    open_days = [part for part in PROOFS.split("[[example]]") if "permitted" not in part]
    bare = RULES.replace('text = { en = "Between eight and nine.", zh-hans = "八时至二十一时。" }\n', "")
    pack = _pack(planted, "[[example]]".join(open_days), bare)
    outcomes = [outcome for _, outcome, _ in examples.asked(pack)]
    assert examples.gaps(pack, outcomes) == ["T-HOURS: text: missing", "T-HOURS: in no example is it asked and kept"]
    assert examples.gaps(pack, []) == [
        "T-HOURS: text: missing",
        "T-HOURS: no example is refused by it",
        "T-HOURS: in no example is it asked and kept",
    ]


def test_an_id_that_was_released_and_now_means_something_else_is_refused(planted: Path) -> None:
    assert meaning.ship(packs_loader.get("T-PACK"), on=date(2026, 2, 1))
    assert _command("T-PACK")[0] == 0
    ledger = planted / "T-PACK" / "released.json"
    ledger.write_text(ledger.read_text(encoding="utf-8").replace('"08:00:00"', '"07:00:00"'), encoding="utf-8")
    status, report = _command("T-PACK")
    assert (status, len(report["packs"][0]["failed"])) == (1, 1)
    assert "T-HOURS: version from 2026-01-01: opens" in report["packs"][0]["failed"][0]


def test_an_example_may_name_warnings_and_rules_that_are_kept(tmp_path: Path) -> None:
    def why(line: str) -> str:
        first = PROOFS.split("[[example]]")[1]
        pack = _pack(tmp_path, f"[[example]]{first}{line}\n")
        return examples.run(pack)[0].why

    assert why('passes = ["T-HOURS"]') == why("warns = []") == ""
    assert why('passes = ["T-REPLY"]') == "not asked, or not kept: T-REPLY"
    assert why('warns = "T-HOURS"') == "warnings: none"
    assert why('silent = ["T-REPLY"]') == ""
    assert why('silent = ["T-HOURS"]') == "not silent: T-HOURS"
    assert why('shows = { T-HOURS = { opens = "08:00" } }') == ""
    assert why('shows = { T-HOURS = { opens = "07:00" } }') == "T-HOURS shows opens = 08:00"
    assert why('shows = { T-GONE = { opens = "07:00" } }') == "T-GONE shows opens = None"
    assert why('rests_on = ["T-REPLY"]') == "does not rest on T-REPLY"
    assert why('as_of = 2025-12-31\npasses = ["T-HOURS"]') == "not asked, or not kept: T-HOURS"


@pytest.mark.parametrize("pack_id", ["CN-CBA-2026", "CN-GBT-45251-2025"])  # they share ids of rules
def test_asking_the_changed_rule_alone_first_finds_the_same_survivors(pack_id: str) -> None:
    pack = packs_loader.get(pack_id)
    few = [case for number, case in enumerate(examples.cases(pack)) if number % 3]
    short = mutation.check(pack, few)
    long = [mutant.name for mutant in mutants.mutants(pack) if mutation.killer(mutant, few) is None]
    assert [name for name in short.survivors if not name.startswith("scope")] == long
    assert len(long) > 5
