"""Any tape is read, whatever its encoding and layout; what is no tape is refused at once, and says why."""

import time
import zipfile
from datetime import date
from pathlib import Path

import pytest

from cases.imports import detect, formats, reader, report
from cases.imports.refusals import FileRefused, MappingUnclear

DAY = date(2026, 2, 28)
HEAD = "account_id,balance,days_past_due"
CHINESE = ["账号,姓名,欠款余额,逾期天数", "A1,张伟,1200.50,12", "A2,王芳,800.00,0", "A3,李秀英,0.00,0"]
TRADITIONAL = ["帳號,姓名,餘額,逾期天數", "A1,張偉,1200.50,12", "A2,陳美玲,800.00,0", "A3,黃淑芬,0.00,0"]


def tape(path: Path, *, mapping: formats.Mapping | None = None, as_of: date = DAY) -> reader.Tape:
    mapping = mapping or formats.Mapping(
        name="test",
        columns=(("account_id", "account_number"), ("balance", "balance"), ("days_past_due", "days_past_due")),
    )
    return reader.Tape(path, mapping, as_of=as_of, currency="TWD")


def value(row: reader.Row, name: str):
    assert row.staged is not None, row.refusals
    return row.staged[reader.SLOT[name]]


def codes(rows) -> list[tuple[int, str, str]]:
    return [(one.line, one.column, one.code) for row in rows for one in row.refusals]


