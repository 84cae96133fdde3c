"""What the rules of a place ask a wording to say, and what of it the wording lacks.

What is asked comes from the rule packs: from the predicates that look at the content of a contact, and from what the
data of `wording_data/clauses.toml` adds to a rule that it names. `content_of` is what the gate is told about a
wording at dispatch, so that it refuses by the same rules whatever was approved before.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from django.utils.translation import get_language

from cases.models import Account, Case, Creditor
from cases.models.case import RESOLVED
from compliance import gate, vocabulary, words
from compliance.facts import Facts, Question
from compliance.packs_loader import Condition, Pack, PackError, Rule
from compliance.releases.in_force import ReleasesUnknown
from contacts import forbidden, rendering

FILE: Final = Path(__file__).with_name("wording_data") / "clauses.toml"
ELECTRONIC: Final = frozenset({"sms", "email", "chat"})
SPEAKING: Final = frozenset({"phone", "voice_notice"})
# Purposes that speak of the debt, so that the words of a collector are owed.
ABOUT_THE_DEBT: Final = vocabulary.COLLECTING | {"statutory_notice"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where borrowers live, and what about their debt chooses the rules."""

    jurisdiction: str
    product: str = "consumer_debt"
    creditor_kind: str = "unspecified"
    acting_as: str = "creditor"

    @property
    def name(self) -> str:
        """The place in the reader's language."""
        return str(words.place(self.jurisdiction))


@dataclass(frozen=True, slots=True)
class Kind:
    """What about a template chooses the rules."""

    channel: str
    purpose: str = "collection"
    content_class: str = "reminder"


@dataclass(frozen=True, slots=True)
class Lack:
    """A clause that a wording lacks, and who asks for it where."""

    clause: str
    rule: str
    pack: str
    place: Place
    source: str

    @property
    def label(self) -> str:
        """The clause in words."""
        return label(self.clause)

    def suggestion(self, language: str) -> str:
        """Return words in this language that would do."""
        texts = _clauses()[self.clause]["suggest"]
        return str(texts["zh-hans" if language.lower().startswith("zh") else "en"])


# -- The data ------------------------------------------------------------------------------------------------------


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


@cache
def _clauses() -> dict[str, dict[str, Any]]:
    return {clause["id"]: clause for clause in _read()["clause"]}


@cache
def _patterns() -> tuple[tuple[str, frozenset[str], re.Pattern[str] | None], ...]:
    return tuple(
        (
            clause["id"],
            frozenset(clause.get("variables", ())),
            re.compile("|".join(f"(?:{pattern})" for pattern in clause["words"])) if clause.get("words") else None,
        )
        for clause in _read()["clause"]
    )


@cache
def _by(key: str) -> Mapping[str, str]:
    """Return the clauses by the fact, or by the part of a letter, that each one is."""
    return {clause[key]: clause["id"] for clause in _read()["clause"] if key in clause}


def asked() -> list[dict[str, Any]]:
    """Return what the data adds to rules of packs."""
    return list(_read()["asked"])


def label(clause: str) -> str:
    """Return a clause in words, in the reader's language."""
    texts = _clauses()[clause]["label"]
    return str(texts.get(get_language() or "en", texts["en"]))


# -- What a wording says -------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def clauses_of(subject: str, body: str) -> frozenset[str]:
    """Return the clauses that a wording holds. Raises RenderingRefused."""
    names = {piece.text for text in (subject, body) for piece in rendering.tokenise(text) if piece.is_variable}
    text = " ".join(f"{subject}\n{body}".lower().split())
    return frozenset(
        clause
        for clause, variables, pattern in _patterns()
        if variables & names or (pattern is not None and pattern.search(text))
    )


@lru_cache(maxsize=512)
def _content(subject: str, body: str, channel: str, purpose: str) -> tuple[tuple[str, Any], ...]:
    held = clauses_of(subject, body)
    found = forbidden.find(f"{subject}\n{body}")
    content: dict[str, Any] = {"identity_stated": "institution" in held}
    if purpose in ABOUT_THE_DEBT:
        content["purpose_stated"] = "disclosure" in held
    if channel in ELECTRONIC and purpose != "opt_out_confirmation":
        content["opt_out_notice"] = "opt_out" in held
    if channel in SPEAKING:
        content["recording_announced"] = "recording" in held
    if channel == "letter":
        content["letter_fields"] = tuple(field for field, clause in _by("field").items() if clause in held)
    if found:
        content["content_flags"] = tuple(sorted({one.flag for one in found if one.flag}))
        content["claimed_identity"] = next((one.claims for one in found if one.claims), None)
    return tuple(content.items())


def content_of(subject: str, body: str, *, channel: str, purpose: str) -> dict[str, Any]:
    """Return what the gate is told about a wording: fields of its question. Raises RenderingRefused."""
    return dict(_content(subject, body, channel, purpose))


def told(question: Question, *, subject: str, body: str) -> Question:
    """Return the question with what the wording says. Raises RenderingRefused."""
    content = _content(subject, body, question.channel or "", question.purpose)
    return replace(question, **dict(content))


# -- What is asked of it -------------------------------------------------------------------------------------------


