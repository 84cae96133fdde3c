"""The commands of the night print what the agreement on the command line says, and end with the right status."""

import json
from datetime import UTC, date, datetime

import pytest
from django.core.management import CommandError, call_command

from collections_app.shared import clock
from tests.factories.cases import AccountFactory, CreditorFactory, PersonFactory, ProductFactory
from tests.factories.damage import wrong_balance

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 3)


@pytest.fixture(autouse=True)
def a_fixed_clock(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 3, 7, 18, 30, tzinfo=UTC))


@pytest.fixture
def product():
    product = ProductFactory(creditor=CreditorFactory(code="bank"))
    AccountFactory(product=product, person=PersonFactory(), dpd=40, on=ON)
    return product


def run(capsys, *command: str) -> dict:
    call_command(*command, "--json")
    return json.loads(capsys.readouterr().out)


def test_close_of_day_prints_its_steps(product, capsys):
    report = run(capsys, "close_of_day", "--date", "2026-03-03", "--creditor", "bank")
    assert report["business_date"] == "2026-03-03"
    assert [step["name"] for step in report["steps"]] == [
        "freshness",
        "ageing",
        "cases",
        "promises",
        "plans",
        "holds",
        "strategies",
        "figures",
        "invariants",
    ]
    assert {step["state"] for step in report["steps"]} == {"done"}
    assert set(report["steps"][0]) == {"name", "state", "rows", "seconds"}
    assert report["run_id"] == report["runs"][0]["run_id"]
    assert report["seconds"] == pytest.approx(sum(step["seconds"] for step in report["steps"]), abs=0.01)


def test_a_day_out_of_order_is_wrong_use_and_says_how(product, capsys):
    run(capsys, "close_of_day", "--date", "2026-03-03")
    with pytest.raises(CommandError, match=r"2026-03-04, 2026-03-05.*--missed") as refused:
        call_command("close_of_day", "--date", "2026-03-06")
    assert refused.value.returncode == 2


@pytest.mark.parametrize("arguments", [[], ["--date", "2026-03-08"], ["--date", "2026-03-03", "--creditor", "nobody"]])
def test_wrong_use_ends_with_two(product, arguments):
    with pytest.raises(CommandError) as refused:
        call_command("close_of_day", *arguments)
    assert refused.value.returncode == 2


def test_missed_days_are_closed_in_order_and_again_there_are_none(product, capsys):
    run(capsys, "close_of_day", "--date", "2026-03-03")
    report = run(capsys, "close_of_day", "--missed")
    assert [each["business_date"] for each in report["runs"]] == [f"2026-03-0{day}" for day in (4, 5, 6, 7)]
    assert run(capsys, "close_of_day", "--missed")["runs"] == []


def test_check_invariants_names_the_rows(product, capsys):
    run(capsys, "close_of_day", "--date", "2026-03-03")
    assert run(capsys, "check_invariants") == {"checked": 10, "violations": {}}
    account = product.accounts.get()
    wrong_balance(account, "499.99")
    found = run(capsys, "check_invariants")
    assert found["violations"] == {"balances_equal_their_entries": [account.pk]}
