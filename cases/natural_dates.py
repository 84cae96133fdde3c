"""Days as people say them: fri, tomorrow, +3d, 25, 30/11, end of month; 周五, 明天, 下周一, 25号, 月底, 三天后.

Pure: a text and today give a day, or a refusal with a sentence. A weekday is the next such day after today, a number
alone the next such day of a month. A day without a year that has gone by is next year's where that is far nearer.
Dates written out are read as `cases.amounts` reads them. 5/6 is one day or the other: `order` says which, and where
nothing says it, it is refused with both.
"""

import calendar
import re
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from cases import amounts

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT: Final = {"m": 0, "w": 2, "f": 4}  # where one letter means one day
_HAN_WEEKDAYS: Final = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "末": 5}
_HAN_DIGITS: Final = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"两": 2, "兩": 2, "〇": 0}
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WORDS: Final = {
    "today": 0, "tod": 0, "now": 0, "今天": 0, "今日": 0, "今晚": 0, "当天": 0,
    "tomorrow": 1, "tom": 1, "tmr": 1, "tmrw": 1, "明天": 1, "明日": 1, "明晚": 1,
    "day after tomorrow": 2, "后天": 2, "後天": 2, "大后天": 3, "大後天": 3,
}  # fmt: skip
_MONTH_ENDS: Final = {
    "end of month": 0, "end of the month": 0, "month end": 0, "eom": 0, "月底": 0, "月末": 0, "本月底": 0, "本月末": 0,
    "这个月底": 0, "這個月底": 0, "end of next month": 1, "下月底": 1, "下月末": 1, "下个月底": 1, "下個月底": 1,
}  # fmt: skip
_HALVES: Final = {"年底": 12, "年末": 12, "end of year": 12, "eoy": 12}
_NOISE: Final = re.compile(r"^(?:by|on|until|before|at the|the|到)\s*|(?:之前|以前|前|前还|还款|还清)$")
_NUMBER: Final = "[0-9]{1,3}|[零〇一二两兩三四五六七八九十]{1,3}"
_SHIFT: Final = re.compile(
    rf"\+?\s*(?:in )?({_NUMBER})\s*(d|days?|w|wk|weeks?|m|months?|天|日|周|星期|个星期|個星期|个月|個月|月)"
    r"\s*(?:later|from now|后|後|之后|以后|内|內)?"
)
_WEEKDAY: Final = re.compile(
    r"(下下|下|这|這|本|next |this )?\s*(?:个|個)?\s*(?:周|週|星期|礼拜|禮拜)([一二三四五六日天末])"
)
_ENGLISH_WEEKDAY: Final = re.compile(r"(next |this )?([a-z]+)")
_HAN_DAY: Final = re.compile(
    rf"(?:(\d{{4}})年)?(?:({_NUMBER})月|(下个月|下個月|下月|本月|这个月|這個月))?({_NUMBER})[号號日]?"
)
_SLASHED: Final = re.compile(r"(\d{1,2})[/.\-](\d{1,2})")
_NAMED: Final = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th)?\s*(?:of\s+)?([a-z]{3,9})|([a-z]{3,9})\s*(\d{1,2})(?:st|nd|rd|th)?"
)
_ORDINAL: Final = re.compile(r"(?:the )?(\d{1,2})(?:st|nd|rd|th)?")
_FAR: Final = 183  # a day and month longer ago than this mean next year's


DAY_FIRST: Final = "dm"
MONTH_FIRST: Final = "md"


class DayUnreadable(amounts.DayRefused):
    """What was typed is no day that anybody could mean."""


def order_in(language: str) -> str:
    """Return which number comes first where a day is written with two: Chinese has the month first, English both."""
    return MONTH_FIRST if language.lower().startswith("zh") else ""


def read(text: str, *, today: date, order: str = "") -> date:
    """Return the day that a text means, seen from today; it may lie in the past. Raises amounts.DayRefused.

    order: DAY_FIRST, MONTH_FIRST, or "" where both are usual.
    """
    plain = _plain(text)
    slashed = _slashed(plain, today, order)
    if slashed is not None:
        return slashed
    for reader in _READERS:
        try:
            day = reader(plain, today)
        except OverflowError:  # more days ahead than a calendar has
            raise DayUnreadable("unreadable", text=text.strip()[: amounts.SHOWN]) from None
        if day is not None:
            return day
    return amounts.read_day(text)


def _plain(text: str) -> str:
    plain = " ".join(unicodedata.normalize("NFKC", text[:60]).lower().split()).strip(" .。,，!！")
    before = None
    while before != plain:
        before, plain = plain, _NOISE.sub("", plain).strip()
    return plain


def _word(text: str, today: date) -> date | None:
    if text in _WORDS:
        return today + timedelta(days=_WORDS[text])
    if text in _MONTH_ENDS:
        return _end_of_month(today, _MONTH_ENDS[text])
    return date(today.year, 12, 31) if text in _HALVES else None


