"""Scenarios of Kill Bill, Frappe Lending, ERPNext and OCA: ages, classes, divisions and interest beside ours."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from cases import ageing
from cases.accrual import Principal, accrued
from cases.ageing import Scheme
from cases.allocation import CREDIT, Due, book, split
from cases.rates import RateOn
from cases.replay import Charge, Take, play
from collections_app.shared.money import Money
from tests.cases.peers.vectors import DIFFERS, NOT_OURS, VECTORS

ZERO = Decimal(0)
OLDEST_FIRST = book().waterfalls["costs-interest-principal"]
HERE = {
    "kb-01", "kb-03", "kb-05", "kb-08", "kb-10", "kb-12", "kb-15", "fl-01", "fl-03", "fl-04", "fl-05", "fl-07", "fl-09",
    "er-01", "er-02", "er-04", "er-06",
}  # fmt: skip


def test_every_scenario_is_compared_or_said_not_to_be_ours():
    others = {key for key, vector in VECTORS.items() if vector["peer"] != "Apache Fineract"}
    assert others == HERE | {key for key in NOT_OURS if not key.startswith("fi-")}


# -- ages and levels ---------------------------------------------------------------------------------------------------


def levels(rows):
    """Return the peer's ladder as a bucket scheme of ours."""
    key = next(key for key in rows[0] if key.startswith("days"))
    return Scheme("peer", ("CLEAR", *(row["state"] for row in rows)), tuple(row[key] for row in rows))


def state(scheme, invoices, paid, on):
    """Return the level on a date: by the age of the oldest invoice that is not paid."""
    charges = [Charge("principal", day, amount, day) for day, amount in invoices]
    takes = [Take(n, amount, day, (n,)) for n, (day, amount) in enumerate(paid, 1)]
    met = {}
    for day, found in play(charges, takes, currency="EUR", choose=lambda _on, _dues: OLDEST_FIRST):
        if day <= on:
            met = found
    left: dict[date, Decimal] = {}
    for charge in charges:
        if charge.effective_on <= on:
            left[charge.due_on] = left.get(charge.due_on, ZERO) + charge.amount
    for (_take, component, due_on), amount in met.items():
        if component != CREDIT:
            left[due_on] -= amount
    return scheme.bucket(ageing.dpd(min((day for day, amount in left.items() if amount), default=None), on))


def day_of(text):
    return date.fromisoformat(text)


def dated(rows):
    return [(day_of(row["date"]), Decimal(row.get("amount", "100"))) for row in rows]


@pytest.mark.parametrize("key", ["kb-01", "kb-08"])
def test_levels_go_by_the_days_since_the_oldest_unpaid_invoice(key):
    given, expect = VECTORS[key]["given"], VECTORS[key]["expect"]
    invoices = dated(given["unpaid_invoices"])
    rows = [row for row in expect if "date" in row]
    found = [state(levels(given["levels"]), invoices, [], day_of(row["date"])) for row in rows]
    assert found == [row["state"] for row in rows]
    paid = [(invoices[-1][0], sum((amount for _day, amount in invoices), ZERO))]
    assert state(levels(given["levels"]), invoices, paid, date(2013, 1, 1)) == "CLEAR"


def test_a_credit_for_the_oldest_invoice_lets_the_next_one_age():
    given, expect = VECTORS["kb-03"]["given"], VECTORS["kb-03"]["expect"]
    credit = given["adjustment"]
    paid = [(day_of(credit["date"]), -Decimal(credit["amount"]))]
    invoices = dated(given["unpaid_invoices"])
    found = [state(levels(given["levels"]), invoices, paid, day_of(row["date"])) for row in expect]
    assert found == [row["state"] for row in expect]


def test_a_chargeback_makes_an_invoice_as_old_as_it_is():
    given, expect = VECTORS["kb-05"]["given"], VECTORS["kb-05"]["expect"]
    ladder, on = levels(given["levels"]), day_of(given["chargeback"]["date"])
    invoice = given["invoices"][0]
    invoices, paid = dated([invoice]), [(day_of(invoice["paid_on"]), Decimal(invoice["amount"]))]
    assert [state(ladder, invoices, stands, on) for stands in (paid, [], paid)] == [row["state"] for row in expect]


