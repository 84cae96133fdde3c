"""A dialler asks before it dials, and an agency reports: the gate is the only way, and it knows whose call it was."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from cases import clients
from cases.models import ContactPoint
from collections_app.shared import refs
from collections_app.shared.actor import SYSTEM
from collections_app.staff.models import ClockOffset
from compliance.models import AuditEvent, Decision
from contacts import call_records
from contacts.models import ContactAttempt
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.contacts import AttemptFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)  # Wednesday, ten o'clock in Shanghai


class Dialler:
    """A client of the API with its token and a counter of keys."""

    def __init__(self, creditor, scopes=("contacts:write",), name="dialler"):
        self.client, token = clients.create(name=name, scopes=scopes, creditors=[creditor], actor=SYSTEM, at=MORNING)
        self.headers = {"Authorization": f"Bearer {token}"}
        self.keys = 0

    def post(self, path, body=None, key=None):
        self.keys += 1
        headers = {**self.headers, "Idempotency-Key": key or f"key-{self.keys}"}
        return Client().post(f"/api/v1/calls{path}", body or {}, content_type="application/json", headers=headers)

    def get(self, path):
        return Client().get(f"/api/v1/calls{path}", headers=self.headers)


@pytest.fixture
def shift_to(settings):
    """Move the clock of every entrance to an instant, give or take the seconds of the test."""
    settings.CLOCK_SHIFT = True

    def shift(at):
        seconds = round((at - datetime.now(UTC)).total_seconds())
        ClockOffset.objects.update_or_create(pk=1, defaults={"seconds": seconds})

    return shift


@pytest.fixture
def case(shift_to):
    shift_to(MORNING)
    return CaseFactory(working=True)


@pytest.fixture
def dialler(case):
    return Dialler(case.creditor)


def asked(case):
    point = case.person.contact_points.order_by("position", "pk").first()
    return {"case": case.ref, "contact_point": refs.encode("N", point.pk)}


def test_a_dialler_asks_dials_and_says_how_it_ended(case, dialler):
    cleared = dialler.post("", asked(case))
    assert (cleared.status_code, cleared.json()["status"]) == (201, "cleared")
    ref = cleared.json()["ref"]
    begun = dialler.post(f"/{ref}/begin")
    assert begun.json()["dial"].startswith("+")
    assert dialler.post(f"/{ref}/result", {"outcome": "no_answer"}).json()["status"] == "completed"
    attempt = ContactAttempt.objects.get()
    assert (attempt.automated, attempt.decision.entrance, attempt.decision.actor_kind) == (True, "api", "client")


def test_a_call_that_reached_its_person_says_what_it_had_to_say(case, dialler, client):
    ref = dialler.post("", asked(case)).json()["ref"]
    told = dialler.post(f"/{ref}/begin").json()["disclosures"]
    assert [one["rule"] for one in told] == ["CN-REC", "CN-ID"]
    assert all(one["title"] and one["words"] for one in told)
    refused = dialler.post(f"/{ref}/result", {"outcome": "conversation", "said": ["CN-ID"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "unsaid")
    assert [one["rule"] for one in refused.json()["missing"]] == ["CN-REC"]
    assert ContactAttempt.objects.get().status == "in_progress"  # it stays open
    for wrong, code in (({"said": ["US-MINI"]}, "not-demanded"), ({"said": ["CN-ID"], "not_said": ["CN-ID"]}, "both")):
        answer = dialler.post(f"/{ref}/result", {"outcome": "conversation", **wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    stated = {"said": ["CN-ID"], "not_said": ["CN-REC"]}
    assert dialler.post(f"/{ref}/result", {"outcome": "conversation", **stated}).json()["status"] == "completed"
    events = AuditEvent.objects.filter(name__startswith="script.").order_by("pk")
    assert [(one.name, one.details.get("unsaid", one.details.get("rules"))) for one in events] == [
        ("script.stated", ["CN-REC"]), ("script.unsaid", ["CN-REC"]),
    ]  # fmt: skip
    client.force_login(UserFactory(team=case.team))
    attempt = ContactAttempt.objects.get()
    record = client.get(reverse("contacts:call-record", args=[case.ref, attempt.ref]))
    assert [(one["rule"], one["state"]) for one in record.context["lines"]] == [
        ("CN-REC", "unsaid"), ("CN-ID", "unticked"),
    ]  # fmt: skip
    # The record leads to the decision, and the decision to the record.
    decision = reverse("compliance:decision", args=[attempt.decision_id])
    assert f'href="{decision}"' in record.content.decode()
    assert f'href="{record.request["PATH_INFO"]}"' in client.get(decision).content.decode()


def test_a_refusal_is_an_answer_with_its_reasons_and_is_kept(case, dialler, shift_to):
    shift_to(MORNING + timedelta(hours=13))  # eleven at night in Shanghai
    refused = dialler.post("", asked(case))
    assert refused.status_code == 409
    told = refused.json()
    assert told["reasons"][0]["rule"] == "CN-TIME-CBA"
    assert datetime.fromisoformat(told["next_permitted"]) == datetime(2026, 3, 5, 0, 0, tzinfo=UTC)
    decision = Decision.objects.get()
    assert (told["decision"], decision.verdict) == (refs.encode("D", decision.pk), "refuse")
    assert ContactAttempt.objects.get().status == "withheld"
    assert call_records.of_decision(decision) is None  # no call was made upon it


def test_a_soft_rule_stops_a_machine(case, dialler):
    for minute in range(6):
        AttemptFactory(case=case, completed=True, at=MORNING - timedelta(minutes=60 - minute))
    assert dialler.post("", asked(case)).json()["reasons"][0]["rule"] == "CN-FREQ-ATT"


def test_the_same_key_asks_once(case, dialler):
    first, again = (dialler.post("", asked(case), key="one") for _ in range(2))
    assert first.json() == again.json()
    assert ContactAttempt.objects.count() == 1


def test_another_clients_calls_are_not_found(case, dialler):
    ref = dialler.post("", asked(case)).json()["ref"]
    other = Dialler(case.creditor, name="other")
    assert other.post(f"/{ref}/begin").status_code == 404
    collectors_own = AttemptFactory(case=case)
    assert dialler.post(f"/{collectors_own.ref}/result", {"outcome": "no_answer"}).status_code == 404


def test_another_creditors_case_is_not_found(case):
    stranger = Dialler(CreditorFactory(), name="stranger")
    assert stranger.post("", asked(case)).status_code == 404
    assert stranger.get(f"/points/{case.ref}").status_code == 404
    assert ContactAttempt.objects.count() == 0


def test_a_client_without_the_scope_is_refused(case):
    reader = Dialler(case.creditor, scopes=("contacts:read",), name="reader")
    assert reader.post("", asked(case)).status_code == 403


def test_points_are_masked(case, dialler):
    shown = dialler.get(f"/points/{case.ref}").json()
    known = ContactPoint.objects.select_related("address").filter(person=case.person).order_by("position", "pk")
    assert shown == [
        {"ref": refs.encode("N", one.pk), "kind": one.kind, "last4": one.address.value_last4, "state": one.state}
        for one in known
    ]
    assert len(shown) == 2


def test_a_reported_call_that_would_have_been_refused_is_flagged(case, dialler):
    told = {**asked(case), "outcome": "conversation"}
    lawful = dialler.post("/report", {**told, "happened_at": "2026-03-03T18:00:00+08:00"})
    at_night = dialler.post("/report", {**told, "happened_at": "2026-03-03T23:00:00+08:00"})
    assert [lawful.json()["flagged_rule"], at_night.json()["flagged_rule"]] == ["", "CN-TIME-CBA"]
    assert ContactAttempt.objects.filter(origin="reported", status="recorded").count() == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [({"channel": "sms"}, "channel"), ({"purpose": "threats"}, "purpose"), ({"surprise": 1}, "surprise")],
)
def test_what_cannot_be_understood_is_named(case, dialler, change, field):
    answer = dialler.post("", {**asked(case), **change})
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert ContactAttempt.objects.count() == 0
