"""Plans: who must agree, what law and firm allow, what a signature begins, and how a plan ends."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from cases import approvals, promises
from cases.firm_policy import set_policy
from cases.models import Affordability, Approval, AuthorityLimit, Case, Plan, Product
from cases.plans import agreeing, taking
from cases.plans.affordability import Budget
from cases.plans.refusals import PlanRefused
from cases.plans.schedule import ScheduleRefused
from cases.plans.taking import EvidenceRefused
from cases.settlements import offering
from cases.settlements.offering import Wanted
from collections_app.shared.actor import SYSTEM, Actor
from collections_app.shared.money import Money
from compliance.models import AuditEvent
from tests.cases.plans.conftest import AT, TODAY

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


def state(case) -> tuple[str, str]:
    found = Case.objects.get(pk=case.pk)
    return found.status, found.next_action


def refusal(make, **changes) -> str:
    with pytest.raises((PlanRefused, ScheduleRefused)) as caught, transaction.atomic():
        make(**changes)
    return caught.value.code


def test_a_plan_that_can_be_afforded_needs_nobody_and_waits_for_its_signature(draft, case):
    plan = draft()
    assert (plan.status, plan.approved_by, plan.sign_until) == ("approved", None, date(2026, 1, 19))
    assert [line.amount for line in plan.instalments.order_by("number")] == [Decimal("1000.00")] * 6
    assert (plan.total, plan.covers, plan.interest, plan.months) == (Decimal(6000), Decimal(6000), Decimal(0), 6)
    assert plan.affordability.allowed == Decimal("1200.00")
    assert state(case) == ("on_plan", "wait_plan")


def test_an_instalment_above_what_can_be_afforded_waits_for_a_supervisor(draft, case, supervisor):
    plan = draft(left="1000.00")
    assert (plan.status, plan.terms["reasons"]) == ("draft", ["above"])
    assert state(case)[0] == "working"
    approval = Approval.objects.get(subject_id=plan.pk)
    approvals.decide(approval_id=approval.pk, approve=True, actor=Actor.of(supervisor), at=AT)
    plan.refresh_from_db()
    assert (plan.status, plan.approved_by) == ("approved", supervisor)
    assert state(case) == ("on_plan", "wait_plan")


def test_a_supervisor_who_refuses_ends_the_draft_and_leaves_the_case(draft, case, supervisor):
    plan = draft(left="1000.00")
    approval = Approval.objects.get(subject_id=plan.pk)
    approvals.decide(approval_id=approval.pk, approve=False, reason="too much", actor=Actor.of(supervisor), at=AT)
    plan.refresh_from_db()
    assert (plan.status, state(case)[0]) == ("cancelled", "working")


def test_nobody_approves_his_own_plan(draft, collector):
    plan = draft(left="1000.00")
    approval = Approval.objects.get(subject_id=plan.pk)
    collector.role = "supervisor"
    collector.save(update_fields=["role"])
    with pytest.raises(approvals.ApprovalRefused) as caught:
        approvals.decide(approval_id=approval.pk, approve=True, actor=Actor.of(collector), at=AT)
    assert caught.value.code == "own"
    with pytest.raises(IntegrityError, match="plan_is_approved_by_somebody_else"), transaction.atomic():
        Plan.objects.filter(pk=plan.pk).update(approved_by=collector)


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"left": None}, ["no-form"]),
        ({"kind": "hardship", "reason": "lost work"}, ["hardship"]),
        ({"kind": "personalised"}, ["personalised"]),
        ({"kind": "reduced", "instalment": Decimal(500)}, ["rest"]),
        ({"kind": "extension", "count": None, "first_on": date(2026, 4, 7)}, []),
        ({"kind": "deferral", "first_on": date(2026, 4, 7)}, []),
        ({"instalment": Decimal("277.00"), "count": None, "cycle": "weekly"}, ["above"]),
        ({"instalment": Decimal("276.92"), "count": None, "cycle": "weekly"}, []),
    ],
)
def test_what_needs_a_second_person_says_why(draft, changes, reasons):
    assert draft(**changes).terms["reasons"] == reasons


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"first_on": TODAY - timedelta(days=1)}, "past"),
        ({"first_on": TODAY + timedelta(days=46)}, "too-far"),
        ({"kind": "deferral", "first_on": TODAY + timedelta(days=185)}, "too-far"),
        ({"instalment": Decimal(0)}, "not-positive"),
        ({"instalment": Decimal("-1")}, "not-positive"),
        ({"instalment": Decimal("1.005")}, "inexact"),
        ({"currency": "USD"}, "currency"),
        ({"covers": Decimal("6000.01")}, "covers"),
        ({"count": None}, "no-number"),
        ({"instalment": Decimal(999)}, "too-little"),
        ({"kind": "hardship"}, "no-reason"),
        ({"replaces_id": 12345}, "not-running"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_name_and_leaves_nothing(draft, case, changes, code):
    assert refusal(draft, **changes) == code
    assert not Plan.objects.filter(case=case).exists()
    assert not Affordability.objects.filter(case=case).exists()


def test_the_law_of_mainland_cards_allows_five_years_and_not_a_day_more(draft, case):
    case.creditor.products.update(kind=Product.Kind.CREDIT_CARD)
    with pytest.raises(PlanRefused) as caught, transaction.atomic():
        draft(kind="personalised", count=61, first_on=date(2026, 2, 5))
    assert (caught.value.code, caught.value.values["limit"], caught.value.values["rule"]) == ("law", 60, "CN-PLAN-70")
    with pytest.raises(PlanRefused) as caught, transaction.atomic():
        draft(kind="personalised", count=60, first_on=date(2026, 2, 6))
    assert caught.value.code == "law"
    does = caught.value.values
    assert (does["count"], does["each"], does["last_on"]) == (59, Money(Decimal("101.70"), "CNY"), date(2030, 12, 6))
    assert "59 × 101.70 CNY or more, the last due on 2030-12-06." in str(caught.value)
    assert draft(kind="personalised", count=60, first_on=date(2026, 2, 5)).months == 60


def test_personalised_instalments_exist_for_mainland_cards_only(draft, case):
    case.creditor.products.update(kind=Product.Kind.PERSONAL_LOAN)
    assert refusal(draft, kind="personalised") == "not-here"


def test_the_firm_sets_share_and_length(draft, case, supervisor):
    set_policy(
        creditor=case.creditor,
        document={"plans": {"share": 50, "months": 12}},
        reason="stricter",
        actor=Actor.of(supervisor),
        at=AT - timedelta(days=1),
    )
    assert draft(left="1500.00").terms["reasons"] == ["above"]
    assert refusal(draft, left="9000.00", count=13) == "too-long"
    with pytest.raises(PlanRefused) as caught, transaction.atomic():
        draft(left="9000.00", count=None, instalment=Decimal(300))
    does = caught.value.values
    assert (does["months"], does["count"], does["each"].amount) == (20, 12, Decimal("500.00"))
    assert str(does["last_on"]) in str(caught.value)
    assert draft(left="9000.00", count=does["count"]).instalments.get(number=12).due_on == does["last_on"]


def test_a_form_in_full_counts_for_ninety_days(draft, case, by):
    budget = Budget(currency="CNY", incomes={"wages": Decimal(6000)}, expenditures={"housing": Decimal(4500)})
    form = taking.take(case=case, budget=budget, actor=by, at=AT - timedelta(days=90))
    assert draft(left=None).affordability == form
    assert taking.latest(case, at=AT + timedelta(seconds=1)) is None


def test_a_form_is_never_changed(draft):
    form = draft().affordability
    with pytest.raises(Exception, match=r"permission denied|only grows"), transaction.atomic():
        Affordability.objects.filter(pk=form.pk).update(surplus=Decimal(1))


def test_evidence_is_told_by_its_content_sealed_and_read_by_name(draft, by):
    form = draft().affordability
    evidence = taking.add_evidence(form=form, name="pay.exe", content=PNG, kind="payslip", actor=by, at=AT)
    assert (evidence.document.content_type, evidence.document.kind) == ("image/png", "affordability")
    with default_storage.open(evidence.document.path) as kept:
        assert PNG not in kept.read()
    assert taking.read_evidence(evidence=evidence, actor=by, at=AT) == PNG
    assert AuditEvent.objects.filter(name="affordability.evidence_read", subject_id=form.pk).count() == 1
    for content, code in ((PNG, "same"), (b"", "empty"), (b"<html>", "type"), (b"%PDF-1.7 /JavaScript", "active")):
        with pytest.raises(EvidenceRefused) as caught, transaction.atomic():
            taking.add_evidence(form=form, name="x", content=content, kind="other", actor=by, at=AT)
        assert caught.value.code == code


def test_a_signature_says_how_when_and_by_whom_and_begins_the_plan(signed, case):
    plan = signed()
    assert (plan.status, plan.signed_how, plan.signed_by, plan.signed_at) == ("performing", "paper", "the borrower", AT)
    case.refresh_from_db()
    assert (case.status, case.next_action) == ("on_plan", "wait_plan")
    assert case.next_action_at.isoformat() == "2026-02-08T16:00:00+00:00"  # 9 February in Shanghai: grace is over
    names = AuditEvent.objects.filter(subject_label="cases.plan", subject_id=plan.pk).order_by("pk")
    assert [event.name for event in names] == ["plan.drafted", "plan.approved", "plan.signed", "plan.started"]


def test_a_plan_never_runs_without_a_signature(draft):
    plan = draft()
    with pytest.raises(IntegrityError, match="plan_runs_only_when_signed"), transaction.atomic():
        Plan.objects.filter(pk=plan.pk).update(status="performing")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"by": " "}, "who-signed"),
        ({"how": "smoke"}, "who-signed"),
        ({"how": "recorded_call"}, "evidence"),
        ({"signed_at": AT + timedelta(hours=1)}, "signed-future"),
        ({"at": AT + timedelta(days=15)}, "sign-late"),
    ],
)
def test_what_is_no_signature_is_refused(draft, by, changes, code):
    plan = draft()
    with pytest.raises(PlanRefused) as caught, transaction.atomic():
        agreeing.sign(**{"plan_id": plan.pk, "how": "paper", "by": "B", "actor": by, "at": AT, **changes})
    assert caught.value.code == code
    plan.refresh_from_db()
    assert plan.status == "approved"


def test_an_open_promise_gives_way_to_a_plan(draft, case, by):
    promise = promises.make(case_id=case.pk, amount=Decimal(100), currency="CNY", due_on=date(2026, 1, 9),
                            actor=by, at=AT)  # fmt: skip
    draft()
    promise.refresh_from_db()
    assert promise.status == "cancelled"
    assert state(case) == ("on_plan", "wait_plan")


def test_one_plan_at_a_time_and_a_new_draft_takes_the_place_of_the_old(draft, signed, case):
    first = draft(left="1000.00")
    second = draft(left="1000.00", count=5)
    first.refresh_from_db()
    assert (first.status, second.status) == ("cancelled", "draft")
    assert Approval.objects.get(subject_id=first.pk).status == "withdrawn"
    draft(left="9000.00")
    assert refusal(draft) == "waits"


def test_a_running_plan_is_renegotiated_once(signed, draft, by, supervisor, case):
    first = signed()
    assert refusal(draft) == "runs"
    again = draft(replaces_id=first.pk, count=12)
    assert (again.status, again.terms["reasons"]) == ("draft", ["again"])
    approval = Approval.objects.get(subject_id=again.pk)
    approvals.decide(approval_id=approval.pk, approve=True, actor=Actor.of(supervisor), at=AT)
    agreeing.sign(plan_id=again.pk, how="paper", by="B", actor=by, at=AT)
    first.refresh_from_db()
    assert (first.status, Plan.objects.get(pk=again.pk).status) == ("cancelled", "performing")
    assert refusal(draft, replaces_id=again.pk) == "once"


def test_a_renegotiation_that_came_to_nothing_leaves_the_first_plan_and_its_one_chance(signed, draft, by, supervisor):
    first = signed()
    again = draft(replaces_id=first.pk, count=12)
    approvals.decide(approval_id=Approval.objects.get(subject_id=again.pk).pk, approve=False, reason="no",
                     actor=Actor.of(supervisor), at=AT)  # fmt: skip
    first.refresh_from_db()
    assert first.status == "performing"
    assert draft(replaces_id=first.pk, count=12).status == "draft"


def test_giving_up_a_plan_returns_the_case_to_work(signed, case, by):
    plan = signed()
    agreeing.cancel(plan_id=plan.pk, why="asked for it", actor=by, at=AT)
    plan.refresh_from_db()
    assert (plan.status, state(case)) == ("cancelled", ("working", "call"))
    with pytest.raises(PlanRefused):
        agreeing.cancel(plan_id=plan.pk, why="again", actor=SYSTEM, at=AT)


def test_what_is_paid_meanwhile_makes_a_waiting_draft_out_of_date(draft, case, supervisor):
    plan = draft(left="1000.00")
    Case.objects.filter(pk=case.pk).update(balance=Decimal("5999.99"))
    approval = Approval.objects.get(subject_id=plan.pk)
    with pytest.raises(approvals.ApprovalRefused) as caught:
        approvals.decide(approval_id=approval.pk, approve=True, actor=Actor.of(supervisor), at=AT)
    assert caught.value.code == "stale"


def test_no_move_but_the_declared_ones_passes_the_database(signed):
    plan = signed()
    with pytest.raises(IntegrityError, match="may not move from performing to broken"), transaction.atomic():
        Plan.objects.filter(pk=plan.pk).update(status="broken")


def test_whoever_approves_sees_figures_reasons_form_and_what_was_before(draft):
    plan = draft(left="1000.00", kind="hardship", reason="lost work")
    sections = approvals.kind_of("plan").facts(plan, at=AT)
    said = {str(section.title): {str(line.label): str(line.value) for line in section.lines} for section in sections}
    assert said["The plan"]["Largest instalment"] == "1000.00 CNY"
    assert said["The plan"]["To be paid in all"] == "6000.00 CNY"
    assert said["Why a second person"]["In the collector's words"] == "lost work"
    assert said["What can be afforded"]["Instalment that it allows"] == "800.00 CNY"
    assert said["What can be afforded"]["Above it by"] == "200.00 CNY"
    assert said["Before"] == {"Plans of this person here": "0", "of them broken": "0", "Broken promises": "0"}


def test_no_plan_is_made_beside_a_settlement_that_is_being_paid(draft, case, by):
    everything = AuthorityLimit(kind="settlement", role="collector", currency="CNY", signatures=0)
    everything.in_force_from = AT - timedelta(days=1)
    everything.save()
    wanted = Wanted(pays=Decimal(3000), first_due_on=date(2026, 1, 12), expires_on=date(2026, 1, 15), reason="ill")
    settlement = offering.make(case_id=case.pk, wanted=wanted, actor=by, at=AT)
    assert settlement.status == "offered"
    offering.accept(settlement_id=settlement.pk, how="call", evidence="recording 7", actor=by, at=AT)
    assert refusal(draft) == "settlement"
