"""What a debt bears while a plan is performed: the rate that was agreed, and no penalty interest unless fees go on.

From the day on which the plan ends, however it ends, the rates of the product bind again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from cases.models import Account, Plan
from cases.rates import RateOn, in_force
from collections_app.shared import clock


@dataclass(frozen=True, slots=True)
class Agreed:
    """One plan: from its signature, to the day of its end (None: it runs)."""

    since: date
    until: date | None
    percent: Decimal
    fees_run: bool


def during(table: Sequence[RateOn], plans: Sequence[Agreed]) -> list[RateOn]:
    """Return the rates of a product with those of the plans in their time. Pure."""
    rates = list(table)
    for plan in sorted(plans, key=lambda each: each.since):
        if plan.until is not None and plan.until <= plan.since:
            continue
        replaced = ("interest",) if plan.fees_run else ("interest", "penalty")
        after = [] if plan.until is None else _from(table, replaced, plan.until)
        kept = [
            rate
            for rate in rates
            if rate.component not in replaced
            or rate.from_on < plan.since
            or (plan.until is not None and rate.from_on > plan.until)
        ]
        agreed = [RateOn("interest", plan.percent, plan.since)]
        if not plan.fees_run:
            agreed.append(RateOn("penalty", Decimal(0), plan.since))
        rates = [*kept, *agreed, *after]
    return rates


def _from(table: Sequence[RateOn], components: Sequence[str], day: date) -> list[RateOn]:
    """Return what the product bears from a day on; nothing where it bears none."""
    found = []
    for component in components:
        rate = in_force(table, component, day)
        found.append(replace(rate, from_on=day) if rate else RateOn(component, Decimal(0), day))
    return found


def of_account(account: Account, table: Sequence[RateOn]) -> list[RateOn]:
    """Return the rates of an account, with those of the plans that were signed for its person."""
    signed = Plan.objects.filter(
        person_id=account.person_id,
        creditor_id=account.creditor_id,
        currency=account.currency,
        signed_at__isnull=False,
    )
    zone = account.creditor.time_zone
    plans = [
        Agreed(
            since=clock.business_day(plan.signed_at, zone),
            until=clock.business_day(plan.ended_at, zone) if plan.ended_at else None,
            percent=plan.rate,
            fees_run=bool(plan.terms.get("fees_run")),
        )
        for plan in signed.order_by("signed_at", "pk")
        if plan.signed_at is not None
    ]
    return during(table, plans) if plans else list(table)
