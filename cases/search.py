"""The one search for cases: by name, number, reference, among those that the user may see.

Numbers are found whole through their keyed digests, or by the last four that a masked screen shows; a document is found
whole or not at all. A whole number that somebody looks for is recorded: who, which kind, how many were found, never the
number. Names are found by their keys (`cases.name_keys`); whoever has none yet is found by the name as it is written.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib.postgres.search import SearchVectorField
from django.db import connection, transaction
from django.db.models import Exists, Lookup, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from cases import name_keys, sql_names
from cases.imports import canonical
from cases.imports.refusals import CellRefused
from cases.models import (
    Account,
    Address,
    Borrower,
    Case,
    ContactPoint,
    Creditor,
    NamesSpelled,
    PartyRole,
    Person,
    PersonName,
)
from cases.models.case import OPEN
from collections_app.shared import sealed
from collections_app.shared.actor import Actor
from collections_app.shared.refs import BadReference, decode
from compliance import audit

SHOWN: Final = 12
LOOKED_AT: Final = 200  # cases found by name that are put in order; of more, the first that the database meets
MOST: Final = 120  # characters of a search that count
TAIL: Final = 4
WHOLE: Final = 7  # digits from which a number is looked up whole, and recorded
TAILS: Final = 500  # telephones with the same last four that are opened to compare more of their digits
REGIONS: Final = ("CN", "US", "GB", "AU", "IN", "TW", "HK", "SG", "JP", "KR", "GR")  # where numbers are read as typed
_GAPS: Final = re.compile(r"[\s().\-‐-―]+")


@SearchVectorField.register_lookup
class FoundBy(Lookup):
    """`words__found_by="'wang':*"`: the column fits this text search, which is read as it stands."""

    lookup_name = "found_by"
    prepare_rhs = False

    def get_prep_lookup(self) -> Any:
        return self.rhs

    def get_db_prep_lookup(self, value: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (value,)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_values = self.process_lhs(compiler, connection)
        right, right_values = self.process_rhs(compiler, connection)
        return f"{left} @@ {right}::tsquery", (*left_values, *right_values)


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as it was understood. digits: "" unless it is a number; words: the parts of a name."""

    text: str
    reference: int | None
    digits: str
    whole: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for: fewer than two letters, or none."""
        if self.reference is not None or self.digits or self.whole:
            return False
        return not any(len(word) > 1 or not word.isascii() for word in self.words)


@dataclass(frozen=True, slots=True)
class Hit:
    """A case that was found, and by what where that is not its name."""

    case: Case
    by: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: `is_more` says that there are further cases."""

    asked: Asked
    hits: list[Hit]
    is_more: bool


def read(text: str) -> Asked:
    """Return how a search is understood: full-width characters are plain ones, blanks around do not count."""
    text = unicodedata.normalize("NFKC", text.replace("\0", "")).strip()[:MOST]
    try:
        reference = decode("C", text)
    except BadReference:
        reference = None
    bare = _GAPS.sub("", text).removeprefix("+")
    is_number = bare.isascii() and bare.isdecimal()
    digits = bare if is_number and TAIL <= len(bare) <= 40 else ""
    figures = sum(character.isdecimal() for character in bare)
    is_long = bare.isascii() and bare.isalnum() and figures >= WHOLE - 1 and WHOLE <= len(bare) <= 40
    looks_whole = is_long and not text.upper().startswith("C-")
    whole: tuple[str, ...] = ("account", "phone", "document") if looks_whole and is_number else ()
    if looks_whole and not is_number:  # letters and digits: a passport, an identity card that ends in X
        whole = ("account", "document")
    words = () if is_number else tuple(name_keys.words_of(text))
    return Asked(text, reference, digits, whole, words)


def is_private(text: str) -> bool:
    """Return whether a search may hold a whole number of somebody, so that it must not stand in an address."""
    asked = read(text)
    return asked.reference is None and sum(character.isdecimal() for character in asked.text) >= WHOLE - 1


