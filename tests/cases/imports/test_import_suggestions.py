"""A file suggests how it is to be read; what only a person can say becomes a question."""

import json
from pathlib import Path

import pytest

from cases.imports import formats, suggest
from cases.imports.refusals import MappingUnclear


def fields(found: suggest.Suggestion) -> dict[str, str]:
    return {column.heading: column.field for column in found.columns if column.field}


def questions(found: suggest.Suggestion) -> list[str]:
    return [code for code, _values in found.questions]


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("account_id", "account_number"), ("Account No.", "account_number"), ("*卡号", "account_number"),
        ("Days Past Due", "days_past_due"), ("DPD", "days_past_due"), ("逾期天数", "days_past_due"),
        ("逾期期数", "months_past_due"), ("repay_status", "repay_status"), ("statement_balance", "balance"),
        ("余额(元)", "balance"), ("客户姓名", "name"), (" 姓名", "name"), ("Borrower Name", "name"),
        ("证件号", "document_number"), ("本人手机", "mobile"), ("家庭号码", "home_phone"), ("单位号码", "work_phone"),
        ("邮箱", "email"), ("电邮", "email"), ("家庭地址", "address"), ("生日", "birth_date"), ("币种", "currency"),
        ("信用额度", "credit_limit"), ("最后还款金额", "last_payment_amount"), ("逾期金额", "amount_past_due"),
        ("担保人姓名", "guarantor_name"), ("担保人手机", "guarantor_mobile"),
    ],
)  # fmt: skip
def test_a_heading_is_recognised_in_either_language(heading, field):
    assert formats.recognise(heading)[0] == field


@pytest.mark.parametrize("heading", ["联系人1手机", "联系人1姓名", "配偶手机", "催收员ID", "备注1", "车价", "QQ", ""])
def test_columns_of_third_people_are_not_taken_for_the_borrower(heading):
    assert formats.recognise(heading) == (None, 0.0)


def test_no_heading_names_two_fields():
    table = formats.headings()
    seen: dict[str, str] = {}
    twice = []
    for field, grades in table.items():
        for heading in {formats.plain_heading(one) for names in grades.values() for one in names}:
            if seen.setdefault(heading, field) != field:
                twice.append((heading, seen[heading], field))
    assert twice == []
    assert set(table) <= set(formats.FIELDS)


def test_the_sheet_of_a_chinese_collection_system_is_mostly_understood(write):
    source = json.loads((Path(__file__).parents[2] / "data/reference/import_headers_zh.json").read_text("utf-8"))
    sheet = next(one for one in source["templates"] if one["sheet"] == "credit card and consumer loan cases")
    headings = [one["heading"] for one in sheet["headers"]]
    found = suggest.suggest(write("\t".join(headings), "1" + "\t" * (len(headings) - 1)))
    known = fields(found)
    assert {known.get(name) for name in ("姓名", "证件号", "本人手机", "家庭号码", "单位号码")} == {
        "name", "document_number", "mobile", "home_phone", "work_phone",
    }  # fmt: skip
    assert known["逾期天数"] == "days_past_due"
    assert "which_column" in questions(found)  # 卡号 or 账号: only a person can say which one is the account


def test_a_plain_tape_leaves_no_question(write):
    found = suggest.suggest(
        write(
            "Report of today", "", "Account No;Balance;Past due since", "A1;1.234,50;31/01/2026", "A2;10,00;05/02/2026"
        )
    )
    assert (found.layout.delimiter, found.layout.header_line) == (";", 3)
    assert (found.date_format, found.decimal_mark, found.questions) == ("DD/MM/YYYY", ",", ())
    assert fields(found) == {
        "Account No": "account_number", "Balance": "balance", "Past due since": "oldest_unpaid_due_date",
    }  # fmt: skip
    assert [column.confidence for column in found.columns] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("dates", "form"),
    [
        (["2026-01-31"], "YYYY-MM-DD"), (["20260131"], "YYYYMMDD"), (["31/01/2026", "01/02/2026"], "DD/MM/YYYY"),
        (["01/31/2026", "01/02/2026"], "MM/DD/YYYY"), (["31-Jan-2026"], "DD-MMM-YYYY"), (["05/05/2026"], "DD/MM/YYYY"),
        (["2026年1月31日"], "YYYY-MM-DD"),
    ],
)  # fmt: skip
def test_the_date_format_is_inferred(write, dates, form):
    found = suggest.suggest(
        write("account_id,balance,oldest_unpaid_due_date", *(f"A{n},1.00,{one}" for n, one in enumerate(dates)))
    )
    assert (found.date_format, questions(found)) == (form, [])


def test_one_impossible_date_does_not_hide_the_rule(write):
    days = [f"A{n},1.00,{n + 12}/01/2026" for n in range(1, 18)] + ["B,1.00,01/31/2026"]
    assert suggest.suggest(write("account_id,balance,oldest_unpaid_due_date", *days)).date_format == "DD/MM/YYYY"


def test_a_date_that_can_be_read_both_ways_is_asked_about(write):
    found = suggest.suggest(write("account_id,balance,oldest_unpaid_due_date", "A1,1.00,03/04/2026"))
    assert questions(found) == ["which_date_format"]
    with pytest.raises(MappingUnclear):
        found.mapping("x")


@pytest.mark.parametrize(
    ("amounts", "mark"),
    [
        (["1,234.50"], "."),
        (["1.234,50"], ","),
        (["10,5"], ","),
        (["1.234"], ","),
        (["1,234"], "."),
        (["7"], "."),
        (["0.50"], "."),
    ],
)
def test_the_decimal_mark_is_inferred(write, amounts, mark):
    lines = [f"A{n};{one};0" for n, one in enumerate(amounts)]
    assert suggest.suggest(write("account_id;balance;dpd", *lines)).decimal_mark == mark


@pytest.mark.parametrize(
    ("head", "question"),
    [
        ("who,balance,dpd", "which_column_holds"),
        ("account_id,much,dpd", "which_column_holds"),
        ("account_id,balance,colour", "which_column_says_how_late"),
        ("account_id,卡号,balance,dpd", "which_column"),
    ],
)
def test_what_is_missing_or_there_twice_is_asked_about(write, head, question):
    assert questions(suggest.suggest(write(head, ",".join("1" for _one in head.split(","))))) == [question]


def test_of_several_measures_the_most_exact_is_taken(write):
    found = suggest.suggest(write("account_id,balance,months_past_due,days_past_due", "A1,1.00,1,5"))
    assert fields(found)["days_past_due"] == "days_past_due"
    assert "months_past_due" not in fields(found)
    assert questions(found) == []


def test_a_sample_does_not_show_a_whole_telephone_or_document_number(write):
    found = suggest.suggest(write("account_id,balance,dpd,mobile,id number", "A1,1,0,13800138000,11010519491231002X"))
    assert [column.sample for column in found.columns[3:]] == ["…8000", "…002X"]
