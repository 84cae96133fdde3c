"""Every quick way of reading gives what the slow one gives: lines without quotation marks, numbers, digests."""

import csv
import hmac
import io
import random
from base64 import b64decode

import phonenumbers
import pytest
from django.conf import settings
from phonenumbers import PhoneNumberType, ValidationResult

from cases.imports import canonical, detect, text_file
from collections_app.shared import sealed

PIECES = ("a", "b,c", ",", ",", "\n", "\r\n", "\r", '"', '""', '"x"', '"y,\n"', "余额", " ", "\t", "é")


def by_csv(text: str) -> list[tuple[int, list[str] | None]]:
    """Read as `csv` does, line by line; an unclosed quotation mark spoils one line."""
    lines = io.StringIO(text, newline="").readlines() if text else []
    found: list[tuple[int, list[str] | None]] = []
    at = 0
    while at < len(lines):
        taken = 0

        def give(start=at):
            nonlocal taken
            for line in lines[start:]:
                taken += 1
                yield line

        try:
            cells = next(csv.reader(give(), strict=True))
        except csv.Error:
            cells, taken = None, 1
        found.append((at + 1, cells))
        at += taken
    return found


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("block", [3, 7, text_file.BLOCK])
def test_records_are_those_that_csv_finds_wherever_the_file_is_cut(tmp_path, monkeypatch, encoding, block):
    monkeypatch.setattr(text_file, "BLOCK", block)
    chance, path = random.Random(f"{encoding} {block}"), tmp_path / "tape.csv"
    spoilt = several = 0
    for _time in range(150):
        text = "".join(chance.choices(PIECES, k=chance.randrange(40)))
        path.write_bytes(text.encode(encoding))
        layout = detect.Layout("text", encoding, ",", 0, ("a",), 1)
        expected = by_csv(text)
        found = list(text_file.records(path, layout))
        assert [(line, cells) for line, cells, _lines in found] == expected
        raw = {
            line + number: record
            for line, records, _count in text_file.raw_records(path, layout)
            for number, record in enumerate(records)
        }
        assert raw == {line: b"".join(lines) for line, cells, lines in found if cells is not None}
        spoilt += any(cells is None for _line, cells in expected)
        several += any(len(lines) > 1 for _line, _cells, lines in found)
    assert spoilt > 20
    assert several > 5


def test_a_number_with_its_country_code_is_read_as_the_library_reads_it():
    kinds = (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.TOLL_FREE)
    quick = slow = 0
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in kinds:
            example = phonenumbers.example_number_for_type(region, kind)
            if example is None:
                continue
            text = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
            for one in (text, text[:-1], text + "1", f"{text[:3]}0{text[3:]}", f"{text[:2]}1{text[2:]}"):
                number = canonical._plainly_international(one)
                if number is None:
                    slow += 1
                    continue
                quick += 1
                expected = phonenumbers.parse(one, "US")
                assert number == expected, one
                assert phonenumbers.is_possible_number_with_reason(expected) == ValidationResult.IS_POSSIBLE
    assert quick > 1000
    assert slow > 500


@pytest.mark.parametrize(
    "text", ["+1 202 555 0100", "2025550100", "+0123456789", "+99912345678", "+1202555", "+１２０２５５５"]
)
def test_any_other_number_is_left_to_the_library(text):
    assert canonical._plainly_international(text) is None


@pytest.mark.parametrize("text", ["", "+12025550100", "李娜", "x" * 200])
def test_a_digest_is_the_hmac_of_kind_and_text(text):
    key = b64decode(settings.SEALED_HMAC_KEY)
    assert sealed.digest("phone", text) == hmac.digest(key, f"phone\0{text}".encode(), "sha256")
    assert sealed.digest("phone", text) != sealed.digest("email", text)


LAST = (
    ("12345", "2345"),
    ("1234", ""),
    ("+1-2", ""),
    ("a-b-c-d-e", "bcde"),
    ("person1@example.com", "ecom"),
    ("李娜王芳张", "娜王芳张"),
)


@pytest.mark.parametrize(("text", "last"), LAST)
def test_the_last_four_are_letters_and_digits_of_more_than_four(text, last):
    assert sealed.last4(text) == last
