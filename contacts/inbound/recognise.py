"""What a message says, as far as words and patterns tell (`words.toml`): the intents, each with the words that led to
it.

Reading changes nothing. A text is folded before it is looked at, so that writing in capitals, in full-width letters,
with letters that have no width or in traditional characters makes no difference. A mistake here is meant to be one on
the quiet side: what may be a wish not to be contacted counts as one, and a person sees the words.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from django.utils.translation import get_language

from contacts.inbound import lawyers, times

FILE: Final = Path(__file__).with_name("words.toml")
MOST_READ: Final = 20_000  # characters of a message that are looked at; what is longer is put before a person
PLAIN, LIKELY, HINT = "plain", "likely", "hint"
STRENGTHS: Final = (PLAIN, LIKELY, HINT)
APOSTROPHES: Final = "'’‘`´ʼ′＇"
_ENDS: Final = re.compile(r"[。！？；!?;\n]+|\.(?!\d)(?=\s|$|[^\w.])|\.{2,}")
_EDGES: Final = re.compile(r"^[\W_]+|[\W_]+$")


@dataclass(frozen=True, slots=True)
class Found:
    """One intent. begins, ends: where the words that led to it stand in the text. details: times, a lawyer's name."""

    intent: str
    strength: str
    begins: int
    ends: int
    language: str
    details: dict[str, Any] = field(default_factory=dict, hash=False)

    @property
    def acts(self) -> bool:
        """Whether something is done at once."""
        return self.strength != HINT and _intents()[self.intent]["acts"]


@dataclass(frozen=True, slots=True)
class View:
    """A folded text; for each of its letters, where it stood."""

    text: str
    at: tuple[int, ...]

    def span(self, begins: int, ends: int) -> tuple[int, int]:
        """Return where a part of the view stands in the text itself."""
        return self.at[begins], self.at[ends - 1] + 1


@dataclass(frozen=True, slots=True)
class _Pattern:
    intent: str
    language: str
    strength: str
    whole: frozenset[str]
    sentence: frozenset[str]
    find: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str] | None


@lru_cache(maxsize=256)
def recognise(text: str) -> tuple[Found, ...]:
    """Return what is found, each intent once with its strongest words, in the order of the text."""
    view = fold(text[:MOST_READ])
    best: dict[str, Found] = {}
    for found in (*_by_patterns(view), *_by_times(view)):
        known = best.get(found.intent)
        if known is not None and found.intent == "time":
            if found.details not in (known.details, *known.details.get("more", ())):
                known.details.setdefault("more", []).append(found.details)
        elif known is None or STRENGTHS.index(found.strength) < STRENGTHS.index(known.strength):
            best[found.intent] = found
    if "lawyer" in best:
        best["lawyer"].details.update(lawyers.details(text[:MOST_READ]))
    return tuple(sorted(_sensible(best).values(), key=lambda one: (one.begins, one.intent)))


def intents() -> tuple[str, ...]:
    """Return every intent that there is, in the order of the file."""
    return tuple(_intents())


def title(intent: str) -> str:
    """Return what an intent is called, in the reader's language."""
    return _in_words(intent, "title")


def says(intent: str) -> str:
    """Return what an intent means, in the reader's language."""
    return _in_words(intent, "says")


def fold(text: str) -> View:
    """Return the text in small compatible letters, simplified, single blanks, none between Chinese characters."""
    letters: list[str] = []
    at: list[int] = []
    for position, raw in enumerate(text):
        for letter in unicodedata.normalize("NFKC", raw).casefold():
            if letter in APOSTROPHES:
                seen = "’"
            elif letter == "\n" or unicodedata.category(letter) in ("Zl", "Zp"):
                seen = "\n"
            elif letter == "\t" or unicodedata.category(letter) == "Zs":
                seen = " "
            elif unicodedata.category(letter) in ("Cf", "Cc", "Mn", "Me", "Co", "Cs"):
                continue  # no width, a control character, a mark on a letter
            else:
                seen = _simplified().get(letter, letter)
            if seen == " " and letters and letters[-1] in " \n":
                continue
            letters.append(seen)
            at.append(position)
    return _without_blanks_in_chinese(letters, at)


