"""How an unknown file about money is probably to be read, and what only a person can say."""

from itertools import islice
from pathlib import Path
from typing import Any, Final

from cases.imports import canonical, values
from cases.imports.reader import layout_of
from cases.imports.refusals import MappingUnclear
from cases.imports.suggest import find_date_format, find_decimal_mark, passes, whole_rows

from . import formats

ROWS: Final = 1_000  # looked at


def suggest(path: Path, kind: str, *, name: str) -> formats.Mapping:
    """Return the mapping that the file suggests. Raises FileRefused; MappingUnclear with the first open question."""
    layout = layout_of(path)
    samples: list[list[str]] = [[] for _heading in layout.headings]
    for _line, cells in islice(whole_rows(path, layout), ROWS):
        for place, cell in enumerate(cells[: len(samples)]):
            if text := cell.strip(" \t\u00a0\u3000"):
                samples[place].append(text)
    guesses = [formats.recognise(heading, kind) for heading in layout.headings]
    date_format, question = find_date_format(_of_kind(guesses, samples, "date"))
    mark = find_decimal_mark(_of_kind(guesses, samples, "amount")) or "."
    chosen = _choose(layout.headings, guesses, samples, kind, mark)
    if question:
        raise MappingUnclear(question[0], **question[1])
    return formats.Mapping(
        name=name,
        kind=kind,
        columns=tuple((layout.headings[place], field) for field, place in chosen.items()),
        date_format=date_format or "YYYY-MM-DD",
        decimal_mark=mark,
    )


def _of_kind(guesses: list[tuple[str | None, float]], samples: list[list[str]], kind: str) -> list[str]:
    return [
        text
        for (name, _grade), cells in zip(guesses, samples, strict=True)
        if name and formats.FIELDS[name].kind == kind
        for text in cells
    ]


def _choose(
    headings: tuple[str, ...], guesses: list[tuple[str | None, float]], samples: list[list[str]], kind: str, mark: str
) -> dict[str, int]:
    chosen: dict[str, int] = {}
    for one in formats.fields_of(kind):
        places = [
            place
            for place, (name, _grade) in enumerate(guesses)
            if name == one.name and _fits(one.kind, samples[place], mark)
        ]
        if not places:
            continue
        best = max(guesses[place][1] for place in places)
        rivals = [place for place in places if guesses[place][1] == best]
        if len(rivals) > 1:
            choices = ", ".join(headings[place] for place in rivals)
            raise MappingUnclear("which_column", field=one.name, choices=choices)
        chosen[one.name] = rivals[0]
    if kind == formats.BANK and "amount" in chosen:
        chosen.pop("credit", None)
        chosen.pop("debit", None)
    for name in formats.needed(kind):
        if name not in chosen:
            raise MappingUnclear("which_column_holds", field=name)
    if kind == formats.BANK and not {"amount", "credit", "debit"} & chosen.keys():
        raise MappingUnclear("which_column_holds", field="amount")
    return chosen


def _fits(kind: str, cells: list[str], mark: str) -> bool:
    """Whether the cells below a heading are what it says: half of the first hundred."""
    tests: dict[str, Any] = {
        "amount": lambda text: values.amount(text, mark),
        "currency": values.currency,
        "account": canonical.account_number,
    }
    test = tests.get(kind)
    if test is None or not cells:
        return True
    looked = cells[:100]
    return sum(passes(test, text) for text in looked) * 2 >= len(looked)
