"""Other systems tell what people ask, agree to and are held for: once per key, and only of their own creditors."""

import pytest
from django.test import Client

from cases import clients
from cases.models import Consent, Hold, Instruction
from collections_app.shared import refs
from collections_app.shared.actor import SYSTEM
from tests.factories import NOW
from tests.factories.cases import CaseFactory, ContactPointFactory, CreditorFactory
from tests.factories.staff import set_clock

pytestmark = pytest.mark.django_db


class Portal:
    """A client of the API with its token and a counter of keys."""

    def __init__(self, creditor, scopes=("instructions:write",), name="portal"):
        _client, token = clients.create(name=name, scopes=scopes, creditors=[creditor], actor=SYSTEM, at=NOW)
        self.headers = {"Authorization": f"Bearer {token}"}
        self.keys = 0

    def post(self, path, body, key=None):
        self.keys += 1
        headers = {**self.headers, "Idempotency-Key": key or f"key-{self.keys}"}
        return Client().post(f"/api/v1/{path}", body, content_type="application/json", headers=headers)

    def get(self, path):
        return Client().get(f"/api/v1/{path}", headers=self.headers)


@pytest.fixture
def case(settings):
    set_clock(settings, NOW)
    return CaseFactory(working=True)


def written():
    return Instruction.objects.count() + Consent.objects.count() + Hold.objects.count()


@pytest.fixture
def portal(case):
    return Portal(case.creditor)


def test_a_stop_is_written_and_in_force_when_the_answer_comes(case, portal):
    answer = portal.post("instructions", {"case": case.ref, "kind": "cease_request", "words": "别再联系"})
    assert (answer.status_code, answer.json()["kind"]) == (201, "cease_request")
    given = Instruction.objects.get()
    assert (given.source, given.form, given.creditor, given.words) == ("portal", "portal", None, "别再联系")
    assert given.confirmed_at is not None
    assert answer.json()["confirmed_at"] is not None
    assert portal.get(f"instructions/{answer.json()['ref']}").json()["kind"] == "cease_request"


def test_the_same_key_writes_nothing_twice_and_another_body_is_refused(case, portal):
    body = {"case": case.ref, "kind": "cease_request"}
    first, again = portal.post("instructions", body, key="k"), portal.post("instructions", body, key="k")
    assert first.json()["ref"] == again.json()["ref"]
    assert portal.post("instructions", body | {"words": "x"}, key="k").status_code in (409, 422)
    assert Instruction.objects.count() == 1


def test_a_request_that_died_before_it_was_confirmed_is_confirmed_by_its_repetition(case, portal):
    body = {"case": case.ref, "kind": "cease_request"}
    portal.post("instructions", body, key="k")
    Instruction.objects.update(confirmed_at=None)
    portal.post("instructions", body, key="k")
    assert Instruction.objects.get().confirmed_at is not None


def test_scope_and_times_arrive(case, portal):
    point = refs.encode("N", case.point.pk)
    account = refs.encode("K", case.account.pk)
    portal.post("instructions", {"case": case.ref, "kind": "opt_out", "contact_point": point})
    portal.post(
        "instructions",
        {"case": case.ref, "kind": "only_times", "times": {"start": "18:00", "end": "24:00", "days": ["Sat"]}},
    )
    portal.post(
        "instructions",
        {"case": case.ref, "kind": "dispute_open", "account": account, "disputed_amount": "12.50",
         "received_at": "2026-03-03T10:00:00+08:00"},
    )  # fmt: skip
    number, times, dispute = Instruction.objects.order_by("pk")
    assert number.contact_point == case.point
    assert times.details == {"start": "18:00", "end": "24:00", "days": ["Sat"]}
    assert (dispute.account, dispute.creditor, dispute.details["amount"]) == (case.account, case.creditor, "12.50")
    assert dispute.review_on is not None


