"""A random book of cases, and what is true of each written down beside it: nothing here reads the database."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from cases import ageing
from cases.models import BucketTransition, Case, PartyRole, Payment, Plan
from contacts.models import ArmAssignment, Experiment
from contacts.strategy.conditions import Context
from tests.factories.cases import (
    BorrowerFactory,
    CaseFactory,
    CreditorFactory,
    HoldFactory,
    PaymentFactory,
    PersonFactory,
    ProductFactory,
    PromiseFactory,
)
from tests.factories.contacts import AttemptFactory

DAY: Final = date(2026, 3, 5)
BEGINS: Final = datetime(2026, 3, 5, tzinfo=UTC)
ON: Final = Context(
    day=DAY,
    begins_at=BEGINS,
    sets={"places": ["GB", "US-NY"], "labels": ["M2", "M3"]},
    named={"late": {"fact": "dpd", "op": "at_least", "value": 31}},
)
PLANS: Final = ("draft", "approved", "performing", "missed", "broken", "cancelled")


@dataclass
class Known:
    """What is true of one case: a number, a word, a set of words or yes and no by fact; None where it is unknown."""

    case: Case
    facts: dict[str, Any] = field(default_factory=dict)


def book(seed: int, size: int) -> list[Known]:
    """Return so many random cases of one creditor with what is true of each."""
    chance = random.Random(seed)
    creditor = CreditorFactory(code="bank", time_zone="UTC", currency="USD", acting_as="creditor")
    ProductFactory(creditor=creditor, code="card", kind="credit_card")
    experiment = Experiment.objects.create(
        code="try", name="Try", measure="cured", registered_at=BEGINS,
        arms=[{"key": "a", "name": "A", "share": 50}, {"key": "b", "name": "B", "share": 50}],
    )  # fmt: skip
    return [_one(chance, creditor, experiment) for _number in range(size)]


def _one(chance: random.Random, creditor: Any, experiment: Experiment) -> Known:
    jurisdiction, language = chance.choice(["", "GB", "US-NY", "CN"]), chance.choice(["", "en", "zh-hans"])
    person = PersonFactory(
        jurisdiction=jurisdiction, language=language, time_zone="UTC", is_named=chance.random() < 0.7
    )
    dpd = chance.choice([0, 1, 5, 30, 31, 45, 61, 100, 181, 400])
    balance = Decimal(chance.choice(["0.00", "0.01", "100.00", "499.99", "500.00", "8000.00"]))
    case = CaseFactory(
        creditor=creditor, person=person, on=DAY, dpd=dpd, balance=balance, points=False, at=BEGINS,
        borrower=BorrowerFactory(person=person, creditor=creditor),
        team=chance.choice([None, creditor.team]),
    )  # fmt: skip
    known = Known(case)
    facts = known.facts
    contact, spoken = _maybe_days(chance), _maybe_days(chance)
    columns = {
        "past_due_since": DAY - timedelta(days=dpd) if dpd else None,
        "willingness": chance.choice(["unknown", "low", "high"]),
        "ability": chance.choice(["unknown", "low", "high"]),
        "default_reason": chance.choice(["unknown", "forgot", "malicious"]),
        "is_hardship": chance.random() < 0.3,
        "score": chance.choice([0, 10, 50]),
        "last_contact_at": _instant(chance, contact),
        "last_right_party_at": _instant(chance, spoken),
    }
    Case.objects.filter(pk=case.pk).update(**columns)
    facts |= {
        "dpd": dpd,
        "bucket": {ageing.DEFAULT.bucket(dpd)},
        "balance": balance,
        "jurisdiction": _word(jurisdiction),
        "language": _word(language),
        "named": person.is_named,
        "willingness": _word(columns["willingness"]),
        "ability": _word(columns["ability"]),
        "reason": _word(columns["default_reason"]),
        "hardship": columns["is_hardship"],
        "score": columns["score"],
        "team": {creditor.team.code} if case.team else None,
        "days_since_contact": contact,
        "days_since_right_party": spoken,
        "product_kind": {"credit_card"},
        "secured": False,
    }
    _promises(chance, known)
    _plan(chance, known)
    _payments(chance, known, balance)
    _history(chance, known, dpd)
    _contacts(chance, known)
    _standing(chance, known)
    _side(chance, known, experiment)
    return known


def _word(value: str) -> set[str] | None:
    return None if value in ("", "unknown") else {value}


def _maybe_days(chance: random.Random) -> int | None:
    return chance.choice([None, 0, 1, 3, 7, 30, 90])


def _instant(chance: random.Random, days: int | None) -> datetime | None:
    """Return some instant of the calendar day so many days before."""
    if days is None:
        return None
    return BEGINS - timedelta(days=days) + timedelta(minutes=chance.choice([0, 1, 720, 1439]))


def _promises(chance: random.Random, known: Known) -> None:
    states = [chance.choice(["kept", "broken", "cancelled"]) for _number in range(chance.choice([0, 0, 1, 2, 3]))]
    broken_days = []
    for state in states:
        promise = PromiseFactory(case=known.case, to=state, made_at=BEGINS - timedelta(days=40))
        if state == "broken":
            days = chance.choice([0, 2, 9, 20])
            broken_days.append(days)
            type(promise).objects.filter(pk=promise.pk).update(settled_at=_instant(chance, days))
    kept, broken = states.count("kept"), states.count("broken")
    known.facts |= {
        "promises_kept": kept,
        "promises_broken": broken,
        "promises_kept_percent": Decimal(100 * kept) / (kept + broken) if kept + broken else None,
        "days_since_broken_promise": min(broken_days) if broken_days else None,
        "open_promise": False,
    }


def _plan(chance: random.Random, known: Known) -> None:
    number = chance.choice([0, 0, 1, 2])
    states = [chance.choice(PLANS[2:] if number == 2 else PLANS)] if number else []
    if number == 2:
        states.append(chance.choice(("draft", "cancelled") if states[0] in ("performing", "missed") else PLANS))
    for state in states:
        plan = Plan.objects.create(
            case=known.case, person=known.case.person, creditor=known.case.creditor, total=Decimal(100), currency="USD",
            months=3, first_due_on=DAY, drafted_at=BEGINS,
        )  # fmt: skip
        for move in _way_to(state):
            Plan.objects.filter(pk=plan.pk).update(**move)
    running = [state for state in states if state in ("performing", "missed")]
    known.facts["plan"] = {running[0]} if running else {states[-1]} if states else {"none"}


def _way_to(state: str) -> list[dict[str, Any]]:
    if state == "draft":
        return []
    if state == "cancelled":
        return [{"status": "cancelled", "ended_at": BEGINS}]
    moves: list[dict[str, Any]] = [{"status": "approved"}]
    if state != "approved":
        moves.append({"status": "performing", "signed_at": BEGINS, "signed_how": "paper", "signed_by": "x"})
    if state in ("missed", "broken"):
        moves.append({"status": "missed", "missed_on": DAY})
    if state == "broken":
        moves.append({"status": "broken", "ended_at": BEGINS})
    return moves


def _payments(chance: random.Random, known: Known, balance: Decimal) -> None:
    days, lately = [], Decimal(0)
    for _number in range(chance.choice([0, 0, 1, 2])):
        ago, amount, counts = (
            chance.choice([0, 5, 29, 30, 80]),
            Decimal(chance.choice([50, 125])),
            chance.random() < 0.8,
        )
        payment = PaymentFactory(
            person=known.case.person, creditor=known.case.creditor, account=known.case.account, amount=amount,
            value_on=DAY - timedelta(days=ago),
        )  # fmt: skip
        if counts:
            Payment.objects.filter(pk=payment.pk).update(status="allocated")
            days.append(ago)
            lately += amount if ago < 30 else 0
    owed = balance + lately
    known.facts |= {
        "days_since_payment": min(days) if days else None,
        "paid_percent_30d": 100 * lately / owed if owed > 0 else None,
    }


def _history(chance: random.Random, known: Known, dpd: int) -> None:
    """Transitions of the one account, at most one a day, newest last."""
    labels = ageing.DEFAULT.labels
    opened = chance.choice([None, DAY - timedelta(days=100), DAY - timedelta(days=800)])
    type(known.case.account).objects.filter(pk=known.case.account.pk).update(opened_on=opened)
    first_seen = chance.choice([30, 95, 364, 365, 700])
    days = sorted({first_seen, *(chance.randrange(1, first_seen) for _number in range(chance.choice([0, 2, 4])))})
    before, moves = "", []
    for ago in reversed(days):
        label = chance.choice([each for each in labels[:5] if each != before])
        BucketTransition.objects.create(
            account=known.case.account, person=known.case.person, creditor=known.case.creditor,
            business_date=DAY - timedelta(days=ago), from_bucket=before, to_bucket=label, balance=1, currency="USD",
        )  # fmt: skip
        moves.append((ago, before, label))
        before = label
    begins = max(each for each in (DAY - timedelta(days=365), opened and opened + timedelta(days=31)) if each)
    recorded = DAY - timedelta(days=first_seen) <= begins
    in_year = [(start, end) for ago, start, end in moves if ago < 365]
    ranks = [labels.index(each) for pair in in_year for each in pair if each]
    worst = max([labels.index(ageing.DEFAULT.bucket(dpd)), *ranks])
    months = None if opened is None else {100: 3, 800: 26}[(DAY - opened).days]
    known.facts |= {
        "times_past_due_12m": sum(a in ("", "M0") and b != "M0" for a, b in in_year) if recorded else None,
        "worst_bucket_12m": {labels[worst]} if recorded else None,
        "months_on_book": months,
    }


def _contacts(chance: random.Random, known: Known) -> None:
    made = []
    for _number in range(chance.choice([0, 1, 3])):
        ago, counts = chance.choice([0, 1, 6, 7, 20, 31]), chance.random() < 0.7
        at = BEGINS - timedelta(days=ago)
        AttemptFactory(
            case=known.case, contact_point=None, at=at, to="completed" if counts else "failed", outcome="busy"
        )
        made += [ago] if counts else []
    known.facts |= {"contacts_7d": sum(ago <= 7 for ago in made), "contacts_30d": sum(ago <= 30 for ago in made)}


def _standing(chance: random.Random, known: Known) -> None:
    kinds = {chance.choice(["complaint", "dispute", "hardship"]) for _number in range(chance.choice([0, 0, 1, 2]))}
    for kind in kinds:
        HoldFactory(case=known.case, kind=kind, reviewer_team=known.case.creditor.team)
    HoldFactory(case=known.case, kind="fraud", released=True, reviewer_team=known.case.creditor.team)
    guarantor = chance.random() < 0.4
    if guarantor:
        PartyRole.objects.create(borrower=known.case.borrower, person=known.case.person, role="guarantor", since=BEGINS)
    known.facts |= {
        "held": bool(kinds), "hold_kind": kinds, "complaint_open": "complaint" in kinds,
        "dispute_open": "dispute" in kinds, "guarantor": guarantor, "joint_debtor": False,
    }  # fmt: skip


def _side(chance: random.Random, known: Known, experiment: Experiment) -> None:
    side = chance.choice([None, "a", "b"])
    if side:
        ArmAssignment.objects.create(
            experiment=experiment, person=known.case.person, case=known.case, creditor=known.case.creditor, arm=side,
            number=1, balance=1, currency="USD", entered_on=DAY, at=BEGINS,
        )  # fmt: skip
    known.facts["arm"] = {f"try:{side}"} if side else None
