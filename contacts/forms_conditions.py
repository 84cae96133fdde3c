"""A condition as the lines of a form: what was posted, what it stands for, and which line an error belongs to.

Field names: `<prefix>-mode`, for each line `<prefix>-3-fact`, `-op`, `-value`, `-second`; for a group `<prefix>-3-mode`
and its lines `<prefix>-3-0-fact` and so on. A condition without lines is posted as it is written: `<prefix>-raw`.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cases import amounts
from contacts.strategy.condition_lines import Group, Lines, condition_of, lines_of
from contacts.strategy.conditions import FACTS, catalogue

LISTS: Final = ("in", "not_in")
NAMED: Final = "named:"
_AMOUNT: Final = re.compile(r"([-−]?)([\d.,\s]*[万萬]?)")  # as NFKC writes it
_INDEX: Final = re.compile(r"\[(\d+)\]")


@dataclass(slots=True)
class Row:
    """One line of the form: a comparison (`fact`, `op`, `values`) or a group (`mode`, `rows`)."""

    id: str
    fact: str = ""
    op: str = ""
    values: list[str] = field(default_factory=list)
    mode: str = ""
    rows: list["Row"] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def is_group(self) -> bool:
        """Whether it is a group."""
        return bool(self.mode)

    @property
    def kind(self) -> str:
        """The kind of its fact; "" while none is chosen, and for a named condition."""
        return FACTS[self.fact].kind if self.fact in FACTS else ""

    @property
    def operators(self) -> list[tuple[str, str]]:
        """The comparisons that its fact knows."""
        entry = catalogue.ENTRIES.get(self.fact)
        return [(name, str(catalogue.OPERATOR_NAMES[name])) for name in entry.operators] if entry else []

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The values that its fact may have; none where they are not listed."""
        entry = catalogue.ENTRIES.get(self.fact)
        return [(value, str(words)) for value, words in entry.values] if entry else []

    @property
    def in_use(self) -> list[tuple[str, str]]:
        """The values of a text that the book knows."""
        return [(value, str(words)) for value, words in catalogue.in_use(self.fact)] if self.kind == "text" else []

    @property
    def widget(self) -> str:
        """How its value is asked: number, two, amount, one, many, words, yes, known, or none."""
        if not self.kind:
            return "none"
        if self.op == "known":
            return "known"
        if self.kind == "yes_no":
            return "yes"
        if self.kind == "number":
            return "two" if self.op == "between" else "number"
        if self.kind == "amount":
            return "amount"
        if not self.choices:
            return "words"
        return "many" if self.op in LISTS else "one"

    @property
    def value(self) -> str:
        """The first value."""
        return self.values[0] if self.values else ""

    @property
    def second(self) -> str:
        """The last number of a range."""
        return self.values[1] if len(self.values) > 1 else ""

    @property
    def unit(self) -> str:
        """The unit of its number."""
        entry = catalogue.ENTRIES.get(self.fact)
        return str(entry.unit) if entry and self.widget in ("number", "two", "amount") else ""

    @property
    def definition(self) -> str:
        """What its fact means."""
        entry = catalogue.ENTRIES.get(self.fact)
        return str(entry.definition) if entry else ""

    @property
    def is_incomplete(self) -> bool:
        """Whether a fact is chosen and its value is still missing."""
        wanted = {"two": 2, "number": 1, "amount": 1, "words": 1}.get(self.widget, 0)
        return sum(1 for each in self.values if each.strip()) < wanted

    def leaf(self) -> dict[str, Any]:
        """Return the comparison that it stands for; {} while nothing is chosen."""
        if not self.fact:
            return {}
        if self.fact.startswith(NAMED):
            return {"named": self.fact.removeprefix(NAMED)}
        return {"fact": self.fact, "op": self.op, "value": self._typed()}

    def _typed(self) -> Any:
        widget = self.widget
        if widget in ("yes", "known"):
            return self.value != "no"
        if widget == "two":
            return [_number(self.value), _number(self.second)]
        if widget == "number":
            return _number(self.value)
        if widget == "amount":
            return _amount(self.value)
        if self.op in LISTS:
            return [each for each in self.values if each]
        return self.value


