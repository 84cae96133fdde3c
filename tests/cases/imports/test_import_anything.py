"""Whatever the bytes are, a tape is read or refused with a reason; the reader itself never falls over."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cases.imports import canonical, formats, reader, report, suggest, values
from cases.imports.refusals import CellRefused, FileRefused

PARSERS = {
    "amount": lambda text: values.amount(text, "."),
    "amount with comma": lambda text: values.amount(text, ","),
    **{form: (lambda text, form=form: values.day(text, form)) for form in values.DATE_FORMATS},
    "count": values.count,
    "months": values.months,
    "repay_status": values.repay_status,
    "currency": values.currency,
    "language": values.language,
    "time_zone": values.time_zone,
    "jurisdiction": values.jurisdiction,
    "text": values.text_up_to(40),
    "clean": values.clean,
    "account": canonical.account_number,
    "document": canonical.document,
    "email": canonical.email,
    "phone": lambda text: canonical.phone(text, "CN"),
    "phone anywhere": lambda text: canonical.phone(text, ""),
    "postal": canonical.postal_key,
}
NEARLY = st.text(alphabet="0123456789.,-+()/eE MKxX*年月日期１２%'\"\u00a0\u3000\x00²٣", max_size=24)
MAPPING = formats.Mapping(
    name="any",
    columns=(
        ("a", "account_number"),
        ("b", "balance"),
        ("d", "days_past_due"),
        ("m", "mobile"),
        ("i", "document_number"),
    ),
)


@pytest.mark.parametrize("name", PARSERS)
@given(text=NEARLY | st.text(max_size=60))
@example(text="9" * 60)
@example(text="/" * 10)
def test_any_cell_is_a_value_or_a_refusal_with_a_sentence(name, text):
    said = None
    try:
        PARSERS[name](text)
    except CellRefused as refused:
        said = report.sentence(refused.code, refused.values) != refused.code
    assert said in (None, True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    content=st.binary(max_size=400)
    | st.text(alphabet="abdmi,;\t\"'\n\r019.- \x00长\ufeff", max_size=300).map(str.encode)
)
def test_any_bytes_are_a_tape_or_a_refusal_with_a_sentence(tmp_path: Path, content: bytes):
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    said = []
    for look in (
        lambda: suggest.suggest(path),
        lambda: list(reader.Tape(path, MAPPING, as_of=date(2026, 1, 1), currency="TWD")),
    ):
        try:
            look()
        except FileRefused as refused:
            said.append(report.of_file(refused) != refused.code)
    assert all(said)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=st.lists(st.lists(NEARLY, min_size=5, max_size=5), max_size=20))
def test_no_row_is_lost_between_file_and_result(tmp_path: Path, rows: list[list[str]]):
    import csv

    path = tmp_path / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["a", "b", "d", "m", "i"], *rows])
    mapping = formats.Mapping(name="any", columns=MAPPING.columns, encoding="utf-8", delimiter=",", header_line=1)
    found = list(reader.Tape(path, mapping, as_of=date(2026, 1, 1), currency="TWD"))
    blank = [row for row in rows if not any(cell and not cell.isspace() for cell in row)]
    assert len(found) == len(rows) - len(blank)
    assert all((row.staged is None) == bool(row.refusals) for row in found)