def _without_blanks_in_chinese(letters: list[str], at: list[int]) -> View:
    kept = [place for place, letter in enumerate(letters) if letter != " " or not _is_idle(letters, place)]
    return View("".join(letters[place] for place in kept), tuple(at[place] for place in kept))


def _is_idle(letters: list[str], place: int) -> bool:
    """Whether a blank parts nothing: next to a Chinese character, or within "do n't"."""
    if not 0 < place < len(letters) - 1:
        return False
    beside = _is_chinese(letters[place - 1]) or _is_chinese(letters[place + 1])
    return beside or letters[place + 1 : place + 4] == ["n", "’", "t"]


def _is_chinese(letter: str) -> bool:
    return "㐀" <= letter <= "鿿"


def _by_patterns(view: View) -> Iterator[Found]:
    whole = _EDGES.sub("", view.text)
    sentences = list(sentences_of(view))
    for pattern in _patterns():
        if whole and whole in pattern.whole:
            begins = view.text.index(whole)
            yield _found(pattern, view, begins, begins + len(whole))
            continue
        for begins, sentence in sentences:
            place = _place(pattern, sentence)
            if place is not None:
                yield _found(pattern, view, begins + place[0], begins + place[1])
                break


def _place(pattern: _Pattern, sentence: str) -> tuple[int, int] | None:
    bare = _EDGES.sub("", sentence)
    if bare and bare in pattern.sentence:
        begins = sentence.index(bare)
        return begins, begins + len(bare)
    for expression in pattern.find:
        match = expression.search(sentence)
        if match and match.end() > match.start():
            return None if pattern.unless is not None and pattern.unless.search(sentence) else match.span()
    return None


def _by_times(view: View) -> Iterator[Found]:
    for begins, sentence in sentences_of(view):
        for wish in times.wishes(sentence):
            first, last = view.span(begins + wish.begins, begins + wish.ends)
            details = {"kind": wish.kind, "start": wish.start, "end": wish.end, "days": list(wish.days)}
            yield Found("time", PLAIN if wish.is_certain else LIKELY, first, last, wish.language, details)


def sentences_of(view: View) -> Iterator[tuple[int, str]]:
    """Yield where each sentence begins in the view, and the sentence."""
    begins = 0
    for end in _ENDS.finditer(view.text):
        if view.text[begins : end.start()].strip():
            yield begins, view.text[begins : end.start()]
        begins = end.end()
    if view.text[begins:].strip():
        yield begins, view.text[begins:]


def _found(pattern: _Pattern, view: View, begins: int, ends: int) -> Found:
    first, last = view.span(begins, ends)
    return Found(pattern.intent, pattern.strength, first, last, pattern.language)


def _sensible(best: dict[str, Found]) -> dict[str, Found]:
    """Return what remains where one finding explains another."""
    left = dict(best)
    if "bankruptcy" in left and left["bankruptcy"].strength == HINT and "hardship" in left:
        left.pop("bankruptcy")
    return left


def _in_words(intent: str, what: str) -> str:
    texts: Mapping[str, str] = _intents()[intent][what] if intent in _intents() else {"en": intent}
    return str(texts.get(get_language() or "en", texts["en"]))


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


@cache
def _intents() -> dict[str, dict[str, Any]]:
    return {intent["id"]: intent for intent in _read()["intent"]}


@cache
def _simplified() -> Mapping[str, str]:
    return {pair[0]: pair[1] for pair in _read()["traditional"].split() if len(pair) == 2}


@cache
def _patterns() -> tuple[_Pattern, ...]:
    return tuple(
        _Pattern(
            intent["id"],
            entry["lang"],
            entry["strength"],
            frozenset(entry.get("whole", ())),
            frozenset(entry.get("sentence", ())),
            tuple(_compiled(expression) for expression in entry.get("find", ())),
            _compiled("|".join(f"(?:{one})" for one in entry["unless"])) if entry.get("unless") else None,
        )
        for intent in _read()["intent"]
        for entry in intent.get("pattern", ())
    )


def _compiled(expression: str) -> re.Pattern[str]:
    macros = _read()["macros"]
    return re.compile(re.sub(r"<([A-Z]+)>", lambda match: macros[match.group(1)], expression))