def refused(path: Path) -> str:
    with pytest.raises(FileRefused) as why:
        reader.layout_of(path)
    assert report.of_file(why.value) != why.value.code
    return why.value.code


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("gb18030", "gb18030"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
def test_a_chinese_tape_is_read_in_its_own_encoding(write, encoding, found):
    layout = reader.layout_of(write(*CHINESE, encoding=encoding))
    assert (layout.encoding, layout.headings) == (found, ("账号", "姓名", "欠款余额", "逾期天数"))


def test_big5_is_told_from_gb18030(write):
    assert reader.layout_of(write(*TRADITIONAL, encoding="big5")).encoding == "big5"


def test_western_text_of_one_byte_is_read(write):
    path = write(
        "account_id;name;balance;days_past_due", "A1;Jürgen Müller;10,50;1", "A2;André Gómez;3,00;0", encoding="cp1252"
    )
    layout = reader.layout_of(path)
    assert (layout.encoding, layout.delimiter) == ("cp1252", ";")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends_are_found_out(write, delimiter, end):
    path = write(*(line.replace(",", delimiter) for line in (HEAD, "A1,100.00,5", "A2,7.00,0")), end=end)
    one = tape(path)
    assert one.layout.delimiter == delimiter
    assert [(row.line, value(row, "days")) for row in one] == [(2, 5), (3, 0)]


def test_title_lines_before_the_headings_are_passed_over_and_lines_still_counted(write):
    path = write("Overdue list,,", "made 28 Feb 2026,,", ",,", HEAD, "A1,100.00,5", "A2,oops,0")
    one = tape(path)
    assert one.layout.header_line == 4
    assert codes(one) == [(6, "balance", "bad_amount")]


def test_a_cell_with_line_breaks_quotes_and_separators_is_one_cell(write):
    path = write(HEAD + ",note", 'A1,100.00,5,"said ""pay, later""', 'and hung up"', "A2,7.00,0,x")
    assert [(row.line, value(row, "days")) for row in tape(path)] == [(2, 5), (4, 0)]


def test_an_unclosed_quotation_mark_costs_its_own_line_only(write):
    path = write(HEAD, 'A1,"100.00,5', "A2,7.00,0", "A3,8.00,1")
    rows = list(tape(path))
    assert codes(rows) == [(2, "", "bad_quoting")]
    assert [row.line for row in rows if row.staged] == [3, 4]


def test_a_line_with_more_or_fewer_cells_is_refused_and_its_neighbours_are_not(write):
    path = write(HEAD, "A1,100.00", "A2,7.00,0", "A3,8.00,1,2", "A4,8.00,1,,")
    rows = list(tape(path))
    assert codes(rows) == [(2, "", "wrong_width"), (4, "", "wrong_width")]
    assert [row.line for row in rows if row.staged] == [3, 5]


def test_blank_lines_are_no_rows_and_total_lines_say_so(write):
    path = write(HEAD, "A1,100.00,5", "", ",,", "Total,100.00,")
    one = tape(path)
    assert codes(one) == [(5, "", "total_line")]
    assert one.rows == 2


def test_a_zero_byte_refuses_its_cell(write):
    path = write((HEAD + "\nA1,10\x000.00,5\nA2,7.00,0\n").encode() + b"A3,1.00,0\n" * 200)
    assert codes(tape(path)) == [(2, "balance", "control_character")]


def test_every_fault_of_a_row_is_named_with_line_column_and_code(write):
    mapping = formats.Mapping(
        name="test",
        columns=(
            ("account_id", "account_number"),
            ("due", "oldest_unpaid_due_date"),
            ("balance", "balance"),
            ("ccy", "currency"),
        ),
        date_format="DD/MM/YYYY",
    )
    path = write("account_id,due,balance,ccy", ",31/02/2026,1e5,XYZ")
    assert codes(tape(path, mapping=mapping)) == [
        (2, "account_id", "value_is_missing"),
        (2, "due", "no_such_date"),
        (2, "balance", "scientific_notation"),
        (2, "ccy", "unknown_currency"),
    ]


def test_a_bad_telephone_number_leaves_a_remark_and_the_debt_is_loaded(write):
    mapping = formats.Mapping(
        name="test",
        columns=(
            ("a", "account_number"),
            ("b", "balance"),
            ("d", "days_past_due"),
            ("m", "mobile"),
            ("c", "jurisdiction"),
        ),
    )
    rows = list(tape(write("a,b,d,m,c", "A1,1.00,0,12345,CN", "A2,1.00,0,138 0013 8000,CN"), mapping=mapping))
    assert [(one.line, one.column, one.code) for one in rows[0].remarks] == [(2, "m", "bad_phone")]
    assert value(rows[0], "mobile_hash") is None
    assert value(rows[1], "mobile_last4") == "8000"


def test_numbers_are_sealed_and_hashed_before_they_leave_the_reader(write):
    from cases.imports import canonical
    from collections_app.shared import sealed

    one = tape(write(HEAD, "A-0001,1.00,0"))
    (row,) = one
    assert sealed.unseal(value(row, "number_sealed")) == "A-0001"
    assert value(row, "number_hash") == sealed.digest("account", canonical.account_number("a-0001"))
    ((line, text),) = one.text_of({2})
    assert b"A-0001" not in text
    assert (line, sealed.unseal(text)) == (2, '["A-0001", "1.00", "0"]')


def test_a_row_of_another_day_is_refused(write):
    mapping = formats.Mapping(
        name="test",
        columns=(("a", "account_number"), ("b", "balance"), ("d", "days_past_due"), ("day", "as_of")),
    )
    rows = list(tape(write("a,b,d,day", "A1,1.00,0,2026-02-28", "A2,1.00,0,2026-02-27"), mapping=mapping))
    assert codes(rows) == [(3, "day", "as_of_differs")]


def test_a_currency_without_cents_takes_no_cents(write):
    mapping = formats.Mapping(
        name="test", columns=(("a", "account_number"), ("b", "balance"), ("d", "days_past_due")), currency="JPY"
    )
    assert codes(tape(write("a,b,d", "A1,100,0", "A2,100.50,0"), mapping=mapping)) == [
        (3, "b", "fraction_of_a_whole_unit")
    ]


def test_totals_count_every_amount_that_could_be_read(write):
    one = tape(write(HEAD, "A1,100.00,5", "A2,7.50,x", "A3,-3.00,0"))
    list(one)
    assert {name: str(total) for name, total in one.totals.items()} == {"balance": "104.50"}


def test_a_missing_column_and_a_column_that_is_there_twice_refuse_the_file(write):
    for head, code in (("account_id,days_past_due", "column_is_missing"), (HEAD + ",Balance", "column_is_there_twice")):
        with pytest.raises(FileRefused) as why:
            tape(write(head, "A1,1,1,1"))
        assert why.value.code == code
        assert why.value.values["column"] == "balance"


def test_a_gigabyte_of_zeros_is_refused_in_a_moment(tmp_path):
    path = tmp_path / "zeros.csv"
    with path.open("wb") as file:
        file.truncate(1024**3)
    begun = time.perf_counter()
    assert refused(path) == "file_is_binary"
    assert time.perf_counter() - begun < 1


def test_an_endless_line_is_refused_in_a_moment(write):
    assert refused(write(b"0" * 5_000_000)) == "line_is_too_long"


def test_a_line_that_does_not_end_refuses_the_file_with_its_number(write):
    path = write((HEAD + "\nA1,1.00,0\n").encode() + b"9" * (detect.MAX_LINE + 10))
    with pytest.raises(FileRefused) as why:
        list(tape(path))
    assert (why.value.code, why.value.line) == ("line_is_too_long", 3)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_is_empty"),
        (b"  \r\n \n", "file_is_empty"),
        (b"%PDF-1.7 ...", "file_is_no_table"),
        (b"\x89PNG\r\n\x1a\n", "file_is_no_table"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, "file_is_no_table"),
        (bytes(range(1, 256)) * 40, "encoding_unknown"),
        (b"1,2,3\n4,5,6\n", "no_heading_line"),
        (b"PK\x03\x04" + b"\0" * 100, "sheet_is_unreadable"),
    ],
)
def test_what_is_no_tape_is_refused_with_its_reason(write, content, code):
    assert refused(write(content)) == code


def test_a_folder_and_a_missing_file_are_refused(tmp_path):
    assert refused(tmp_path) == "file_is_a_folder"
    assert refused(tmp_path / "none.csv") == "file_cannot_be_opened"


