"""What people often answer, and the true answers: what we look at, what we stop, and which key does it.

Read from `contacts/objections/`: `any.<language>.toml` for everywhere, `cn.<language>.toml` and the like put theirs in
the place of those with the same key, or add to them. Each answer says only what the product does.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from django.utils.translation import get_language

FOLDER: Final = Path(__file__).parent / "objections"
LANGUAGES: Final = ("en", "zh-hans")


@dataclass(frozen=True, slots=True)
class Objection:
    """says: what the person says. answer: what is answered. does: what the collector does with it; keys: how."""

    key: str
    says: str
    answer: str
    does: str
    keys: str


def of(*, jurisdiction: str, language: str) -> list[Objection]:
    """Return the objections of a place. Words to be said are in the person's language where it comes with the
    program, what is to be done is in the reader's.
    """
    country = jurisdiction.partition("-")[0].lower()
    reader = "zh-hans" if (get_language() or "").startswith("zh") else "en"
    spoken = _language(language) or reader
    said, done = _all(country, spoken), _all(country, reader)
    return [
        Objection(key, said[key]["says"], said[key]["answer"], done[key]["does"], done[key].get("keys", ""))
        for key in done
        if key in said
    ]


def _language(code: str) -> str:
    if code.lower().startswith("zh"):
        return "zh-hans"
    return "en" if code.lower().startswith("en") else ""


def _all(country: str, language: str) -> dict[str, dict[str, str]]:
    return {**read("any", language), **read(country, language)}


@cache
def read(place: str, language: str) -> dict[str, dict[str, str]]:
    """Return one file: by key what is said, answered and done; nothing where there is none."""
    path = FOLDER / f"{place}.{language}.toml"
    if not place.isalpha() or not path.is_file():
        return {}
    return {str(row["key"]): row for row in tomllib.loads(path.read_text(encoding="utf-8"))["objection"]}
