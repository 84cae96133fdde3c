"""Lists behind figures: what a list shows, how it is filtered and ordered; one definition for page, count, export."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise as LazyText

from collections_app.dashboards.scope import Scope

Text = LazyText | str


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: a value and how it is shown.

    kind: text, money (extra = currency), when, day, dpd, bucket, pill (tone), count. sub: a second, quieter line.
    """

    value: Any
    kind: str = "text"
    url: str = ""
    sub: Any = ""
    tone: str = ""
    extra: Any = ""

    @property
    def plain(self) -> Any:
        """Return the value as an export has it."""
        known = isinstance(self.value, str | int | Decimal | date | datetime) or self.value is None
        return self.value if known else str(self.value)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, the cell of a row, and whether numbers stand in it."""

    label: Text
    cell: Callable[[Any, Scope], Cell]
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """One way to narrow a list. `apply` gets the rows, the value as text, and the scope; a value it does not know
    leaves nothing, so that a mistyped address never shows too much.

    choices: what the filter form offers; without them the filter is set by links only. show: the value in words.
    """

    name: str
    label: Text
    apply: Callable[[Any, str, Scope], Any]
    choices: Callable[[Scope], Iterable[tuple[str, Any]]] | None = None
    show: Callable[[str, Scope], Any] | None = None

    def words(self, value: str, scope: Scope) -> str:
        """Return how a value reads on a chip."""
        if self.show is not None:
            return str(self.show(value, scope))
        if self.choices is not None:
            return str(dict(self.choices(scope)).get(value, value))
        return value


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: its rows before filtering, its columns, filters and order (never-null fields, the last one unique)."""

    name: str
    title: Text
    rows: Callable[[Scope], QuerySet[Any]]
    columns: tuple[Column, ...]
    order: tuple[str, ...]
    filters: tuple[Filter, ...] = ()
    needs: tuple[str, ...] = ()  # filters without which the list makes no sense
    empty: Text = ""
    note: Text = ""
    narrow: Callable[[Scope, Mapping[str, str]], QuerySet[Any]] | None = field(default=None)

    def select(self, scope: Scope, asked: Mapping[str, str]) -> QuerySet[Any]:
        """Return the rows that a filter in the address asks for. Figures count this, pages show it."""
        rows = self.narrow(scope, asked) if self.narrow is not None else self.rows(scope)
        for each in self.filters:
            value = asked.get(each.name, "")
            if value:
                rows = each.apply(rows, value[:80], scope)
        return rows

    def address(self, **asked: Any) -> str:
        """Return the address of the list with these filters."""
        query = urlencode({name: value for name, value in asked.items() if value not in (None, "")})
        url = reverse("dashboards:rows", args=[self.name])
        return f"{url}?{query}" if query else url


LISTS: Final[dict[str, Listing]] = {}


def listing(**definition: Any) -> Listing:
    """Register a list under its name and return it."""
    made = Listing(**definition)
    if made.name in LISTS:
        raise RuntimeError(f"there are two lists {made.name}")
    LISTS[made.name] = made
    return made
