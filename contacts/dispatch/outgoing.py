"""A claimed row with all that dispatch asks about it, read in one statement beside the facts of the gate.

The models are those of the rest of the product, as far as a message asks for them: a column that was not read is read
when somebody asks for it. Call inside a transaction, under the locks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from django.db import models
from django.db.models.base import ModelState

from cases import arrears
from cases.arrears import Arrears
from cases.models import Account, AccountState, Address, Case, ContactPoint, Creditor, LedgerEntry, Person
from collections_app.shared import clock
from contacts import facts
from contacts.dispatch import sql_message as sql
from contacts.dispatch.claims import Claim
from contacts.facts import CaseFile, many
from contacts.models import (
    ContactAttempt,
    Enrolment,
    Letterhead,
    PlannedContact,
    Segment,
    Step,
    Strategy,
    StrategyVersion,
    Template,
    TemplateVersion,
)

_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "balance": Decimal,
    "amount": Decimal,
    "amount_past_due": Decimal,
    "effective_on": date.fromisoformat,
    "past_due_since": date.fromisoformat,
    "recorded_at": datetime.fromisoformat,
    "suppressed_at": datetime.fromisoformat,
    "value_sealed": bytes.fromhex,
}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A row of the outbox and what was read about it.

    approved: the wordings of its template that are approved. as_of: the day of the creditor's last word about these
    accounts. climbed_before, climbed_today: the highest step done for the case before today, and today. is_live:
    whether it has an attempt that left, or may have. reminds: whether what a service reminder is of still stands, where
    that was read with the row.
    """

    planned: PlannedContact
    file: CaseFile
    owed: list[Arrears]
    approved: tuple[TemplateVersion, ...]
    as_of: date | None
    climbed_before: int
    climbed_today: int
    is_live: bool
    reminds: bool | None = None


def lock_to_decide(claim: Claim, *, kinds: Sequence[str]) -> tuple[set[int], PlannedContact | None]:
    """Lock the person, his addresses of these kinds and the row. Return the addresses, and the row if it is still
    claimed under our number.
    """
    values = [claim.person_id, [str(kind) for kind in kinds], claim.planned_id, claim.number]
    ((address_ids, *row),) = sql.LOCK_TO_DECIDE.rows(values)
    return set(address_ids or ()), _made(PlannedContact, sql.PLANNED, row)


def lock_to_hand_over(
    claim: Claim, *, address_id: int, attempt_id: int
) -> tuple[PlannedContact | None, ContactAttempt | None]:
    """Lock the person, the address, the row and its attempt. Return the row if it is still ours, the attempt if it is
    still only cleared.
    """
    values = [claim.person_id, address_id, claim.planned_id, claim.number, attempt_id]
    ((*row,),) = sql.LOCK_TO_HAND_OVER.rows(values)
    own = len(sql.ATTEMPT)
    return _made(PlannedContact, sql.PLANNED, row[own:]), _made(ContactAttempt, sql.ATTEMPT, row[:own])


def planned_of(values: Sequence[Any]) -> PlannedContact:
    """Return the row that these columns are (`sql_message.PLANNED`)."""
    row: PlannedContact = _made(PlannedContact, sql.PLANNED, values)
    return row


def read(planned: PlannedContact, *, at: datetime) -> Outgoing:
    """Return what is known about a locked row at this instant."""
    file = facts.of_case(planned.case_id, at=at)
    today, midnight = day_of(file)
    ((*row,),) = sql.MESSAGE.rows([planned.pk, list(file.debts), today, midnight, list(arrears.MOVING)])
    return _outgoing(planned, file, row)


def read_many(rows: Sequence[PlannedContact], *, at: Mapping[int, datetime]) -> list[Outgoing]:
    """Return what `read` returns of each of these rows, at the instant of each by its key; at most one row of a case.

    A row whose case is not there is left out.
    """
    files = many.of_cases([row.case_id for row in rows], at={row.case_id: at[row.pk] for row in rows})
    asked = [(row, file, *day_of(file)) for row in rows if (file := files.get(row.case_id)) is not None]
    wordings = dict(sql.WORDINGS.rows([sorted({row.template_id for row in rows} - {None})]))
    made: dict[int | None, tuple[TemplateVersion, ...]] = {None: ()}

    def approved(template: Template | None) -> tuple[TemplateVersion, ...]:
        pk = template.pk if template is not None else None
        if pk not in made:
            made[pk] = _wordings(wordings.get(pk), template)
        return made[pk]

    found = sql.MESSAGES.rows(
        [
            [row.pk for row, *_ in asked],
            [f"{{{','.join(map(str, file.debts))}}}" for _, file, *_ in asked],
            [today for *_, today, _ in asked],
            [midnight for *_, midnight in asked],
            list(arrears.MOVING),
        ]
    )
    read_of = {pk: values for pk, *values in found}
    shared: dict[Any, Any] = {}
    return [
        _outgoing(row, file, read_of[row.pk], shared=shared, approved=approved)
        for row, file, *_ in asked
        if row.pk in read_of
    ]


def day_of(file: CaseFile) -> tuple[date, datetime]:
    """Return the day of a question at the creditor's, and its midnight."""
    zone = clock.zone(file.found.case.creditor_time_zone)
    today = file.at.astimezone(zone).date()
    return today, datetime.combine(today, time.min, zone)