def _shift(text: str, today: date) -> date | None:
    if re.fullmatch(r"\+[0-9]{1,3}", text):
        return today + timedelta(days=int(text))
    found = _SHIFT.fullmatch(text)
    if found is None:
        return None
    count, unit = number(found[1]), found[2]
    if unit == "日" and not text.endswith(("后", "後", "内", "內")) and not text.startswith("+"):
        return None  # 25日 is a day of the month
    if unit == "月" and not text.endswith(("后", "後", "内", "內")):
        return None
    if unit[0] == "d" or unit in ("天", "日"):
        return today + timedelta(days=count)
    if unit[0] == "w" or unit in ("周", "星期", "个星期", "個星期"):
        return today + timedelta(weeks=count)
    year, month = divmod(today.year * 12 + today.month - 1 + count, 12)
    return date(year, month + 1, min(today.day, calendar.monthrange(year, month + 1)[1]))


def _weekday(text: str, today: date) -> date | None:
    han = _WEEKDAY.fullmatch(text)
    if han is not None:
        return _of_week(_HAN_WEEKDAYS[han[2]], {"下": 1, "下下": 2, "这": 0, "這": 0, "本": 0}.get(han[1] or ""), today)
    english = _ENGLISH_WEEKDAY.fullmatch(text)
    if english is None:
        return None
    name = english[2]
    known = [_SHORT[name]] if name in _SHORT else [i for i, one in enumerate(_WEEKDAYS) if one.startswith(name)]
    if len(known) != 1 or (len(name) < 2 and name not in _SHORT):
        return None
    return _of_week(known[0], 1 if (english[1] or "").startswith("next") else None, today)


def _of_week(weekday: int, weeks: int | None, today: date) -> date:
    """Return that day of the week so many weeks on (weeks begin on Monday); None: the next such day after today."""
    if weeks is None:
        return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    return today - timedelta(days=today.weekday()) + timedelta(days=weekday, weeks=weeks)


def _of_month(text: str, today: date) -> date | None:
    """25, 25th, 25号, 本月25日, 下月5号, 11月30日, 2026年11月30日."""
    han, plain = _HAN_DAY.fullmatch(text), _ORDINAL.fullmatch(text)
    if han is None and plain is None:
        return None
    if han is None or (plain is not None and text.isascii()):
        assert plain is not None
        return _next_day(int(plain[1]), today, text)
    if not (han[2] or han[3] or han[4].isdecimal() or text[-1] in "号號日"):
        return None  # a number written out is a day only where something says so
    day = number(han[4])
    if han[2]:
        return _dated(int(han[1]) if han[1] else None, number(han[2]), day, today, text)
    if han[3]:
        return _in_month(today, 1 if han[3].startswith("下") else 0, day, text)
    return _next_day(day, today, text)


def _slashed(text: str, today: date, order: str) -> date | None:
    """30/11 and 11/30: whichever of the two is a day; where both are, as `order` says."""
    found = _SLASHED.fullmatch(text)
    if found is None:
        return None
    first, second = int(found[1]), int(found[2])
    if first > 12 or second > 12 or first == second:
        return _dated(None, second, first, today, text) if second <= 12 else _dated(None, first, second, today, text)
    by_day, by_month = _dated(None, second, first, today, text), _dated(None, first, second, today, text)
    if not order:
        raise DayUnreadable("ambiguous", text=text[: amounts.SHOWN], first=by_day, second=by_month)
    return by_day if order == DAY_FIRST else by_month


def _named(text: str, today: date) -> date | None:
    found = _NAMED.fullmatch(text)
    if found is None:
        return None
    name, day = (found[2], found[1]) if found[1] else (found[3], found[4])
    months = [number for number, month in enumerate(_MONTHS, start=1) if name.startswith(month)]
    return _dated(None, months[0], int(day), today, text) if months else None


def _dated(year: int | None, month: int, day: int, today: date, text: str) -> date:
    """Return the day of that month: without a year this year's, or next year's where this one's is long gone."""
    if year is not None:
        return _date(year, month, day, text)
    is_far = 1 <= month <= 12 and (today - date(today.year, month, max(1, min(day, 28)))).days > _FAR
    return _date(today.year + 1 if is_far else today.year, month, day, text)


def _next_day(day: int, today: date, text: str) -> date:
    """Return the next day of that number, today included, in the first month that has it."""
    if not 1 <= day <= 31:
        raise DayUnreadable("unreadable", text=text[: amounts.SHOWN])
    for months in range(3):
        year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
        if day <= calendar.monthrange(year, month + 1)[1] and date(year, month + 1, day) >= today:
            return date(year, month + 1, day)
    raise DayUnreadable("unreadable", text=text[: amounts.SHOWN])


def _in_month(today: date, months: int, day: int, text: str) -> date:
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    return _date(year, month + 1, day, text)


def _end_of_month(today: date, months: int) -> date:
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    return date(year, month + 1, calendar.monthrange(year, month + 1)[1])


def _date(year: int, month: int, day: int, text: str) -> date:
    if (month, day) == (2, 29) and not calendar.isleap(year):
        raise DayUnreadable("no-leap-day", year=year)
    try:
        return date(year, month, day)
    except ValueError:
        raise DayUnreadable("no-such-day", text=text[: amounts.SHOWN]) from None


def number(text: str) -> int:
    """Return a small number in digits or Chinese numerals."""
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.partition("十")
    if not ten:
        return int("".join(str(_HAN_DIGITS[sign]) for sign in text))
    return (_HAN_DIGITS[tens] if tens else 1) * 10 + (_HAN_DIGITS[ones] if ones else 0)


_READERS: Final[tuple[Callable[[str, date], date | None], ...]] = (
    _word, _shift, _weekday, _named, _of_month,
)  # fmt: skip
