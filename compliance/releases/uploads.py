"""A version of a pack from what an officer uploads: its TOML files, or a zip of its folder. Read, tried, never trusted.

Every error is a PackError that names file, rule and key, as for the packs that are shipped.
"""

from __future__ import annotations

import io
import json
import re
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from compliance import examples, packs_loader
from compliance.packs_loader import RULE_FILES, Pack, PackError

MOST: Final = 1_000_000  # bytes of all files together, unpacked
NEEDED: Final = ("pack.toml", "contact.toml", "examples.toml")
TAKEN: Final = (*NEEDED, "notices.toml", "scope.toml", "mutants.toml", "README.md")
LEFT_OUT: Final = ("released.json",)  # part of the folder, and the program's own
MOST_MEMBERS: Final = 20
MOST_OF_A_VERSION: Final = 40  # characters
UPLOAD: Final = "upload"
_VERSION: Final = re.compile(r"\d{1,9}([.-]\d{1,9}){0,5}")
_NAME: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{0,39}")


def from_zip(data: bytes) -> dict[str, str]:
    """Return the files of a zipped pack folder, name to text. Raises PackError."""
    if len(data) > MOST:
        raise PackError(UPLOAD, f"larger than {MOST:,} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) > MOST_MEMBERS:
                raise PackError(UPLOAD, f"more than {MOST_MEMBERS} files")
            if len({PurePosixPath(member.filename).parent for member in members}) > 1:
                raise PackError(UPLOAD, "files of more than one folder")
            files: dict[str, bytes] = {}
            left = MOST
            for member in members:
                name = PurePosixPath(member.filename).name
                with archive.open(member) as stream:
                    content = stream.read(left + 1)  # what is unpacked counts, not what the archive says of itself
                left -= len(content)
                if left < 0:
                    raise PackError(f"{UPLOAD}/{name}", f"larger than {MOST:,} bytes when unpacked")
                if name in files:
                    raise PackError(f"{UPLOAD}/{name}", "is there twice")
                files[name] = content
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError) as error:
        if isinstance(error, PackError):
            raise
        raise PackError(UPLOAD, f"not a zip file that can be read: {error}") from None
    return from_files(files)


def from_files(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return uploaded files, name to text, when they are those of a pack. Raises PackError."""
    if sum(len(content) for content in files.values()) > MOST:
        raise PackError(UPLOAD, f"larger than {MOST:,} bytes")
    found: dict[str, str] = {}
    for name, content in sorted(files.items()):
        if name in LEFT_OUT:
            continue
        if name not in TAKEN:
            raise PackError(f"{UPLOAD}/{name}", f"only {', '.join(TAKEN)} belong to a pack")
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise PackError(f"{UPLOAD}/{name}", f"not UTF-8: {error}") from None
        if "\0" in text:
            raise PackError(f"{UPLOAD}/{name}", "holds a null character")
        found[name] = text
    for name in NEEDED:
        if name not in found:
            raise PackError(f"{UPLOAD}/{name}", "the file is missing")
    return found


def read(files: Mapping[str, str]) -> Pack:
    """Return the pack that these texts are. Raises PackError."""
    tables = {name: _table(name, text) for name, text in files.items() if name.endswith(".toml")}
    head = tables["pack.toml"]
    pack_id, version = head.get("id"), head.get("version")
    if not isinstance(pack_id, str) or not _NAME.fullmatch(pack_id):
        raise PackError(f"{UPLOAD}/pack.toml: id", f"{pack_id!r} is not the name of a pack")
    if not isinstance(version, str) or len(version) > MOST_OF_A_VERSION or not _VERSION.fullmatch(version):
        raise PackError(f"{pack_id}/pack.toml: version", f"{version!r} is not numbers with points or dashes between")
    rules: dict[str, dict[str, Any]] = {name: tables[name] for name in RULE_FILES if name in tables}
    given = tables["examples.toml"].get("example", [])
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise PackError(f"{pack_id}/examples.toml", "only [[example]] belongs here")
    for name, table in rules.items():
        entries = table.get("rule", [])
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise PackError(f"{pack_id}/{name}", "only [[rule]] belongs here")
    try:
        return _storable(packs_loader.parse(pack_id, head, rules, given))
    except PackError:
        raise
    except _MISSHAPEN as error:
        where = _culprit(pack_id, head, rules)
        raise PackError(where, f"not of the form of a pack: {type(error).__name__} {error}") from None


_MISSHAPEN: Final = (TypeError, AttributeError, LookupError, ValueError, ArithmeticError, RecursionError)


def _storable(pack: Pack) -> Pack:
    """Return the pack when its content can be kept as JSON: no null character, no number that is none."""
    if "\\u0000" in pack.content:
        raise PackError(pack.id, "holds a null character")

    def refuse(name: str) -> None:
        raise PackError(pack.id, f"{name} is no number that can be kept")

    json.loads(pack.content, parse_constant=refuse)
    return pack


def _culprit(pack_id: str, head: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the file and rule that alone cannot be read; the head of the pack where every rule can."""
    for file, table in files.items():
        for raw in table.get("rule", []):
            try:
                packs_loader.parse(pack_id, head, {file: {"rule": [raw]}})
            except PackError:
                continue
            except _MISSHAPEN:
                try:
                    packs_loader.parse(pack_id, head, {})
                except _MISSHAPEN:
                    return f"{pack_id}/pack.toml"
                return f"{pack_id}/{file}: {raw.get('id', '?')}"
    return f"{pack_id}/pack.toml"


def _table(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise PackError(f"{UPLOAD}/{name}", str(error) or type(error).__name__) from None


def tried(pack: Pack) -> list[str]:
    """Return what is wrong with a pack's own examples, by sentence; empty when all hold. Raises PackError."""
    if not pack.examples:
        raise PackError(f"{pack.id}/examples.toml", "a pack without examples proves nothing")
    try:
        results = examples.run(pack)
    except PackError:
        raise
    except _MISSHAPEN as error:
        raise PackError(f"{pack.id}/examples.toml", f"{type(error).__name__} {error}") from None
    return [f"{pack.id}/examples.toml: {result.says}: {result.why}" for result in results if not result.holds]
