"""Short references that people can read to each other: "C-7F3K9X". Computed from the key, never stored."""

from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base32: no I, L, O, U
_VALUES: Final = {letter: value for value, letter in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_WIDTHS: Final = (5, 6, 7, 8, 9, 10, 11, 12)  # data characters; a key takes the shortest that can hold it
_ODD_1: Final = 0x9E3779B97F4A7C15
_ODD_2: Final = 0xC2B2AE3D27D4EB4F


class BadReference(ValueError):
    """The text is no reference of this kind: mistyped, of another kind, or made up."""


def encode(prefix: str, pk: int) -> str:
    """Return the reference of a key: prefix, dash, scrambled base32, one check character.

    prefix: one to three capital letters A-Z. Keys from 0 to 2**60 - 1; neighbours look nothing alike, which hides
    volumes from a casual eye and is no secret. Raises ValueError outside these.
    """
    _check_prefix(prefix)
    for width in _WIDTHS:
        if 0 <= pk < 1 << (5 * width):
            number = _scramble(pk ^ _salt(prefix, width), 5 * width)
            body = "".join(_ALPHABET[number >> (5 * place) & 31] for place in reversed(range(width)))
            return f"{prefix}-{body}{_check_character(prefix, body)}"
    raise ValueError(f"{pk} is outside the keys that a reference can hold")


def decode(prefix: str, ref: str) -> int:
    """Return the key of a reference. Small letters, blanks, missing dash, and O/I/L for 0/1/1 are understood.

    Raises BadReference when it is of another kind, or any one character is wrong, or any two are exchanged.
    """
    _check_prefix(prefix)
    plain = "".join(ref.upper().replace("-", "").split())
    if not plain.startswith(prefix) or not len(prefix) + 6 <= len(plain) <= len(prefix) + 13:
        raise BadReference(f"{ref[:40]!r} is not a reference that starts with {prefix}")
    try:
        values = [_VALUES[letter] for letter in plain[len(prefix) :]]
    except KeyError:
        raise BadReference(f"{ref[:40]!r} holds a character that references do not use") from None
    body = "".join(_ALPHABET[value] for value in values[:-1])
    if _check_character(prefix, body) != _ALPHABET[values[-1]]:
        raise BadReference(f"{ref[:40]!r} is mistyped")
    number = 0
    for value in values[:-1]:
        number = number << 5 | value
    width = len(body)
    pk = _unscramble(number, 5 * width) ^ _salt(prefix, width)
    if width > _WIDTHS[0] and pk < 1 << (5 * (width - 1)):
        raise BadReference(f"{ref[:40]!r} is longer than its key needs")
    return pk


def _check_prefix(prefix: str) -> None:
    if not (1 <= len(prefix) <= 3 and prefix.isascii() and prefix.isalpha() and prefix.isupper()):
        raise ValueError("a prefix is one to three capital letters")


def _salt(prefix: str, width: int) -> int:
    number = 0
    for letter in prefix:
        number = number * 31 + ord(letter)
    return number * _ODD_2 & (1 << (5 * width)) - 1


def _scramble(number: int, bits: int) -> int:
    mask = (1 << bits) - 1
    number = number * (_ODD_1 & mask | 1) & mask
    number ^= number >> (bits // 2 + 1)
    return number * (_ODD_2 & mask | 1) & mask


def _unscramble(number: int, bits: int) -> int:
    mask = (1 << bits) - 1
    number = number * pow(_ODD_2 & mask | 1, -1, 1 << bits) & mask
    number ^= number >> (bits // 2 + 1)  # its own inverse: the shift is longer than half the bits
    return number * pow(_ODD_1 & mask | 1, -1, 1 << bits) & mask


def _check_character(prefix: str, body: str) -> str:
    """Return one Reed-Solomon check symbol over GF(32): it sees every single error and every exchange of two."""
    check = 0
    for value in [ord(letter) & 31 for letter in prefix] + [_VALUES[letter] for letter in body]:
        check = (check << 1 ^ (0b100101 if check & 16 else 0)) ^ value
    return _ALPHABET[check << 1 ^ (0b100101 if check & 16 else 0)]
