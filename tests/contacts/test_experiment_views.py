"""The pages of experiments: registered by a form, begun and ended by admins, read by those who supervise."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from cases.models import Case
from contacts.experiments import drawing
from contacts.models import ArmAssignment, Experiment
from tests.contacts.strategy.test_planner import EVERYBODY, case_of, close_of
from tests.factories.cases import CreditorFactory, ProductFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def creditor():
    found = CreditorFactory(code="bank", name="Example Bank")
    ProductFactory(creditor=found)
    return found


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(UserFactory(admin=True))
    return client


def filled(creditor, **more) -> dict[str, object]:
    return {
        "name": "First week", "code": "first-week", "question": "Does a text message help?", "creditors": [creditor.pk],
        "dpd_from": 1, "dpd_until": 30, "c-0-fact": "named", "c-0-op": "is", "c-0-value": "yes",
        "measure": "cured", "within_days": 30, "horizon_days": 90, "smallest_difference": "2.0",
        "guardrail_complaints": "5", "guardrail_broken_plans": "", "guardrail_refusals": "",
        "arm_name_1": "As it is", "arm_key_1": "as-is", "arm_share_1": 50,
        "arm_name_2": "Text message", "arm_key_2": "sms", "arm_share_2": 40,
        "arm_name_3": "Left alone", "arm_key_3": "nothing", "arm_share_3": 10, "arm_holdout_3": "on",
    } | more  # fmt: skip


def test_an_experiment_is_registered_begun_and_ended(admin, creditor):
    assert "No experiment is registered" in admin.get("/experiments/").content.decode()
    answer = admin.post("/experiments/new/", filled(creditor))
    experiment = Experiment.objects.get()
    assert answer.headers["Location"] == f"/experiments/{experiment.pk}/"
    assert experiment.arms[2] == {"key": "nothing", "name": "Left alone", "share": 10, "holdout": True}
    assert experiment.guardrails == {"complaints": "5"}
    page = admin.get(f"/experiments/{experiment.pk}/").content.decode()
    assert "days past due at least 1 and days past due at most 30 and we know who it is" in page
    assert "first-week:sms" in page
    assert "cured within 30 days" in page
    admin.post(f"/experiments/{experiment.pk}/begin/")
    experiment.refresh_from_db()
    assert experiment.status == "running"
    day = experiment.begun_at.date() + timedelta(days=1)
    case = case_of(creditor, 5)
    Case.objects.filter(pk=case.pk).update(past_due_since=day - timedelta(days=5))
    assert drawing.draw(close_of(creditor, day), EVERYBODY) == 1
    page = admin.get(f"/experiments/{experiment.pk}/").content.decode()
    assert "Too early to name a winner." in page
    assert "too early to say: the days of too few persons are over" in page
    admin.post(f"/experiments/{experiment.pk}/end/", {"reason": "enough"})
    experiment.refresh_from_db()
    assert (experiment.status, experiment.ended_reason) == ("ended", "enough")
    assert ArmAssignment.objects.count() == 1
    assert "First week" in admin.get("/experiments/").content.decode()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"arm_share_2": 30}, "add up to 100, not 90"),
        ({"c-raw": "{"}, "It is not understood who takes part"),
        ({"c-raw": '{"fact": "luck", "op": "is", "value": 1}'}, "there is no fact “luck”"),
        ({"c-0-fact": "balance", "c-0-op": "at_least", "c-0-value": ""}, "A value is missing."),
        ({"code": "with spaces"}, "A code has 1 to 40 letters"),
        ({"arm_key_2": "as-is"}, "Side 2 needs a code of its own"),
    ],
)
def test_what_cannot_be_compared_is_said_on_the_form(admin, creditor, more, said):
    answer = admin.post("/experiments/new/", filled(creditor, **more))
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not Experiment.objects.exists()


def test_a_line_is_added_without_losing_or_judging_what_was_typed(admin, creditor):
    typed = filled(creditor, name="", act="add:c")
    page = admin.post("/experiments/new/", typed).content.decode()
    assert 'name="c-0-fact"' in page
    assert 'name="c-1-fact" id="c-1-fact" aria-label="Fact" autofocus' in page
    assert 'value="first-week"' in page
    assert re.search(rf'value="{creditor.pk}"[^>]* checked', page)
    assert "is-invalid" not in page
    part = admin.post("/experiments/new/", typed, headers={"hx-request": "true", "hx-target": "panel-box"})
    assert 'name="c-1-fact"' in part.content.decode()
    assert "<html" not in part.content.decode()
    assert not Experiment.objects.exists()


def test_a_code_is_given_once(admin, creditor):
    admin.post("/experiments/new/", filled(creditor))
    assert (
        "There is an experiment first-week already."
        in admin.post("/experiments/new/", filled(creditor)).content.decode()
    )
    assert Experiment.objects.count() == 1


def test_an_end_needs_a_reason(admin, creditor):
    admin.post("/experiments/new/", filled(creditor))
    experiment = Experiment.objects.get()
    page = admin.post(f"/experiments/{experiment.pk}/end/", {"reason": " "}, follow=True).content.decode()
    assert "Say why." in page
    experiment.refresh_from_db()
    assert experiment.status == "registered"


def test_a_supervisor_reads_and_changes_nothing(admin, creditor):
    admin.post("/experiments/new/", filled(creditor))
    experiment = Experiment.objects.get()
    client = Client()
    client.force_login(UserFactory(supervisor=True))
    page = client.get(f"/experiments/{experiment.pk}/").content.decode()
    assert "As it is" in page
    assert "/begin/" not in page
    assert client.get("/experiments/new/").status_code == 403
    assert client.post(f"/experiments/{experiment.pk}/begin/").status_code == 403
