"""From the lines of an account to its events, and from what the replay of them says to the lines that are missing."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from cases import allocation, replay
from cases.models import Account, AccountState, LedgerEntry

Kind = LedgerEntry.Kind
ZERO: Final = Decimal("0.00")
TAKES: Final = (Kind.PAYMENT, Kind.WAIVER, Kind.WRITE_OFF)  # what is divided over the charges, in the order of one date


def order_of(kind: str, source: str, reference: str, amount: Decimal, only: frozenset[str] | None) -> tuple[Any, ...]:
    return (TAKES.index(Kind(kind)), source, reference, amount, sorted(only or ()))


def events_of(entries: Sequence[LedgerEntry]) -> tuple[list[replay.Charge], list[replay.Take]]:
    """Return what happened on an account: its charges, and what lowered them, as its entries tell."""
    gone = {entry.reverses_id: entry.effective_on for entry in entries if entry.kind == Kind.REVERSAL}
    charges = [
        replay.Charge(entry.component, entry.due_on, entry.amount, entry.effective_on, gone.get(entry.pk))
        for entry in entries
        if entry.kind not in (*TAKES, Kind.REVERSAL, Kind.REALLOCATION)
    ]
    parts: dict[int, list[LedgerEntry]] = {}
    for entry in entries:
        if entry.kind in TAKES:
            parts.setdefault(entry.part_of_id or entry.pk, []).append(entry)
    takes = []
    for first, lines in parts.items():
        head = next(line for line in lines if line.pk == first)
        amount = -sum((line.amount for line in lines), ZERO)
        only = frozenset(head.only) if head.only is not None else None
        order = order_of(head.kind, head.source, head.reference, amount, only)
        takes.append(replay.Take(first, amount, head.effective_on, order, only, gone.get(first)))
    return charges, takes


def differences(
    entries: Sequence[LedgerEntry],
    charges: list[replay.Charge],
    takes: list[replay.Take],
    *,
    since: date,
    account: Account,
    choose: replay.Choose | None = None,
) -> list[tuple[date, dict[int, dict[replay.Spot, Decimal]]]]:
    """Return by date, from `since` on, and by take, what must be posted so that the lines say what the replay says.

    choose: the waterfalls of the account, where the caller has read them for many (`choosers`).
    """
    choose = choose or choosers([account])[account.pk]
    played = replay.play(charges, takes, currency=account.currency, choose=choose)
    wanted = [(day, met) for day, met in played if day >= since]
    lines = [entry for entry in entries if entry.kind in (*TAKES, Kind.REALLOCATION) or entry.part_of_id]
    lines.sort(key=lambda entry: entry.effective_on)
    posted: dict[tuple[int, str, date | None], Decimal] = {}
    found = []
    place = 0
    for day, met in wanted:
        while place < len(lines) and lines[place].effective_on <= day:
            line = lines[place]
            key = (line.part_of_id or line.pk, line.component, line.due_on)
            posted[key] = posted.get(key, ZERO) - line.amount
            place += 1
        of_day: dict[int, dict[replay.Spot, Decimal]] = {}
        for key in {*met, *posted}:
            if difference := met.get(key, ZERO) - posted.get(key, ZERO):
                of_day.setdefault(key[0], {})[key[1], key[2]] = difference
                posted[key] = met.get(key, ZERO)
        if of_day:
            found.append((day, of_day))
    return found


def choosers(accounts: Iterable[Account]) -> dict[int, replay.Choose]:
    """Return for each account what chooses its waterfall, in two queries however many there are."""
    rows = Account.objects.filter(pk__in=[account.pk for account in accounts]).values_list(
        "pk", "person__jurisdiction", "product__kind", "product__waterfall"
    )
    known = {pk: (jurisdiction, product, own) for pk, jurisdiction, product, own in rows}
    by_age = {
        pk
        for pk, (jurisdiction, product, own) in known.items()
        if not own and len(allocation.rows_for(jurisdiction, product)) > 1
    }
    states = _tape_states(by_age) if by_age else {}
    return {pk: _chooser(*facts, states.get(pk, []) if pk in by_age else None) for pk, facts in known.items()}


def _chooser(
    jurisdiction: str, product: str, own: list[str], states: list[tuple[date, date | None]] | None
) -> replay.Choose:
    def choose(on: date, dues: list[allocation.Due]) -> allocation.Waterfall:
        since = None
        if states is not None:
            since = min((due.due_on for due in dues if due.due_on is not None), default=None)
            if since is None:
                since = next((since for effective_on, since in states if effective_on <= on), None)
        dpd = max(0, (on - since).days) if since else 0
        return allocation.choose(jurisdiction=jurisdiction, product=product, dpd=dpd, own=own)

    return choose


def _tape_states(account_ids: set[int]) -> dict[int, list[tuple[date, date | None]]]:
    """Return since when the source said these accounts to be past due, by date, the latest first."""
    found: dict[int, list[tuple[date, date | None]]] = {}
    states = AccountState.objects.filter(account_id__in=account_ids, cause="tape").order_by("-effective_on", "-pk")
    for account_id, effective_on, since in states.values_list("account_id", "effective_on", "past_due_since"):
        found.setdefault(account_id, []).append((effective_on, since))
    return found
