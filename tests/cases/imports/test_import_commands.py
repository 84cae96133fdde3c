"""import_tape and suggest_mapping as an operator calls them: one JSON object, the promised keys and status."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db

HEAD = "account_id,balance,days_past_due"
KEYS = {
    "rows", "accepted", "created", "updated", "unchanged", "refused", "errors", "totals", "encoding", "delimiter",
    "seconds",
}  # fmt: skip


def run(name: str, *arguments: Any) -> tuple[Any, bool]:
    """Return the JSON that the command printed, and whether it ends with status 1."""
    from django.core.management import load_command_class

    command = load_command_class("cases", name)
    out = io.StringIO()
    call_command(command, *map(str, arguments), "--json", stdout=out)
    return json.loads(out.getvalue()), command.failed


def importing(path, *more: str, creditor: str = "island-bank"):
    return run("import_tape", path, "--mapping", "auto", "--creditor", creditor, "--as-of", "2026-02-28", *more)


def test_the_report_has_the_promised_keys(write, creditor):
    report, failed = importing(write(HEAD, "A1,100.00,5"))
    assert set(report) >= KEYS
    assert (report["rows"], report["created"], report["delimiter"], report["encoding"], failed) == (
        1,
        1,
        ",",
        "utf-8",
        False,
    )
    assert report["totals"] == {"balance": {"file": "100.00", "loaded": "100.00"}}


def test_refused_rows_fail_under_strict_only(write, creditor):
    path = write(HEAD, "A1,100.00,5", "A2,x,5")
    report, failed = importing(path)
    assert (report["refused"], failed) == (1, False)
    assert report["errors"] == [
        {
            "line": 3, "column": "balance", "code": "bad_amount",
            "message": "Line 3, column “balance”: “x” is not an amount with the decimal mark “.”.",
        }
    ]  # fmt: skip
    assert importing(path, "--strict")[1] is True


def test_a_refused_file_fails_and_says_why(write, creditor):
    report, failed = importing(write(b""))
    assert failed is True
    assert report["errors"] == [
        {"line": None, "column": None, "code": "file_is_empty", "message": "The file is empty."}
    ]


def test_a_dry_run_loads_nothing(write, creditor):
    from cases.models import Account

    assert importing(write(HEAD, "A1,100.00,5"), "--dry-run")[0]["created"] == 1
    assert not Account.objects.exists()


def test_wrong_use_ends_with_status_2_and_an_instruction(write, creditor, tmp_path):
    good = write(HEAD, "A1,100.00,5")
    unclear = write("account_id,balance,oldest_unpaid_due_date", "A1,1.00,03/04/2026", name="unclear.csv")
    for path, mapping, code, words in (
        (tmp_path / "none.csv", "auto", "island-bank", "no file"),
        (good, "auto", "nobody", "no creditor nobody"),
        (good, "nothing", "island-bank", "no mapping named nothing"),
        (unclear, "auto", "island-bank", "day/month/year or month/day/year"),
    ):
        with pytest.raises(CommandError, match=words) as wrong:
            call_command(
                "import_tape", str(path), "--mapping", mapping, "--creditor", code, "--as-of", "2026-02-28", "--json"
            )
        assert wrong.value.returncode == 2


def test_messages_are_in_the_language_of_the_reader():
    from django.utils import translation

    from cases.imports import report
    from cases.imports.refusals import RowRefusal

    with translation.override("en"):
        assert report.of_row(RowRefusal(5, "due", "no_such_date", {"text": "31/02/2026"})) == (
            "Line 5, column “due”: “31/02/2026” is a day that does not exist."
        )


def test_every_code_in_the_reader_has_a_sentence():
    import re
    from pathlib import Path

    from cases.imports import report, sql

    sources = " ".join(path.read_text(encoding="utf-8") for path in Path(report.__file__).parent.glob("*.py"))
    used = set(re.findall(r'(?:CellRefused|FileRefused|MappingUnclear)\(\s*"(\w+)"', sources))
    used |= set(re.findall(r'RowRefusal\(\w+, \w*"?"?, "(\w+)"', sources))
    used |= set(re.findall(r"'(\w+_\w+)'(?: AS code)?,\s+jsonb_build_object", sql.REFUSE_ROWS + sql.REFUSE_DUPLICATES))
    assert len(used) > 50
    assert used - set(report.SENTENCES) == set()


def test_a_suggestion_has_the_promised_keys(write):
    report, failed = run("suggest_mapping", write("Title", HEAD, "A1,100.00,5"))
    assert {key: report[key] for key in ("encoding", "delimiter", "header_line", "skipped_lines", "decimal_mark")} == {
        "encoding": "utf-8", "delimiter": ",", "header_line": 2, "skipped_lines": 1, "decimal_mark": ".",
    }  # fmt: skip
    assert report["columns"][0] == {
        "heading": "account_id", "field": "account_number", "confidence": 1.0, "sample": "A1",
    }  # fmt: skip
    assert (report["date_format"], report["questions"], failed) == (None, [], False)


def test_an_unclear_suggestion_is_printed_and_ends_with_status_2(write, capsys):
    path = write("account_id,balance,oldest_unpaid_due_date", "A1,1.00,03/04/2026")
    with pytest.raises(CommandError) as unclear:
        call_command("suggest_mapping", str(path), "--json")
    assert unclear.value.returncode == 2
    assert len(json.loads(capsys.readouterr().out)["questions"]) == 1