def find(user: Any, text: str, *, actor: Actor, at: datetime, shown: int = SHOWN) -> Found:
    """Return the cases that this user may see and that a search finds: numbers and references first, then names.

    A whole number that was looked for is recorded, found or not.
    """
    asked = read(text)
    found: dict[int, str] = {}
    if not asked.is_empty:
        seen = Case.objects.visible_to(user)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql_names.FEW)
            for cases, by in _by_number(seen, asked):
                for case in cases:
                    found.setdefault(case, by)
            if not found and asked.words:
                found = dict.fromkeys(_by_name(seen, asked, shown=shown), "")
        record(user, asked, found=len(found) if asked.whole else 0, actor=actor, at=at)
    wanted = list(found)[:shown]
    cases = Case.objects.visible_to(user).filter(pk__in=wanted).select_related("person", "owner").in_bulk()
    hits = [Hit(cases[pk], found[pk]) for pk in wanted if pk in cases]
    return Found(asked, hits, is_more=len(found) > shown)


def matching(cases: QuerySet[Case], asked: Asked) -> QuerySet[Case]:
    """Return those of the cases that a search finds, as a set that may be ordered and filtered further.

    Whoever shows them calls `record`.
    """
    if asked.reference is not None:
        return cases.filter(pk=asked.reference)
    borrowers = _references(asked)
    found = Q(person_id__in=set(borrowers.values()), borrower_id__in=list(borrowers))
    if asked.digits or asked.whole:
        people = [person for persons, _by in _persons(asked, of=cases) for person in persons]
        found |= Q(person_id__in=people)
    elif asked.words:
        found |= Q(person_id__in=_named(asked.words, inside=True)) | Q(person_id__in=_unspelled(asked.words))
    return cases.filter(found)


def record(user: Any, asked: Asked, *, found: int, actor: Actor, at: datetime) -> None:
    """Write that this user looked for a whole number: which kinds, how many cases there were, never the number."""
    if asked.whole:
        with transaction.atomic():
            audit.record("search.whole_number", subject=user, actor=actor, at=at, kinds=list(asked.whole), found=found)


def _by_number(seen: QuerySet[Case], asked: Asked) -> Iterator[tuple[list[int], str]]:
    """Yield cases with the words that say by what they were found."""
    if asked.reference is not None:
        yield list(seen.filter(pk=asked.reference).values_list("pk", flat=True)), _("reference")
    yield _of_borrowers(seen, _references(asked)), _("creditor's reference")
    for persons, by in _persons(asked, of=seen):
        if persons:
            yield _in_order(seen.filter(person_id__in=persons), ()), by
            beside = PartyRole.objects.filter(person_id__in=persons, until__isnull=True)
            borrowers = dict(beside.values_list("borrower_id", "borrower__person_id")[:LOOKED_AT])
            yield _of_borrowers(seen, borrowers), _("%(what)s of another party") % {"what": by}


def _of_borrowers(seen: QuerySet[Case], borrowers: dict[int, int]) -> list[int]:
    """Return the cases of these borrowers: each with its person, by whom cases are indexed."""
    if not borrowers:
        return []
    return _in_order(seen.filter(person_id__in=set(borrowers.values()), borrower_id__in=borrowers), ())


def _references(asked: Asked) -> dict[int, int]:
    """Return the borrowers whom a creditor knows by exactly this reference, in capital or small letters.

    Each with his person.
    """
    if not 3 <= len(asked.text) <= 80:
        return {}
    spellings = {asked.text, asked.text.upper(), asked.text.lower()}
    known = Borrower.objects.filter(creditor__in=Creditor.objects.values("pk"), external_ref__in=spellings)
    return dict(known.values_list("pk", "person_id")[:LOOKED_AT])


def _persons(asked: Asked, *, of: QuerySet[Case]) -> Iterator[tuple[set[int], str]]:
    """Yield persons by each kind of number, with its name. of: the cases that matter, where many share four digits."""
    if len(asked.digits) == TAIL:
        yield _tails(asked.digits, of), _("telephone …%(digits)s") % {"digits": asked.digits}
        accounts = Account.objects.filter(Exists(of.filter(person_id=OuterRef("person_id"))), number_last4=asked.digits)
        people = set(accounts.values_list("person_id", flat=True)[:TAILS])
        yield people, _("account …%(digits)s") % {"digits": asked.digits}
        return
    if asked.whole:
        yield _accounts(asked.text), _("account number")
        yield _documents(asked.text), _("identity document")
    if asked.digits:
        yield _telephones(asked.text), _("telephone number")
        if len(asked.digits) < 14:
            tail = _tails(asked.digits, of)
            yield tail, _("telephone …%(digits)s") % {"digits": asked.digits[-TAIL:]}


