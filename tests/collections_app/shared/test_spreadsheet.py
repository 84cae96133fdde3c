"""No cell of an export is ever a formula."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from collections_app.shared import spreadsheet

FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u00a0=1", "\ufeff=1", "\u200b=1", "＝1+1", "＋1",
    "－1", "＠SUM", " ＝1", "=cmd|' /C calc'!A0", "|calc", "%0A=1",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_could_be_a_formula_stands_behind_an_apostrophe(text):
    assert spreadsheet.safe(text) == "'" + text


@pytest.mark.parametrize("text", ["Wang Fang", "王芳", "a=b", "C-7F3K9X", "…4321", "", "3 - 2"])
def test_other_texts_are_left_as_they_are(text):
    assert spreadsheet.safe(text) == text


def test_numbers_and_dates_stay_numbers_and_dates():
    assert spreadsheet.safe(Decimal("-12.50")) == "-12.50"
    assert spreadsheet.safe(-3) == "-3"
    assert spreadsheet.safe(date(2026, 3, 4)) == "2026-03-04"
    assert spreadsheet.safe(datetime(2026, 3, 4, 15, tzinfo=UTC)) == "2026-03-04T15:00:00+00:00"
    assert spreadsheet.safe(None) == ""


def test_a_cell_cannot_break_out_of_its_quotes():
    text = "".join(spreadsheet.lines(["name"], [['a","=1'], ["b\r\n=2,c"]]))
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"), newline="")))
    assert rows == [["name"], ['a","=1'], ["b\r\n=2,c"]]
