"""Two people at the same moment: one signature too many does nothing twice, and what is withdrawn is not granted."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connections

from cases import approvals, ledger, waivers
from cases.models import Account, Approval, AuthorityLimit, LedgerEntry, Waiver
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from collections_app.shared.money import Money
from tests.factories import NOW
from tests.factories.cases import CaseFactory
from tests.factories.staff import UserFactory

ROUNDS = 6


@pytest.fixture
def people(own_database):
    """An asker and two supervisors; every waiver needs one signature."""
    AuthorityLimit.objects.get_or_create(
        kind="waiver", role="supervisor", currency="CNY", signatures=1, in_force_from=NOW - timedelta(days=1)
    )
    return [Actor.of(UserFactory(supervisor=True)) for _ in range(3)]


def asked(actor, amount=None):
    case = CaseFactory(working=True)
    ledger.charge(case.account, "fee", Money(Decimal(80), "CNY"), None, NOW.date(), at=NOW, source="tape")
    waiver = waivers.ask(
        case_id=case.pk, account_id=case.account.pk, component="fee", amount=amount, cause="goodwill", reason="x",
        actor=actor, at=NOW,
    )  # fmt: skip
    return case, waiver


def at_once(*calls):
    """Do these at the same moment, each on a connection of its own; return what each returned or how it was refused."""
    together = Barrier(len(calls))

    def run(call):
        try:
            together.wait(timeout=10)
            return call()
        except Refused as refused:
            return refused.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(run, call) for call in calls]]


def decide(approval, actor):
    return lambda: approvals.decide(approval_id=approval.pk, approve=True, actor=actor, at=NOW).status


def test_two_approvers_at_once_grant_once(people):
    for _round in range(ROUNDS):
        case, waiver = asked(people[0])
        approval = Approval.objects.get(subject_id=waiver.pk, kind="waiver")
        answers = at_once(decide(approval, people[1]), decide(approval, people[2]))
        assert sorted(answers) == ["approved", "over"]
        assert Account.objects.get(pk=case.account.pk).balance == 500
        assert LedgerEntry.objects.filter(kind="waiver", reference=waiver.ref).count() == 1


def test_approved_and_withdrawn_at_once_is_one_of_both(people):
    for _round in range(ROUNDS):
        case, waiver = asked(people[0])
        approval = Approval.objects.get(subject_id=waiver.pk, kind="waiver")
        answers = at_once(
            decide(approval, people[1]),
            lambda pk=waiver.pk: waivers.withdraw(waiver_id=pk, reason="x", actor=people[0], at=NOW).status,
        )
        waiver.refresh_from_db()
        balance = Account.objects.get(pk=case.account.pk).balance
        granted = (waiver.status, balance, answers) == ("granted", 500, ["approved", "not-possible"])
        withdrawn = (waiver.status, balance, answers) == ("withdrawn", 580, ["over", "withdrawn"])
        assert granted or withdrawn, (waiver.status, balance, answers)


def test_two_waivers_at_once_do_not_both_stay_under_the_limit(people):
    AuthorityLimit.objects.get_or_create(
        kind="waiver", role="collector", currency="CNY", max_amount=Decimal(50), signatures=0,
        in_force_from=NOW - timedelta(days=1),
    )  # fmt: skip
    case = CaseFactory(working=True)
    ledger.charge(case.account, "fee", Money(Decimal(80), "CNY"), None, NOW.date(), at=NOW, source="tape")
    collectors = [Actor.of(UserFactory()) for _ in range(2)]

    def waive(actor):
        return lambda: waivers.ask(
            case_id=case.pk, account_id=case.account.pk, component="fee", amount=Decimal(30), cause="goodwill",
            reason="x", actor=actor, at=NOW,
        ).status  # fmt: skip

    assert sorted(at_once(*(waive(actor) for actor in collectors))) == ["asked", "granted"]
    assert Waiver.objects.filter(case=case, status="granted").count() == 1
