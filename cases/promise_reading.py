"""The parts of a promise as people type them. Pure.

"500" with a day beside it is one part. "500 fri, 500 30/11" is two; parts are kept apart by commas, semicolons or new
lines, in full width too. Days are read by `cases.natural_dates`, amounts by `cases.amounts`.
"""

import re
import unicodedata
from datetime import date
from typing import Final

from cases import amounts, natural_dates
from cases.promise_parts import Part, in_order

_AMOUNT: Final = re.compile(
    r"(\D{0,4}?[0-9][0-9,]*[0-9](?:\.[0-9]*)?|\D{0,4}?[0-9](?:\.[0-9]*)?)(?:\s*[元块圆円万萬£€]+)?"
)
_APART: Final = re.compile(r"[,;\n、]")
_JOINERS: Final = re.compile(r"^(?:on|by|am|@|:|于|在)\s*")


def read(text: str, *, today: date, currency: str, due_on: date | None = None, order: str = "") -> tuple[Part, ...]:
    """Return the parts that were typed, the earliest first; two of one day are put together.

    due_on: the day of a part that names none; only a single one may. order: as for `natural_dates.read`. Raises
    amounts.AmountRefused and amounts.DayRefused.
    """
    found: list[Part] = []
    rest = unicodedata.normalize("NFKC", text).strip(" ,;、\n\r")
    if not rest:
        raise amounts.AmountRefused("unreadable", text="")
    while rest:
        typed, day_text, rest = _first(rest)
        amount = amounts.read(typed, currency=currency)
        if day_text:
            day = natural_dates.read(day_text, today=today, order=order)
        elif due_on is not None and not found and not rest:
            day = due_on
        else:
            raise amounts.DayRefused("unreadable", text=typed)
        found.append(Part(day, amount))
    return in_order(found)


def _first(text: str) -> tuple[str, str, str]:
    """Return the first amount, the words of its day, and what follows. A comma within an amount groups thousands."""
    found = _AMOUNT.match(text)
    if found is None:
        raise amounts.AmountRefused("unreadable", text=text[: amounts.SHOWN])
    amount, end = found[0].strip(), found.end()
    rest = text[end:]
    if rest[:1] and not rest[0].isspace() and not _APART.match(rest[0]) and not _starts_a_day(rest):
        # An amount that the pattern cannot end cleanly ("12abc") is refused by the reader of amounts, whole.
        stop = _APART.search(rest)
        return text[: end + (stop.start() if stop else len(rest))], "", rest[stop.end() :].strip() if stop else ""
    stop = _APART.search(rest)
    day = rest[: stop.start()] if stop else rest
    return amount, _JOINERS.sub("", day.strip()), rest[stop.end() :].strip() if stop else ""


def _starts_a_day(text: str) -> bool:
    return "一" <= text[0] <= "鿿" or text[0] in "@:"