def test_what_was_asked_is_taken_back_with_a_reason(case, portal):
    ref = portal.post("instructions", {"case": case.ref, "kind": "cease_request"}).json()["ref"]
    assert portal.post(f"instructions/{ref}/withdraw", {}).status_code in (400, 422)
    assert portal.post(f"instructions/{ref}/withdraw", {"reason": "he called"}).status_code == 200
    assert Instruction.objects.get().withdrawal.reason == "he called"


def test_a_consent_needs_evidence_and_is_withdrawn_at_once(case, portal):
    body = {"case": case.ref, "kind": "consent_time", "times": {"start": "19:00", "end": "21:00"}, "only": True}
    assert "evidence" in str(portal.post("consents", body).json())
    answer = portal.post("consents", body | {"evidence": "form 7"})
    assert answer.status_code == 201
    assert Consent.objects.get().details == {"start": "19:00", "end": "21:00", "only": True}
    portal.post(f"consents/{answer.json()['ref']}/withdraw", {"reason": "no more"})
    assert Consent.objects.get().withdrawn_at is not None


def test_a_hold_is_placed_and_a_second_of_its_kind_refused(case, portal):
    body = {"case": case.ref, "kind": "breathing_space", "evidence": "register 12"}
    answer = portal.post("holds", body)
    assert (answer.status_code, answer.json()["ends_on"]) == (201, "2026-05-03")
    refused = portal.post("holds", body)
    assert refused.status_code in (409, 422)
    assert "already a hold of this kind" in refused.content.decode()
    assert Hold.objects.get().confirmed_at is not None


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("instructions", {"kind": "dance"}, "kind"),
        ("instructions", {"kind": "opt_out", "channel": "fax"}, "channel"),
        ("instructions", {"kind": "only_times", "times": {"start": "9", "end": "10:00"}}, "times"),
        ("instructions", {"kind": "cease_request", "received_at": "yesterday"}, "received_at"),
        ("instructions", {"kind": "cease_request", "colour": "red"}, "colour"),
        ("instructions", {"kind": "third_party_refused"}, "kind"),
        ("consents", {"kind": "consent_time", "evidence": "x", "per_day": 0}, "per_day"),
        ("holds", {"kind": "dance"}, "kind"),
        ("holds", {"kind": "policy", "ends_on": "soon"}, "ends_on"),
        ("holds", {"kind": "policy", "contact_point": "N-00000"}, "contact_point"),
    ],
)
def test_what_cannot_be_understood_is_named(case, portal, path, body, field):
    answer = portal.post(path, {"case": case.ref, **body})
    assert answer.status_code in (400, 422)
    assert field in str(answer.json())
    assert written() == 0


@pytest.mark.parametrize(
    "body",
    [{"kind": "only_times"}, {"kind": "wrong_party"}, {"kind": "inconvenient_place"},
     {"kind": "cease_request", "expires_at": "2020-01-01T00:00:00Z"}],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_a_sentence(case, portal, body):
    answer = portal.post("instructions", {"case": case.ref, **body})
    assert answer.status_code in (409, 422)
    assert not Instruction.objects.exists()


def test_another_creditors_case_number_or_debt_is_not_there(case, portal):
    other = CaseFactory(creditor=CreditorFactory())
    strange = refs.encode("N", ContactPointFactory().pk)
    debt = refs.encode("K", other.account.pk)
    for path, body in (
        ("instructions", {"case": other.ref, "kind": "cease_request"}),
        ("instructions", {"case": case.ref, "kind": "opt_out", "contact_point": strange}),
        ("instructions", {"case": case.ref, "kind": "dispute_open", "account": debt}),
        ("holds", {"case": other.ref, "kind": "policy"}),
        ("consents", {"case": other.ref, "kind": "consent_time", "evidence": "x"}),
    ):
        assert portal.post(path, body).status_code == 404, path
    assert written() == 0


def test_without_its_scope_a_client_writes_nothing(case):
    reader = Portal(case.creditor, scopes=("cases:read",), name="reader")
    for path in ("instructions", "consents", "holds"):
        assert reader.post(path, {"case": case.ref, "kind": "cease_request"}).status_code == 403
    assert Client().post("/api/v1/instructions", {}).status_code == 401