def test_an_encoding_that_the_mapping_claims_is_checked(write):
    path = write(*CHINESE, encoding="gb18030")
    columns = (("账号", "account_number"), ("欠款余额", "balance"), ("逾期天数", "days_past_due"))
    with pytest.raises(FileRefused) as why:
        tape(path, mapping=formats.Mapping(name="x", columns=columns, encoding="utf-8"))
    assert why.value.code == "encoding_broken"
    with pytest.raises(FileRefused) as why:
        tape(path, mapping=formats.Mapping(name="x", columns=columns, encoding="klingon"))
    assert why.value.code == "encoding_is_no_name"


def test_two_equally_good_separators_are_asked_about():
    with pytest.raises(MappingUnclear) as question:
        detect.table_of("aa,bb;cc\n1,2;3\n4,5;6\n")
    assert question.value.code == "which_delimiter"


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ((("a", "account_number"), ("b", "balance")), "mapping_needs_one_measure"),
        (
            (("a", "account_number"), ("b", "balance"), ("c", "days_past_due"), ("d", "months_past_due")),
            "mapping_needs_one_measure",
        ),
        ((("b", "balance"), ("c", "days_past_due")), "mapping_lacks_field"),
        ((("a", "account_number"), ("b", "balance"), ("c", "shoe_size")), "mapping_names_no_field"),
        ((("a", "account_number"), ("b", "balance"), ("c", "balance")), "mapping_names_field_twice"),
    ],
)
def test_a_mapping_that_could_not_work_is_refused(columns, code):
    with pytest.raises(FileRefused) as why:
        formats.Mapping(name="x", columns=columns)
    assert why.value.code == code


def test_a_mapping_survives_being_stored():
    for mapping in formats.BUILT_IN.values():
        assert formats.from_spec(mapping.name, mapping.as_spec()) == mapping


# -- spreadsheets ----------------------------------------------------------------------------------------------------


def workbook(path: Path, rows: str, *, strings: str = "") -> Path:
    """Write the smallest XLSX that holds these row elements."""
    parts = {
        "[Content_Types].xml": '<?xml version="1.0"?>'
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": '<?xml version="1.0"?>'
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": '<?xml version="1.0"?>'
        + strings
        + '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/'
        '2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
        '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
        'relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"'
        ' Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/'
        f'main"><sheetData>{rows}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def cells(number: int, *values: str | float) -> str:
    made = "".join(
        f'<c r="{chr(65 + place)}{number}"><v>{one}</v></c>'
        if isinstance(one, int | float)
        else f'<c r="{chr(65 + place)}{number}" t="inlineStr"><is><t>{one}</t></is></c>'
        for place, one in enumerate(values)
    )
    return f'<row r="{number}">{made}</row>'


def test_a_spreadsheet_is_read_like_a_text(tmp_path):
    rows = cells(1, "账号", "欠款余额", "逾期天数") + cells(2, "A1", 1200.5, 12) + cells(4, "A2", 0.1, 0)
    path = workbook(tmp_path / "tape.xlsx", rows)
    columns = (("账号", "account_number"), ("欠款余额", "balance"), ("逾期天数", "days_past_due"))
    found = list(tape(path, mapping=formats.Mapping(name="x", columns=columns)))
    assert [(row.line, str(value(row, "balance")), value(row, "days")) for row in found] == [
        (2, "1200.50", 12),
        (4, "0.10", 0),
    ]


def test_a_card_number_that_a_spreadsheet_rounded_is_refused(tmp_path):
    rows = (
        cells(1, "account_id", "balance", "days_past_due") + cells(2, 6222600000001234567, 1, 1) + cells(3, 62226, 1, 1)
    )
    found = list(tape(workbook(tmp_path / "tape.xlsx", rows)))
    assert codes(found) == [(2, "account_id", "digits_lost")]


def test_a_sheet_that_claims_a_far_corner_exhausts_its_own_process_only(tmp_path):
    rows = cells(1, "account_id", "balance", "days_past_due") + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    assert refused(workbook(tmp_path / "bomb.xlsx", rows)) == "sheet_is_too_large"


def test_an_archive_that_unpacks_to_more_than_the_limit_is_refused(tmp_path):
    from cases.imports import sheet

    path = workbook(tmp_path / "tape.xlsx", cells(1, *("x" * 50 for _count in range(20))))
    assert len(list(sheet.rows(path))) == 1
    with pytest.raises(FileRefused) as why:
        list(sheet.rows(path, unpacked=1_000))
    assert why.value.code == "sheet_is_too_large"


def test_a_spreadsheet_with_entities_is_refused(tmp_path):
    path = workbook(tmp_path / "evil.xlsx", cells(1, "account_id"), strings='<!DOCTYPE x [<!ENTITY a "aaaa">]>')
    assert refused(path) == "sheet_is_unreadable"


def test_a_spreadsheet_that_takes_too_long_is_stopped(tmp_path):
    from cases.imports import sheet

    rows = "".join(cells(number, "x" * 20, "y" * 20) for number in range(1, 60_000))
    path = workbook(tmp_path / "slow.xlsx", rows)
    with pytest.raises(FileRefused) as why:
        list(sheet.rows(path, seconds=0.02))
    assert why.value.code == "sheet_takes_too_long"
