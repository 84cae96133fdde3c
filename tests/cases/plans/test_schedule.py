"""Schedules: exact sums, dates in order and on working days, whatever the amount, the rate and the calendar."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.plans import schedule
from cases.plans.schedule import Paid, ScheduleRefused, Wanted, outstanding, preview, spread
from collections_app.shared.money import Money
from compliance import calendars
from compliance.periods import add_months

CN = calendars.get("CN")


def cny(text: str) -> Money:
    return Money(Decimal(text), "CNY")


def wanted(**changes) -> Wanted:
    usual = {
        "kind": "instalment",
        "owed": cny("1000.00"),
        "agreed_on": date(2026, 1, 5),
        "first_on": date(2026, 1, 31),
        "count": 3,
        "calendar": CN,
    }
    return Wanted(**{**usual, **changes})


def refusal(**changes) -> ScheduleRefused:
    with pytest.raises(ScheduleRefused) as caught:
        preview(wanted(**changes))
    return caught.value


@st.composite
def asked(draw) -> Wanted:
    currency = draw(st.sampled_from(["CNY", "JPY", "TWD"]))
    units = draw(st.integers(1, 10**9))
    owed = Money(Decimal(units) if currency == "JPY" else Decimal(units).scaleb(-2), currency)
    agreed = draw(st.dates(date(2025, 1, 1), date(2026, 12, 1)))
    return Wanted(
        kind=draw(st.sampled_from(["instalment", "deferral", "hardship"])),
        owed=owed,
        agreed_on=agreed,
        first_on=agreed + timedelta(days=draw(st.integers(0, 90))),
        count=draw(st.integers(1, 60)),
        cycle=draw(st.sampled_from(["monthly", "fortnightly", "weekly"])),
        rate=draw(st.sampled_from([Decimal(0), Decimal("5.5"), Decimal("18.25"), Decimal(36)])),
        calendar=draw(st.sampled_from([CN, None])),
    )


@settings(max_examples=60)
@given(asked())
def test_owed_and_interest_equal_instalments_and_rest_to_the_unit(ask):
    plan = preview(ask)
    assert plan.owed + plan.interest == plan.total + plan.remainder
    assert plan.remainder.amount == 0
    assert all(line.amount.amount > 0 for line in plan.lines)
    assert sum(line.interest.amount for line in plan.lines) == plan.interest.amount
    assert plan.count <= ask.count


@settings(max_examples=60)
@given(asked())
def test_dates_never_go_back_and_fall_on_working_days(ask):
    plan = preview(ask)
    due = [line.due_on for line in plan.lines]
    assert due == sorted(due)
    for line in plan.lines:
        assert line.due_on >= line.nominal_on
        assert line.due_on == schedule.working_day(line.nominal_on, ask.calendar)[0]
        if not line.tentative and ask.calendar is not None:
            assert not ask.calendar.is_nonworking(line.due_on)


@settings(max_examples=40)
@given(asked(), st.integers(1, 400))
def test_a_wanted_instalment_is_kept_to_but_for_a_smaller_last_one(ask, divisor):
    unit = Decimal(1) if ask.owed.currency == "JPY" else Decimal("0.01")
    each = Money.rounded(max(unit, ask.owed.amount / divisor), ask.owed.currency)
    try:
        plan = preview(Wanted(**{**_fields(ask), "count": None, "instalment": each}))
    except ScheduleRefused:  # it does not even cover its interest, or takes longer than anybody lives
        return
    *regular, last = plan.lines
    assert all(line.amount == each for line in regular)
    assert last.amount <= each
    assert plan.owed + plan.interest == plan.total


def _fields(ask: Wanted) -> dict:
    return {name: getattr(ask, name) for name in Wanted.__dataclass_fields__}


def test_a_thousand_in_three_is_33334_and_two_of_33333():
    assert [str(line.amount.amount) for line in preview(wanted()).lines] == ["333.34", "333.33", "333.33"]


def test_yen_are_split_into_whole_yen():
    plan = preview(wanted(owed=Money(Decimal(1000), "JPY"), calendar=None))
    assert [line.amount.amount for line in plan.lines] == [334, 333, 333]


def test_the_31st_becomes_the_last_day_of_shorter_months():
    plan = preview(wanted(calendar=None, count=4))
    assert [line.nominal_on.isoformat() for line in plan.lines] == [
        "2026-01-31",
        "2026-02-28",
        "2026-03-31",
        "2026-04-30",
    ]


def test_29_february_is_kept_in_a_leap_year_and_the_28th_otherwise():
    assert add_months(date(2028, 2, 29), 12) == date(2029, 2, 28)
    assert add_months(date(2028, 2, 29), 48) == date(2032, 2, 29)
    assert add_months(date(2027, 12, 31), 2) == date(2028, 2, 29)


def test_a_date_in_the_lunar_new_year_moves_behind_it():
    plan = preview(wanted(first_on=date(2026, 2, 17), count=1))
    assert plan.first.nominal_on == date(2026, 2, 17)
    assert plan.first.due_on == date(2026, 2, 24)
    assert not plan.first.tentative


def test_a_made_up_working_weekend_is_a_working_day():
    assert schedule.working_day(date(2026, 2, 28), CN) == (date(2026, 2, 28), False)  # a Saturday, worked
    assert schedule.working_day(date(2026, 3, 7), CN) == (date(2026, 3, 9), False)  # a Saturday like any other


def test_dates_of_a_year_without_published_holidays_are_tentative_and_leave_weekends_only():
    plan = preview(wanted(first_on=date(2026, 12, 31), count=2))
    first, second = plan.lines
    assert (first.due_on, first.tentative) == (date(2026, 12, 31), False)
    assert (second.nominal_on, second.due_on, second.tentative) == (date(2027, 1, 31), date(2027, 2, 1), True)


def test_interest_is_simple_daily_on_what_is_still_owed():
    plan = preview(wanted(owed=cny("3650.00"), rate=Decimal(10), count=2, first_on=date(2026, 2, 4), calendar=None))
    # 30 days at 1.00 a day, then 28 days on what is left
    first, second = plan.lines
    assert first.interest == cny("30.00")
    left = Decimal("3650.00") - (first.amount.amount - Decimal("30.00"))
    assert second.interest.amount == (left * 10 * 28 / 36500).quantize(Decimal("0.01"))
    assert plan.total == cny("3650.00") + plan.interest
    assert second.amount <= first.amount


def test_a_down_payment_is_number_nought_and_bears_no_interest():
    plan = preview(wanted(down_payment=cny("100.00")))
    assert (plan.lines[0].number, plan.lines[0].amount, plan.lines[0].due_on) == (0, cny("100.00"), date(2026, 1, 5))
    assert [line.amount for line in plan.lines[1:]] == [cny("300.00")] * 3
    assert plan.count == 3
    assert plan.total == cny("1000.00")


def test_an_extension_is_all_of_it_with_its_interest_on_one_later_date():
    plan = preview(wanted(kind="extension", count=None, first_on=date(2026, 4, 15), rate=Decimal("36.5")))
    assert [line.amount for line in plan.lines] == [cny("1100.00")]
    assert plan.interest == cny("100.00")


def test_reduced_payments_leave_a_rest_and_say_how_much():
    plan = preview(wanted(kind="reduced", instalment=cny("50.00"), count=6))
    assert (plan.total, plan.remainder) == (cny("300.00"), cny("700.00"))


def test_the_months_of_a_plan_are_counted_from_the_day_it_is_agreed():
    assert preview(wanted(first_on=date(2026, 2, 5), count=60)).months == 60
    assert preview(wanted(first_on=date(2026, 2, 6), count=60)).months == 61
    assert preview(wanted(first_on=date(2026, 1, 6), count=1)).months == 1


def test_too_little_says_how_many_are_needed_or_how_much_each():
    refused = refusal(instalment=cny("300.00"), count=3)
    assert refused.code == "too-little"
    assert (refused.values["needed"], refused.values["each"]) == (4, cny("333.34"))
    assert preview(wanted(instalment=cny("333.34"), count=3)).total == cny("1000.00")


def test_an_instalment_that_does_not_cover_its_interest_never_ends():
    refused = refusal(owed=cny("100000.00"), instalment=cny("10.00"), count=None, rate=Decimal(24))
    assert refused.code == "never-ends"
    assert preview(wanted(owed=cny("100000.00"), instalment=cny("3000.00"), count=None, rate=Decimal(24))).count > 40


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"instalment": cny("0.00"), "count": None}, "not-positive"),
        ({"instalment": cny("-5.00"), "count": None}, "not-positive"),
        ({"instalment": Money(Decimal("5.00"), "USD"), "count": None}, "currency"),
        ({"count": None}, "no-number"),
        ({"count": 0}, "number"),
        ({"down_payment": cny("1000.00")}, "down-payment"),
        ({"first_on": date(2026, 1, 4)}, "before"),
        ({"rate": Decimal(101)}, "rate"),
        ({"rate": Decimal(-1)}, "rate"),
        ({"kind": "extension", "count": 2}, "one-payment"),
        ({"owed": cny("0.00")}, "nothing-owed"),
    ],
)
def test_what_is_wrong_is_said_by_its_name(changes, code):
    assert refusal(**changes).code == code


def test_three_decimals_are_no_amount_at_all():
    with pytest.raises(ValueError, match="more decimal places"):
        cny("1.005")


amounts = st.lists(st.integers(1, 500), min_size=1, max_size=8)


@settings(max_examples=60)
@given(amounts, amounts)
def test_payments_meet_instalments_in_order_and_nothing_is_lost(paid, due):
    money = [Money(Decimal(each), "CNY") for each in paid]
    lines = [Money(Decimal(each), "CNY") for each in due]
    met = list(spread(money, lines))
    assert sum(amount.amount for _, _, amount in met) == min(sum(paid), sum(due))
    assert [place for _, place, _ in met] == sorted(place for _, place, _ in met)
    filled = [sum(amount.amount for _, place, amount in met if place == which) for which in range(len(lines))]
    first_short = next((n for n, each in enumerate(filled) if each < due[n]), len(due))
    assert all(each == 0 for each in filled[first_short + 1 :])


def test_what_settles_everything_holds_no_interest_of_the_future():
    since = date(2026, 1, 1)
    figure = {"rate": Decimal("36.5"), "since": since}
    assert outstanding(cny("1000.00"), paid=[], on=date(2026, 1, 11), **figure) == cny("1010.00")
    paid = [Paid(date(2026, 1, 11), cny("510.00"))]
    assert outstanding(cny("1000.00"), paid=paid, on=date(2026, 1, 11), **figure) == cny("500.00")
    assert outstanding(cny("1000.00"), paid=paid, on=date(2026, 1, 21), **figure) == cny("505.00")
    assert outstanding(cny("1000.00"), paid=[], on=date(2026, 1, 21), rate=Decimal(0), since=since) == cny("1000.00")
