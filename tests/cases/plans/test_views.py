"""The pages of plans: a plan in one form, what is wrong at its field, the list, evidence, and the agreement."""

from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from cases import approvals, clients
from cases.models import Affordability, Approval, Plan
from collections_app.shared import refs
from collections_app.shared.actor import SYSTEM, Actor
from tests.cases.plans.conftest import AT
from tests.cases.plans.test_plans import PNG
from tests.factories.staff import set_clock

pytestmark = pytest.mark.django_db
TYPED = {"left": "1,500", "instalment": "１０００", "first_on": "2026-02-05", "count": ""}


@pytest.fixture
def desk(collector, settings, case):
    set_clock(settings, AT)
    client = Client()
    client.force_login(collector)
    return client


def act(client, name, case, **typed):
    return client.post(reverse(f"cases:{name}", args=[case.ref]), typed)


def typed(case, **changes):
    case.refresh_from_db()
    return {**TYPED, "version": case.version, **changes}


def test_a_plan_with_what_can_be_afforded_is_one_form_of_four_fields(desk, case):
    assert act(desk, "plan-draft", case, **typed(case)).status_code == 302
    plan = Plan.objects.get(case=case)
    assert (plan.status, plan.instalments.count(), plan.affordability.allowed) == ("approved", 6, Decimal("1200.00"))
    page = desk.get(reverse("cases:plan", args=[case.ref])).content.decode()
    assert "It was signed" in page
    assert act(desk, "plan-sign", case, how="paper", by="the borrower").status_code == 302
    assert Plan.objects.get(case=case).status == "performing"


def test_the_schedule_appears_while_it_is_typed_and_nothing_is_stored(desk, case):
    page = act(desk, "plan-preview", case, **typed(case)).content.decode()
    assert "Within the" in page
    assert page.count("<tr>") == 7
    page = act(desk, "plan-preview", case, **typed(case, left="1000")).content.decode()
    assert "a supervisor has to sign" in page
    page = act(desk, "plan-preview", case, **typed(case, instalment="")).content.decode()
    assert "the schedule appears here" in page
    assert not Plan.objects.exists()
    assert not Affordability.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"instalment": "0"}, "instalment"),
        ({"instalment": "-5"}, "instalment"),
        ({"instalment": "1.005"}, "instalment"),
        ({"instalment": "USD 500"}, "instalment"),
        ({"instalment": "12,50"}, "instalment"),
        ({"first_on": "2026-01-04"}, "first_on"),
        ({"first_on": "2026-03-01"}, "first_on"),
        ({"first_on": "2026-02-30"}, "first_on"),
        ({"instalment": "", "count": "61"}, "count"),
        ({"instalment": "", "count": ""}, "count"),
        ({"kind": "personalised"}, "kind"),
        ({"kind": "hardship"}, "reason"),
        ({"covers": "6000.01"}, "covers"),
        ({"down_payment": "6000"}, "down_payment"),
        ({"rate": "200"}, "rate"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_what_was_typed_is_kept(desk, case, changes, field):
    case.creditor.products.update(kind="personal_loan")
    page = act(desk, "plan-draft", case, **typed(case, **changes))
    assert page.status_code == 200
    assert list(page.context["form"].errors) == [field]
    assert page.context["form"]["left"].value() == "1,500"
    assert not Plan.objects.exists()


def test_a_page_that_is_out_of_date_saves_nothing(desk, case):
    page = act(desk, "plan-draft", case, **typed(case, version=case.version + 1))
    assert "Somebody else has changed this case" in page.content.decode()
    assert not Plan.objects.exists()


def test_income_and_expenditure_are_taken_down_line_by_line_with_evidence(desk, case, collector):
    answer = act(desk, "affordability", case, household="3", in_wages="6000", out_housing="4,500.00", debts="")
    assert answer.status_code == 302
    form = Affordability.objects.get()
    assert (form.surplus, form.allowed, form.incomes) == (Decimal(1500), Decimal(1200), {"wages": "6000.00"})
    answer = act(desk, "add-evidence", case, kind="payslip", file=SimpleUploadedFile("pay.png", PNG))
    assert answer.status_code == 302
    evidence = form.evidence.get()
    got = desk.get(reverse("cases:evidence", args=[case.ref, evidence.pk]))
    assert (got.content, got["Content-Type"], got["X-Content-Type-Options"]) == (PNG, "image/png", "nosniff")
    assert got["Content-Disposition"].startswith("attachment")
    page = desk.get(reverse("cases:affordability", args=[case.ref])).content.decode()
    assert "pay.png" in page


def test_a_budget_line_that_is_no_amount_is_refused_at_its_line(desk, case):
    page = act(desk, "affordability", case, household="0", in_wages="lots")
    assert sorted(page.context["form"].errors) == ["household", "in_wages"]


def test_the_list_shows_each_view_with_its_number(desk, case, signed):
    signed()
    counts = {}
    for view in ("", "week", "missed", "first", "sign", "approve", "running"):
        page = desk.get(reverse("cases:plans"), {"view": view})
        counts[view] = len(page.context["plans"])
        chips = {each["url"].rpartition("=")[2] if view else "": each["count"] for each in page.context["views"]}
        assert chips.get(view, counts[view]) == counts[view]
    assert counts == {"": 1, "week": 0, "missed": 0, "first": 0, "sign": 0, "approve": 0, "running": 1}


def test_first_payments_and_those_of_the_week_are_found_by_the_creditors_day(desk, case, signed, settings):
    signed()
    set_clock(settings, AT + timedelta(days=25))  # 30 January; the first instalment is due on 5 February
    for view, number in (("week", 1), ("first", 1), ("missed", 0)):
        assert len(desk.get(reverse("cases:plans"), {"view": view}).context["plans"]) == number


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Instalment agreement", "Schedule", "is missed", "brings this agreement back", "1,000.00"]),
        ("zh-hans", ["分期还款协议", "还款计划表", "视为该期逾期", "按原条款恢复一次", "1,000.00"]),
    ],
)
def test_the_agreement_is_numbered_hashed_and_says_what_happens_on_a_miss(desk, case, draft, language, words):
    draft()
    address = reverse("contacts:plan-agreement", args=[case.ref])
    answer = desk.post(address, {"language": language})
    assert answer.status_code == 302
    (document,) = case.documents.all()
    assert (document.kind, document.title[-2:], len(document.sha256)) == ("plan_agreement", "-1", 64)
    got = desk.get(answer["Location"])
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(got.content)).pages).replace("\n", "")
    assert [word for word in words if word not in text] == []
    desk.post(address, {"language": language})
    assert sorted(each.title[-2:] for each in case.documents.all()) == ["-1", "-2"]


