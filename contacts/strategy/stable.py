"""Stable numbers of persons: the side that a person is on never changes, in Python and in SQL alike."""

import hashlib

from django.db.models import F, Func, IntegerField, Value
from django.db.models.expressions import Combinable


def number_of(salt: str, person_id: int, of: int = 100) -> int:
    """Return the number of a person under a salt, 0 to of - 1: the first 32 bits of SHA-256 of "salt:person", modulo.

    The same person has unrelated numbers under different salts, and the same number under one salt for ever.
    """
    return int(hashlib.sha256(f"{salt}:{person_id}".encode()).hexdigest()[:8], 16) % of


class Number(Func):
    """The same number computed by the database, for many persons in one statement."""

    output_field = IntegerField()
    template = (
        "(('x' || substr(encode(sha256(convert_to(%(expressions)s::text, 'UTF8')), 'hex'), 1, 8))"
        "::bit(32)::bigint & 4294967295)"
    )


class _Salted(Func):
    template = "(%(expressions)s)"
    arg_joiner = " || ':' || "


class _Text(Func):
    template = "(%(expressions)s)::text"


def number_sql(salt: str, column: str = "person_id", of: int = 100) -> Combinable:
    """Return the expression of `number_of` over a column of person ids of the query it is used in."""
    salted = _Salted(_Text(Value(salt)), _Text(F(column)), output_field=IntegerField())
    return Number(salted) % Value(of, IntegerField())
