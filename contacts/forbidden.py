"""Words that no message may hold: threats, shaming, false authority; found as data (`wording_data/forbidden.toml`).

A text is folded before it is looked at, so that no trick of writing hides a word: full-width and look-alike letters,
letters that have no width, letters spaced out or parted by signs, digits for letters, traditional characters.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from django.utils.translation import get_language

FILE: Final = Path(__file__).with_name("wording_data") / "forbidden.toml"
PLACEHOLDER: Final = "￼"  # stands for a value, in which nothing is looked for

# Letters of other scripts that look like these. Source: the common confusables of Unicode TS 39, lower case.
_PAIRS: Final = (
    "аaеeоoрpсcуyхxіiвbӏlјjѕsԁdԛqԝwһhтtпnмmкkгrαaγyεeιiκkνnοoρpτtυuχxωwϲcöoɑaɡgʟlɪiᴀa"
    "ʙbᴄcᴅdᴇeꜰfɢgʜhᴊjᴋkᴍmɴnᴏoᴘpʀrᴛtᴜuᴠvᴡwʏyᴢzβbıiłlнhѵvԍgηnμuøođdƒf"
)
_LOOKALIKES: Final = dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True))
_DIGITS: Final = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i", "|": "i",
                  "€": "e", "£": "l", "+": "t"}  # fmt: skip
_SPACED: Final = re.compile(r"(?<![a-z0-9])[a-z0-9@$!|](?:[ ._*\-~/,+=:;'^]{1,3}[a-z0-9@$!|]){3,}(?![a-z0-9])")
_MIXED: Final = re.compile(r"[a-z0-9@$!|€£+]{3,40}")
_WITHIN: Final = re.compile(r"(?<=[a-z])[._*\-~|^=/\\]{1,3}(?=[a-z])")


@dataclass(frozen=True, slots=True)
class Found:
    """A forbidden word. position: of its first letter in the text, counted from 1."""

    kind: str
    position: int
    words: str
    flag: str
    claims: str

    @property
    def reason(self) -> str:
        """Why it is forbidden, in the reader's language."""
        texts = _kinds()[self.kind]["reason"]
        return str(texts.get(get_language() or "en", texts["en"]))


@dataclass(frozen=True, slots=True)
class _View:
    """A folded text; for each of its letters, where it stood."""

    text: str
    at: tuple[int, ...]


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


@cache
def _kinds() -> dict[str, dict[str, Any]]:
    return {kind["id"]: kind for kind in _read()["kind"]}


@cache
def _patterns(script: str) -> tuple[tuple[str, re.Pattern[str], bool], ...]:
    """Return kind, pattern, and whether it is plain words, of one script."""
    return tuple(
        (kind["id"], re.compile(pattern), not re.search(r"[\\(\[{|?*+.^$]", pattern))
        for kind in _read()["kind"]
        for pattern in kind.get(script, ())
    )


@cache
def _denied() -> Mapping[str, re.Pattern[str]]:
    return {name: re.compile(pattern) for name, pattern in _read()["denied"].items()}


@cache
def _simplified() -> Mapping[str, str]:
    pairs = str(_read()["traditional"])
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


@lru_cache(maxsize=512)
def find(text: str) -> tuple[Found, ...]:
    """Return the forbidden words of a text with placeholders, in the order of the text; each place once."""
    found: dict[tuple[str, int], Found] = {}
    for kind, position, end in _matches(_without_placeholders(text)):
        known = _kinds()[kind]
        words = " ".join(text[position:end].split())[:60]
        if not any(one.kind == kind and one.position - 1 <= position < one.position + len(one.words)
                   for one in found.values()):  # fmt: skip
            found[kind, position] = Found(kind, position + 1, words, known.get("flag", ""), known.get("claims", ""))
    return tuple(sorted(found.values(), key=lambda one: (one.position, one.kind)))


def _without_placeholders(text: str) -> str:
    return re.sub(r"\{\{[^{}]{0,60}\}\}", lambda match: PLACEHOLDER * len(match.group()), text)


