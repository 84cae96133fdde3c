"""The rows of the one statement that reads a case (`contacts.facts.sql`), named as the models name their fields."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from typing import Any, Final, NamedTuple

from cases.firm_policy import UNSET, Policy


class CaseRow(NamedTuple):
    """The case, its creditor, and the person to be contacted."""

    pk: int
    person_id: int
    contacted_id: int
    creditor_id: int
    borrower_id: int
    status: str
    past_due_since: date | None
    creditor_code: str
    creditor_kind: str
    acting_as: str
    creditor_time_zone: str
    jurisdiction: str  # of the person contacted, as his record says; so are the next two
    time_zone: str
    created_at: datetime


class PointRow(NamedTuple):
    pk: int
    address_id: int
    kind: str
    state: str
    time_zone: str
    created_at: datetime
    suppressed_at: datetime | None


class AccountRow(NamedTuple):
    pk: int
    product_kind: str


class ClaimRow(NamedTuple):
    person_id: int
    basis: str
    time_zone: str
    jurisdiction: str
    authoritative: bool
    learned_at: datetime


class AttemptRow(NamedTuple):
    """A contact; what it was by, of which kind the point was, and for whom the creditor acted then."""

    pk: int
    at: datetime
    channel: str
    direction: str
    status: str
    outcome: str
    party: str
    person_id: int
    contacted_id: int
    contact_point_id: int | None
    address_id: int | None
    point_kind: str | None
    point_reserved: bool | None
    debts: list[int]
    purpose: str
    content_class: str
    automated: bool
    acting_as: str
    made_by_id: int | None
    case_id: int | None


class InstructionRow(NamedTuple):
    pk: int
    person_id: int
    creditor_id: int | None
    account_id: int | None
    contact_point_id: int | None
    address_id: int | None
    kind: str
    channel: str
    place: str
    form: str
    details: dict[str, Any]
    received_at: datetime
    expires_at: datetime | None
    recorded_at: datetime
    withdrawn_at: datetime | None


class ConsentRow(NamedTuple):
    pk: int
    person_id: int
    creditor_id: int | None
    account_id: int | None
    contact_point_id: int | None
    kind: str
    channel: str
    form: str
    context: str
    evidence: str
    details: dict[str, Any]
    given_at: datetime
    expires_at: datetime | None
    recorded_at: datetime
    withdrawn_at: datetime | None
    spent_at: datetime | None


class HoldRow(NamedTuple):
    pk: int
    person_id: int
    creditor_id: int | None
    account_id: int | None
    kind: str
    starts_at: datetime
    ends_on: date | None
    recorded_at: datetime
    treatment_ended_on: date | None


class PromiseRow(NamedTuple):
    pk: int
    status: str
    made_at: datetime
    due_on: date
    settled_at: datetime | None


class PlanRow(NamedTuple):
    pk: int
    status: str
    drafted_at: datetime
    approved_at: datetime | None
    first_due_on: date
    months: int
    ended_at: datetime | None


class RoleRow(NamedTuple):
    pk: int
    person_id: int
    account_id: int | None
    role: str
    since: datetime


class LimitationRow(NamedTuple):
    """Of one account: since when the claim is time-barred, as it was reckoned last."""

    pk: int
    account_id: int
    over_at: datetime


class StopRow(NamedTuple):
    scope: str
    target: str


class Found(NamedTuple):
    """All that was read about one case."""

    case: CaseRow
    points: tuple[PointRow, ...]
    accounts: tuple[AccountRow, ...]
    claims: tuple[ClaimRow, ...]
    attempts: tuple[AttemptRow, ...]
    instructions: tuple[InstructionRow, ...]
    consents: tuple[ConsentRow, ...]
    holds: tuple[HoldRow, ...]
    promises: tuple[PromiseRow, ...]
    plans: tuple[PlanRow, ...]
    roles: tuple[RoleRow, ...]
    limitations: tuple[LimitationRow, ...]
    policy: Policy
    stops: tuple[StopRow, ...]


_instant: Final = datetime.fromisoformat
_day: Final = date.fromisoformat
_LISTS: Final[tuple[type[Any], ...]] = (
    PointRow, AccountRow, ClaimRow, AttemptRow, InstructionRow, ConsentRow, HoldRow, PromiseRow, PlanRow, RoleRow,
    LimitationRow,
)  # fmt: skip


def _readers(kind: type[Any]) -> tuple[tuple[int, Callable[[str], Any]], ...]:
    """Return the places of a row that JSON gives as text and that are instants or dates, with what reads them."""
    found: list[tuple[int, Callable[[str], Any]]] = []
    for place, hint in enumerate(kind.__annotations__.values()):
        if hint in (datetime, datetime | None):
            found.append((place, _instant))
        elif hint in (date, date | None):
            found.append((place, _day))
    return tuple(found)


_READERS: Final = {kind: _readers(kind) for kind in _LISTS}


def _rows(kind: type[Any], values: Iterable[list[Any]] | None) -> tuple[Any, ...]:
    if not values:
        return ()
    make, readers = kind._make, _READERS[kind]
    rows = []
    for value in values:
        for place, read in readers:
            if (text := value[place]) is not None:
                value[place] = read(text)
        rows.append(make(value))
    return tuple(rows)


def _once(attempts: tuple[AttemptRow, ...]) -> tuple[AttemptRow, ...]:
    """Return the contacts without repetitions, which follow one another."""
    return tuple(row for place, row in enumerate(attempts) if not place or attempts[place - 1].pk != row.pk)


def _policy(values: list[Any] | None) -> Policy:
    if values is None:
        return UNSET
    opens, closes, document, pk = values
    return Policy(
        time.fromisoformat(opens) if opens else None, time.fromisoformat(closes) if closes else None, document or {}, pk
    )


def found_in(row: tuple[Any, ...]) -> Found:
    """Return what a row of the statement says."""
    own, kinds = len(CaseRow._fields), len(_LISTS)
    lists = row[own:]
    read: list[Any] = [_rows(kind, values) for kind, values in zip(_LISTS, lists[:kinds], strict=True)]
    read[3] = _once(read[3])
    stops = tuple(StopRow._make(stop) for stop in lists[kinds + 1] or ())
    return Found._make((CaseRow._make(row[:own]), *read, _policy(lists[kinds]), stops))
