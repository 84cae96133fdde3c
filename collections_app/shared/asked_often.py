"""Questions to the database that every page of a case asks: put together by Django once, planned by PostgreSQL once.

A query set is translated into SQL anew each time that it is read, and PostgreSQL plans the text anew; for a question
with an index under it both cost many times what its answer does. A question of this module is a function that returns
a query set of its parameters and of nothing else: neither the clock, nor the language, nor a setting may be in it, as
they would stay what they were when it was asked for the first time.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final, get_args, get_origin

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.expressions import Expression
from psycopg2.extensions import AsIs

from collections_app.shared.prepared import Prepared

FIELDS: Final[Mapping[type, type[models.Field[Any, Any]]]] = {
    int: models.BigIntegerField,
    str: models.TextField,
    bool: models.BooleanField,
    date: models.DateField,
    datetime: models.DateTimeField,
}


class Slot(Expression):
    """The place of a parameter in a query: what stands there is said when the question is asked."""

    def __init__(self, name: str, output_field: models.Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """Say where the value goes, and leave a mark among the parameters that is replaced by it."""
        return "%s", [self]


class IsOneOf(models.Func):
    """A condition that compares with a list as one parameter, however long it is: `IN` would take one for each."""

    arg_joiner = " = ANY("
    template = "(%(expressions)s))"
    output_field = models.BooleanField()


class Asked[Row]:
    """A question that is asked often; called with its parameters by name it returns the rows, as a list.

    A parameter is a whole number, a text, a truth, a day or an instant, or a list of such (for `IsOneOf`), as the
    function says that it wraps. The SQL is made when it is first asked, so that no database is needed to import it.
    Raises TypeError for a parameter that is missing or not known, as a function does.
    """

    def __init__(self, build: Callable[..., models.QuerySet[Any, Row]], kinds: Mapping[str, Any] | None = None) -> None:
        self.__doc__, self.__name__, self.__module__ = build.__doc__, build.__name__, build.__module__
        self.build = build
        self.kinds = parameters_of(build) if kinds is None else kinds
        self._fields = {name: _field(name, kind) for name, kind in self.kinds.items()}

    def __call__(self, **values: Any) -> list[Row]:
        if values.keys() != self._fields.keys():
            raise TypeError(f"{self.__name__} is asked with {', '.join(self._fields)}, not with {', '.join(values)}")
        if (made := self._made) is None:
            return []
        connection = connections[DEFAULT_DB_ALIAS]
        said = {name: field.get_db_prep_value(values[name], connection) for name, field in self._fields.items()}
        ready = made.prepared.ready(list(said.values()), connection)
        if ready is None:
            ready = made.sql, [said[each.name] if isinstance(each, Slot) else each for each in made.parameters]
        compiler = _like(made.compiler, connection=connection, as_sql=lambda *_args, **_named: ready)
        query = _like(made.rows.query, get_compiler=lambda *_args, **_named: compiler)
        return list(_like(made.rows, _query=query))

    def first(self, **values: Any) -> Row | None:
        """Return the first of the rows, or None where there is none."""
        return next(iter(self(**values)), None)

    @cached_property
    def _made(self) -> _Made[Row] | None:
        """The question put together; None where no row can ever answer it. Two threads may both make it: the same."""
        connection = connections[DEFAULT_DB_ALIAS]
        rows = self.build(**{name: Slot(name, field) for name, field in self._fields.items()})
        compiler = rows.query.get_compiler(using=DEFAULT_DB_ALIAS)
        try:
            sql, parameters = compiler.as_sql()
        except EmptyResultSet:
            return None
        numbers = {name: number for number, name in enumerate(self._fields, 1)}
        marks = [AsIs(f"${numbers[each.name]}") if isinstance(each, Slot) else each for each in parameters]
        connection.ensure_connection()
        with connection.connection.cursor() as cursor:
            text = cursor.mogrify(sql, marks).decode() if marks else sql.replace("%%", "%")
        types = [str(field.db_type(connection)) for field in self._fields.values()]
        return _Made(rows, compiler, sql, tuple(parameters), Prepared(text, types))


@dataclass(frozen=True, slots=True)
class _Made[Row]:
    """A question put together: its query set, never read, what made SQL of it, and that SQL in both ways to send it."""

    rows: models.QuerySet[Any, Row]
    compiler: Any
    sql: str
    parameters: tuple[Any, ...]
    prepared: Prepared


def asked_often[Row](build: Callable[..., models.QuerySet[Any, Row]]) -> Asked[Row]:
    """Keep the query set that a function returns: `@asked_often def _open(case: int) -> QuerySet[Promise]: ...`."""
    return Asked(build)


def _like[Thing](thing: Thing, **other: Any) -> Thing:
    """Return a shallow copy with these attributes; `copy` would read the rows of a query set."""
    copied = object.__new__(type(thing))
    copied.__dict__.update(thing.__dict__, **other)
    return copied


def parameters_of(build: Callable[..., Any]) -> dict[str, Any]:
    """Return the parameters of a function by name, each with its annotation."""
    return {name: each.annotation for name, each in inspect.signature(build).parameters.items()}


def _field(name: str, kind: Any) -> models.Field[Any, Any]:
    """Return the field whose kind of values a parameter takes. Raises TypeError where its annotation names none."""
    (each,) = get_args(kind) if get_origin(kind) is list else (kind,)
    if each not in FIELDS:
        raise TypeError(f"{name} must be one, or a list, of {', '.join(each.__name__ for each in FIELDS)}")
    field = FIELDS[each]()
    return field if each is kind else ArrayField(field)
