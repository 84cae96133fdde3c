"""Where a payment that nobody could place probably belongs, each guess with the reasons for it. A person decides.

Reasons and what they weigh: the payer wrote our reference of the case or the number of the account; an open promise or
an instalment is of this amount; the balance is; the payer has the name of the borrower or of a guarantor; the last four
characters of the number agree. What agrees in more ways comes first.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.db.models import F, Q, QuerySet
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from cases import payers
from cases.imports import canonical
from cases.imports.refusals import CellRefused
from cases.models import Account, Case, PartyRole, Payment, PlanInstalment, Promise
from collections_app.shared import refs
from collections_app.shared.sealed import digest

SHOWN: Final = 3
NEAR: Final = timedelta(days=10)
_CASE_REF: Final = re.compile(r"C-?[0-9A-HJKMNP-TV-Z]{6,13}(?![0-9A-Z])", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[0-9A-Z]{6,40}", re.IGNORECASE)
_WEIGHTS: Final[dict[str, tuple[int, str | LazyText]]] = {
    "case": (100, _("the payer wrote %(ref)s")),
    "number": (95, _("the payer wrote the account number")),
    "promise": (60, _("a promise of this amount for %(due_on)s")),
    "instalment": (60, _("instalment %(number)s of this amount for %(due_on)s")),
    "name": (50, _("the payer has the borrower's name")),
    "guarantor": (45, _("the payer has a guarantor's name")),
    "balance": (40, _("the whole balance is this amount")),
    "last4": (30, _("the number ends in %(last4)s")),
}


@dataclass(slots=True)
class Guess:
    """One account where a payment may belong. weight: the sum of what speaks for it."""

    account: Account
    weight: int = 0
    reasons: list[str] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)

    def because(self, code: str, **values: Any) -> None:
        """Add a reason, once."""
        if code in self.codes:
            return
        self.codes.add(code)
        weight, text = _WEIGHTS[code]
        self.weight += weight
        self.reasons.append(str(text) % values)


def guesses(payment: Payment) -> list[Guess]:
    """Return the likeliest accounts of an unplaced payment, the best first; none where nothing speaks for any."""
    found: dict[int, Guess] = {}
    _by_what_was_written(payment, found)
    _by_arrangement(payment, found)
    _by_name(payment, found)
    _by_balance(payment, found)
    last4 = payment.account_hint_last4
    for guess in found.values():
        if last4 and guess.account.number_last4 == last4:
            guess.because("last4", last4=last4)
    return sorted(found.values(), key=lambda guess: (-guess.weight, guess.account.pk))[:SHOWN]


def _accounts(payment: Payment) -> QuerySet[Account]:
    accounts = Account.objects.filter(creditor_id=payment.creditor_id, currency=payment.currency)
    return accounts.exclude(status=Account.Status.CLOSED).select_related("person", "product")


def _add(found: dict[int, Guess], accounts: Iterable[Account], code: str, **values: Any) -> None:
    for account in accounts:
        found.setdefault(account.pk, Guess(account)).because(code, **values)


def _oldest_of(payment: Payment, person_ids: Sequence[int]) -> list[Account]:
    """Return of each of these persons the account that a payment meets first: the one with the largest balance."""
    mine = _accounts(payment).filter(person_id__in=person_ids).order_by("person_id", "-balance", "pk")
    return list(mine.distinct("person_id"))


def _by_what_was_written(payment: Payment, found: dict[int, Guess]) -> None:
    text = f"{payment.remittance} {payment.external_ref}"
    for ref in list(dict.fromkeys(_CASE_REF.findall(text.upper())))[:3]:
        try:
            pk = refs.decode("C", ref)
        except refs.BadReference:
            continue
        case = Case.objects.filter(pk=pk, creditor_id=payment.creditor_id).first()
        if case is not None:
            _add(found, _oldest_of(payment, [case.person_id]), "case", ref=case.ref)
    hashes = []
    for number in list(dict.fromkeys(_NUMBER.findall(text)))[:8]:
        try:
            hashes.append(digest("account", canonical.account_number(number)))
        except CellRefused:
            continue
    if hashes:
        _add(found, _accounts(payment).filter(number_hash__in=hashes), "number")


def _by_arrangement(payment: Payment, found: dict[int, Guess]) -> None:
    first, last = payment.value_on - NEAR, payment.value_on + NEAR
    promises = Promise.objects.filter(
        creditor_id=payment.creditor_id, status=Promise.Status.OPEN, currency=payment.currency, due_on__gte=first
    ).annotate(left=F("amount") - F("paid_amount"))
    for promise in promises.filter(left=payment.amount).order_by("due_on", "pk")[:SHOWN]:
        _add(found, _oldest_of(payment, [promise.person_id]), "promise", due_on=promise.due_on)
    lines = PlanInstalment.objects.filter(
        plan__creditor_id=payment.creditor_id,
        plan__status__in=["performing", "missed"],
        currency=payment.currency,
        due_on__gte=first,
        due_on__lte=last,
    ).annotate(unpaid=F("amount") - F("paid_amount"))
    for line in lines.filter(unpaid=payment.amount).order_by("due_on", "pk")[:SHOWN]:
        accounts = _oldest_of(payment, [line.person_id])
        _add(found, accounts, "instalment", number=line.number, due_on=line.due_on)


def _by_name(payment: Payment, found: dict[int, Guess]) -> None:
    name = payment.payer_name.strip()
    if not name:
        return
    same = Q(person__name__iexact=name) | Q(person__name__iexact=" ".join(reversed(name.split())))
    named = _accounts(payment).filter(same).order_by("person_id", "-balance", "pk").distinct("person_id")
    _add(found, [each for each in named[:SHOWN] if payers.plain(each.person.name) == payers.plain(name)], "name")
    roles = PartyRole.objects.filter(
        same, borrower__creditor_id=payment.creditor_id, role__in=["guarantor", "counter_guarantor"], until__isnull=True
    )
    borrowers = list(roles.values_list("borrower__person_id", flat=True)[:SHOWN])
    _add(found, _oldest_of(payment, borrowers), "guarantor")


def _by_balance(payment: Payment, found: dict[int, Guess]) -> None:
    for guess in found.values():
        if guess.account.balance == payment.amount:
            guess.because("balance")
    if not found and payment.account_hint_last4:
        alike = _accounts(payment).filter(balance=payment.amount, number_last4=payment.account_hint_last4)
        _add(found, alike.order_by("pk")[:SHOWN], "balance")
