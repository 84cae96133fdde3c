"""What is known of a person that he can be asked for, and whether what he says agrees with it. Nothing is shown."""

import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from typing import Final

from django.db.models import QuerySet

from cases import amounts
from cases.models import Account, ContactPoint, Person
from collections_app.shared import sealed

PLACES: Final = ("postal", "home")
_KEPT: Final = re.compile(r"[^\w]+")
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_NAMED: Final = re.compile(
    r"(?:(?P<first>\d{1,2})(?:st|nd|rd|th)?(?: of)?[ .-]*(?P<before>[a-z]{3,9})\.?"
    r"|(?P<after>[a-z]{3,9})\.? *(?P<second>\d{1,2})(?:st|nd|rd|th)?)[ ,.-]+(?P<year>\d{4})"
)
_SLASHED: Final = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})")
_SHORTEST_PLACE: Final = 6  # letters of an address said without blanks
_SAID: Final = 200  # letters of an answer that are read


def known(person: Person, kinds: Iterable[str], *, has_account: bool) -> tuple[str, ...]:
    """Return the questions that can be asked. kinds: of the person's contact points that are not removed."""
    found = set(kinds)
    answers = {
        "birth_date": person.birth_on is not None,
        "document_last4": bool(person.document_last4),
        "address": not found.isdisjoint(PLACES),
        "account_last4": has_account,
        "email": "email" in found,
    }
    return tuple(key for key, there in answers.items() if there)


def known_of(person: Person, *, creditor_id: int) -> tuple[str, ...]:
    """Return the questions that can be asked of somebody by this creditor, in two queries."""
    kinds = _points(person).values_list("kind", flat=True)
    return known(person, kinds, has_account=_accounts(person, creditor_id).exists())


def compare(key: str, said: str, person: Person, *, creditor_id: int) -> bool:
    """Return whether an answer is right. Full-width letters and digits count as plain ones, case and blanks not at all.

    A date is read in every form that dates are typed in. Raises amounts.DayRefused for one that cannot be read.
    """
    text = unicodedata.normalize("NFKC", said[:_SAID]).strip()
    if key == "birth_date":
        return person.birth_on in birth_days(text)
    if key == "document_last4":
        return bool(person.document_last4) and _bare(text) == _bare(person.document_last4)
    if key == "account_last4":
        endings = _accounts(person, creditor_id).values_list("number_last4", flat=True)
        return bool(text) and _bare(text) in {_bare(ending) for ending in endings if ending}
    kinds = PLACES if key == "address" else ("email",)
    boxes = _points(person).filter(kind__in=kinds).values_list("address__value_sealed", flat=True)
    held = [sealed.unseal(box) for box in boxes]
    if key == "address":
        return any(same_place(text, place) for place in held)
    return any(text.casefold() == address.casefold() for address in held)


def birth_days(text: str) -> set[date]:
    """Return every day that a date of birth may mean as it was said: 12/03/1985 is one of two, which both count.

    Raises amounts.DayRefused for what is no date.
    """
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if named := _NAMED.fullmatch(plain):
        number = _MONTHS.get(str(named["before"] or named["after"])[:3])
        if number is not None:
            return {amounts.read_day(f"{named['year']}-{number}-{named['first'] or named['second']}")}
    if slashed := _SLASHED.fullmatch(plain):
        readings = set()
        for day, month in ((slashed[1], slashed[2]), (slashed[2], slashed[1])):
            with suppress(amounts.DayRefused):
                readings.add(amounts.read_day(f"{slashed[3]}-{month}-{day}"))
        if readings:
            return readings
    return {amounts.read_day(text)}


def same_place(said: str, held: str) -> bool:
    """Return whether an address that is said is the one held, or an unmistakable part of it.

    Every word of it is in the one held, a number among them and two words at least; of writing without blanks a run
    of six signs is enough.
    """
    spoken, kept = _words(said), _words(held)
    if not spoken:
        return False
    if spoken == kept:
        return True
    if len(spoken) >= 2 and any(any(sign.isdigit() for sign in word) for word in spoken) and set(spoken) <= set(kept):
        return True
    run = "".join(spoken)
    has_han = any("一" <= sign <= "鿿" for sign in run)
    return has_han and len(run) >= _SHORTEST_PLACE and run in "".join(kept)


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return [word for word in _KEPT.split(plain) if word]


def _bare(text: str) -> str:
    return _KEPT.sub("", unicodedata.normalize("NFKC", text)).upper()


def _points(person: Person) -> QuerySet[ContactPoint]:
    return ContactPoint.objects.filter(person=person).exclude(state=ContactPoint.State.REMOVED)


def _accounts(person: Person, creditor_id: int) -> QuerySet[Account]:
    return Account.objects.filter(person=person, creditor_id=creditor_id)
