"""How an unknown file is probably to be read: headings recognised, formats inferred, and what only a person can say."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from . import canonical, detect, formats, reader, values
from .refusals import CellRefused, MappingUnclear

ROWS: Final = 1_000  # looked at
_SHORT_DATE: Final = re.compile(r"\s*([0-9]{1,2})[/.-]([0-9]{1,2})[/.-](?:[0-9]{4}|[0-9]{2})(?:\s.*)?")
_COMPACT: Final = re.compile(r"(?:19|20)[0-9]{6}")
_NAMED: Final = re.compile(r"[0-9]{1,2}[ -][A-Za-z]{3}[a-z]*\.?[ -][0-9]{4}")
_COMMA_DECIMALS: Final = re.compile(r"[^,]*,[0-9]{1,2}\)?-?|[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?\)?-?")
_POINT_DECIMALS: Final = re.compile(r"[^.]*\.[0-9]{1,2}\)?-?|[-+(]?[0-9]{1,3}(?:,[0-9]{2,3})+(?:\.[0-9]+)?\)?-?")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file: its heading, the field it seems to hold (None: passed over), how sure, and one cell."""

    heading: str
    field: str | None
    confidence: float
    sample: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A mapping that the file suggests. questions: (code, values) of what must be answered before it can be used."""

    layout: detect.Layout
    columns: tuple[Column, ...]
    date_format: str | None
    decimal_mark: str | None
    questions: tuple[tuple[str, dict[str, Any]], ...] = field(default=())

    def mapping(self, name: str) -> formats.Mapping:
        """Return the suggestion as a mapping. Raises MappingUnclear with the first open question."""
        for code, asked in self.questions:
            raise MappingUnclear(code, **asked)
        return formats.Mapping(
            name=name,
            columns=tuple((column.heading, column.field) for column in self.columns if column.field),
            date_format=self.date_format or "YYYY-MM-DD",
            decimal_mark=self.decimal_mark or ".",
        )


def suggest(path: Path) -> Suggestion:
    """Return how the file is probably to be read. Raises FileRefused for what is no table at all."""
    layout = reader.layout_of(path)
    width = len(layout.headings)
    samples: list[list[str]] = [[] for _heading in layout.headings]
    for _line, cells in islice(whole_rows(path, layout), ROWS):
        for place, cell in enumerate(cells[:width]):
            if text := cell.strip(" \t\u00a0\u3000"):
                samples[place].append(text)
    guesses = [formats.recognise(heading) for heading in layout.headings]
    date_format, date_question = find_date_format(_of_kind(guesses, samples, "date"))
    mark = find_decimal_mark(_of_kind(guesses, samples, "amount"))
    columns, questions = _choose(layout.headings, guesses, samples, date_format or "YYYY-MM-DD", mark or ".")
    if date_question:
        questions.append(date_question)
    return Suggestion(layout, tuple(columns), date_format, mark, tuple(questions))


def whole_rows(path: Path, layout: detect.Layout) -> Iterator[tuple[int, list[str]]]:
    for line, cells in reader.records(path, layout):
        if cells and any(cells):
            yield line, cells


def _of_kind(guesses: list[tuple[str | None, float]], samples: list[list[str]], kind: str) -> list[str]:
    return [
        text
        for (name, _grade), cells in zip(guesses, samples, strict=True)
        if name and formats.FIELDS[name].kind == kind
        for text in cells
    ]


def find_date_format(texts: list[str]) -> tuple[str | None, tuple[str, dict[str, Any]] | None]:
    """Return the format in which the dates are written, and the question that remains, if any."""
    if not texts:
        return None, None
    if all(_COMPACT.fullmatch(text) for text in texts):
        return "YYYYMMDD", None
    if any(_NAMED.fullmatch(text) for text in texts):
        return "DD-MMM-YYYY", None
    pairs = [(int(found[1]), int(found[2])) for text in texts if (found := _SHORT_DATE.fullmatch(text))]
    if not pairs:
        return "YYYY-MM-DD", None
    day_first = sum(first > 12 for first, _second in pairs)
    month_first = sum(second > 12 for _first, second in pairs)
    if day_first and month_first:
        # one of them is the rule, the other a typing error, unless both are many
        if min(day_first, month_first) * 10 <= max(day_first, month_first):
            return ("DD/MM/YYYY" if day_first > month_first else "MM/DD/YYYY"), None
        return None, ("dates_are_mixed", {"day_first": day_first, "month_first": month_first})
    if day_first or month_first:
        return ("DD/MM/YYYY" if day_first else "MM/DD/YYYY"), None
    if all(first == second for first, second in pairs):
        return "DD/MM/YYYY", None
    example = next(text for text in texts if (found := _SHORT_DATE.fullmatch(text)) and found[1] != found[2])
    return None, ("which_date_format", {"example": example[:20]})


def find_decimal_mark(texts: list[str]) -> str | None:
    """Return the decimal mark. Three digits after a mark are a group of thousands: no currency kept here has three."""
    if not texts:
        return None
    comma = sum(bool(_COMMA_DECIMALS.fullmatch(text)) for text in texts if not _POINT_DECIMALS.fullmatch(text))
    point = sum(bool(_POINT_DECIMALS.fullmatch(text)) for text in texts if not _COMMA_DECIMALS.fullmatch(text))
    return "," if comma > point else "."


def _choose(
    headings: tuple[str, ...],
    guesses: list[tuple[str | None, float]],
    samples: list[list[str]],
    date_format: str,
    mark: str,
) -> tuple[list[Column], list[tuple[str, dict[str, Any]]]]:
    sure = [_confidence(guess, cells, date_format, mark) for guess, cells in zip(guesses, samples, strict=True)]
    chosen: dict[str, int] = {}
    questions: list[tuple[str, dict[str, Any]]] = []
    for name in formats.FIELDS:
        places = [place for place, (guess, _grade) in enumerate(guesses) if guess == name and sure[place] > 0]
        if not places:
            continue
        best = max(guesses[place][1] for place in places)
        rivals = [place for place in places if guesses[place][1] == best]
        chosen[name] = rivals[0]
        if len(rivals) > 1 and not (name in formats.MEASURES and len([m for m in formats.MEASURES if m in chosen]) > 1):
            questions.append(
                ("which_column", {"field": name, "choices": ", ".join(headings[place] for place in rivals)})
            )
    measures = [name for name in formats.MEASURES if name in chosen]
    for name in sorted(measures, key=lambda one: (-guesses[chosen[one]][1], formats.MEASURES.index(one)))[1:]:
        del chosen[name]
        questions = [asked for asked in questions if asked[1].get("field") != name]
    for needed in ("account_number", "balance"):
        if needed not in chosen:
            questions.append(("which_column_holds", {"field": needed}))
    if not measures:
        questions.append(("which_column_says_how_late", {}))
    by_place = {place: name for name, place in chosen.items()}
    columns = [
        Column(
            heading=heading,
            field=by_place.get(place),
            confidence=sure[place] if place in by_place else 0.0,
            sample=_shown(by_place.get(place), samples[place][0] if samples[place] else ""),
        )
        for place, heading in enumerate(headings)
    ]
    return columns, questions


def _confidence(guess: tuple[str | None, float], cells: list[str], date_format: str, mark: str) -> float:
    """Return how sure a guess is once the cells below the heading have been looked at, 0 to 1."""
    name, grade = guess
    if name is None:
        return 0.0
    test = _tests(date_format, mark).get(formats.FIELDS[name].kind)
    if test is None or not cells:
        return grade
    good = sum(passes(test, text) for text in cells[:100]) / len(cells[:100])
    if good < 0.5 and (grade < 1 or formats.FIELDS[name].personal):
        return 0.0
    return round(grade * (0.3 + 0.7 * good), 2)


def _tests(date_format: str, mark: str) -> dict[str, Callable[[str], object]]:
    return {
        "amount": lambda text: values.amount(text, mark),
        "date": lambda text: values.day(text, date_format),
        "count": values.count,
        "months": values.months,
        "repay_status": values.repay_status,
        "currency": values.currency,
        "email": canonical.email,
        "time_zone": values.time_zone,
        "jurisdiction": values.jurisdiction,
        "language": values.language,
        "document": canonical.document,
    }


def passes(test: Callable[[str], object], text: str) -> bool:
    try:
        test(text)
    except CellRefused:
        return False
    return True


def _shown(name: str | None, text: str) -> str:
    """Return one cell as it may be shown: telephone and document numbers only by their end."""
    if name and formats.FIELDS[name].kind in ("phone", "document"):
        return "…" + text[-4:] if len(text) > 4 else "…"
    return text[:60]
