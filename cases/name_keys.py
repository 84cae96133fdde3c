"""What a name is found by: its parts as written, and for Chinese names their pinyin and initials. Pure, no database.

Every key is the beginning of something that may be typed: 王小明 gives 王小明, 小明, 明, wangxiaoming, xiaoming, ming,
wxm, xm, so that a search by prefix finds any part. Each character and each syllable is a key by itself as well, because
a search for just that is common and much quicker than one by prefix. Keys that begin inside a Latin word carry a tilde
and are asked only for where nothing begins with what was typed. Readings of characters come from pypinyin; those of
surnames from below.
"""

import os
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from typing import Final

INSIDE: Final = "~"  # marks a key that begins in the middle of a word
SHORTEST_INSIDE: Final = 3  # letters that a key inside a word has at least
LONGEST: Final = 40  # characters of a key that are kept
MANY: Final = 4  # readings of one name that are kept
WORDS: Final = 6  # words of one search that count

_HAN: Final = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af\uf900-\ufaff"
_PART: Final = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_IS_HAN: Final = re.compile(rf"[{_HAN}]")
_APOSTROPHES: Final = re.compile(r"['’‘`´ʼ]")

# How surnames are read where a library may take the commoner reading of the character. Two readings: both are surnames.
SURNAMES: Final[dict[str, tuple[str, ...]]] = {
    "单": ("shan",), "單": ("shan",), "曾": ("zeng",), "仇": ("qiu",), "解": ("xie",), "区": ("ou",), "區": ("ou",),
    "查": ("zha",), "朴": ("piao",), "盖": ("ge", "gai"), "蓋": ("ge", "gai"), "覃": ("qin", "tan"),
    "翟": ("zhai", "di"), "乐": ("yue", "le"), "樂": ("yue", "le"), "任": ("ren",), "华": ("hua",), "華": ("hua",),
    "尉": ("wei",), "缪": ("miao",), "繆": ("miao",), "折": ("she",), "召": ("shao",), "郗": ("xi", "chi"),
    "郇": ("xun", "huan"), "牟": ("mou", "mu"), "秘": ("bi",), "祕": ("bi",), "盛": ("sheng",), "种": ("chong",),
    "繁": ("po",), "谌": ("chen", "shen"), "諶": ("chen", "shen"), "员": ("yun",), "員": ("yun",), "贾": ("jia",),
    "賈": ("jia",), "黑": ("he",), "能": ("nai",), "洗": ("xian",), "冼": ("xian",), "晁": ("chao",), "祭": ("zhai",),
    "撒": ("sa",), "句": ("gou",), "宁": ("ning",), "甯": ("ning",), "訾": ("zi",), "呙": ("guo",), "妫": ("gui",),
    "庹": ("tuo",), "柏": ("bai", "bo"), "薄": ("bo",), "车": ("che",), "車": ("che",), "燕": ("yan",), "纪": ("ji",),
    "紀": ("ji",), "葛": ("ge",), "应": ("ying",), "應": ("ying",), "石": ("shi",), "宿": ("su",), "隗": ("wei", "kui"),
    "那": ("na",), "哈": ("ha",), "曲": ("qu",), "卜": ("bu",), "俞": ("yu",), "沈": ("shen",), "过": ("guo",),
    "過": ("guo",), "阚": ("kan",), "佴": ("nai",), "乜": ("nie",),
    "幺": ("yao",), "逄": ("pang",), "臧": ("zang",), "藏": ("zang",), "都": ("du",), "干": ("gan",), "殷": ("yin",),
    "万": ("wan",), "萬": ("wan",), "吕": ("lv",), "呂": ("lv",),
}  # fmt: skip
COMPOUND: Final[dict[str, tuple[str, ...]]] = {
    "欧阳": ("ou", "yang"), "歐陽": ("ou", "yang"), "司马": ("si", "ma"), "司馬": ("si", "ma"),
    "上官": ("shang", "guan"), "诸葛": ("zhu", "ge"), "諸葛": ("zhu", "ge"), "尉迟": ("yu", "chi"),
    "尉遲": ("yu", "chi"), "长孙": ("zhang", "sun"), "長孫": ("zhang", "sun"), "万俟": ("mo", "qi"),
    "萬俟": ("mo", "qi"), "澹台": ("tan", "tai"), "澹臺": ("tan", "tai"), "令狐": ("ling", "hu"),
    "司徒": ("si", "tu"), "司空": ("si", "kong"), "夏侯": ("xia", "hou"), "皇甫": ("huang", "fu"),
    "慕容": ("mu", "rong"), "宇文": ("yu", "wen"), "公孙": ("gong", "sun"), "公孫": ("gong", "sun"),
    "轩辕": ("xuan", "yuan"), "軒轅": ("xuan", "yuan"), "钟离": ("zhong", "li"), "鍾離": ("zhong", "li"),
    "东方": ("dong", "fang"), "東方": ("dong", "fang"), "端木": ("duan", "mu"), "南宫": ("nan", "gong"),
    "南宮": ("nan", "gong"), "独孤": ("du", "gu"), "獨孤": ("du", "gu"), "单于": ("chan", "yu"),
    "單于": ("chan", "yu"), "闻人": ("wen", "ren"), "聞人": ("wen", "ren"), "呼延": ("hu", "yan"),
    "赫连": ("he", "lian"), "赫連": ("he", "lian"), "西门": ("xi", "men"), "西門": ("xi", "men"),
    "淳于": ("chun", "yu"), "百里": ("bai", "li"), "东郭": ("dong", "guo"), "申屠": ("shen", "tu"),
    "第五": ("di", "wu"), "太史": ("tai", "shi"), "拓跋": ("tuo", "ba"), "宰父": ("zai", "fu"),
}  # fmt: skip
# Characters that given names read in more than one way: all of them are kept, because people differ.
GIVEN: Final[dict[str, tuple[str, ...]]] = {
    "乐": ("le", "yue"), "樂": ("le", "yue"), "重": ("zhong", "chong"), "行": ("xing", "hang"),
    "长": ("chang", "zhang"), "長": ("chang", "zhang"), "朝": ("chao", "zhao"), "茜": ("qian", "xi"),
    "晟": ("sheng", "cheng"),
    "参": ("shen", "can"), "莘": ("shen", "xin"), "娜": ("na", "nuo"), "柏": ("bai", "bo"), "单": ("dan", "shan"),
    "曾": ("zeng", "ceng"), "藏": ("cang", "zang"), "率": ("shuai", "lv"), "省": ("sheng", "xing"),
    "盛": ("sheng", "cheng"),
}  # fmt: skip


