"""When contact is not convenient, read from a sentence in English or Chinese: "call me after six", "上班时间别打".

Takes a folded sentence (`recognise.fold`). Hours are those of the person's own clock. Where an hour may be of the
morning or of the evening, the reading that leaves less time for contact is taken, as far as anybody would mean it.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

WINDOW, ONLY = "inconvenient_window", "only_times"
WEEK: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WORKDAYS: Final = WEEK[:5]
NOON, MIDNIGHT, END = 12 * 60, 0, 24 * 60


@dataclass(frozen=True, slots=True)
class Wish:
    """One recurring window. kind: not then (inconvenient_window), or only then. is_certain: the hour was plain."""

    kind: str
    start: str
    end: str
    days: tuple[str, ...]
    begins: int
    ends: int
    language: str
    is_certain: bool = True


_WORDS: Final = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
                 "ten": 10, "eleven": 11, "twelve": 12}  # fmt: skip
_T: Final = (
    r"(?:noon|midday|midnight|(?:\d{1,2}(?:[:.h]\d{2})?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
    r"(?: ?o’?clock)?(?: ?(?:a\.?m\.?|p\.?m\.?))?(?: in the (?:morning|afternoon|evening))?)"
    r"(?![\w%$€£]| ?(?:days?|weeks?|months?|years?|hours?|hrs?|minutes?|mins?|times?|dollars|bucks|payments?|calls?|"
    r"st|nd|rd|th)\b)"
)
_REACH: Final = (
    r"\b(?:call|calls|calling|phone|ring|contact|reach|text|texts|txt|message|messages|write|email|bother|disturb|"
    r"dial|talk|speak)\b"
)
_NOT: Final = (
    r"\b(?:not|n’?t|dont|don’?t|never|no|stop|cannot|can’?t|cant|avoid|unavailable|busy|asleep|sleep|sleeping|bad|"
    r"except|work|working|at work|in class|in meetings|inconvenient)\b"
)
_OK: Final = r"\b(?:only|free|available|best|fine|good|ok|okay|reach me|can talk|home)\b"
_PAYS: Final = r"\b(?:pay|paying|paid|payment|transfer|due|deadline|open|opens|closes|branch|arrive[sd]?|deposit)\b"
_PARTS: Final = {
    "morning": (0, NOON), "afternoon": (NOON, 18 * 60), "evening": (18 * 60, END), "night": (18 * 60, END),
    "lunch": (NOON, 14 * 60), "noon": (NOON, 14 * 60), "dinner": (17 * 60, 20 * 60), "breakfast": (6 * 60, 9 * 60),
}  # fmt: skip
_DAY_NAMES: Final = {"mon": "Mon", "tue": "Tue", "wed": "Wed", "thu": "Thu", "fri": "Fri", "sat": "Sat", "sun": "Sun"}
_EN_DAYS: Final = re.compile(
    r"\b(?:(?P<end>week ?-?ends?)|(?P<work>week ?-?days|workdays|working days)|"
    r"(?P<one>mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?|sabbath))\b"
)
_EN_RANGE: Final = re.compile(rf"\b(?:between |from )?(?P<a>{_T}) ?(?:and|to|till|until|-|–|—) ?(?P<b>{_T})")
_EN_AFTER: Final = re.compile(
    rf"\b(?:after|past|later than|from|as of|starting(?: at)?) (?:about |around )?(?P<a>{_T})"
)
_EN_BEFORE: Final = re.compile(rf"\b(?:before|until|till|prior to|by|earlier than) (?:about |around )?(?P<a>{_T})")
_EN_PART: Final = re.compile(
    r"\b(?:in the|at|during|over|every|these|my)? ?(?P<part>mornings?|afternoons?|evenings?|nights?|"
    r"lunch(?:time| ?break| hour)?|noon|dinner(?: ?time)?|breakfast)\b"
)
_EN_WORK: Final = re.compile(
    r"\b(?:while i(?:’m| am) (?:at |on )?(?:work|duty|shift)(?:ing)?|when i(?:’m| am) (?:at )?work(?:ing)?|"
    r"during (?:my |the )?(?:work(?:ing|day)?(?: hours| day| time)?|office hours|business hours|shift|school hours)|"
    r"(?:work(?:ing)?|office|business) hours)\b"
)
_EN_AFTER_WORK: Final = re.compile(
    r"\bafter (?:my )?(?:work|office hours|business hours|i (?:get off|finish|am off) work|i get home)\b"
)
_EN_SLEEP: Final = re.compile(
    r"\b(?:i work nights|i work the night ?shift|night ?shift|i sleep (?:during the day|days|in the day))\b"
)

_H: Final = dict(zip("零一二两三四五六七八九十", (0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10), strict=True))

_ZT: Final = (
    r"(?:早上|早晨|上午|中午|下午|晚上|傍晚|夜里|凌晨|今晚|每天|晚)*(?:\d{1,2}[:：]\d{2}|(?:\d{1,2}|十[一二]|"
    r"二十[一二三四]?|十[三四五六七八九]|[一二两三四五六七八九十])(?:点|时)(?:半|钟|整|\d{1,2}分?|一刻)?)"
)
_ZREACH: Final = re.compile(
    r"打|联系|来电|致电|发|拨|找我|沟通|电话|短信|信息|骚扰|打扰|方便|有空|有时间|没空|没时间|接"
)
_ZNOT: Final = re.compile(
    r"别|不要|勿|不准|不许|不能|不可以|不方便|没空|没时间|不便|不接|不在|上班|开会|休息|睡|上课|忙|不用|接不了|禁止"
)
_ZOK: Final = re.compile(r"可以|方便|有空|有时间|在家|才|只|再|请|能接")
_ZPAYS: Final = re.compile(r"还款|还钱|付款|转账|到账|扣款|截止|开门|营业|存钱|打款|打钱|会还|再还|发工资")
_ZRANGE: Final = re.compile(rf"(?:从|在)?(?P<a>{_ZT})(?:到|至|-|—|~|～|–)+(?P<b>{_ZT})")
_ZAFTER: Final = re.compile(rf"(?:过了?|超过)?(?P<a>{_ZT})(?:以后|之后|过后|后)")
_ZBEFORE: Final = re.compile(rf"(?P<a>{_ZT})(?:以前|之前|前)")
_ZPART: Final = re.compile(
    r"(?P<part>早上|早晨|上午|中午|午休|午饭|下午|晚上|傍晚|夜里|夜间|半夜|深夜|凌晨|清晨|大早上|睡觉)"
)
_ZPARTS: Final = {
    "早上": (0, NOON), "早晨": (0, NOON), "上午": (0, NOON), "大早上": (0, NOON), "清晨": (0, 9 * 60),
    "中午": (NOON, 14 * 60), "午休": (NOON, 14 * 60), "午饭": (NOON, 14 * 60), "下午": (NOON, 18 * 60),
    "晚上": (18 * 60, END), "傍晚": (17 * 60, 20 * 60), "夜里": (20 * 60, END), "夜间": (20 * 60, END),
    "半夜": (20 * 60, END), "深夜": (20 * 60, END), "凌晨": (0, 8 * 60), "睡觉": (21 * 60, END),
}  # fmt: skip
_ZWORK: Final = re.compile(
    r"上班(?:时间|期间|时候?|的时候)?|工作(?:时间|期间|时候|的时候|日白天)|在(?:上班|工作|开会)|白天"
)
_ZAFTER_WORK: Final = re.compile(r"下(?:了)?班(?:时间)?(?:以后|之后|后|了)?(?:再|打|联系|可以|才|方便|给|有空)")
_ZDAYS: Final = re.compile(
    r"(?P<end>周末|双休日|礼拜天和礼拜六|周六日|周六周日|节假日|休息日)|(?P<work>工作日|平时)|"
    r"(?:周|星期|礼拜)(?P<one>[一二三四五六日天](?:[、和到至]?(?:周|星期|礼拜)?[一二三四五六日天])*)"
)
_ZNAMES: Final = dict(zip("一二三四五六日", WEEK, strict=True)) | {"天": "Sun"}


def wishes(sentence: str) -> Iterator[Wish]:
    """Yield the windows that a folded sentence asks to leave out, or to keep to."""
    if re.search(_REACH, sentence) or (len(sentence) < 60 and re.search(r"[a-z]", sentence)):
        yield from _english(sentence)
    if _ZREACH.search(sentence):
        yield from _chinese(sentence)


def _english(sentence: str) -> Iterator[Wish]:
    reach = re.search(_REACH, sentence)
    if re.search(_PAYS, sentence) and not reach:
        return
    no = re.search(_NOT, sentence)
    alone = rf" ?(?:only |please )?(?:after|before) {_T}(?: only| please| thanks| ok)? ?[.,]?"
    if reach is None and not no and not re.search(_OK, sentence) and not re.fullmatch(alone, sentence):
        return
    days = _english_days(sentence)
    for part in _clauses(sentence):
        yield from _english_clause(part[0], part[1], days=days, reach=reach is not None)


def _clauses(sentence: str) -> Iterator[tuple[int, str]]:
    begins = 0
    for cut in re.finditer(
        r",| but | only if |(?:(?<=\d)|(?<=[a-z])) and (?=not |don’?t |never |only |no )|，|、但|但是?", sentence
    ):
        yield begins, sentence[begins : cut.start()]
        begins = cut.start() + 1
    yield begins, sentence[begins:]


def _english_clause(offset: int, clause: str, *, days: tuple[str, ...], reach: bool) -> Iterator[Wish]:
    no, fine = re.search(_NOT, clause) is not None, re.search(_OK, clause) is not None
    if re.search(_PAYS, clause) and not re.search(_REACH, clause):
        return

    def wish(
        match: re.Match[str], kind: str, first: int, last: int, *, on: tuple[str, ...] = (), sure: bool = True
    ) -> Wish:
        return Wish(
            kind, _clock(first), _clock(last), on or days, offset + match.start(), offset + match.end(), "en", sure
        )

    if match := _EN_AFTER_WORK.search(clause):
        if not re.search(r"\b(?:not|n’?t|dont|never|no|stop)\b", clause[: match.start()]):
            yield wish(match, WINDOW, MIDNIGHT, 18 * 60, on=days or WORKDAYS)
        return
    if match := _EN_SLEEP.search(clause):
        yield wish(match, WINDOW, 7 * 60, 16 * 60, sure=False)
        return
    if match := _EN_RANGE.search(clause):
        first, last, sure = _span(match["a"], match["b"])
        if first < last:
            busy = no and not re.search(r"\bonly\b", clause)
            if busy or fine or reach:
                yield wish(match, WINDOW if busy else ONLY, first, last, sure=sure)
            return
    handled = False
    for pattern, is_after in ((_EN_AFTER, True), (_EN_BEFORE, False)):
        match = pattern.search(clause)
        if match is None:
            continue
        if match.group().startswith("by ") and not no:
            continue
        at, sure = _hour(match["a"], early=(not is_after))
        if no and re.search(r"\b(?:not|n’?t|dont|don’?t|never|no|stop|avoid|cannot|can’?t)\b", clause[: match.start()]):
            closes = (at, END) if is_after else (MIDNIGHT, at)
        elif match.group().startswith(("until", "till")):  # "at work until six"
            closes = (MIDNIGHT, at) if no else (at, END)
        elif (
            no
            and not re.search(_REACH, clause[: match.start()])
            and re.search(r"\b(?:busy|work|working|asleep|sleep|unavailable)\b", clause)
        ):
            closes = (at, END) if is_after else (MIDNIGHT, at)
        else:
            closes = (MIDNIGHT, at) if is_after else (at, END)
        if closes[0] < closes[1]:
            yield wish(match, WINDOW, *closes, sure=sure)
            handled = True
    if handled:
        return
    if match := _EN_WORK.search(clause):
        if no and not re.search(r"\bonly\b", clause):
            yield wish(match, WINDOW, 9 * 60, 18 * 60, on=days or WORKDAYS)
        elif fine or reach:
            yield wish(match, ONLY, 9 * 60, 18 * 60, on=days or WORKDAYS)
        return
    part = _EN_PART.search(clause)
    if part and (no or fine or reach):
        name = next(key for key in _PARTS if part["part"].startswith(key))
        first, last = _PARTS[name]
        if no and not re.search(r"\bonly\b", clause):
            yield wish(part, WINDOW, first, last)
        elif re.search(_REACH, clause) and (fine or re.search(r"\b(?:in the|mornings|evenings|afternoons)\b", clause)):
            opens = {"morning": (8 * 60, NOON), "evening": (17 * 60, 21 * 60)}.get(name, (first, last))
            yield wish(part, ONLY, *opens, sure=False)
        return
    named = _EN_DAYS.search(clause)
    if named and days:
        if (
            no
            and not re.search(r"\bonly\b", clause)
            and re.search(r"\b(?:not|n’?t|dont|don’?t|never|no|stop|avoid|busy|unavailable|work)\b", clause)
        ):
            yield wish(named, WINDOW, MIDNIGHT, END)
        elif re.search(_REACH, clause) and re.search(r"\bonly\b|s\b$|weekends|weekdays", clause):
            yield wish(named, ONLY, MIDNIGHT, END)


def _english_days(text: str) -> tuple[str, ...]:
    days: set[str] = set()
    for match in _EN_DAYS.finditer(text):
        if match["end"]:
            days |= set(WEEK[5:])
        elif match["work"]:
            days |= set(WORKDAYS)
        else:
            days.add("Sat" if match["one"] == "sabbath" else _DAY_NAMES[match["one"][:3]])
    return tuple(day for day in WEEK if day in days)


def _hour(text: str, *, early: bool) -> tuple[int, bool]:
    """Return minutes after midnight, and whether morning or evening was said. early: read 8 to 11 as of the morning."""
    if "noon" in text or "midday" in text:
        return NOON, True
    if "midnight" in text:
        return END, True
    number = re.match(r"(\d{1,2})(?:[:.h](\d{2}))?", text)
    hour = int(number[1]) if number else next(_WORDS[word] for word in re.findall(r"[a-z]+", text) if word in _WORDS)
    minutes = int(number[2] or 0) if number else 0
    hour = min(hour, 24)
    if re.search(r"p\.?m|afternoon|evening", text):
        return ((hour % 12) + 12) * 60 + minutes, True
    if re.search(r"a\.?m|morning", text):
        return (hour % 12) * 60 + minutes, True
    if hour > 12 or (number and number[2] and len(number[1]) == 2):
        return min(hour * 60 + minutes, END), True
    if hour < 8:
        return (hour + 12) * 60 + minutes, False
    return (hour if early or hour == 12 else hour + 12) * 60 + minutes, False


def _span(a: str, b: str) -> tuple[int, int, bool]:
    """Return a range; "9 to 5" is of the day, "6 to 8 pm" of the evening."""
    last, sure_b = _hour(b, early=False)
    first, sure_a = _hour(a, early=True)
    if (
        not sure_a
        and re.search(r"p\.?m", b)
        and first + 12 * 60 < last
        and first < NOON
        and int("".join(itertools.takewhile(str.isdigit, a)) or 0) < 8
    ):
        first += 12 * 60
    if not sure_b and last - 12 * 60 > first:
        last = last - 12 * 60 if last - 12 * 60 >= 8 * 60 and last >= 20 * 60 else last
    return first, last, sure_a or sure_b


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _chinese(sentence: str) -> Iterator[Wish]:
    days = _chinese_days(sentence)
    for offset, clause in _chinese_clauses(sentence):
        yield from _chinese_clause(offset, clause, days=days)


def _chinese_clauses(sentence: str) -> Iterator[tuple[int, str]]:
    """Yield clauses; one without a verb of contact goes with the next ("我晚上六点后，再打")."""
    begins = place = 0
    for cut in [*(match.start() for match in re.finditer(r"[,，]", sentence)), len(sentence)]:
        clause = sentence[begins:cut]
        if cut == len(sentence) or (_ZREACH.search(clause) and (_ZNOT.search(clause) or _ZOK.search(clause))):
            yield begins, clause
            begins = cut + 1
        place = cut
    if place < begins - 1:
        return


def _chinese_clause(offset: int, clause: str, *, days: tuple[str, ...]) -> Iterator[Wish]:
    if not _ZREACH.search(clause) or (_ZPAYS.search(clause) and not re.search(r"电话|联系|短信|来电|打给", clause)):
        return
    no = _ZNOT.search(clause) is not None

    def wish(
        match: re.Match[str], kind: str, first: int, last: int, *, on: tuple[str, ...] = (), sure: bool = True
    ) -> Wish:
        return Wish(
            kind, _clock(first), _clock(last), on or days, offset + match.start(), offset + match.end(), "zh", sure
        )

    if match := _ZAFTER_WORK.search(clause):
        yield wish(match, WINDOW, MIDNIGHT, 18 * 60, on=days or WORKDAYS)
        return
    if match := _ZRANGE.search(clause):
        first, sure = _chinese_hour(match["a"], early=True)
        last, sure_b = _chinese_hour(match["b"], early=False)
        if not sure_b and first >= NOON and last < first:
            last += 12 * 60
        if "下午" in match["a"] and last < first:
            last += 12 * 60
        if first < last:
            yield wish(match, WINDOW if no else ONLY, first, last, sure=sure or sure_b)
            return
    handled = False
    for pattern, is_after in ((_ZAFTER, True), (_ZBEFORE, False)):
        if (match := pattern.search(clause)) is None:
            continue
        at, sure = _chinese_hour(match["a"], early=not is_after)
        denied = (
            re.search(r"别|不要|勿|不准|不许|不能|不可以|不方便|没空|没时间|不接|不便|休息|睡|不用", clause) is not None
        )
        gives = (
            re.search(r"再|才(?:有空|方便|能|可以|下班|到家)|可以|方便|有空|有时间", clause[match.end() :]) is not None
        )
        denied = denied and not (gives and not re.search(r"(?:不方便|别|不要|勿)", clause[match.end() :]))
        closes = ((at, END) if is_after else (MIDNIGHT, at)) if denied else ((MIDNIGHT, at) if is_after else (at, END))
        if closes[0] < closes[1]:
            yield wish(match, WINDOW, *closes, sure=sure)
            handled = True
    if handled:
        return
    if (match := _ZWORK.search(clause)) and no:
        yield wish(match, WINDOW, 9 * 60, 18 * 60, on=days or WORKDAYS)
        return
    if match := _ZPART.search(clause):
        first, last = _ZPARTS[match["part"]]
        if no:
            yield wish(match, WINDOW, first, last)
        elif re.search(r"再打|再联系|可以打|打给我|联系我|方便|有空|才", clause) and not re.search(
            r"今天|今晚|明天|昨天|刚才", clause
        ):
            yield wish(match, ONLY, max(first, 8 * 60), min(last, 21 * 60), sure=False)
        return
    if days and (match := _ZDAYS.search(clause)):
        if no:
            yield wish(match, WINDOW, MIDNIGHT, END)
        elif re.search(r"再打|再联系|才|只|方便|有空", clause) and not re.search(r"下周|这周|本周|上周", clause):
            yield wish(match, ONLY, MIDNIGHT, END)


def _chinese_days(text: str) -> tuple[str, ...]:
    days: set[str] = set()
    for match in _ZDAYS.finditer(text):
        if match["end"]:
            days |= set(WEEK[5:])
        elif match["work"]:
            days |= set(WORKDAYS)
        elif (named := re.findall("[一二三四五六日天]", match["one"])) and re.search("[到至]", match["one"]):
            places = [WEEK.index(_ZNAMES[one]) for one in named]
            days |= set(WEEK[min(places) : max(places) + 1])
        else:
            days |= {_ZNAMES[one] for one in named}
    return tuple(day for day in WEEK if day in days)


def _chinese_hour(text: str, *, early: bool) -> tuple[int, bool]:
    """Return minutes after midnight, and whether the part of the day was said."""
    clock = re.search(r"(\d{1,2})[:：](\d{2})", text)
    if clock:
        hour, minutes = int(clock[1]), int(clock[2])
    else:
        number = re.search(r"(\d{1,2}|[零一二两三四五六七八九十]+)(?:点|时)(半|一刻|\d{1,2})?", text)
        if number is None:
            return NOON, False
        hour = int(number[1]) if number[1].isdigit() else _chinese_number(number[1])
        more = number[2] or "0"
        minutes = {"半": 30, "一刻": 15}.get(more) or (int(more) if more.isdigit() else 0)
    hour = min(hour, 24)
    if re.search(r"下午|晚|傍晚|夜", text) and hour < 12:
        return (hour + 12) * 60 + min(minutes, 59), True
    if re.search(r"早|上午|凌晨", text):
        return hour * 60 + min(minutes, 59), True
    if hour > 12 or "中午" in text or hour == 12:
        return min(hour * 60 + min(minutes, 59), END), True
    if hour < 8 or not early:
        return (hour + 12) * 60 + min(minutes, 59), False
    return hour * 60 + min(minutes, 59), False


def _chinese_number(text: str) -> int:
    tens, _, ones = text.partition("十")
    if "十" not in text:
        return _H.get(text, 12)
    return (_H.get(tens, 1) if tens else 1) * 10 + (_H.get(ones, 0) if ones else 0)
