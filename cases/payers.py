"""Who paid, by the name that came with the money: the borrower, a guarantor of his, or somebody else."""

import unicodedata
from collections.abc import Collection

from cases.models import Account, PartyRole, Payment, Person

_GUARANTORS = (PartyRole.Role.GUARANTOR, PartyRole.Role.COUNTER_GUARANTOR)


def plain(name: str) -> str:
    """Return a name for comparison: no case, no blanks, no signs.

    The order of words does not count (Smith, John), but in names of ideographs, where a blank is only a blank.
    """
    words = unicodedata.normalize("NFKC", name).casefold().replace(",", " ").replace("·", " ").split()
    bare = ["".join(letter for letter in word if letter.isalnum()) for word in words]
    return "".join(bare if any(letter >= "\u2e80" for letter in name) else sorted(bare))


def who(name: str, *, own: str, guarantors: Collection[str]) -> str:
    """Return the kind of payer that a name says. own, guarantors: names as `plain` returns them."""
    said = plain(name)
    if not said or not own or said == own:
        return Payment.Payer.BORROWER
    return Payment.Payer.GUARANTOR if said in guarantors else Payment.Payer.THIRD_PARTY


def names_of(accounts: Collection[Account]) -> dict[int, str]:
    """Return the plain names of the persons of these accounts."""
    if not accounts:
        return {}
    people = Person.objects.filter(pk__in={account.person_id for account in accounts})
    return {pk: plain(name) for pk, name in people.values_list("pk", "name")}


def guarantors_of(accounts: Collection[Account]) -> dict[int, set[str]]:
    """Return the plain names of the guarantors of each borrower of these accounts, by borrower."""
    if not accounts:
        return {}
    roles = PartyRole.objects.filter(
        borrower_id__in={account.borrower_id for account in accounts}, role__in=_GUARANTORS, until__isnull=True
    )
    found: dict[int, set[str]] = {}
    for borrower_id, name in roles.values_list("borrower_id", "person__name"):
        found.setdefault(borrower_id, set()).add(plain(name))
    return found
