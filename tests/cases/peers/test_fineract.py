"""What other people's tests assert of payments, charges, reversals and chargebacks holds of our division too."""

from datetime import date
from decimal import Decimal

import pytest

from cases import ledger
from cases.allocation import Step, Waterfall
from cases.models import LedgerEntry
from collections_app.shared.money import Money
from tests.cases.peers import fineract
from tests.cases.peers.fineract import RANGES, WATERFALLS, Loan, play_through
from tests.cases.peers.vectors import DIFFERS, NOT_OURS, VECTORS
from tests.factories import NOW
from tests.factories.cases import AccountFactory

LOANS = [key for key, vector in VECTORS.items() if vector["peer"] == "Apache Fineract" and "steps" in vector]
AGREEING = [key for key in LOANS if key not in NOT_OURS and key not in DIFFERS]


@pytest.mark.parametrize("key", [key for key in LOANS if key not in NOT_OURS])
def test_every_instalment_and_every_payment_is_met_as_the_peer_says_or_the_difference_is_explained(key):
    compared, differences = play_through(VECTORS[key])
    assert compared > 0
    assert bool(differences) == (key in DIFFERS), differences[:3]


def test_what_is_listed_as_not_ours_has_nothing_to_compare():
    assert [key for key in LOANS if key in NOT_OURS and play_through(VECTORS[key])[0]] == []


def test_the_ranges_of_days_past_due_are_cut_where_the_peer_cuts_them():
    assert [RANGES.bucket(row["days"]) for row in VECTORS["fi-00"]["expect"]] == [
        row["range"] for row in VECTORS["fi-00"]["expect"]
    ]


def test_another_order_of_components_would_be_seen(monkeypatch):
    # The negative control: the harness must notice a wrong waterfall.
    turned = {
        name: tuple(Step(step.timing, "interest" if step.component == "principal" else
                         "principal" if step.component == "interest" else step.component) for step in steps)
        for name, steps in WATERFALLS.items()
    }  # fmt: skip
    monkeypatch.setattr(fineract, "WATERFALLS", {name: steps[::-1] for name, steps in turned.items()})
    wrong = [key for key in AGREEING if play_through(VECTORS[key])[1]]
    assert len(wrong) > 20


# -- through the ledger itself, in the database ------------------------------------------------------------------------

OWN = {
    "PENALTIES_FEES_INTEREST_PRINCIPAL_ORDER": ["penalty", "fee", "interest", "principal"],
    "DUE_PENALTY_INTEREST_PRINCIPAL_FEE_IN_ADVANCE_PENALTY_INTEREST_PRINCIPAL_FEE": [
        "penalty", "interest", "principal", "fee",
    ],
    "ADVANCED_PAYMENT_ALLOCATION": ["penalty", "fee", "principal", "interest"],
}  # fmt: skip


def _is_plain(vector):
    """One disbursement, one unchanging schedule, and only what the ledger has verbs for."""
    schedules = [step["expect"]["schedule"] for step in vector["steps"] if "schedule" in step.get("expect", {})]
    verbs = [step["op"] for step in vector["steps"] if step.get("op", "set_date") != "set_date"]
    fixed = [[(row["due_date"], row["principal_due"], row["interest"]) for row in rows] for rows in schedules]
    is_known = verbs.count("disburse") == 1 and set(verbs) <= {"disburse", "charge", "payment", "reverse"}
    return bool(schedules) and all(rows == fixed[0] for rows in fixed) and is_known


PLAIN = [
    key
    for key in LOANS
    if key not in NOT_OURS
    and key not in DIFFERS
    and VECTORS[key]["given"]["strategy"] in OWN
    and _is_plain(VECTORS[key])
]


@pytest.mark.django_db
@pytest.mark.parametrize("key", PLAIN)
def test_the_ledger_ends_with_what_the_peer_leaves_owed(key):
    vector = VECTORS[key]
    loan = Loan(vector["given"])
    for step in vector["steps"]:
        if "op" in step:
            loan.do(step)
    rows = next(
        step["expect"]["schedule"] for step in reversed(vector["steps"]) if "schedule" in step.get("expect", {})
    )
    account = AccountFactory(
        balance="0.00", dpd=0, on=loan.disbursed_on, product__waterfall=OWN[vector["given"]["strategy"]]
    )
    for one in loan.charges(rows):
        amount = Money(one.amount, "CNY")
        ledger.charge(account, one.component, amount, one.due_on, one.effective_on, at=NOW, source="peer")
    gone = []
    for number, day, amount in _everything_taken(vector):
        lines = ledger.take(account, Money(amount, "CNY"), kind="payment", effective_on=day, at=NOW, source="peer")
        gone += [lines[0]] if number not in {take.id for take in loan.takes} else []
    for line in gone:
        ledger.reverse(entry=line, account=account, effective_on=line.effective_on, at=NOW, source="peer")
    owed: dict[date, Decimal] = {}
    dues = [date.fromisoformat(row["due_date"]) for row in rows]
    for due in ledger.dues(account.pk, on=loan.today):
        instalment = next(day for day in dues if day >= due.due_on)
        owed[instalment] = owed.get(instalment, Decimal(0)) + due.amount
    assert {day: owed.get(day, Decimal(0)) for day in dues} == {
        day: Decimal(row["outstanding"]) for day, row in zip(dues, rows, strict=True)
    }
    entries = LedgerEntry.objects.filter(account=account).values_list("amount", flat=True)
    assert sum(entries, Decimal(0)) == account.balance


def _everything_taken(vector):
    """Return every payment, those taken back later too: number, date, amount."""
    loan, seen = Loan(vector["given"]), {}
    for step in vector["steps"]:
        if "op" in step:
            loan.do(step)
            seen |= {take.id: (take.id, take.effective_on, take.amount) for take in loan.takes}
    return list(seen.values())


def test_the_waterfall_of_a_product_is_the_order_that_the_peer_names():
    assert Waterfall("x", WATERFALLS["PENALTIES_FEES_INTEREST_PRINCIPAL_ORDER"]).steps[:4] == tuple(
        Step("past_due", component) for component in OWN["PENALTIES_FEES_INTEREST_PRINCIPAL_ORDER"]
    )
