"""A pack that is wrong is refused as a whole, with file, rule and key in the message."""

import shutil
from pathlib import Path

import pytest

from compliance import examples, gate, packs_loader
from compliance.engine import ENGINE_ERROR
from compliance.packs_loader import PackError
from tests.compliance.asking import call, known

HEAD = (packs_loader.FOLDER / "CN-GBT-45251-2025" / "pack.toml").read_text(encoding="utf-8")
RULE = """
[[rule]]
id = "T-1"
title = { en = "One", zh-hans = "一" }
says = { en = "No", zh-hans = "否" }
source = "a text"
applies_to = ["phone"]
check = "count_limit"
with = { unit = "attempt", windows = ["dates:1"] }
version = [{ from = 2026-01-01, limit = 3 }]
"""


def _pack(folder: Path, rules: str = RULE, head: str = HEAD) -> Path:
    path = folder / "CN-GBT-45251-2025"
    path.mkdir(exist_ok=True)
    (path / "pack.toml").write_text(head, encoding="utf-8")
    (path / "contact.toml").write_text(rules, encoding="utf-8")
    (path / "examples.toml").write_text("", encoding="utf-8")
    return path


def test_a_sound_pack_is_read(tmp_path: Path) -> None:
    pack = packs_loader.load_folder(_pack(tmp_path))
    assert [rule.id for rule in pack.rules] == ["T-1"]
    assert packs_loader.problems(tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            'check = "count_limit"',
            'check = "count_limits"',
            r"contact.toml: T-1: check: no predicate named 'count_limits'",
        ),
        ("limit = 3", "limit = 3, colour = 1", r"T-1: version 1: colour: count_limit takes no such parameter"),
        ("limit = 3", 'limit = "3"', r"T-1: version 1: limit: expected int, found str"),
        (", limit = 3", "", r"T-1: version 1: limit: count_limit needs it"),
        ('["phone"]', '["telephone"]', r"T-1: applies_to: channel: unknown value telephone"),
        ('source = "a text"', 'source = ""', r"T-1: source: every rule cites its text"),
        ('zh-hans = "一"', 'zh-hans = ""', r"T-1: title: no text in zh-hans"),
        ('source = "a text"', 'source = "a text"\ncolour = "red"', r"T-1: colour: no such key"),
        ('source = "a text"', 'source = "a text"\nlifts = ["T-2"]', r"T-1: lifts: an exception lifts rules"),
        ('source = "a text"', 'source = "a text"\nstrength = "firm"', r"T-1: strength: 'firm' is none of hard"),
        (
            "limit = 3 }",
            "limit = 3, until = 2026-06-30 }, { from = 2026-06-30, limit = 4 }",
            r"dates overlap at 2026-06-30",
        ),
        ("limit = 3 }", "limit = 3 }, { from = 2026-01-01, limit = 4 }", r"two versions begin on 2026-01-01"),
        ("from = 2026-01-01", 'from = "soon"', r"T-1: version 1: from and until are dates"),
        ("[[rule]]", "[[rules]]", r"only \[\[rule\]\] belongs here"),
        ('id = "T-1"', "id = 1", r"a rule has no usable id: 1"),
        ("with = {", "with = ", r"contact.toml: "),
    ],
)
def test_a_mistake_names_file_rule_and_key(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in RULE
    with pytest.raises(PackError, match=says):
        packs_loader.load_folder(_pack(tmp_path, RULE.replace(old, new, 1)))


def test_the_folder_is_the_name_of_the_pack(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="is not the name of the folder"):
        packs_loader.load_folder(_pack(tmp_path, head=HEAD.replace("CN-GBT-45251-2025", "CN-OTHER", 1)))


def test_a_rule_is_there_once(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="T-1: the id is there twice"):
        packs_loader.load_folder(_pack(tmp_path, RULE + RULE))


def test_an_exception_lifts_only_rules_of_its_own_pack(tmp_path: Path) -> None:
    extra = RULE.replace("T-1", "T-2").replace(
        'source = "a text"', 'source = "a"\nrole = "exception"\nlifts = ["US-F-HOURS"]'
    )
    with pytest.raises(PackError, match="T-2: lifts: US-F-HOURS is not a rule of this pack"):
        packs_loader.load_folder(_pack(tmp_path, RULE + extra))


def test_a_later_version_ends_the_earlier_one_the_day_before(tmp_path: Path) -> None:
    two = RULE.replace("limit = 3 }", "limit = 3 }, { from = 2026-07-01, limit = 2 }")
    rule = packs_loader.load_folder(_pack(tmp_path, two)).rules[0]
    days = [version.ends for version in rule.versions]
    assert [day.isoformat() if day else None for day in days] == ["2026-06-30", None]


def test_the_hash_follows_the_content_and_not_the_order_of_keys(tmp_path: Path) -> None:
    first = packs_loader.load_folder(_pack(tmp_path)).hash
    moved = RULE.replace('source = "a text"\n', "") + 'source = "a text"\n'
    assert packs_loader.load_folder(_pack(tmp_path, moved)).hash == first
    assert packs_loader.load_folder(_pack(tmp_path, RULE.replace("limit = 3", "limit = 4"))).hash != first


def test_a_stored_content_gives_the_same_pack_again() -> None:
    for pack_id in packs_loader.installed():
        pack = packs_loader.get(pack_id)
        again = packs_loader.from_content(packs_loader.content_of(pack))
        assert again.hash == pack.hash
        assert again.rules == pack.rules


def test_one_unreadable_pack_closes_the_gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    question, facts = call("2026-03-10T10:00:00+08:00"), known("CN", "Asia/Shanghai", product="credit_card")
    assert gate.preview(question, facts).permitted
    folder = tmp_path / "packs"
    shutil.copytree(packs_loader.FOLDER, folder)
    (folder / "GB-CONC" / "contact.toml").write_text("[[rule", encoding="utf-8")
    caches = (packs_loader.get, packs_loader.all_packs, gate._chosen)
    monkeypatch.setattr(packs_loader, "FOLDER", folder)
    monkeypatch.setattr(packs_loader.installed, "__defaults__", (folder,))
    for cached in caches:
        cached.cache_clear()
    try:
        outcome = gate.preview(question, facts)
    finally:
        monkeypatch.undo()
        for cached in caches:
            cached.cache_clear()
    assert outcome.failing == (ENGINE_ERROR,)
    assert "GB-CONC/contact.toml" in str(outcome.results[0].finding.values["message"])


@pytest.mark.parametrize("pack_id", packs_loader.installed())
def test_every_example_of_a_pack_holds(pack_id: str) -> None:
    results = examples.run(packs_loader.get(pack_id))
    assert [(result.says, result.why) for result in results if not result.holds] == []
    assert results


def test_an_example_that_is_wrong_is_seen() -> None:
    pack = packs_loader.get("CN-CBA-2026")
    wrong = [{key: value for key, value in pack.examples[0].items() if key != "permitted"} | {"refused_by": ["CN-ID"]}]
    from dataclasses import replace

    assert [result.holds for result in examples.run(replace(pack, examples=tuple(wrong)))] == [False]


@pytest.mark.parametrize("pack_id", packs_loader.installed())
def test_every_rule_speaks_both_languages_and_names_only_values_that_it_gives(pack_id: str) -> None:
    for rule in packs_loader.get(pack_id).rules:
        assert set(rule.title) == {"en", "zh-hans"}
        if rule.says:
            english, chinese = (set(_names(rule.says[language])) for language in ("en", "zh-hans"))
            assert chinese <= english | {"count", "limit"}, rule.id


def _names(sentence: str) -> list[str]:
    from string import Formatter

    return [name for _text, name, _spec, _conversion in Formatter().parse(sentence) if name]
