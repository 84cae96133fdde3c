"""Invented people: the same for the same seed, with numbers that nobody can ever have.

See README.md for the ranges. A range that is used up gives no number; nobody is given the number of another.
"""

import csv
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from stdnum.cn import ric

_NAMES: Final = Path(__file__).with_name("names.csv")

# Area codes of the United States by the zone of their whole area; the 555-01xx block of each is kept for fiction.
_NEW_YORK: Final = "212 315 332 347 516 518 585 607 631 646 680 716 718 838 845 914 917 929 934"
_TEXAS: Final = "210 214 254 281 325 346 361 409 430 469 512 682 713 726 737 806 817 830 832 903 936 940 956 972 979"
_CALIFORNIA: Final = (
    "209 213 310 323 408 415 424 442 510 530 559 562 619 626 628 650 657 661 669 707 714 747 760 805 818 831 858 909 "
    "916 925 949 951"
)
# Ofcom's numbers for drama: city code and the three digits before the free ones.
_BRITAIN: Final = "113496 114496 115496 116496 117496 118496 121496 131496 141496 151496 161496 191498"


type Numbers = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part of the book lives. share: of a hundred accounts. creditor: code of the demo creditor there."""

    code: str
    creditor: str
    share: int
    jurisdiction: str
    time_zone: str
    language: str
    names: str
    towns: tuple[str, ...]


PLACES: Final = (
    Place("CN", "lantern-bank", 50, "CN", "Asia/Shanghai", "zh-hans", "zh",
          ("上海市浦东新区", "杭州市西湖区", "成都市武侯区", "西安市雁塔区", "广州市天河区")),
    Place("NY", "maple-card-us", 7, "US-NY", "America/New_York", "en", "en",
          ("Albany, NY 12207", "Brooklyn, NY 11201")),
    Place("TX", "maple-card-us", 7, "US-TX", "America/Chicago", "en", "en", ("Austin, TX 78701", "Houston, TX 77002")),
    Place("CA", "maple-card-us", 6, "US-CA", "America/Los_Angeles", "en", "en",
          ("Fresno, CA 93721", "Oakland, CA 94607")),
    Place("GB", "thames-card-uk", 10, "GB", "Europe/London", "en", "en",
          ("Leeds LS1 4AP", "Bristol BS1 5TR", "London E1 6AN")),
    Place("AU", "wattle-card-au", 10, "AU-NSW", "Australia/Sydney", "en", "en",
          ("Newcastle NSW 2300", "Parramatta NSW 2150")),
    Place("IN", "banyan-card-in", 10, "IN", "Asia/Kolkata", "en", "in",
          ("Pune 411001", "Kochi 682011", "Jaipur 302001")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """One invented borrower, as a tape states him; "" where the tape would be silent."""

    reference: str
    name: str
    document: str
    mobile: str
    home_phone: str
    email: str
    address: str
    birth_date: str
    guarantor_name: str = ""
    guarantor_mobile: str = ""


class Inventor:
    """Makes people for one place, each different, in an order that depends on the seed alone."""

    def __init__(self, place: Place, *, seed: int) -> None:
        self.place = place
        self._random = random.Random(f"{seed}:{place.code}")  # noqa: S311 - invention, not secrecy
        self._names = _names(place.names)
        self._mobiles, self._landlines = _numbers(place.code)
        self._count = self._guarantors = 0

    def invent(self) -> Person:
        """Return the next person."""
        chance = self._random
        number = self._count
        self._count += 1
        family, given = self._name()
        chinese = self.place.names == "zh"
        name = family + given if chinese else f"{given} {family}"
        born = date(1950, 1, 1) + timedelta(days=chance.randrange(19_000))
        mobile = self._mobiles(number) if chance.random() < 0.93 else ""
        landline = "" if mobile and chance.random() < 0.85 else self._landlines(number)
        mailbox = "user" if chinese else "".join(filter(str.isascii, f"{given}.{family}".lower().replace(" ", "")))
        host = chance.choice(("example.com", "example.org", "example.net"))
        guarantor = chinese and chance.random() < 0.015
        return Person(
            reference=f"{self.place.code}-{number + 1:06d}",
            name=name,
            document=_chinese_id(born, number) if chinese else "",
            mobile=mobile,
            home_phone=landline,
            email=f"{mailbox}.{self.place.code.lower()}{number + 1}@{host}" if chance.random() < 0.8 else "",
            address=self._address(),
            birth_date=born.isoformat(),
            guarantor_name="".join(self._name()) if guarantor else "",
            guarantor_mobile=self._guarantor_number() if guarantor else "",
        )

    def _name(self) -> tuple[str, str]:
        families, givens = self._names
        # the first names of the list are the commonest: lean towards them
        family = families[int(len(families) * self._random.random() ** 2)]
        return family, self._random.choice(givens)

    def _address(self) -> str:
        town = self._random.choice(self.place.towns)
        house = self._random.randrange(1, 220)
        return f"{town}示例路{house}号" if self.place.names == "zh" else f"{house} Example Street, {town}"

    def _guarantor_number(self) -> str:
        self._guarantors += 1
        return f"+86163{self._guarantors:08d}"


def _names(script: str) -> tuple[list[str], list[str]]:
    with _NAMES.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["script"] == script]
    return [row["name"] for row in rows if row["kind"] == "family"], [
        row["name"] for row in rows if row["kind"] == "given"
    ]


def _numbers(code: str) -> tuple[Numbers, Numbers]:
    """Return two functions from the number of a person to his mobile and landline, "" where the range has ended."""

    def of(blocks: list[str], digits: int) -> Numbers:
        size = 10**digits

        def number(person: int) -> str:
            place, rest = divmod(person, size)
            return f"+{blocks[place]}{rest:0{digits}d}" if place < len(blocks) else ""

        return number

    def american(codes: str) -> list[str]:
        return [f"1{area}55501" for area in codes.split()]

    def none(_person: int) -> str:
        return ""

    return {
        "CN": (of(["86160"], 8), none),
        "NY": (of(american(_NEW_YORK), 2), none),
        "TX": (of(american(_TEXAS), 2), none),
        "CA": (of(american(_CALIFORNIA), 2), none),
        "GB": (of(["447700900"], 3), of([f"44{block}0" for block in _BRITAIN.split()], 3)),
        "AU": (of(["61491570"], 3), of(["6125550", "6135550", "6175550", "6185550"], 4)),
        "IN": (of(["9110"], 8), none),
    }[code]


def _chinese_id(born: date, number: int) -> str:
    """Return a number of the right form in a region that does not exist."""
    plain = f"99{number // 1000 % 10000:04d}{born:%Y%m%d}{number % 1000:03d}"
    return plain + ric.calc_check_digit(plain + "0")