def test_the_agreement_of_personalised_instalments_has_the_terms_that_the_law_asks_for(desk, case, draft, supervisor):
    plan = draft(kind="personalised", count=60, instalment=None)
    approvals.decide(approval_id=Approval.objects.get(subject_id=plan.pk).pk, approve=True,
                     actor=Actor.of(supervisor), at=AT)  # fmt: skip
    answer = desk.post(reverse("contacts:plan-agreement", args=[case.ref]), {"language": "zh-hans"})
    pdf = PdfReader(BytesIO(desk.get(answer["Location"]).content))
    text = "".join(page.extract_text() for page in pdf.pages).replace("\n", "")
    for asked in (
        "欠款余额",
        "币种",
        "还款期数",
        "还款方式",
        "还款日",
        "不向任何银行申领信用卡",
        "利息",
        "费用",
        "不履行本协议",
        "第七十条",
        "不超过五年",
    ):
        assert asked in text, asked


def test_a_file_that_was_changed_is_not_handed_out(desk, case, draft):
    draft()
    answer = desk.post(reverse("contacts:plan-agreement", args=[case.ref]), {"language": "en"})
    case.documents.update(sha256="0" * 64)
    assert desk.get(answer["Location"]).status_code == 404


def test_what_settles_everything_is_shown_for_any_day_to_come(desk, case, signed):
    signed(rate=Decimal(12), left="9000.00")
    address = reverse("cases:plan", args=[case.ref])
    for asked, figure in (("", "6000.00"), ("2026-01-15", "6019.73"), ("2025-12-01", "6000.00"), ("soon", "6000.00")):
        shown = desk.get(address, {"on": asked}).context["shown"]
        assert shown.settles.amount == Decimal(figure)


def test_other_systems_read_the_plans_of_a_case_and_of_no_creditor_but_their_own(case, signed):
    plan = signed()
    client, token = clients.create(name="reader", scopes=["cases:read"], creditors=[case.creditor], actor=SYSTEM, at=AT)
    ask = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    (row,) = Client().get("/api/v1/plans", {"case": case.ref}, **ask).json()["results"]
    assert (row["ref"], row["status"], row["total"]) == (refs.encode("L", plan.pk), "performing", "6000.00")
    assert [line["amount"] for line in row["instalments"]] == ["1000.00"] * 6
    assert Client().get(f"/api/v1/plans/{row['ref']}", **ask).json()["case"] == case.ref
    assert Client().get("/api/v1/plans", {"case": "C-NONE"}, **ask).json()["results"] == []
    client.creditors.clear()
    assert Client().get("/api/v1/plans", **ask).json()["results"] == []
    assert Client().get(f"/api/v1/plans/{row['ref']}", **ask).status_code == 404


def test_a_supervisor_finds_the_plan_with_its_facts_in_the_inbox_and_signs_it(desk, case, draft, supervisor):
    plan = draft(left="1000.00")
    approval = Approval.objects.get(subject_id=plan.pk)
    assert reverse("cases:approval", args=[approval.ref]) in desk.get(reverse("cases:plan", args=[case.ref])).text
    lead = Client()
    lead.force_login(supervisor)
    page = lead.get(reverse("cases:approvals")).text
    for said in ("Payment plan", "What can be afforded", "Largest instalment", "the instalment is more than the form"):
        assert said in page, said
    answer = lead.post(reverse("cases:approval-decide", args=[approval.ref]), {"decision": "approve"})
    assert answer.status_code in (200, 302)
    assert Plan.objects.get(pk=plan.pk).status == "approved"
