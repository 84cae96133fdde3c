"""What a debt bears while a plan is performed."""

from datetime import date
from decimal import Decimal

from cases.plans.agreed_rates import Agreed, during
from cases.rates import RateOn, in_force

TABLE = [
    RateOn("interest", Decimal(18), date(2025, 1, 1)),
    RateOn("penalty", Decimal(9), date(2025, 1, 1)),
    RateOn("interest", Decimal(15), date(2026, 6, 1)),
]
SIGNED, ENDED = date(2026, 3, 1), date(2026, 8, 1)


def borne(plans, day, table=TABLE) -> tuple[str, str]:
    rates = during(table, plans)
    found = [in_force(rates, component, day) for component in ("interest", "penalty")]
    return tuple(str(rate.percent) if rate else "-" for rate in found)


def test_the_agreed_rate_holds_from_the_signature_to_the_end_and_the_products_again_after_it():
    plan = [Agreed(SIGNED, ENDED, Decimal(6), fees_run=False)]
    assert borne(plan, date(2026, 2, 28)) == ("18", "9")
    assert borne(plan, SIGNED) == ("6", "0")
    assert borne(plan, date(2026, 7, 31)) == ("6", "0")  # a change of the product in between does not reach it
    assert borne(plan, ENDED) == ("15", "9")


def test_a_running_plan_has_no_end_and_penalty_goes_on_where_fees_do():
    assert borne([Agreed(SIGNED, None, Decimal(0), fees_run=True)], date(2030, 1, 1)) == ("0", "9")


def test_one_plan_after_another_and_one_that_ended_at_once():
    plans = [
        Agreed(SIGNED, date(2026, 4, 1), Decimal(6), fees_run=False),
        Agreed(date(2026, 4, 1), None, Decimal(3), fees_run=False),
        Agreed(SIGNED, SIGNED, Decimal(1), fees_run=False),
    ]
    assert borne(plans, date(2026, 3, 31)) == ("6", "0")
    assert borne(plans, date(2026, 4, 1)) == ("3", "0")


def test_a_product_without_rates_bears_what_was_agreed_and_nothing_after():
    plan = [Agreed(SIGNED, ENDED, Decimal(6), fees_run=False)]
    assert borne(plan, SIGNED, []) == ("6", "0")
    assert borne(plan, ENDED, []) == ("0", "0")
    assert borne([], SIGNED, []) == ("-", "-")
