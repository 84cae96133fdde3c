"""Write-offs that keep the claim, property taken for debt, the exclusion list: what each may and may not do."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from cases import approvals, assets, exclusion_list, ledger, payments, write_off
from cases.models import Account, Approval, AssetForDebt, ExclusionEntry, LedgerEntry, Payment, WriteOff
from collections_app.shared.actor import SYSTEM, Actor
from compliance.models import AuditEvent
from tests.factories import NOW
from tests.factories.cases import CaseFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 4)


@pytest.fixture
def supervisors():
    return [Actor.of(UserFactory(supervisor=True)) for _ in range(3)]


@pytest.fixture
def officer():
    return Actor.of(UserFactory(compliance=True))


def refuses(code, call, *args, **kwargs):
    with pytest.raises(Exception) as refused:
        call(*args, **kwargs)
    assert getattr(refused.value, "code", refused.value) == code
    assert "%(" not in str(refused.value)


def signed(subject, *actors, at=NOW):
    approval = Approval.objects.get(subject_label=subject._meta.label_lower, subject_id=subject.pk)
    for actor in actors:
        approvals.decide(approval_id=approval.pk, approve=True, actor=actor, at=at)
    subject.refresh_from_db()
    return subject


def pay(case, amount, *, at, ref="1"):
    return payments.record(
        creditor=case.creditor, source="bank", external_ref=ref, amount=Decimal(amount), currency="CNY",
        received_at=at, account_id=case.account.pk, actor=SYSTEM, at=at,
    ).payment  # fmt: skip


# -- write-off -----------------------------------------------------------------------------------------------------


def test_a_write_off_takes_two_and_leaves_claim_balance_and_components(supervisors, at):
    case = CaseFactory(working=True)
    before = ledger.components(case.account.pk)
    asked = write_off.ask(account_id=case.account.pk, reason="untraceable", actor=supervisors[0], at=at)
    assert (asked.status, Approval.objects.get().signatures) == ("asked", 2)
    signed(asked, supervisors[1])
    assert Account.objects.get(pk=case.account.pk).status == "open"
    signed(asked, supervisors[2])
    account = Account.objects.get(pk=case.account.pk)
    assert (asked.status, account.status, account.balance) == ("done", "written_off", Decimal("500.00"))
    assert ledger.components(account.pk) == before
    memo = list(LedgerEntry.objects.filter(kind="write_off").order_by("pk").values_list("amount", flat=True))
    assert memo == [Decimal("-500.00"), Decimal("500.00")]
    case.refresh_from_db()
    assert (case.status, case.past_due_since) == ("working", TODAY - timedelta(days=12))


def test_what_comes_in_after_a_write_off_is_counted_apart_and_reversals_with_it(supervisors, at):
    case = CaseFactory(working=True)
    pay(case, "50.00", at=at - timedelta(hours=1), ref="before")
    done = signed(
        write_off.ask(account_id=case.account.pk, reason="old", actor=supervisors[0], at=at), *supervisors[1:]
    )
    pay(case, "120.00", at=at + timedelta(days=1), ref="after")
    bounced = pay(case, "30.00", at=at + timedelta(days=2), ref="bounced")
    rows = write_off.recovered(WriteOff.objects.all())
    assert rows.get().recovered == Decimal("150.00")
    payments.reverse(payment_id=bounced.pk, reason="bounced", actor=SYSTEM, at=at + timedelta(days=3))
    assert (rows.get().recovered, done.amount) == (Decimal("120.00"), Decimal("450.00"))
    write_off.reverse(write_off_id=done.pk, reason="traced", actor=supervisors[0], at=at + timedelta(days=4))
    pay(case, "10.00", at=at + timedelta(days=5), ref="later")
    assert rows.get().recovered == Decimal("120.00")
    account = Account.objects.get(pk=case.account.pk)
    assert (account.status, account.balance) == ("open", Decimal("320.00"))
    assert sum(line.amount for line in account.entries.filter(source="write_off")) == 0


def test_an_account_is_written_off_once_and_only_while_it_owes(supervisors, at):
    case = CaseFactory(working=True)
    asked = write_off.ask(account_id=case.account.pk, reason="old", actor=supervisors[0], at=at)
    refuses("standing", write_off.ask, account_id=case.account.pk, reason="x", actor=supervisors[0], at=at)
    refuses("not-possible", write_off.reverse, write_off_id=asked.pk, reason="x", actor=supervisors[0], at=at)
    approvals.withdraw(approval_id=Approval.objects.get().pk, reason="mistake", actor=supervisors[0], at=at)
    asked.refresh_from_db()
    assert asked.status == "withdrawn"
    refuses("no-reason", write_off.ask, account_id=case.account.pk, reason=" ", actor=supervisors[0], at=at)
    pay(case, "500.00", at=at)
    refuses("nothing-owed", write_off.ask, account_id=case.account.pk, reason="x", actor=supervisors[0], at=at)


# -- property for debt ---------------------------------------------------------------------------------------------


def offer(case, actor, **more):
    told = {
        "kind": "vehicle", "description": "van, 2019", "owner": "the borrower", "valuation": Decimal(400),
        "valued_by": "Example Appraisers", "valued_on": TODAY, "evidence": "report 7", "amount": Decimal(300),
        "reason": "no money",
    } | more  # fmt: skip
    return assets.ask(case_id=case.pk, account_id=case.account.pk, actor=actor, at=NOW, **told)


def test_property_becomes_a_payment_of_its_own_source_and_goes_back(supervisors, at):
    case = CaseFactory(working=True)
    asset = offer(case, supervisors[0])
    assert (asset.status, Payment.objects.count()) == ("asked", 0)
    signed(asset, supervisors[1])
    payment = asset.payment
    assert (asset.status, payment.source, payment.external_ref, payment.amount) == ("taken", "asset", asset.ref, 300)
    assert Account.objects.get(pk=case.account.pk).balance == 200
    assets.give_back(asset_id=asset.pk, reason="not his", actor=supervisors[0], at=at)
    asset.refresh_from_db()
    assert (asset.status, Account.objects.get(pk=case.account.pk).balance) == ("reversed", 500)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"amount": Decimal("400.01")}, "over-value"),
        ({"amount": Decimal(501), "valuation": Decimal(900)}, "too-much"),
        ({"amount": Decimal(0)}, "not-positive"),
        ({"amount": Decimal("0.001")}, "inexact"),
        ({"valued_on": TODAY + timedelta(days=1)}, "future"),
        ({"valued_on": TODAY - timedelta(days=366)}, "old"),
        ({"valued_by": " "}, "incomplete"),
        ({"kind": "soul"}, "kind"),
        ({"reason": ""}, "no-reason"),
    ],
)
def test_property_that_cannot_be_taken_is_refused_with_a_sentence(supervisors, told, code):
    refuses(code, offer, CaseFactory(working=True), supervisors[0], **told)
    assert not AssetForDebt.objects.exists()


# -- the exclusion list --------------------------------------------------------------------------------------------


def propose(case, actor, **more):
    told = {
        "purpose": "new_credit", "basis": "risk_duty", "reason": "false papers", "evidence": "file 3",
        "retain_until": TODAY + timedelta(days=365),
    } | more  # fmt: skip
    return exclusion_list.propose(case=case, actor=actor, at=NOW, **told)


def test_a_person_is_listed_by_one_and_a_compliance_officer_and_every_reading_is_recorded(supervisors, officer, at):
    case = CaseFactory()
    entry = propose(case, supervisors[0])
    approval = Approval.objects.get()
    assert (entry.status, approval.role) == ("proposed", "compliance")
    refuses("role", approvals.decide, approval_id=approval.pk, approve=True, actor=supervisors[1], at=at)
    assert signed(entry, officer).status == "listed"
    reader = UserFactory(compliance=True)
    assert [row.pk for row in exclusion_list.read(user=reader, at=at)] == [entry.pk]
    read = AuditEvent.objects.get(name="exclusion.read")
    assert (read.subject_id, read.actor_id, read.person_id) == (entry.pk, reader.pk, case.person_id)
    outsider = UserFactory(supervisor=True)
    assert exclusion_list.read(user=outsider, at=at) == []


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"retain_until": TODAY}, "past"),
        ({"retain_until": date(2031, 3, 5)}, "too-long"),
        ({"retain_until": date(2029, 1, 2), "default_ended_on": date(2024, 1, 1)}, "too-long"),
        ({"default_ended_on": TODAY + timedelta(days=1)}, "future"),
        ({"reason": ""}, "incomplete"),
        ({"evidence": " "}, "incomplete"),
        ({"purpose": "revenge"}, "purpose"),
        ({"basis": ""}, "basis"),
    ],
)
def test_an_entry_needs_purpose_basis_evidence_and_an_end_within_five_years(supervisors, told, code):
    refuses(code, propose, CaseFactory(), supervisors[0], **told)
    assert not ExclusionEntry.objects.exists()


def test_five_years_after_the_default_is_the_last_day(supervisors):
    entry = propose(CaseFactory(), supervisors[0], retain_until=date(2029, 1, 1), default_ended_on=date(2024, 1, 1))
    assert entry.status == "proposed"


def test_an_objection_is_decided_by_somebody_who_did_not_list_the_person(supervisors, officer, at):
    entry = signed(propose(CaseFactory(), supervisors[0]), officer)
    appeal = exclusion_list.appeal(entry_id=entry.pk, words="that was my brother", actor=supervisors[1], at=at)
    assert appeal.decide_by == TODAY + timedelta(days=20)
    refuses("appeal-open", exclusion_list.appeal, entry_id=entry.pk, words="again", actor=officer, at=at)
    decide = exclusion_list.decide_appeal
    for lister in (supervisors[0], officer):
        refuses("own", decide, appeal_id=appeal.pk, outcome="removed", reason="x", actor=lister, at=at)
    refuses("shorter", decide, appeal_id=appeal.pk, outcome="shortened", reason="x", actor=supervisors[1], at=at,
            retain_until=entry.retain_until)  # fmt: skip
    decide(appeal_id=appeal.pk, outcome="removed", reason="it was", actor=supervisors[1], at=at)
    entry.refresh_from_db()
    assert (entry.status, entry.ended_reason) == ("removed", "it was")
    refuses("not-possible", exclusion_list.remove, entry_id=entry.pk, reason="x", actor=officer, at=at)


def test_the_night_drops_an_entry_the_day_after_its_last(supervisors, officer, at):
    entry = signed(propose(CaseFactory(), supervisors[0]), officer)
    told = {"creditor_id": entry.creditor_id, "actor": SYSTEM, "at": at}
    assert exclusion_list.drop_expired(business_date=entry.retain_until, **told) == 0
    assert exclusion_list.drop_expired(business_date=entry.retain_until + timedelta(days=1), **told) == 1
    entry.refresh_from_db()
    assert entry.status == "expired"
    assert exclusion_list.read(user=UserFactory(compliance=True), at=at) == []


def test_a_person_stands_once_per_purpose(supervisors):
    case = CaseFactory()
    propose(case, supervisors[0])
    refuses("standing", propose, case, supervisors[0])
    assert propose(case, supervisors[0], purpose="guarantee").status == "proposed"


def test_declared_moves_only_also_by_raw_writes(supervisors):
    entry = propose(CaseFactory(), supervisors[0])
    with pytest.raises(DatabaseError), transaction.atomic():
        ExclusionEntry.objects.filter(pk=entry.pk).update(status="expired", ended_at=NOW)
    asked = write_off.ask(account_id=CaseFactory().account.pk, reason="x", actor=supervisors[0], at=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        WriteOff.objects.filter(pk=asked.pk).update(status="reversed", written_off_on=TODAY, done_at=NOW)