def _accounts(text: str) -> set[int]:
    try:
        numbers = {canonical.account_number(text), canonical.account_number(_GAPS.sub("", text))}
    except CellRefused:
        return set()
    digests = [sealed.digest(canonical.ACCOUNT, number) for number in numbers]
    found = Account.objects.filter(creditor__in=Creditor.objects.values("pk"), number_hash__in=digests)
    return set(found.values_list("person_id", flat=True))


def _documents(text: str) -> set[int]:
    try:
        number, _kind = canonical.document(text)
    except CellRefused:
        return set()
    found = Person.objects.filter(document_hash=sealed.digest(canonical.DOCUMENT, number))
    return set(found.values_list("pk", flat=True))


def _telephones(text: str) -> set[int]:
    """Return whose telephone this whole number is, in any of the countries that we read numbers of."""
    numbers = set()
    for region in REGIONS:
        try:
            numbers.add(canonical.phone(text, region).number)
        except CellRefused:
            continue
    if not numbers:
        return set()
    digests = [sealed.digest(canonical.PHONE, number) for number in numbers]
    addresses = Address.objects.filter(kind="phone", value_hash__in=digests).values("pk")
    return set(_owners().filter(address_id__in=addresses).values_list("person_id", flat=True))


def _tails(digits: str, of: QuerySet[Case]) -> set[int]:
    """Return whose telephone ends in these digits; more than four are compared with the opened numbers."""
    debtor = of.filter(person_id=OuterRef("person_id"))
    party = PartyRole.objects.filter(person_id=OuterRef("person_id"), until__isnull=True)
    ends_so = _owners().filter(address__kind="phone", address__value_last4=digits[-TAIL:])
    points = ends_so.filter(Exists(debtor) | Exists(party))
    if len(digits) == TAIL:
        return set(points.values_list("person_id", flat=True)[:TAILS])
    rows = points.values_list("person_id", "address__value_sealed")[:TAILS]
    return {person for person, box in rows if sealed.unseal(box).endswith(digits)}


def _owners() -> QuerySet[ContactPoint]:
    return ContactPoint.objects.exclude(state=ContactPoint.State.REMOVED)


# Names


def _by_name(seen: QuerySet[Case], asked: Asked, *, shown: int) -> list[int]:
    """Return cases by the names of their people, in order: first those that hold just these words, then beginnings.

    What begins so is looked for where the first are not enough; the inside of words only where nothing begins so.
    """
    waiting = _unspelled(asked.words)
    cases = _in_order(seen.filter(person_id__in=waiting), asked.words) if waiting else []
    cases += _in_order(seen.filter(person_id__in=_named(asked.words, whole=True)), asked.words)
    if len(cases) <= shown:
        cases += _in_order(seen.filter(person_id__in=_named(asked.words)), asked.words)
    if cases or not any(len(word) >= name_keys.SHORTEST_INSIDE and word.isascii() for word in asked.words):
        return cases
    return _in_order(seen.filter(person_id__in=_named(asked.words, inside=True)), asked.words)


def _named(words: Iterable[str], *, whole: bool = False, inside: bool = False) -> QuerySet[Any]:
    """Return the people whose names these words find, as a set of keys."""
    asked = name_keys.query(list(words), whole=whole, inside=inside)
    return PersonName.objects.filter(words__found_by=asked, is_stale=False).values("person_id")


def _unspelled(words: Iterable[str]) -> list[int]:
    """Return people whose names hold these words and have no keys yet, or old ones."""
    through = NamesSpelled.objects.values_list("through", flat=True).get(pk=1)
    spelled = PersonName.objects.filter(person_id=OuterRef("pk"))
    fits = Q()
    for word in words:
        fits &= Q(name__icontains=word)
    new = Person.objects.filter(fits, pk__gt=through).exclude(Exists(spelled))
    renamed = Person.objects.filter(fits, pk__in=PersonName.objects.filter(is_stale=True).values("person_id"))
    return [*new.values_list("pk", flat=True)[:LOOKED_AT], *renamed.values_list("pk", flat=True)[:LOOKED_AT]]


def _in_order(cases: QuerySet[Case], words: Iterable[str]) -> list[int]:
    """Return the cases whose name is just what was asked first, then open ones by priority."""
    asked = "".join(words)
    rows = cases.values_list("pk", "person__name", "status", "score")[:LOOKED_AT]

    def place(row: tuple[int, str, str, int]) -> tuple[bool, bool, int, int]:
        pk, name, status, score = row
        return "".join(name_keys.words_of(name)) != asked, status not in OPEN, -score, pk

    return [pk for pk, *_rest in sorted(rows, key=place)]
