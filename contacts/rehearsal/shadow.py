"""A private copy of what a night writes: session-local tables under the names of the real ones.

A rehearsal has a database session of its own. Its one transaction sees the book as of one instant (REPEATABLE READ),
and makes session-local copies of the tables that the night and the sending write, filled with what they need. Then it
turns READ ONLY: from there on PostgreSQL lets it write to session-local tables and refuses every write, and every lock
on a row, anywhere else. So the production code runs verbatim, and a table that was forgotten here ends the rehearsal
instead of being touched. The transaction is rolled back at the end, and the copies are gone with it.

Three kinds of tables are written: those that are copied (`COPIES`), those that only grow and are seen through a view
over the real table and what the rehearsal adds (`GROWN`), and the audit trail, which begins empty. Triggers are not
copied. Of those of the real tables one acts on the copies as well: balances that move with their entries. The others
refuse what must not be, or keep history; the production code that passes them on the real tables passes here.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.db import connection, transaction
from psycopg2 import sql as compose

from cases import sql_locks
from contacts.rehearsal import sql

FIRST_NUMBER: Final = 10**15  # of what a rehearsal adds: no real row has such a key


@dataclass(frozen=True, slots=True)
class Copy:
    """A model whose rows are copied; which ones, as the end of the statement that reads them."""

    model: str
    which: str = sql.OF_PERSONS
    parent: tuple[str, str] | None = None  # column, model: rows that hang on copied ones


COPIES: Final = (
    Copy("cases.Case"),
    Copy("cases.Account"),
    Copy("cases.Promise"),
    Copy("cases.Plan"),
    Copy("cases.PlanInstalment", parent=("plan_id", "cases.Plan")),
    Copy("cases.Hold"),
    Copy("cases.ExclusionEntry"),
    Copy("cases.Settlement"),
    Copy("cases.Waiver"),
    Copy("cases.Approval"),
    Copy("cases.ImportBatch", which=sql.TAPES_ONLY),
    Copy("cases.ImportRow", which=sql.NONE),
    Copy("cases.BucketTransition"),
    Copy("contacts.ArmAssignment"),
    Copy("contacts.Enrolment"),
    Copy("contacts.PlannedContact", which=sql.OF_STANDING_CASES),
    Copy("contacts.StrategyVersion", which=""),
    Copy("contacts.Move", which=""),
    Copy("contacts.Rollout", which=""),
    Copy("contacts.StrategyAlarm", which=""),
    Copy("contacts.StopOrder", which=""),
)
# What a payment writes beside these, where one is supposed to come.
PAYMENTS: Final = (
    Copy("cases.Payment"),
    Copy("cases.PromisePayment"),
    Copy("cases.PlanPayment"),
    Copy("cases.SettlementPayment"),
    Copy("cases.Correction"),
)
# Of one person only what his steps write is copied, and what hangs on his cases is found by them.
NOT_OF_ONE: Final = frozenset({"cases.ImportBatch", "cases.ImportRow", "cases.BucketTransition"})
OF_ONE: Final = {
    "cases.Settlement": sql.OF_ONES_CASES,
    "cases.Waiver": sql.OF_ONES_CASES,
    "contacts.Enrolment": sql.OF_ONES_STAYS,
    "contacts.PlannedContact": sql.OF_ONES_STANDING_CASES,
}
GROWN: Final = ("contacts.ContactAttempt",)
GROWN_WITH_MONEY: Final = ("cases.LedgerEntry", "cases.AccountState", "cases.Note")
AUDIT: Final = "compliance.AuditEvent"


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of the book: of these creditors, the persons whose key leaves `number` when divided by `parts`, less
    those left out and with those added (so that persons who share an address are together), and of them so many in ten
    thousand. below: of these only whose number of a hundred under `salt` is below it, and those `beside` them with whom
    they share an address. person: this one alone, whatever else is said; only the steps that treat him may be run.
    pays: payments may be taken for him on the copy.
    """

    creditors: tuple[int, ...]
    number: int = 0
    parts: int = 1
    left_out: tuple[int, ...] = ()
    added: tuple[int, ...] = ()
    share: int = 10_000
    salt: str = ""
    below: int = 100
    beside: tuple[int, ...] = ()
    person: int | None = None
    pays: bool = False


@contextmanager
def opened(part: Part, *, known_on: Any, snapshot: str | None = None) -> Iterator[int]:
    """Work on a private copy of a part of the book inside the block; yields how many persons it holds.

    The calling thread's connection is closed before and after, so that nothing prepared for the real tables is used on
    the copies, or the other way round. known_on: the business date from which accounts may become past due. snapshot:
    of another transaction, so that several processes see the same instant. Whatever happens inside is rolled back.
    """
    connection.close()
    try:
        with transaction.atomic(durable=True):
            persons = _make(part, known_on=known_on, snapshot=snapshot)
            yield persons
            transaction.set_rollback(True)
    finally:
        connection.close()


