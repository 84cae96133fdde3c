"""Moments as people say them: fri 14:30, tomorrow 9am, in 2 hours; 明天下午3点, 周五9点半, 半小时后.

Pure: a text and the wall clock of a place give a moment of that clock, or a refusal with a sentence. A time alone is
the next such time; a day alone is half past nine. Days are read by `cases.natural_dates`. A time of every day is said
the same way, and there a number alone is the hour.
"""

import re
import unicodedata
from datetime import datetime, time, timedelta
from typing import Final

from cases import amounts, natural_dates

MORNING: Final = time(9, 30)
_AFTER_NOON: Final = ("下午", "晚上", "傍晚", "今晚", "明晚", "晚")
_PARTS: Final = "凌晨|早上|上午|中午|下午|傍晚|晚上|早|晚"
_CLOCK: Final = re.compile(r"(?:^|[\s,@T]|at )(\d{1,2})[:.h](\d{2})(?::\d{2})?\s*(am|pm|a|p)?$", re.IGNORECASE)
_HOUR: Final = re.compile(r"(?:^|[\s,@]|at )(\d{1,2})\s*(am|pm|a|p|o'clock)$", re.IGNORECASE)
_HAN: Final = re.compile(
    rf"({_PARTS})?\s*(\d{{1,2}}|[零一二两兩三四五六七八九十]{{1,3}})\s*(?:点|點|时|時)(半|一刻|三刻|(\d{{1,2}}|[一二三四五]?十[一二三四五六七八九]?)分?|整|钟|鐘)?$"
)
_HAN_CLOCK: Final = re.compile(rf"({_PARTS})\s*(\d{{1,2}}):(\d{{2}})$")
_AHEAD: Final = re.compile(
    r"\+?\s*(?:in )?(\d{1,3}|[一二两兩三四五六七八九十]{1,3}|半个?|an?)\s*"
    r"(h|hours?|hrs?|min|mins|minutes?|个?小时|個?小時|分钟|分鐘)"
    r"\s*(?:later|from now|后|後|之后|以后)?"
)
_ENDS_DAY: Final = re.compile(r"24(?:[:.]?00|点|點|时|時)?")
_BARE_HOUR: Final = re.compile(r"(\d{1,2})(?:\.(\d{2}))?")
_QUARTERS: Final = {"半": 30, "一刻": 15, "三刻": 45}


class MomentRefused(amounts.DayRefused):
    """What was typed is no moment that anybody could mean."""


def read(text: str, *, now: datetime, order: str = "", default: time = MORNING) -> datetime:
    """Return the moment that a text means, as a wall clock without a zone. Raises amounts.DayRefused.

    now: the wall clock of that place (aware or not). default: the time of a day that is said without one.
    """
    here = now.replace(tzinfo=None, microsecond=0)
    plain = _plain(text)
    ahead = _ahead(plain, here)
    if ahead is not None:
        return ahead
    said, rest = _time(plain, text)
    if said is None:
        return datetime.combine(natural_dates.read(text, today=here.date(), order=order), default)
    if not rest:
        moment = datetime.combine(here.date(), said)
        return moment if moment > here else moment + timedelta(days=1)
    return datetime.combine(natural_dates.read(rest, today=here.date(), order=order), said)


def read_clock(text: str) -> time:
    """Return the hour that a text means: 9, 21:30, 9am, 下午3点; 24:00 is midnight. Raises amounts.DayRefused."""
    plain = _plain(text)
    if _ENDS_DAY.fullmatch(plain):
        return time(0)
    try:
        if found := _BARE_HOUR.fullmatch(plain):
            return _checked(int(found[1]), int(found[2] or 0), text)
        said, rest = _time(plain, text)
    except MomentRefused:
        said, rest = None, ""
    if said is None or rest:
        raise MomentRefused("unreadable-hour", text=text.strip()[: amounts.SHOWN])
    return said


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text[:60]).lower().split()).strip(" .。,，!！")


def _ahead(plain: str, here: datetime) -> datetime | None:
    found = _AHEAD.fullmatch(plain)
    if found is None:
        return None
    half = found[1].startswith("半")
    count = 1 if half or found[1] in ("a", "an") else natural_dates.number(found[1])
    minutes = count if found[2].startswith(("m", "分")) else count * (30 if half else 60)
    return here.replace(second=0) + timedelta(minutes=minutes)


def _time(plain: str, text: str) -> tuple[time | None, str]:
    """Return the time that a text ends with, and what comes before it; no time where it says none."""
    if found := _HAN_CLOCK.search(plain):
        return _checked(_half_day(int(found[2]), found[1]), int(found[3]), text), _before(plain, found.start())
    if found := _HAN.search(plain):
        minutes = _QUARTERS.get(found[3] or "", natural_dates.number(found[4]) if found[4] else 0)
        evening = found[1] or ("晚" if plain[: found.start()].endswith("晚") else "")
        hour = _half_day(natural_dates.number(found[2]), evening)
        return _checked(hour, minutes, text), _before(plain, found.start())
    if found := _CLOCK.search(plain):
        if "." in found[0] and not found[3]:
            return None, plain  # 30.11 is a day
        return _checked(_english(int(found[1]), found[3]), int(found[2]), text), _before(plain, found.start())
    if found := _HOUR.search(plain):
        return _checked(_english(int(found[1]), found[2]), 0, text), _before(plain, found.start())
    if plain == "noon" or plain.endswith((" noon", " at noon")):
        return time(12), _before(plain, plain.rindex("noon"))
    return None, plain


def _before(plain: str, end: int) -> str:
    rest = plain[:end].strip(" ,@")
    if rest.endswith(("今", "明")):  # 明晚8点
        rest += "天"
    return rest.removesuffix(" at").strip() if rest != "at" else ""


def _english(hour: int, half: str | None) -> int:
    if half and half[0].lower() == "p" and hour < 12:
        return hour + 12
    return 0 if half and half[0].lower() == "a" and hour == 12 else hour


def _half_day(hour: int, part: str | None) -> int:
    """下午3点 is 15:00, 中午1点 is 13:00, and so is 1点 alone; 凌晨1点 is 01:00."""
    if part in _AFTER_NOON and hour < 12:
        return hour + 12
    if part == "中午" and hour < 11:
        return hour + 12
    return hour + 12 if not part and 1 <= hour <= 6 else hour  # nobody means three in the night by 3点


def _checked(hour: int, minute: int, text: str) -> time:
    if hour > 23 or minute > 59:
        raise MomentRefused("unreadable-time", text=text.strip()[: amounts.SHOWN])
    return time(hour, minute)
