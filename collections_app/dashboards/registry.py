"""The widgets of the dashboard: each one function that reads its figures, registered with a title and a place."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from collections_app.dashboards.scope import Scope

Text = LazyText | str
SECTIONS: Final = (
    ("now", _("Needs me now")),
    ("risk", _("Risk")),
    ("flow", _("Flow")),
    ("results", _("Results")),
    ("people", _("People")),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that opens its rows. `count` is what the list behind `url` holds, exactly."""

    label: Text
    count: int
    url: str
    tone: str = ""
    icon: str = ""
    note: Text = ""
    definition: Text = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a widget's table; with a `count` and a `url` it is a figure like any other."""

    text: Any = ""
    count: int | None = None
    url: str = ""
    tone: str = ""
    numeric: bool = False
    money: tuple[Any, str] | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """What a widget shows: figures, a table, a chart with its table twin, or several of them.

    as_of: the instant (or None) to which the numbers belong.
    """

    figures: list[Figure] = field(default_factory=list)
    columns: list[tuple[Text, bool]] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)
    charts: list[dict[str, Any]] = field(default_factory=list)
    as_of: datetime | None = None
    note: Text = ""
    nothing: Text = ""

    def counted(self) -> list[tuple[int, str]]:
        """Return every number of the box with the address of its rows."""
        cells = [(cell.count, cell.url) for row in self.rows for cell in row if cell.count is not None]
        return [(figure.count, figure.url) for figure in self.figures] + cells


@dataclass(frozen=True, slots=True)
class Widget:
    """A registered widget."""

    name: str
    title: Text
    section: str
    read: Callable[[Scope], Box]
    definition: Text
    wide: bool


WIDGETS: Final[dict[str, Widget]] = {}


def widget(
    name: str, *, title: Text, section: str, definition: Text = "", wide: bool = False
) -> Callable[[Callable[[Scope], Box]], Callable[[Scope], Box]]:
    """Register a function as a widget of a section; widgets stand in the order in which they are registered."""
    if name in WIDGETS or section not in dict(SECTIONS):
        raise RuntimeError(f"widget {name}: there already, or no section {section}")

    def register(read: Callable[[Scope], Box]) -> Callable[[Scope], Box]:
        WIDGETS[name] = Widget(name, title, section, read, definition, wide)
        return read

    return register
