"""Interest by the day: exact sums, one rounding, never twice, less after a payment that becomes known late."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest

from cases import accrual, ledger, rates
from cases.accrual import Principal, accrued
from cases.allocation import AllocationDataError
from cases.closing import Close, Span
from cases.models import Account, AccountState, LedgerEntry, Rate
from cases.rates import RateOn
from collections_app.shared import clock
from collections_app.shared.actor import SYSTEM
from collections_app.shared.money import Money
from tests.factories.cases import AccountFactory

FIRST = date(2026, 1, 1)
WHOLE = Span(0, 2**62)


def day(number):
    return FIRST + timedelta(days=number)


def moves(*rows):
    return [Principal(day(on), day(due) if due is not None else None, Decimal(amount)) for on, due, amount in rows]


def total(principal, *table, upto, **more):
    found = accrued(principal, table, upto=day(upto), **{"tolerance": Decimal(0), **more})
    return {component: round(float(amount), 6) for component, amount in found.items() if amount}


def interest(percent, on=0, count="act/365"):
    return RateOn("interest", Decimal(percent), day(on), count)


def penalty(percent, grace=0):
    return RateOn("penalty", Decimal(percent), day(0), "act/365", grace)


@pytest.mark.parametrize(
    ("count", "upto", "expected"),
    [
        ("act/365", 30, 10.191781),  # 1000 x 12 % x 31 / 365
        ("act/360", 30, 10.333333),  # 1000 x 12 % x 31 / 360
        ("30/360", 30, 10.0),  # the whole of January: 30 / 360
        ("30/360", 58, 20.0),  # with February, which counts thirty days too
    ],
)
def test_days_are_counted_as_the_rate_says(count, upto, expected):
    assert total(moves((0, None, "1000.00")), interest("12", count=count), upto=upto) == {"interest": expected}


def test_a_rate_holds_until_the_next_one_begins():
    table = (interest("10"), interest("20", on=10))
    expected = round(1000 * (0.10 * 10 + 0.20 * 10) / 365, 6)
    assert total(moves((0, None, "1000.00")), *table, upto=19) == {"interest": expected}


def test_interest_follows_the_principal_day_by_day():
    paid = moves((0, None, "1000.00"), (10, None, "-400.00"))
    assert total(paid, interest("36.5"), upto=19) == {"interest": 16.0}  # ten days of 1.00, ten of 0.60


def test_penalty_begins_after_the_grace_and_only_on_what_is_past_due():
    owed = moves((0, 5, "100.00"), (0, 60, "900.00"))
    assert total(owed, penalty("36.5", grace=3), upto=8) == {}
    assert total(owed, penalty("36.5", grace=3), upto=9) == {"penalty": 0.1}
    assert total(owed, penalty("36.5", grace=3), upto=9, tolerance=Decimal("100.00")) == {}


def test_a_cap_holds_interest_and_penalty_together_from_its_day_on():
    caps = (rates.Cap("CN", "online_consumer_loan", Decimal("24"), day(10), None, "s", is_confirmed=True),)
    more = {"caps": caps, "jurisdiction": "CN-31", "product": "online_consumer_loan"}
    owed = moves((0, 0, "36500.00"))
    table = (interest("20"), penalty("10"))
    found = total(owed, *table, upto=19, **more)
    assert found == {"interest": 400.0, "penalty": 130.0}  # nine days of 10.00 (the first is not past due), ten of 4.00
    assert total(owed, *table, upto=19, **{**more, "jurisdiction": "US-NY"}) == {"interest": 400.0, "penalty": 190.0}


def test_the_caps_that_are_shipped_can_be_read():
    assert [(cap.jurisdiction, cap.percent) for cap in rates.caps()] == [("CN", Decimal("24"))]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('percent = "24"', "percent = 24.5", "'percent'"),
        ('percent = "24"', 'percent = "-1"', "'percent'"),
        ("from = 2025-10-01", 'from = "soon"', "'from'"),
        ("confirmed = false", "", "'confirmed'"),
        ('product = "online_consumer_loan"', 'product = "x"\nlimit = 1', "'limit'"),
    ],
)
def test_bad_caps_name_file_row_and_key(tmp_path, old, new, key):
    path = tmp_path / "caps.toml"
    path.write_text(rates.CAPS.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(AllocationDataError, match=f"caps.toml, row 1: key {key}"):
        rates.read(path)


# -- on the book -------------------------------------------------------------------------------------------------------


@pytest.fixture
def account(db):
    account = AccountFactory(
        balance="0.00", dpd=0, on=FIRST, product__kind="personal_loan", product__creditor__books="ours"
    )
    Rate.objects.create(product=account.product, component="interest", percent="36.5", from_on=FIRST)
    ledger.charge(account, "principal", Money(Decimal(1000), "CNY"), day(9), FIRST, at=instant(0), source="contract")
    return account


def instant(number):
    return datetime.combine(day(number), time(20), clock.zone("Asia/Shanghai"))


def close(account, number):
    night = Close(account.creditor, day(number), 0, SYSTEM, instant(number) + timedelta(hours=6))
    return accrual.run(night, WHOLE)


def test_a_night_posts_what_accrued_and_a_second_run_nothing(account):
    assert close(account, 0) == 1
    assert ledger.components(account.pk) == {"principal": Decimal("1000.00"), "interest": Decimal("1.00")}
    assert close(account, 0) == 0
    assert close(account, 4) == 1  # nights that were missed are made up
    assert ledger.components(account.pk)["interest"] == Decimal("5.00")
    assert LedgerEntry.objects.filter(source="accrual").count() == 2


def test_a_fraction_of_a_cent_is_not_lost(account):
    Rate.objects.filter(product=account.product).update(percent="0.1")  # 0.0027 a day
    for number in range(20):
        close(account, number)
    assert ledger.components(account.pk)["interest"] == Decimal("0.05")  # 0.0548 in twenty days


def test_a_payment_that_becomes_known_late_lowers_what_had_accrued(account):
    for number in range(10):
        close(account, number)
    account.refresh_from_db()
    assert account.balance == Decimal("1010.00")
    ledger.take(account, Money(Decimal(504), "CNY"), kind="payment", effective_on=day(3), at=instant(9), source="bank")
    close(account, 9)
    # Three days of 1.00 and seven of 0.50; the payment met the interest of four days as it stood on its day.
    lowered = LedgerEntry.objects.get(source="accrual", amount__lt=0, kind="adjustment")
    assert (lowered.amount, lowered.effective_on) == (Decimal("-3.50"), day(9))
    assert ledger.components(account.pk) == {"principal": Decimal("500.00"), "interest": Decimal("2.50")}
    assert Account.objects.get(pk=account.pk).balance == Decimal("502.50")


def test_where_the_source_keeps_the_books_nothing_accrues(account):
    creditor = account.creditor
    creditor.books = "source"
    creditor.save()
    assert close(account, 5) == 0
    assert not LedgerEntry.objects.filter(source="accrual").exists()


def test_an_account_of_our_own_books_is_past_due_from_the_day_after_its_due_date(account):
    close(account, 8)
    assert AccountState.objects.filter(account=account, cause="ledger").count() == 0
    close(account, 9)
    state = AccountState.objects.get(account=account, cause="ledger")
    assert (state.effective_on, state.past_due_since) == (day(10), day(9))
    ledger.take(
        account, Money(Decimal(1010), "CNY"), kind="payment", effective_on=day(10), at=instant(10), source="bank"
    )
    state = AccountState.objects.filter(account=account).latest("pk")
    assert (state.effective_on, state.past_due_since, state.balance) == (day(10), None, Decimal("0.00"))