@dataclass(slots=True)
class Builder:
    """A condition in a form. `raw` is what is written where it has no lines."""

    prefix: str
    label: str
    mode: str = "all"
    rows: list[Row] = field(default_factory=list)
    raw: str | None = None
    errors: list[str] = field(default_factory=list)
    named: tuple[str, ...] = ()
    called: Mapping[str, str] = field(default_factory=dict)

    @property
    def facts(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The facts to choose from, in groups; the conditions that the strategy names come last."""
        groups = _groups()
        if self.named:
            groups = [
                *groups,
                (_("Named conditions"), [(f"{NAMED}{name}", self.called.get(name, name)) for name in self.named]),
            ]
        return groups

    @property
    def modes(self) -> list[tuple[str, str]]:
        """How several lines are joined."""
        return [("all", _("all of these")), ("any", _("any of these")), ("none", _("none of these"))]

    @property
    def may_have_lines(self) -> bool:
        """Whether what is written could be shown as lines."""
        try:
            return lines_of(json.loads(self.raw or "{}")) is not None
        except ValueError:
            return False

    @property
    def is_incomplete(self) -> bool:
        """Whether a line of it lacks its value."""
        rows = [inner for row in self.rows for inner in (row.rows if row.is_group else [row])]
        return any(row.is_incomplete for row in rows)

    def condition(self) -> Any:
        """Return the condition that the form stands for; a text that is no JSON as it is, for `parse` to refuse."""
        if self.raw is not None:
            text = self.raw.strip()
            try:
                return json.loads(text) if text else {}
            except ValueError:
                return text
        return condition_of(self._lines())

    def _lines(self) -> Lines:
        items: list[dict[str, Any] | Group] = []
        for row in self.rows:
            if row.is_group:
                items.append(Group(row.mode, tuple(leaf for inner in row.rows if (leaf := inner.leaf()))))
            elif leaf := row.leaf():
                items.append(leaf)
        return Lines(self.mode, tuple(items))

    def blame(self, path: str, message: str) -> None:
        """Put a message beside the line that a path leads to (`all[1].value`), or above all lines."""
        for where, row in self._paths():
            if path == where or path.startswith((f"{where}.", f"{where}[")) or not where:
                row.errors.append(message)
                return
        self.errors.append(f"{path}: {message}" if path else message)

    def _paths(self) -> Iterator[tuple[str, Row]]:
        filled = [row for row in self.rows if (any(each.leaf() for each in row.rows) if row.is_group else row.leaf())]
        for where, row in _placed(self.mode, filled):
            if row.is_group:
                inner = [each for each in row.rows if each.leaf()]
                yield from ((f"{where}.{deep}".strip("."), each) for deep, each in _placed(row.mode, inner))
            else:
                yield where, row


def _groups() -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (str(words), [(entry.name, str(entry.label)) for entry in catalogue.ENTRIES.values() if entry.group == group])
        for group, words in catalogue.GROUPS.items()
    ]


def _placed(mode: str, rows: list[Row]) -> list[tuple[str, Row]]:
    if mode == "none":
        is_one = len(rows) == 1 and not rows[0].is_group
        return [("not" if is_one else f"not.any[{place}]", row) for place, row in enumerate(rows)]
    if len(rows) == 1:
        return [("", rows[0])]
    return [(f"{mode}[{place}]", row) for place, row in enumerate(rows)]


def of_condition(
    prefix: str,
    label: str,
    condition: Any,
    *,
    named: tuple[str, ...] = (),
    called: Mapping[str, str] | None = None,
) -> Builder:
    """Return the form of a condition. named: what it may name; called: what that is called."""
    builder = Builder(prefix, label, named=named, called=called or {})
    lines = lines_of(condition)
    if lines is None:
        builder.raw = json.dumps(condition, ensure_ascii=False, indent=2)
        return builder
    rows = []
    for place, item in enumerate(lines.items):
        here = f"{prefix}-{place}"
        if isinstance(item, Group):
            inner = [_row(f"{here}-{number}", leaf) for number, leaf in enumerate(item.lines)]
            rows.append(Row(here, mode=item.mode, rows=inner))
        else:
            rows.append(_row(here, item))
    builder.mode, builder.rows = lines.mode, rows
    return builder


def _row(where: str, leaf: Mapping[str, Any]) -> Row:
    if "named" in leaf:
        return Row(where, fact=f"{NAMED}{leaf['named']}")
    value = leaf.get("value")
    if isinstance(value, bool):
        values = ["yes" if value else "no"]
    else:
        values = [str(each) for each in value] if isinstance(value, list) else [str(value)]
    return Row(where, fact=str(leaf.get("fact", "")), op=str(leaf.get("op", "")), values=values)


def of_post(
    data: QueryDict,
    prefix: str,
    label: str,
    *,
    named: tuple[str, ...] = (),
    called: Mapping[str, str] | None = None,
) -> Builder:
    """Return the form as it was posted."""
    builder = Builder(prefix, label, named=named, called=called or {})
    if f"{prefix}-raw" in data:
        builder.raw = str(data[f"{prefix}-raw"])
        return builder
    mode = data.get(f"{prefix}-mode", "all")
    rows = [
        Row(
            where,
            mode=_mode(str(data[f"{where}-mode"])),
            rows=[_posted(data, inner) for inner in _places(data, where)],
        )
        if f"{where}-mode" in data
        else _posted(data, where)
        for where in _places(data, prefix)
    ]
    builder.mode, builder.rows = _mode(mode), rows
    return builder


def _mode(text: str) -> str:
    return text if text in ("all", "any", "none") else "all"


def _places(data: QueryDict, prefix: str) -> list[str]:
    found = {
        int(match[1]) for name in data if (match := re.match(rf"{re.escape(prefix)}-(\d{{1,4}})-", name)) is not None
    }
    return [f"{prefix}-{place}" for place in sorted(found)]


def _posted(data: QueryDict, where: str) -> Row:
    row = Row(where, fact=data.get(f"{where}-fact", ""), op=data.get(f"{where}-op", ""))
    known = [name for name, _label in row.operators]
    if row.kind and row.op not in known:  # another fact was chosen: its first comparison, and no value yet
        row.op = known[0]
    values = data.getlist(f"{where}-value")
    if row.widget == "two":
        values = [*values[:1], data.get(f"{where}-second", "")]
    elif row.widget == "words" and row.op in LISTS:
        values = [each.strip() for text in values for each in re.split(r"[,，、;；\n]", text) if each.strip()]
    elif row.choices and row.widget in ("one", "many"):
        offered = [code for code, _label in row.choices]
        values = [each for each in values if each in offered or each.startswith("@")] or offered[:1]
    row.values = values
    return row


def reshape(builder: Builder, act: str) -> Builder:
    """Add or drop a line: `add:c`, `group:c`, `add:c-2` (to a group), `drop:c-0-1`, `raw:c`, `lines:c`.

    `shape`: a line has another fact or comparison now; words that were the value of the one before are no number.
    """
    verb, _colon, where = act.partition(":")
    if verb == "shape":
        for row in [*builder.rows, *(inner for group in builder.rows for inner in group.rows)]:
            if row.widget in ("number", "two", "amount") and not all(
                _AMOUNT.fullmatch(_plain(each)) for each in row.values
            ):
                row.values = []
        return builder
    if where != builder.prefix and not where.startswith(f"{builder.prefix}-"):
        return builder
    if verb == "raw":
        return replace(builder, raw=json.dumps(builder.condition(), ensure_ascii=False, indent=2), rows=[])
    if verb == "lines" and builder.may_have_lines:
        written = json.loads(builder.raw or "{}")
        return of_condition(builder.prefix, builder.label, written, named=builder.named, called=builder.called)
    rows = builder.rows
    if verb == "add" and where == builder.prefix:
        rows.append(Row(_next(where, rows)))
    elif verb == "group" and where == builder.prefix:
        here = _next(where, rows)
        rows.append(Row(here, mode="any", rows=[Row(f"{here}-0"), Row(f"{here}-1")]))
    elif verb == "add":
        for row in rows:
            if row.id == where and row.is_group:
                row.rows.append(Row(_next(where, row.rows)))
    elif verb == "drop":
        builder.rows = [row for row in rows if row.id != where]
        for row in builder.rows:
            row.rows = [inner for inner in row.rows if inner.id != where]
    return builder


def new_line(builder: Builder, act: str) -> str:
    """Return the id of the line that `act` has just added to it; "" where it added none."""
    verb, _colon, where = act.partition(":")
    within = next((row.rows for row in builder.rows if row.id == where), builder.rows)
    if verb not in ("add", "group") or not within:
        return ""
    return within[-1].rows[0].id if within[-1].is_group else within[-1].id


def _next(prefix: str, rows: list[Row]) -> str:
    return f"{prefix}-{1 + max((int(row.id.rpartition('-')[2]) for row in rows), default=-1)}"


def _number(text: str) -> Any:
    plain = _plain(text)
    return int(plain) if re.fullmatch(r"-?\d{1,9}", plain) else text


def _amount(text: str) -> str:
    """Return an amount as a document writes it, 60000 for 60,000, ６０，０００ and 6万; what is none as it was typed.

    It names no currency: the amount is asked of every case in its own.
    """
    plain = _plain(text)
    found = _AMOUNT.fullmatch(plain)
    if found is None or re.fullmatch(r"-?\d+(\.\d+)?", plain):
        return plain if found else text
    try:
        number = amounts.read(found[2], zero=True)
    except amounts.AmountRefused:
        return text
    return f"{'-' if found[1] else ''}{number.normalize():f}"


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def yes_no() -> list[tuple[str, str]]:
    """Return the answers of a fact that is or is not."""
    return [("yes", pgettext("answer", "yes")), ("no", pgettext("answer", "no"))]
