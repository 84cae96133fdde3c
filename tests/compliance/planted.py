"""A law of a country that does not exist: a pack to be released, changed and broken without touching a real one."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from compliance import gate, packs_loader

PACK = "ZZ-LAW"
COUNT = "ZZ-COUNT"
HOURS = "ZZ-HOURS"
HEAD = """
id = "ZZ-LAW"
name = { en = "Law of nowhere", zh-hans = "无处之法" }
version = "2026-01-01"
jurisdictions = ["ZZ"]
force = "law"
confidence = "primary text"
owner = "an officer"
reviewer = "a lawyer"
reviewed_on = 2026-01-01
"""
RULES = """
[[rule]]
id = "ZZ-COUNT"
title = { en = "At most three calls a day", zh-hans = "每日至多三次" }
says = { en = "{count} calls today", zh-hans = "今日已{count}次" }
source = "Act 1, section 1"
applies_to = ["phone"]
check = "count_limit"
with = { unit = "attempt", windows = ["dates:1"] }
version = [{ from = 2026-01-01, limit = 3 }]

[[rule]]
id = "ZZ-HOURS"
title = { en = "Not at night", zh-hans = "夜间不得联系" }
says = { en = "It is {local_time} there", zh-hans = "当地时间{local_time}" }
source = "Act 1, section 2"
check = "local_hours"
with = { opens = "08:00", closes = "21:00" }
version = [{ from = 2026-01-01 }]
"""
EXAMPLES = """
[[example]]
says = "A call by day is permitted"
at = 2026-03-02T12:00:00Z
zone = "UTC"
permitted = true

[[example]]
says = "A call at nine in the evening is refused"
at = 2026-03-02T21:00:00Z
zone = "UTC"
refused_by = ["ZZ-HOURS"]
"""


def texts(*changes: tuple[str, str], version: str = "2026-01-01", examples: str = EXAMPLES) -> dict[str, str]:
    """Return the files of the pack with a version and with these replacements; each must be found in the rules."""
    rules = RULES
    for old, new in changes:
        assert old in rules, old
        rules = rules.replace(old, new, 1)
    head = HEAD.replace('version = "2026-01-01"', f'version = "{version}"')
    return {"pack.toml": head, "contact.toml": rules, "examples.toml": examples}


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write the files of the pack as its folder; return that."""
    path = folder / PACK
    path.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (path / name).write_text(text, encoding="utf-8")
    return path


def read_afresh() -> None:
    """Let this process read the installed packs again."""
    for cached in (packs_loader.get, packs_loader.all_packs, gate._chosen):
        cached.cache_clear()


@contextmanager
def installed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, beside: tuple[str, ...] = ("POLICY",)
) -> Iterator[Path]:
    """Install the pack beside some real ones, in a folder of the test; return that folder."""
    for pack_id in beside:
        shutil.copytree(packs_loader.FOLDER / pack_id, folder / pack_id, ignore=shutil.ignore_patterns("released.json"))
    write(folder, texts())
    monkeypatch.setattr(packs_loader, "FOLDER", folder)
    monkeypatch.setattr(packs_loader.installed, "__defaults__", (folder,))
    read_afresh()
    try:
        yield folder
    finally:
        monkeypatch.undo()
        read_afresh()