def plain(text: str) -> str:
    """Return the text as names are compared: full-width made plain, small letters, no accents."""
    broken = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", "".join(each for each in broken if not unicodedata.combining(each)))


def keys(name: str, *, is_person: bool = True) -> list[str]:
    """Return what this name is found by, sorted. is_person: whether a Chinese name begins with a surname."""
    found: set[str] = set()
    pieces = [piece for piece in _APOSTROPHES.split(plain(name)) if piece]
    whole = plain(_APOSTROPHES.sub("", name))
    for part in {*_PART.findall(whole), *(part for piece in pieces for part in _PART.findall(piece))}:
        if _IS_HAN.match(part):
            found.update(part[place : place + LONGEST] for place in range(len(part)))
            found.update(part)
            found.update(_spoken(part, is_person=is_person))
        else:
            found.add(part[:LONGEST])
            last = len(part) - SHORTEST_INSIDE + 1
            found.update(INSIDE + part[place : place + LONGEST] for place in range(1, max(last, 1)))
    return sorted(found)


def _spoken(part: str, *, is_person: bool) -> Iterator[str]:
    """Yield pinyin and initials from each character on, for each way to read the whole."""
    for reading in _readings(part, is_person=is_person):
        for place in range(len(reading)):
            rest = reading[place:]
            yield rest[0]
            yield "".join(rest)[:LONGEST]
            if "lv" in rest or "nv" in rest:  # ü is typed as v, and in passports as u
                yield "".join("lu" if each == "lv" else "nu" if each == "nv" else each for each in rest)[:LONGEST]
            if len(rest) > 1:
                yield "".join(syllable[0] for syllable in rest)[:LONGEST]


def _readings(part: str, *, is_person: bool) -> list[tuple[str, ...]]:
    """Return up to four ways to read the characters, each as syllables without tones."""
    surname: list[tuple[str, ...]] = []
    rest = part
    if is_person and part[:2] in COMPOUND and len(part) > 2:
        surname, rest = [COMPOUND[part[:2]]], part[2:]
    elif is_person and part[0] in SURNAMES and len(part) <= 4:
        surname, rest = [(each,) for each in SURNAMES[part[0]]], part[1:]
    choices = [GIVEN.get(character) or (syllable,) for character, syllable in zip(rest, _syllables(rest), strict=True)]
    ways: list[tuple[str, ...]] = []
    for first in surname or [()]:
        for given in product(*choices):
            if len(ways) < MANY:
                ways.append((*first, *given))
    return ways


@lru_cache(maxsize=50_000)
def _syllables(text: str) -> list[str]:
    """Return one syllable for each character; a character without a known reading stands for itself."""
    if not text:
        return []
    os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "true")  # its tables once in memory, not twice
    from pypinyin import Style, lazy_pinyin  # some fifty megabytes: only where names are spelled

    found: list[str] = []
    for piece in lazy_pinyin(text, style=Style.NORMAL):
        found += [piece] if piece.isascii() else list(piece)  # what it cannot read comes as it stands, in one piece
    return found if len(found) == len(text) else list(text)


def words_of(asked: str) -> list[str]:
    """Return the words of a search, as keys are written: parts of names, in any order."""
    return _PART.findall(plain(_APOSTROPHES.sub("", asked)))[:WORDS]


def query(words: list[str], *, whole: bool = False, inside: bool = False) -> str:
    """Return the text search for names in which each of the words begins something, for `@@`.

    whole: each of the words is a key as it is. inside: words of three letters and more may also stand in the middle of
    a word. The words hold letters and digits only, so nothing in them is an operator.
    """

    def one(word: str) -> str:
        begins = f"'{word[:LONGEST]}'" if whole else f"'{word[:LONGEST]}':*"
        if inside and len(word) >= SHORTEST_INSIDE and not _IS_HAN.match(word):
            return f"({begins} | '{INSIDE}{word[:LONGEST]}':*)"
        return begins

    return " & ".join(one(word) for word in words)
