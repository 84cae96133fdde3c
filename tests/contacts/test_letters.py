"""Letters: printed whole, in Chinese and Latin type, the same bytes for the same letter."""

import re
from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from contacts.channels import letters
from contacts.channels.letters import Letter, LetterRefused

LETTER = Letter(
    sender="示例银行",
    to=("王芳", "上海市徐汇区漕溪北路88号"),
    on=date(2026, 11, 22),
    reference="C-7F3K9X",
    subject="关于您的账户",
    body="尊敬的王芳：\n\n您有 ¥1,234.00 已经逾期。\n",
    language="zh-hans",
)


def read(letter: Letter) -> list[str]:
    """Return the text of each page, as a reader of PDF finds it."""
    return [page.extract_text() for page in PdfReader(BytesIO(letters.compose(letter).content)).pages]


def test_a_letter_says_who_to_whom_when_and_what() -> None:
    (page,) = read(LETTER)
    for words in (
        "示例银行",
        "王芳",
        "上海市徐汇区漕溪北路88号",
        "2026年11月22日",
        "C-7F3K9X",
        "¥1,234.00",
        "第1页，共1页",
    ):
        assert words in page


def test_the_type_is_in_the_file() -> None:
    page = PdfReader(BytesIO(letters.compose(LETTER).content)).pages[0]
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    embedded = [font for font in fonts if "/FontDescriptor" in font and "/FontFile2" in font["/FontDescriptor"]]
    assert embedded
    assert all("NotoSans" in font["/BaseFont"] for font in embedded)


def test_the_same_letter_is_the_same_file_and_another_is_not() -> None:
    assert letters.compose(LETTER).content == letters.compose(LETTER).content
    assert letters.compose(LETTER).content != letters.compose(replace(LETTER, reference="C-7F3K9Y")).content


def test_a_character_without_a_shape_is_named_not_left_out() -> None:
    with pytest.raises(LetterRefused, match="𠮷"):
        letters.compose(replace(LETTER, to=("𠮷田", "1 High St")))


def test_a_letter_without_an_address_is_refused() -> None:
    with pytest.raises(LetterRefused) as refused:
        letters.compose(replace(LETTER, to=("  ",)))
    assert refused.value.code == "no-address"


def test_a_long_letter_runs_over_pages_and_a_book_is_refused() -> None:
    pages = read(replace(LETTER, body="一行字。\n" * 80, language="en"))
    assert len(pages) == 3
    assert "Page 3 of 3" in pages[2]
    with pytest.raises(LetterRefused) as refused:
        letters.compose(replace(LETTER, body="一行字。\n" * 2000))
    assert refused.value.code == "too-long"


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet=st.sampled_from("abc defgh 中文字，。（）1234-"), max_size=400))
def test_no_word_is_lost_and_no_line_is_wider_than_the_page(text: str) -> None:
    room = letters.RIGHT - letters.LEFT
    letters._register()
    lines = list(letters._wrapped(text, room))
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)
    marks = "".join(letters.NEVER_FIRST)
    assert max(letters._width(line.rstrip(marks)) for line in lines) <= room
