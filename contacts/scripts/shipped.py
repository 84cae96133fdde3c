"""The scripts and disclosures that come with the program: `contacts/script_data/*.toml`, in English and Chinese.

A script is `key`, `stage`, `name`, `when` (see conditions) and its words per language. A disclosure names the rule of a
pack that demands it, what of the rule it is (`ground`), and words for where a script has none of its own.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.utils.translation import get_language

FOLDER: Final = Path(__file__).parent.parent / "script_data"
DISCLOSURES: Final = FOLDER / "disclosures.toml"
LANGUAGES: Final = ("en", "zh-hans")


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """The words of a script in one language. version 0: they come with the program; pk: of the version that is kept."""

    key: str
    stage: str
    name: str
    language: str
    version: int
    conditions: Mapping[str, tuple[str, ...]]
    body: str
    pk: int | None = None

    @property
    def is_shipped(self) -> bool:
        return self.version == 0


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What a rule demands to be said. clause: how it is recognised in other words (`contacts.wording_rules`)."""

    pack: str
    rule: str
    stage: str
    title: Mapping[str, str]
    words: Mapping[str, str]
    clause: str = ""
    ground: Mapping[str, str] = field(default_factory=dict)

    def words_in(self, language: str) -> str:
        """Return the words in this language, or in English where nobody wrote them in it."""
        return self.words[language if language in self.words else "en"]

    @property
    def example(self) -> str:
        """The words in the reader's language."""
        return text_in(self.words)

    @property
    def why(self) -> str:
        """What the rule itself says, where it does not ask for these very words; in the reader's language."""
        return text_in(self.ground)


def text_in(texts: Mapping[str, str]) -> str:
    """Return a text in the reader's language."""
    return texts.get(get_language() or "en", texts.get("en", ""))


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def scripts() -> tuple[tuple[Mapping[str, Any], Mapping[str, str]], ...]:
    """Return each shipped script as it is written, with its names."""
    found = (path for path in FOLDER.glob("*.toml") if path != DISCLOSURES)
    files = sorted(found, key=lambda path: (path.stem != "generic", path.name))
    return tuple((entry, entry["name"]) for path in files for entry in _read(path)["script"])


@cache
def sources() -> tuple[Source, ...]:
    """Return the words of every shipped script, each language for itself. The name is in that language."""
    return tuple(
        Source(
            key=entry["key"],
            stage=entry["stage"],
            name=names[language],
            language=language,
            version=0,
            conditions={name: tuple(values) for name, values in entry.get("when", {}).items()},
            body=str(entry[language]).strip("\n"),
        )
        for entry, names in scripts()
        for language in LANGUAGES
    )


def source(key: str, language: str) -> Source | None:
    """Return the shipped words of this key in this language."""
    return next((one for one in sources() if (one.key, one.language) == (key, language)), None)


@cache
def disclosures() -> Mapping[str, Disclosure]:
    """Return what rules demand to be said, by rule, in the order in which it is said."""
    return {entry["rule"]: Disclosure(**entry) for entry in _read(DISCLOSURES)["disclosure"]}


@cache
def words_before_confirmation() -> Mapping[str, tuple[str, ...]]:
    """Return regular expressions of what would tell a stranger of the debt, per writing: "en", "zh"."""
    return {name: tuple(found) for name, found in _read(DISCLOSURES)["before_confirmation"].items()}