def lacking(subject: str, body: str, *, kind: Kind, places: Iterable[Place], at: datetime) -> tuple[Lack, ...]:
    """Return the clauses that a wording lacks, for each place each clause once. Raises RenderingRefused.

    A place whose rules cannot be read lacks nothing here: the gate refuses every contact there.
    """
    held = clauses_of(subject, body)
    lacks: dict[tuple[str, str], Lack] = {}
    for place in sorted(set(places), key=lambda one: (one.jurisdiction, one.product, one.creditor_kind, one.acting_as)):
        question = Question(
            at=at,
            channel=kind.channel,
            purpose=kind.purpose,
            content_class=kind.content_class,
            actor_kind=place.acting_as,
            **content_of(subject, body, channel=kind.channel, purpose=kind.purpose),
        )
        facts = Facts(
            jurisdictions=(place.jurisdiction,),
            product=place.product,
            creditor_kind=place.creditor_kind,
            outsourced=place.acting_as != "creditor",
        )
        for pack, rule, clause in _asks(question, facts, held, kind):
            lacks.setdefault((place.jurisdiction, clause), Lack(clause, rule.id, pack.id, place, rule.source))
    return tuple(lacks.values())


def _asks(question: Question, facts: Facts, held: frozenset[str], kind: Kind) -> Iterator[tuple[Pack, Rule, str]]:
    """Yield pack, rule and clause of everything that is asked and not there."""
    try:
        packs = gate.choose_packs(question, facts)
    except (PackError, ReleasesUnknown, OSError):
        return
    day = question.at.date()
    for pack in packs:
        for rule in pack.rules:
            version = rule.version_on(day)
            if version is None:
                continue
            if rule.role == "restriction" and _fits(rule.when, question, facts):
                reads = _SEEN.get(rule.check)
                for clause in reads(question, version.params) if reads else ():
                    yield pack, rule, clause
            for clause in _added(pack.id, rule.id, kind):
                if clause not in held:
                    yield pack, rule, clause


@lru_cache(maxsize=4096)
def lacks_a_part(subject: str, body: str, *, kind: Kind, places: frozenset[Place], day: date) -> bool:
    """Whether a wording lacks what the data adds to a rule of one of these places: parts that no predicate can see.

    Asked for each message before the gate is, for a reader who has moved since the wording was approved.
    """
    added = {clause for entry in _read()["asked"] for clause in entry["clauses"]} - set(_by("fact").values())
    added -= set(_by("field").values())
    if added <= clauses_of(subject, body):
        return False
    at = datetime.combine(day, time(12), UTC)
    return any(one.clause in added for one in lacking(subject, body, kind=kind, places=places, at=at))


def _fits(conditions: Iterable[Condition], question: Question, facts: Facts) -> bool:
    return all(
        (getattr(question if one.of_question else facts, one.attribute) in one.values) is not one.negated
        for one in conditions
    )


def _added(pack: str, rule: str, kind: Kind) -> Iterator[str]:
    """Yield the clauses that the data adds to a rule for wordings of this kind."""
    for entry in _read()["asked"]:
        if (entry["pack"], entry["rule"]) != (pack, rule):
            continue
        classes, channels = entry.get("content_classes"), entry.get("channels")
        if (classes is None or kind.content_class in classes) and (channels is None or kind.channel in channels):
            yield from entry["clauses"]


def _stated(question: Question, params: Mapping[str, Any]) -> Iterator[str]:
    for fact in params.get("must_be_true", ()):
        if fact in _by("fact") and getattr(question, fact) is False:
            yield _by("fact")[fact]


def _identified(question: Question, params: Mapping[str, Any]) -> Iterator[str]:
    if question.identity_stated is False:
        yield _by("fact")["identity_stated"]


def _complete(question: Question, params: Mapping[str, Any]) -> Iterator[str]:
    for part in params["required"]:
        if question.letter_fields is not None and part not in question.letter_fields:
            yield _by("field")[part]


# The predicates that look at what is said, and the clauses that each one misses.
_SEEN: Final[Mapping[str, Callable[[Question, Mapping[str, Any]], Iterator[str]]]] = {
    "stated": _stated,
    "true_identity": _identified,
    "letter_complete": _complete,
}


# -- Where the borrowers live --------------------------------------------------------------------------------------


def places_of(creditor: Creditor | None, *, jurisdiction: str = "") -> frozenset[Place]:
    """Return the places where borrowers of this creditor (of all creditors) live who have an open case.

    jurisdiction: only that place and what lies in it; it is asked about even where nobody lives.
    """
    cases = Case.objects.exclude(status__in=RESOLVED)
    accounts = Account.objects.exclude(status=Account.Status.CLOSED)
    if creditor is not None:
        cases, accounts = cases.filter(creditor=creditor), accounts.filter(creditor=creditor)
    accounts = accounts.filter(person__in=cases.values("person"))
    columns = ("product__kind", "creditor__kind", "creditor__acting_as")
    stated = accounts.filter(person__locations__ended_at__isnull=True, person__locations__jurisdiction__gt="")
    rows = {
        *accounts.filter(person__jurisdiction__gt="").values_list("person__jurisdiction", *columns).distinct(),
        *stated.values_list("person__locations__jurisdiction", *columns).distinct(),
    }
    found = {Place(*row) for row in rows}
    if jurisdiction:
        found = {place for place in found if within(place.jurisdiction, jurisdiction)}
        if not found:
            kind, acting = (creditor.kind, creditor.acting_as) if creditor else ("unspecified", "creditor")
            found = {Place(jurisdiction, creditor_kind=kind, acting_as=acting)}
    return frozenset(found)


def within(place: str, jurisdiction: str) -> bool:
    """Whether a place is this jurisdiction or lies in it ("US-CA" in "US")."""
    return place == jurisdiction or place.startswith(f"{jurisdiction}-")
