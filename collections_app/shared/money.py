"""Amounts of money: exact, with a currency, rounded in one place only."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

MAX_AMOUNT: Final = Decimal("9999999999999999.99")  # numeric(18,2)


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


# ISO 4217, active codes of circulating currencies, by the number of decimal places (the exponent).
_TWO: Final = _codes(
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP "
    "CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES "
    "KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK "
    "NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB "
    "TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD XCG YER ZAR ZMW ZWG"
)
_ZERO: Final = _codes("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF")
_REFUSED: Final = _codes("BHD IQD JOD KWD LYD OMR TND")

ZERO_EXPONENT_CURRENCIES: Final = _ZERO
CURRENCIES: Final = _TWO | _ZERO


class UnknownCurrency(ValueError):
    """The code is not an ISO 4217 currency that this system keeps books in."""


class UnsupportedCurrency(UnknownCurrency):
    """The currency exists but has three decimal places; amounts are stored with two."""


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were put together."""


class InexactAmount(ValueError):
    """The amount has more decimal places than its currency, or is not a finite number that the books can hold."""


def exponent(currency: str) -> int:
    """Return the number of decimal places of the currency: 2, or 0 for JPY, KRW, VND and their like.

    Raises UnsupportedCurrency for three-place currencies, UnknownCurrency for any other text. Source: ISO 4217.
    """
    if currency in _TWO:
        return 2
    if currency in _ZERO:
        return 0
    if currency in _REFUSED:
        raise UnsupportedCurrency(f"{currency} has three decimal places, which these books do not keep")
    raise UnknownCurrency(f"{currency!r} is not a currency code")


class Hidden:
    """An amount that may not be said yet: it shows as dots, and a sum with it is hidden too."""

    __slots__ = ()

    def __str__(self) -> str:
        return "•••"

    def __add__(self, _other: object) -> "Hidden":
        return self

    __radd__ = __add__


HIDDEN: Final = Hidden()


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An exact amount in one currency. May be negative. Never made from a float."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.amount, float) or not isinstance(self.amount, (Decimal, int)):
            raise TypeError("an amount is a Decimal, never a float or a text")
        exact = Decimal(self.amount)
        if not exact.is_finite() or abs(exact) > MAX_AMOUNT:
            raise InexactAmount(f"{exact} cannot be kept")
        cents = exact.quantize(Decimal(1).scaleb(-exponent(self.currency)))
        if cents != exact:
            raise InexactAmount(f"{exact} has more decimal places than {self.currency}")
        object.__setattr__(self, "amount", cents)

    @classmethod
    def rounded(cls, amount: Decimal, currency: str) -> "Money":
        """Return the amount rounded to the currency's smallest unit, halves away from zero: the one rounding place."""
        return cls(amount.quantize(Decimal(1).scaleb(-exponent(currency)), rounding=ROUND_HALF_UP), currency)

    @classmethod
    def zero(cls, currency: str) -> "Money":
        """Return nothing, in the currency."""
        return cls(Decimal(0), currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: "Money") -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: "Money") -> bool:
        return self.amount >= self._same(other)

    def __bool__(self) -> bool:
        return self.amount != 0

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def split(self, parts: int) -> list["Money"]:
        """Return `parts` amounts that add up to this one exactly, the larger ones first.

        They differ by at most one smallest unit: 100.00 in three is 33.34, 33.33, 33.33. Raises ValueError below one.
        """
        if parts < 1:
            raise ValueError("an amount is split into one part or more")
        unit = Decimal(1).scaleb(-exponent(self.currency))
        units = int(abs(self.amount) / unit)
        sign = -1 if self.amount < 0 else 1
        each, larger = divmod(units, parts)
        return [Money(sign * unit * (each + (1 if i < larger else 0)), self.currency) for i in range(parts)]

    def _same(self, other: "Money") -> Decimal:
        if not isinstance(other, Money):
            raise TypeError("money is added to money")
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not mix")
        return other.amount
