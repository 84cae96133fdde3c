"""Pages of a list without page numbers: the next page starts after the last row seen, however long the list is."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Model, Q, QuerySet

SIZE: Final = 50
COUNTED: Final = 100_000


@dataclass(frozen=True, slots=True)
class Page[Row: Model]:
    """One page of rows, and what the pager of the page needs: tokens of its neighbours, and how many rows there are."""

    rows: list[Row]
    count: int
    count_is_exact: bool
    next: str | None
    previous: str | None

    @property
    def shown(self) -> int:
        """Return how many rows stand on this page."""
        return len(self.rows)


def page[Row: Model](
    rows: QuerySet[Row], *, order: Sequence[str], asked: Mapping[str, str], size: int = SIZE, counted: int = COUNTED
) -> Page[Row]:
    """Return the page that `?after=` or `?before=` asks for; a token that cannot be read gives the first page.

    order: names of fields that are never null, "-" for descending, the last one unique. counted: longer lists are
    counted up to this number only.
    """
    count = rows.order_by()[: counted + 1].count()
    backwards, mark = False, _read(asked.get("after", ""), order)
    if mark is None and asked.get("before"):
        mark = _read(asked["before"], order)
        backwards = mark is not None
    wanted = [_turned(name) for name in order] if backwards else list(order)
    chosen = rows.order_by(*wanted)
    if mark is not None:
        chosen = chosen.filter(_beyond(wanted, mark))
    found = list(chosen[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    before, after = (more, True) if backwards else (mark is not None, more)
    return Page(
        rows=found,
        count=min(count, counted),
        count_is_exact=count <= counted,
        next=_token(found[-1], order) if found and after else None,
        previous=_token(found[0], order) if found and before else None,
    )


def _turned(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _beyond(order: Sequence[str], mark: Sequence[Any]) -> Q:
    """Return the condition of the rows after the mark: greater in the first field, or equal there and so on."""
    condition = Q()
    for place in range(len(order)):
        equal = {name.lstrip("-"): value for name, value in zip(order[:place], mark, strict=False)}
        name = order[place]
        condition |= Q(**equal, **{f"{name.lstrip('-')}__{'lt' if name.startswith('-') else 'gt'}": mark[place]})
    return condition


def _value(row: Any, name: str) -> Any:
    for part in name.lstrip("-").split("__"):
        row = getattr(row, part)
    return row


def _token(row: Any, order: Sequence[str]) -> str:
    kept: list[list[Any]] = []
    for name in order:
        value = _value(row, name)
        if isinstance(value, datetime):
            kept.append(["t", value.isoformat()])
        elif isinstance(value, date):
            kept.append(["d", value.isoformat()])
        elif isinstance(value, Decimal):
            kept.append(["n", str(value)])
        else:
            kept.append(["", value])
    return base64.urlsafe_b64encode(json.dumps(kept).encode()).decode().rstrip("=")


def _read(token: str, order: Sequence[str]) -> list[Any] | None:
    if not token or len(token) > 800:
        return None
    read: dict[str, Callable[[str], Any]] = {"t": datetime.fromisoformat, "d": date.fromisoformat, "n": Decimal}
    try:
        kept = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        values = [read[kind](value) if kind else value for kind, value in kept]
    except (ValueError, TypeError, KeyError, ArithmeticError, binascii.Error, RecursionError):
        return None
    plain = all(isinstance(value, str | int | datetime | date | Decimal) for value in values)
    return values if plain and len(values) == len(order) else None