def _outgoing(
    planned: PlannedContact,
    file: CaseFile,
    row: list[Any],
    *,
    shared: dict[Any, Any] | None = None,
    approved: Callable[[Template | None], tuple[TemplateVersion, ...]] | None = None,
) -> Outgoing:
    """Return what a row of the statement says. shared: what many rows have in common, made once. approved: returns the
    wordings of a template, where the statement did not read them.
    """
    left = _Row(row, shared)
    case = left.take(Case, sql.CASE)
    person, creditor = left.take(Person, sql.PERSON), left.take(Creditor, sql.CREDITOR, common=True)
    _hang(planned, "enrolment", left.take(Enrolment, sql.ENROLMENT))
    step, segment = left.take(Step, sql.STEP, common=True), left.take(Segment, sql.SEGMENT, common=True)
    version = left.take(StrategyVersion, sql.VERSION, common=True)
    strategy = left.take(Strategy, sql.STRATEGY, common=True)
    template = left.take(Template, sql.TEMPLATE, common=True)
    letterhead = left.take(Letterhead, sql.LETTERHEAD, common=True)
    tape, stated, before, today_s, is_live, points, accounts, states, entries, own_wordings = left.rest()
    for whole, name, part in (
        (case, "person", person),
        (case, "creditor", creditor),
        (creditor, "letterhead", letterhead),
        (planned, "creditor", creditor),
        (planned, "template", template),
        (planned, "step", step),
        (step, "segment", segment),
        (segment, "version", version),
        (version, "strategy", strategy),
    ):
        if part is None or getattr(whole, f"{name}_id", part.pk) == part.pk:
            _hang(whole, name, part)
    ours = tuple(_from_json(Account, sql.ACCOUNT, accounts))
    file.__dict__.update(case=case, accounts=ours, points=tuple(_points(points)))
    return Outgoing(
        planned=planned,
        file=file,
        owed=_owed(ours, states, entries),
        approved=_wordings(own_wordings, template) if approved is None else approved(template),
        as_of=max((day for day in (tape, stated) if day is not None), default=None),
        climbed_before=before or 0,
        climbed_today=today_s or 0,
        is_live=is_live,
    )


class _Row:
    """The columns of a row, taken model by model."""

    def __init__(self, values: list[Any], shared: dict[Any, Any] | None) -> None:
        self.values, self.place, self.shared = values, 0, shared

    def take(self, model: type[models.Model], names: tuple[str, ...], *, common: bool = False) -> Any:
        """Return the next model, or None where its columns are empty. common: the same one for equal columns."""
        begin, self.place = self.place, self.place + len(names)
        values = self.values[begin : self.place]
        if not common or self.shared is None:
            return _made(model, names, values)
        key = (model, *values)
        if key not in self.shared:
            self.shared[key] = _made(model, names, values)
        return self.shared[key]

    def rest(self) -> list[Any]:
        """Return the columns that nobody took."""
        return self.values[self.place :]


def _made(model: type[models.Model], names: tuple[str, ...], values: Sequence[Any]) -> Any:
    return None if values[0] is None else _instance(model, names, values)


def _instance(model: type[models.Model], names: tuple[str, ...], values: Sequence[Any]) -> Any:
    """Return what `from_db` returns, without going through every field: a message takes a dozen models."""
    made = model.__new__(model)
    made._state = ModelState()
    made._state.adding, made._state.db = False, "default"
    made.__dict__.update(zip(names, values, strict=True))
    return made


def _hang(whole: models.Model, name: str, part: models.Model | None) -> None:
    whole._state.fields_cache[name] = part


def _from_json(model: type[models.Model], names: tuple[str, ...], rows: list[list[Any]] | None) -> list[Any]:
    readers = [(place, _READERS[name]) for place, name in enumerate(names) if name in _READERS]
    for row in rows or ():
        for place, reader in readers:
            if row[place] is not None:
                row[place] = reader(row[place])
    return [_instance(model, names, row) for row in rows or ()]


def _points(rows: list[list[list[Any]]] | None) -> list[ContactPoint]:
    found: list[ContactPoint] = _from_json(ContactPoint, sql.POINT, [point for point, _address in rows or ()])
    addresses = _from_json(Address, sql.ADDRESS, [address for _point, address in rows or ()])
    for point, address in zip(found, addresses, strict=True):
        _hang(point, "address", address)
    return found


def _owed(
    accounts: Sequence[Account], states: list[list[Any]] | None, entries: list[list[Any]] | None
) -> list[Arrears]:
    in_force = {state.account_id: state for state in _from_json(AccountState, sql.STATE, states)}
    moved: dict[int, list[LedgerEntry]] = {}
    for entry in _from_json(LedgerEntry, sql.ENTRY, entries):
        moved.setdefault(entry.account_id, []).append(entry)
    return [arrears.position(account, in_force.get(account.pk), moved.get(account.pk, [])) for account in accounts]


def _wordings(rows: list[list[Any]] | None, template: Template | None) -> tuple[TemplateVersion, ...]:
    found: list[TemplateVersion] = _from_json(TemplateVersion, sql.WORDING, rows)
    for version in found:
        _hang(version, "template", template)
    return tuple(found)
