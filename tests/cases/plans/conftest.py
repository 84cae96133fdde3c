"""A case whose plan is made: CNY 6,000.00 owed, mainland, on a Monday in January 2026."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from cases.models import Plan
from cases.plans import agreeing, drafting
from cases.plans.drafting import Draft
from collections_app.shared.actor import Actor
from tests.factories.cases import CaseFactory, ProductFactory

AT = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
TODAY = date(2026, 1, 5)


@pytest.fixture
def case(team):
    product = ProductFactory(creditor__team=team)
    case = CaseFactory(working=True, creditor=product.creditor, team=team, balance="6000.00", at=AT, dpd=40)
    case.balance = Decimal("6000.00")
    return case


@pytest.fixture
def by(collector):
    return Actor.of(collector)


@pytest.fixture
def draft(case, by):
    """Make a plan of 1,000.00 a month for six months out of 1,500.00 left, or as the changes say."""

    def make(*, left="1500.00", at=AT, replaces_id=None, **changes) -> Plan:
        wanted = Draft(**{"first_on": date(2026, 2, 5), "count": 6, **changes})
        return drafting.draft(
            case_id=case.pk,
            wanted=wanted,
            left=Decimal(left) if left is not None else None,
            replaces_id=replaces_id,
            actor=by,
            at=at,
        )

    return make


@pytest.fixture
def signed(draft, by):
    """Make a plan that is signed and performed."""

    def make(**changes) -> Plan:
        plan = draft(**changes)
        return agreeing.sign(plan_id=plan.pk, how="paper", by="the borrower", actor=by, at=changes.get("at", AT))

    return make
