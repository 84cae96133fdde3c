"""The panel of wishes, consents and holds: seen, added, taken back, released; each refusal stands at its field."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from cases import instructions
from cases.models import Consent, ContactPoint, Hold, Instruction
from collections_app.shared.actor import SYSTEM
from tests.factories import NOW
from tests.factories.cases import CaseFactory, ConsentFactory, HoldFactory, InstructionFactory
from tests.factories.staff import set_clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(team, settings):
    set_clock(settings, NOW)
    return CaseFactory(working=True, team=team, at=NOW - timedelta(days=1))


@pytest.fixture
def desk(collector):
    client = Client()
    client.force_login(collector)
    return client


@pytest.fixture
def lead(supervisor):
    client = Client()
    client.force_login(supervisor)
    return client


def act(client, name, case, *more, **typed):
    return client.post(reverse(f"cases:{name}", args=[case.ref, *more]), typed)


def errors(page):
    return list(page.context["form"].errors)


def test_a_stop_takes_one_field_from_the_case_page_and_one_from_the_panel(desk, case):
    assert act(desk, "stop", case, kind="cease_request").status_code == 302
    given = Instruction.objects.get()
    assert (given.kind, given.source, given.form, given.creditor) == ("cease_request", "call", "oral", None)


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ({"kind": ""}, ["kind"]),
        ({"kind": "opt_out"}, ["point"]),
        ({"kind": "wrong_party"}, ["point"]),
        ({"kind": "inconvenient_place"}, ["place"]),
        ({"kind": "only_times", "window_from": "10:00"}, ["window_until"]),
        ({"kind": "inconvenient_window", "window_from": "ten", "window_until": "11:00"}, ["window_from"]),
        ({"kind": "inconvenient_window", "window_from": "10:00", "window_until": "10:00"}, ["window_from"]),
        ({"kind": "cease_request", "received_at": "2036-01-01T10:00"}, ["received_at"]),
        ({"kind": "cease_request", "expires_at": "2020-01-01T10:00"}, ["expires_at"]),
        ({"kind": "cease_request", "sent_at": "2026-03-04T10:00", "received_at": "2026-03-03T10:00"}, ["sent_at"]),
        ({"kind": "dispute_open", "review_on": "2020-01-01"}, ["review_on"]),
        ({"kind": "dispute_open", "amount": "12,50"}, ["amount"]),
        ({"kind": "cease_request", "account": "999999"}, ["account"]),
        ({"kind": "opt_out", "point": "999999"}, ["point"]),
    ],
)
def test_a_wish_that_cannot_be_kept_says_so_at_its_field_and_keeps_what_was_typed(desk, case, typed, fields):
    page = act(desk, "stop", case, words="别再打了", **typed)
    assert errors(page) == fields
    assert 'value="别再打了"' in page.content.decode()
    assert not Instruction.objects.exists()


def test_every_field_of_a_wish_arrives(desk, case):
    act(
        desk, "stop", case, kind="attorney_represented", source="letter", form="professional_notice",
        words="please write to us", evidence="letter of 2 March", lawyer="Li & Partners", lawyer_unknown="on",
        sent_at="2026-03-01T10:00", received_at="2026-03-03T10:00", expires_at="2027-03-03T10:00",
    )  # fmt: skip
    given = Instruction.objects.get()
    assert (given.source, given.form, given.evidence) == ("letter", "professional_notice", "letter of 2 March")
    assert given.details == {"name": "Li & Partners", "attorney_contact_known": False}
    assert given.sent_at < given.received_at < given.expires_at


def test_scope_is_what_was_chosen(desk, case):
    other = case.person.contact_points.get(kind="email")
    act(desk, "stop", case, kind="opt_out", point=str(other.pk))
    act(desk, "stop", case, kind="dispute_open", account=str(case.account.pk), amount="120.50")
    act(desk, "stop", case, kind="only_times", window_from="18:00", window_until="00:00", days=["Sat", "Sun"])
    number, dispute, times = Instruction.objects.order_by("pk")
    assert (number.contact_point, number.address) == (other, other.address)
    assert (dispute.account, dispute.creditor, dispute.details["amount"]) == (case.account, case.creditor, "120.50")
    assert times.details == {"start": "18:00", "end": "24:00", "days": ["Sat", "Sun"]}


def test_a_strangers_number_is_silenced_from_the_panel(desk, case):
    act(desk, "stop", case, kind="wrong_party", point=str(case.point.pk))
    assert ContactPoint.objects.get(pk=case.point.pk).state == "stranger"


def test_a_consent_needs_what_shows_it_and_is_taken_back_with_a_reason(desk, case):
    assert errors(act(desk, "consent", case, kind="consent_time")) == ["evidence"]
    page = act(desk, "consent", case, kind="consent_time", evidence="recording 7", window_from="19:00")
    assert errors(page) == ["window_until"]
    act(
        desk, "consent", case, kind="consent_time", evidence="recording 7", context="inbound", channel="phone",
        window_from="19:00", window_until="21:00", days=["Mon"], only="on", express="on",
    )  # fmt: skip
    given = Consent.objects.get()
    assert given.details == {"only": True, "express": True, "start": "19:00", "end": "21:00", "days": ["Mon"]}
    assert (given.creditor, given.channel, given.context) == (case.creditor, "phone", "inbound")
    assert errors(act(desk, "withdraw-consent", case, given.pk, reason="")) == ["reason"]
    act(desk, "withdraw-consent", case, given.pk, reason="he called to say so")
    given.refresh_from_db()
    assert given.withdrawn_reason == "he called to say so"
    assert act(desk, "withdraw-consent", case, given.pk, reason="again").status_code == 404


def test_a_hold_is_placed_extended_reviewed_and_released_by_those_who_may(desk, lead, case):
    act(desk, "hold", case, kind="deferral", ends_on="2026-04-04", reason="operation", source="letter")
    hold = Hold.objects.get()
    for name in ("extend-hold", "review-hold", "release-hold"):
        assert act(desk, name, case, hold.pk, on="2026-05-04", reason="x").status_code == 403
    assert errors(act(lead, "extend-hold", case, hold.pk, on="2026-04-01", reason="still ill")) == ["on"]
    act(lead, "extend-hold", case, hold.pk, on="2026-05-04", reason="still ill")
    assert errors(act(lead, "extend-hold", case, hold.pk, on="2026-06-04", reason="again")) == ["on"]
    act(lead, "review-hold", case, hold.pk, on="2026-03-20", reason="looked at")
    hold.refresh_from_db()
    assert (str(hold.ends_on), str(hold.review_on), hold.extensions) == ("2026-05-04", "2026-03-20", 1)
    act(lead, "release-hold", case, hold.pk, reason="recovered")
    hold.refresh_from_db()
    assert hold.released_reason == "recovered"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"kind": "deferral"}, "ends_on"),
        ({"kind": "policy", "ends_on": "2020-01-01"}, "ends_on"),
        ({"kind": "policy", "review_on": "2020-01-01"}, "review_on"),
        ({"kind": "policy", "review_on": "soon"}, "review_on"),
        ({"kind": "nonsense"}, "kind"),
    ],
)
def test_a_hold_that_makes_no_sense_says_so_at_its_field(desk, case, typed, field):
    assert errors(act(desk, "hold", case, **typed)) == [field]
    assert not Hold.objects.exists()


def test_the_end_of_a_treatment_is_recorded_for_a_crisis_only(lead, case):
    crisis, other = HoldFactory(case=case, kind="crisis_moratorium"), HoldFactory(case=case, kind="policy")
    act(lead, "end-treatment", case, crisis.pk, on="2026-03-01")
    crisis.refresh_from_db()
    assert str(crisis.ends_on) == "2026-03-31"
    assert errors(act(lead, "end-treatment", case, other.pk, on="2026-03-01")) == ["on"]


def test_a_request_about_calls_at_work_is_confirmed_in_writing(desk, case):
    act(desk, "stop", case, kind="workplace_request")
    asked = Instruction.objects.get()
    assert (asked.place, asked.channel) == ("workplace", "phone")
    act(desk, "confirm-request", case, asked.pk, received_at="2026-03-04T09:00", evidence="letter")
    assert Instruction.objects.get(kind="opt_out_confirmed").confirms == asked


def test_the_panel_stands_on_the_case_page_and_on_its_own(desk, lead, case):
    InstructionFactory(person=case.person, words="leave me alone")
    ConsentFactory(person=case.person, creditor=case.creditor)
    HoldFactory(case=case, kind="hardship", reason="lost his job")
    for name in ("case", "wishes"):
        page = desk.get(reverse(f"cases:{name}", args=[case.ref])).content.decode()
        for words in ("leave me alone", "recording 17", "lost his job"):
            assert words in page, (name, words)
        assert "/release/" not in page.replace(f"/cases/{case.ref}/release/", "")
    assert "/release/" in lead.get(reverse("cases:wishes", args=[case.ref])).content.decode()


def test_the_panel_asks_the_database_as_often_for_many_wishes_as_for_one(desk, case, django_assert_max_num_queries):
    for _ in range(12):
        instructions.give(person_id=case.person_id, kind="opt_out", channel="sms", actor=SYSTEM, at=NOW)
        ConsentFactory(person=case.person, creditor=case.creditor)
    with django_assert_max_num_queries(25):
        assert desk.get(reverse("cases:wishes", args=[case.ref])).status_code == 200


@pytest.mark.parametrize("name", ["wishes", "stop", "consent", "hold"])
def test_the_pages_are_translated_forms_that_work_without_scripts(desk, case, name):
    page = desk.get(reverse(f"cases:{name}", args=[case.ref])).content.decode()
    assert 'method="post"' in page
    assert "csrfmiddlewaretoken" in page


def test_what_is_typed_in_these_forms_is_kept_by_the_browser_until_it_is_saved(desk, case):
    for route in ("stop", "consent", "hold"):
        name = f'data-draft="{case.ref}:{route}"'
        for page in (f"cases:{route}", "cases:wishes"):
            assert desk.get(reverse(page, args=[case.ref])).content.decode().count(name) == 1, (route, page)
    assert f'data-draft="{case.ref}:visit"' in desk.get(reverse("contacts:visit", args=[case.ref])).content.decode()