def test_paying_the_oldest_invoices_moves_the_level_at_once():
    given, expect = VECTORS["kb-10"]["given"], VECTORS["kb-10"]["expect"]
    invoices = [(day_of(row["date"]), Decimal(row["invoice"])) for row in given["events"] if "invoice" in row]
    paid = [(day_of(row["date"]), sum(map(Decimal, row["paid"]), ZERO)) for row in given["events"] if "paid" in row]
    found = [state(levels(given["levels"]), invoices, paid, day_of(row["date"])) for row in expect]
    assert found == [row["state"] for row in expect]


def test_totals_are_of_all_unpaid_invoices_and_the_oldest_of_them():
    rows = VECTORS["kb-15"]["given"]["unpaid_invoices"]
    expect = {key: value for row in VECTORS["kb-15"]["expect"] for key, value in row.items()}
    owed = [Due("principal", date(2026, 1, 1) + timedelta(days=row["day"]), Decimal(row["balance"])) for row in rows]
    assert sum((due.amount for due in owed), ZERO) == Decimal(expect["sum"])
    assert len(owed) == expect["count"]  # the peer counts the one of nothing too; nothing of ours is met for it
    assert [part.due_on for part in split(Money(Decimal(110), "EUR"), owed, OLDEST_FIRST, on=date(2026, 2, 1))] == [
        due.due_on for due in owed[1:]
    ]


@pytest.mark.parametrize("row", VECTORS["kb-12"]["expect"], ids=lambda row: row["balance"])
def test_a_bound_on_the_balance_includes_the_bound(row):
    assert (Money(Decimal(row["balance"]), "EUR") >= Money(Decimal("100.00"), "EUR")) is row["met"]


def classes(rows):
    return Scheme("peer", tuple(row["code"] for row in rows), tuple(row["min_dpd"] for row in rows[1:]))


def test_days_past_due_begin_the_day_after_the_due_day():
    given, expect = VECTORS["fl-01"]["given"], VECTORS["fl-01"]["expect"]
    scheme, oldest = classes(given["classes"]), day_of(given["oldest_unpaid_due"])
    found = [(dpd := ageing.dpd(oldest, day_of(row["date"])), scheme.bucket(dpd)) for row in expect]
    assert found == [(row["days_past_due"], row["class"]) for row in expect]


def test_classes_are_cut_where_the_peer_cuts_them():
    scheme = classes(VECTORS["fl-04"]["given"]["classes"])
    found = [scheme.bucket(row["days_past_due"]) for row in VECTORS["fl-04"]["expect"]]
    assert found == [row["class"] for row in VECTORS["fl-04"]["expect"]]


def test_the_due_day_itself_is_day_nought_where_the_peer_has_day_one():
    given, expect = VECTORS["fl-03"]["given"], VECTORS["fl-03"]["expect"]
    invoices = [(day_of(row["due"]), Decimal(3782)) for row in given["instalments"]]
    paid = [(day_of(day), Decimal(amount)) for row in given["instalments"] for day, amount in row["paid"]]
    by_day = Scheme("days", tuple(str(n) for n in range(40)), tuple(range(1, 40)))
    mine = [int(state(by_day, invoices, paid, day_of(row["date"]))) for row in expect]
    assert "fl-03" in DIFFERS
    assert mine == [max(0, row["days_past_due"] - 1) for row in expect]


# -- divisions ---------------------------------------------------------------------------------------------------------


def test_a_payment_meets_the_oldest_instalment_first():
    given, expect = VECTORS["er-04"]["given"], VECTORS["er-04"]["expect"]
    today = date(2026, 1, 1)
    dues = [
        Due("principal", today + timedelta(days=row["due_in_days"]), Decimal(row["amount"]))
        for row in given["instalments"]
    ]
    parts = split(Money(Decimal(given["payment"]), "EUR"), dues, OLDEST_FIRST, on=today)
    left = [due.amount - sum((part.amount for part in parts if part.due_on == due.due_on), ZERO) for due in dues]
    peer = {row["instalment"]: ZERO if row.get("gone") else Decimal(row["outstanding"]) for row in expect}
    assert left == [peer[number] for number in (1, 2, 3)]