def _make(part: Part, *, known_on: Any, snapshot: str | None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql.ISOLATION)
        if snapshot:
            cursor.execute(sql.SNAPSHOT, [snapshot])
        cursor.execute(sql.BUFFERS)
        cursor.execute(sql.LIMITS)
        _run(sql.NO_LOCKS, name=compose.Identifier(sql_locks.LOCK.name))
        cursor.execute(sql.ANY_DEAL, {"creditors": list(part.creditors)})
        moves_money: bool = cursor.fetchone()[0]
        is_alone = part.person is not None
        persons = _choose(part, known_on=known_on)
        moves_money |= part.pays
        for copy in (*COPIES, *PAYMENTS) if part.pays else COPIES:
            if not (is_alone and copy.model in NOT_OF_ONE):
                _copy(copy, is_alone=is_alone)
        _empty(AUDIT)
        for model in (*GROWN, *(GROWN_WITH_MONEY if moves_money else ())):
            _grow(model)
        if moves_money:
            _run(sql.MOVE_BALANCES, side=_side("cases_ledgerentry"))
        if not is_alone:
            analyse()
        cursor.execute(sql.READ_ONLY)
    return persons


def _choose(part: Part, *, known_on: Any) -> int:
    """Note the persons of a part; return how many there are."""
    with connection.cursor() as cursor:
        cursor.execute(sql.PERSONS)
        if part.person is not None:
            cursor.execute(sql.FILL_PERSON, {"person": part.person})
            return 1
        cursor.execute(
            sql.FILL_PERSONS,
            {
                "creditors": list(part.creditors),
                "number": part.number,
                "parts": part.parts,
                "left_out": _written(part.left_out),
                "added": _written(part.added),
                "share": part.share,
                "salt": part.salt,
                "below": part.below,
                "beside": _written(part.beside),
                "known_on": known_on,
            },
        )
        cursor.execute(sql.COUNT_PERSONS)
        persons: int = cursor.fetchone()[0]
    return persons


def _written(numbers: Sequence[int]) -> str:
    """Return numbers as PostgreSQL writes an array: read at once, where each element of a list is an expression."""
    return f"{{{','.join(map(str, numbers))}}}"


def analyse() -> list[str]:
    """Take statistics of the copies; autovacuum never sees them."""
    tables = [table_of(copy.model) for copy in COPIES]
    for table in tables:
        _run(sql.ANALYSE, table=compose.Identifier(table))
    _run(sql.ANALYSE, table=compose.Identifier("rehearsed_person"))
    return tables


def table_of(model: str) -> str:
    """Return the name of a model's table."""
    return str(apps.get_model(model)._meta.db_table)


def _copy(copy: Copy, *, is_alone: bool) -> None:
    table = compose.Identifier(table_of(copy.model))
    _run(sql.COPY, table=table)
    _run(sql.NUMBERS, table=table, first=compose.Literal(FIRST_NUMBER))
    names = compose.SQL(", ").join(map(compose.Identifier, _columns(copy.model, stored=True)))
    which = copy.which
    if is_alone:
        which = OF_ONE.get(copy.model, sql.OF_ONE if which == sql.OF_PERSONS else which)
    if copy.parent is not None:
        column, parent = copy.parent
        _run(
            sql.FILL + (sql.OF_ONES_PARENT if is_alone else sql.OF_PARENT),
            table=table,
            columns=names,
            column=compose.Identifier(column),
            parent=compose.Identifier(table_of(parent)),
        )
        return
    _run(sql.FILL + which, table=table, columns=names)


def _empty(model: str) -> None:
    table = compose.Identifier(table_of(model))
    _run(sql.WITHOUT_INDEXES, table=table)
    _run(sql.NUMBERS, table=table, first=compose.Literal(FIRST_NUMBER))
    _run(sql.QUIET)
    _run(sql.QUIET_TRIGGER)


def _grow(model: str) -> None:
    table = table_of(model)
    stored = _columns(model, stored=True)
    made: dict[str, Any] = {
        "table": compose.Identifier(table),
        "side": _side(table),
        "quoted_side": compose.Literal(f"pg_temp.rehearsed_{table}"),
        "function": compose.Identifier(f"rehearsed_grow_{table}"),
        "columns": compose.SQL(", ").join(map(compose.Identifier, _columns(model))),
        "own": compose.SQL(", ").join(map(compose.Identifier, stored)),
        "values": compose.SQL(", ").join(compose.Identifier("new", name) for name in stored),
        "first": compose.Literal(FIRST_NUMBER),
    }
    for statement in (sql.SIDE, sql.SIDE_NUMBERS, sql.GROWN, sql.GROW, sql.GROW_TRIGGER):
        _run(statement, **made)


def _side(table: str) -> compose.Identifier:
    return compose.Identifier(f"rehearsed_{table}")


def _columns(model: str, *, stored: bool = False) -> Sequence[str]:
    fields = apps.get_model(model)._meta.local_concrete_fields
    return [field.column for field in fields if not (stored and field.generated)]


def _run(statement: str, **names: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(compose.SQL(statement).format(**names).as_string(cursor.connection))