def _matches(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield kind, beginning and end of what is found in any view of a text."""
    folded = _folded(text)
    latin = _latin(folded)
    for view in dict.fromkeys((latin, _unspaced(latin), _unspaced(latin, but_first=True))):
        yield from _in_view(view, "en", ("en", "en_inside"))
    chinese = _chinese(folded, keep_stops=True)
    yield from _in_view(chinese, "zh", ("zh", "zh_inside"))
    yield from _in_view(_chinese(folded, keep_stops=False), "zh", ("zh", "zh_inside"), plain_only=True)


def _in_view(
    view: _View, script: str, denied: tuple[str, str], *, plain_only: bool = False
) -> Iterator[tuple[str, int, int]]:
    before, inside = (_denied()[name] for name in denied)
    for kind, pattern, is_plain in _patterns(script):
        if plain_only and not is_plain:
            continue
        for match in pattern.finditer(view.text):
            lead = view.text[max(0, match.start() - 40) : match.start()]
            if _kinds()[kind].get("deniable", True) and (before.search(lead) or inside.search(match.group())):
                continue
            yield kind, view.at[match.start()], view.at[match.end() - 1] + 1


def _folded(text: str) -> _View:
    """Return the text in lower case, in compatible forms, without marks and without letters that have no width."""
    letters: list[str] = []
    at: list[int] = []
    for position, raw in enumerate(text):
        for letter in unicodedata.normalize("NFKD", raw).casefold():
            if unicodedata.category(letter) in ("Mn", "Me", "Cf", "Cc") and letter not in "\n\t":
                continue
            for seen in _LOOKALIKES.get(letter, letter):
                letters.append(_simplified().get(seen, seen))
                at.append(position)
    return _View("".join(letters), tuple(at))


def _latin(view: _View) -> _View:
    """Return the view with single blanks, apostrophes and quotes as blanks."""
    letters: list[str] = []
    at: list[int] = []
    for letter, position in zip(view.text, view.at, strict=True):
        seen = " " if letter in "'’‘`\"“”\t  " or unicodedata.category(letter) == "Zs" else letter
        if seen == " " and letters and letters[-1] == " ":
            continue
        letters.append(seen)
        at.append(position)
    return _View("".join(letters), tuple(at))


def _unspaced(view: _View, *, but_first: bool = False) -> _View:
    """Return the view with spaced letters joined, signs within words left out, and digits read as letters.

    but_first: the first of spaced letters may be a word of its own ("a l i a r").
    """
    drop: set[int] = set()
    for match in _SPACED.finditer(view.text):
        begins = match.start() + (2 if but_first else 0)
        drop |= {place for place in range(begins, match.end()) if view.text[place] in " ._*-~/,+=:;'^"}
    for match in _WITHIN.finditer(view.text):
        drop |= set(range(*match.span()))
    kept = [(letter, view.at[place]) for place, letter in enumerate(view.text) if place not in drop]
    text = "".join(letter for letter, _at in kept)
    text = _MIXED.sub(lambda match: _as_letters(match.group()), text)
    return _View(text, tuple(position for _letter, position in kept))


def _as_letters(word: str) -> str:
    """Return a word of letters and digits with the letters that the digits look like; other words as they are."""
    if word.isalpha() or not any("a" <= letter <= "z" for letter in word):
        return word
    return "".join(_DIGITS.get(letter, letter) for letter in word)


def _chinese(view: _View, *, keep_stops: bool) -> _View:
    """Return the view without blanks and signs; the stops of sentences are kept, or left out too."""
    stops = "。！？；，\n" if keep_stops else ""
    letters: list[str] = []
    at: list[int] = []
    for letter, position in zip(view.text, view.at, strict=True):
        seen = {",": "，", "!": "！", "?": "？", ";": "；"}.get(letter, letter)
        if seen in stops or seen == PLACEHOLDER or unicodedata.category(letter)[0] in "LN":
            letters.append(seen)
            at.append(position)
    return _View("".join(letters), tuple(at))