def test_a_credit_beyond_what_is_owed_pays_it_and_waits_where_the_peer_applies_nothing():
    given = VECTORS["er-06"]["given"]
    day = date(2026, 1, 1)
    takes = [Take(1, Decimal(given["paid"]), day, (1,)), Take(2, Decimal(given["credit_note"]), day, (2,))]
    charges = [Charge("principal", day, Decimal(given["invoice"]), day)]
    [(_on, met)] = play(charges, takes, currency="EUR", choose=lambda _on, _dues: OLDEST_FIRST)
    assert "er-06" in DIFFERS
    assert met == {(1, "principal", day): 40, (2, "principal", day): 60, (2, CREDIT, None): 40}


def test_the_order_in_which_payments_are_booked_makes_no_difference():
    given = VECTORS["fl-09"]["given"]
    dues = [date(2024, month, 5) for month in range(5, 11)]
    charges = [Charge("principal", due, Decimal(160_000), date(2024, 4, 5)) for due in dues]
    charges += [Charge("interest", due, Decimal(18_025), due) for due in dues]

    def booked(order):
        numbers = {day: number for number, day in enumerate(order, 1)}
        takes = [Take(number, Decimal(given["each"]), day_of(day), (day,)) for day, number in numbers.items()]
        last = list(play(charges, takes, currency="INR", choose=lambda _on, _dues: OLDEST_FIRST))[-1][1]
        days = {number: day for day, number in numbers.items()}
        return {(days[number], component, due_on): amount for (number, component, due_on), amount in last.items()}

    assert booked(given["loan_a_booked_in_order_of"]) == booked(given["loan_b_booked_in_order_of"])


def test_a_rest_inside_the_tolerance_is_left_on_the_account_to_write_off():
    given, expect = VECTORS["fl-07"]["given"], VECTORS["fl-07"]["expect"]
    owed = [Due("principal", date(2026, 1, 1), Decimal(given["principal"]))]
    paid = Money(Decimal(given["principal"]) - Decimal(given["paid_short_by"]), "INR")
    rest = owed[0].amount - sum((part.amount for part in split(paid, owed, OLDEST_FIRST, on=date(2026, 1, 1))), ZERO)
    assert rest == Decimal(expect[0]["pending_principal"]) < Decimal(given["write_off_limit"])


# -- interest ----------------------------------------------------------------------------------------------------------


def interest(component, percent, amount, *, since, upto, due_on=None, grace_days=0):
    """Return what has accrued, rounded as it would be posted."""
    rate = RateOn(component, Decimal(percent), since, "act/365", grace_days)
    exact = accrued([Principal(since, due_on, Decimal(amount))], [rate], upto=upto, tolerance=ZERO)[component]
    return Money.rounded(Decimal(exact.numerator) / Decimal(exact.denominator), "INR").amount


def test_thirty_days_of_interest_come_to_the_same_cent():
    given, expect = VECTORS["fl-05"]["given"], VECTORS["fl-05"]["expect"][0]
    first, last = day_of(given["disbursed"]), day_of(given["accrued_to"])
    found = interest("interest", given["rate_percent"], given["principal"], since=first, upto=last)
    assert found == Decimal(expect["accrued_interest"])


def test_penalty_interest_begins_after_the_days_of_grace():
    # The peer takes it from unpaid interest; with us interest bears none, so a due of that amount stands for it.
    given, expect = VECTORS["fl-05"]["given"], VECTORS["fl-05"]["expect"][0]
    due = day_of(given["accrued_to"])
    found = interest(
        "penalty", given["penalty_rate_percent"], expect["accrued_interest"], since=due, due_on=due,
        upto=day_of(given["paid_on"]), grace_days=given["grace_days"],
    )  # fmt: skip
    assert found == Money.rounded(Decimal(expect["penalty_exact"]), "INR").amount == Decimal("38.00")


@pytest.mark.parametrize("key", ["er-01", "er-02"])
def test_a_notice_adds_the_fee_and_the_interest_of_the_days_past_due(key):
    given, expect = VECTORS[key]["given"], VECTORS[key]["expect"][0]
    due = date(2026, 1, 1)
    upto = due + timedelta(days=given["days_overdue"])
    found = interest("penalty", given["rate_percent"], given["outstanding"], since=due, due_on=due, upto=upto)
    assert found == Decimal(expect["interest"])
    assert found + Decimal(given["fee"]) == Decimal(expect["dunning_amount"])
    assert Decimal(given["outstanding"]) + Decimal(given["fee"]) + found == Decimal(expect["total"])
