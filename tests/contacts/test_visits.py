"""Visit orders: two named people, what the law asks at the door, and only for a visit that was cleared."""

from io import BytesIO
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from pypdf import PdfReader

from cases import worklist
from cases.models import Document
from collections_app.shared.actor import Actor
from compliance.models import AuditEvent, Decision
from contacts import calls, visits
from contacts.channels.letters import LetterRefused
from contacts.channels.visits import Visitor
from contacts.models import ContactAttempt
from contacts.visits import VisitRefused
from tests.contacts.conftest import TEN
from tests.factories.cases import AddressFactory, CaseFactory, ContactPointFactory
from tests.factories.staff import UserFactory, set_clock

pytestmark = pytest.mark.django_db
TWO = (Visitor("李雷", "B-1001"), Visitor("韩梅梅", "B-1002"))
FORM = {
    "first_name": "李雷", "first_badge": "B-1001", "second_name": "韩梅梅", "second_badge": "B-1002", "recorded": "on",
    "identity": "on", "language": "zh-hans",
}  # fmt: skip


@pytest.fixture
def case(db: None, settings: Any, tmp_path: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    made = CaseFactory(at=TEN)
    made.home = ContactPointFactory(
        person=made.person,
        kind="home",
        address=AddressFactory(kind="postal", value="上海市徐汇区漕溪北路88号"),
        position=5,
    )
    return made


@pytest.fixture
def collector(case: Any) -> Any:
    return UserFactory(team=case.team)


def order(case: Any, collector: Any, **more: Any) -> visits.Ordered:
    fields = {"visitors": TWO, "recorded": True, "identity_shown": True, "language": "zh-hans", **more}
    return visits.order(
        case_id=case.pk, contact_point_id=case.home.pk, actor=Actor.of(collector), at=TEN, **fields
    )  # fmt: skip


def text_of(document: Document) -> str:
    with default_storage.open(document.path) as file:
        return "".join(page.extract_text() for page in PdfReader(BytesIO(file.read())).pages)


def test_the_order_names_both_the_place_the_permit_and_the_hours(case, collector):
    made = order(case, collector)
    assert (made.attempt.status, made.attempt.channel) == ("cleared", "visit")
    text = text_of(made.document)
    for words in ("李雷", "B-1001", "韩梅梅", "B-1002", "漕溪北路88号", case.ref, made.attempt.ref, "08:00–22:00"):
        assert words in text, words
    for words in ("出示工作证件", "全程录音录像", "不得进入", "立即离开"):
        assert words in text, words


def test_the_english_order_says_the_same(case, collector):
    text = text_of(order(case, collector, language="en").document)
    for words in ("identity card", "Record in sound and picture", "Do not enter", "Leave at once", "08:00–22:00"):
        assert words in text, words


def test_what_is_stated_is_kept_with_the_decision(case, collector):
    made = order(case, collector)
    asked = Decision.objects.get(pk=made.attempt.decision_id).question
    assert (asked["staff_count"], asked["recorded"], asked["id_shown"], asked["badge"]) == (2, True, True, True)
    event = AuditEvent.objects.get(name="visit.ordered")
    assert (event.details["sha256"], event.details["badges"]) == (made.document.sha256, ["B-1001", "B-1002"])


@pytest.mark.parametrize("stated", [{"recorded": False}, {"identity_shown": False}])
def test_a_visit_that_is_not_as_the_law_asks_is_refused_and_has_no_order(case, collector, stated):
    with pytest.raises(calls.CallRefused) as refused:
        order(case, collector, **stated)
    assert "CN-VISIT-2" in refused.value.decision.failing
    assert not Document.objects.filter(kind=visits.KIND).exists()
    assert ContactAttempt.objects.get().status == "withheld"


def test_at_night_there_is_no_order(case, collector):
    with pytest.raises(calls.CallRefused):
        visits.order(
            case_id=case.pk, contact_point_id=case.home.pk, visitors=TWO, recorded=True, identity_shown=True,
            language="en", actor=Actor.of(collector), at=TEN.replace(hour=15),
        )  # fmt: skip
    assert not Document.objects.filter(kind=visits.KIND).exists()


@pytest.mark.parametrize(
    ("visitors", "code"),
    [
        ((), "two"),
        (TWO[:1], "two"),
        ((TWO[0], Visitor(" ", "B-1")), "two"),
        ((*TWO, Visitor("第三", "B-3")), "two"),
        ((TWO[0], Visitor("韩梅梅", " ")), "no-badge"),
        ((TWO[0], Visitor("韩梅梅", "b-1001")), "same"),
        ((TWO[0], Visitor("李雷", "B-9")), "same"),
        ((TWO[0], Visitor("长" * 41, "B-9")), "too-long"),
    ],
)
def test_who_goes_is_two_people_with_a_badge_each(case, collector, visitors, code):
    with pytest.raises(VisitRefused) as refused:
        order(case, collector, visitors=visitors)
    assert refused.value.code == code
    assert not ContactAttempt.objects.exists()


def test_an_order_that_cannot_be_printed_gives_the_reservation_back(case, collector):
    with pytest.raises(LetterRefused):
        order(case, collector, visitors=(TWO[0], Visitor("𠮷田", "B-9")))
    assert ContactAttempt.objects.get().status == "cancelled"
    assert not Document.objects.filter(kind=visits.KIND).exists()


def test_only_facts_of_how_it_is_done_may_be_stated(case, collector):
    with pytest.raises(ValueError, match="may be stated"):
        calls.open_call(
            case_id=case.pk, contact_point_id=case.home.pk, channel="visit", stated={"person_id": 1},
            actor=Actor.of(collector), at=TEN,
        )  # fmt: skip


def test_a_visit_ends_as_every_visit_does(case, collector):
    made = order(case, collector)
    calls.log_call(attempt_id=made.attempt.pk, outcome="not_met", actor=Actor.of(collector), at=TEN)
    assert ContactAttempt.objects.get().outcome == "not_met"


def test_the_order_is_asked_for_on_screen_and_given_to_whoever_asked(client, case, collector, settings):
    set_clock(settings, TEN)
    client.force_login(collector)
    url = reverse("contacts:visit", args=[case.ref])
    assert "First visitor" in client.get(url).content.decode()
    answer = client.post(url, {**FORM, "point": case.home.pk}, follow=True)
    assert answer["Content-Type"] == "application/pdf"
    attempt = ContactAttempt.objects.get()
    mine = reverse("contacts:visit-file", args=[case.ref, attempt.ref])
    assert client.get(mine).status_code == 200
    client.force_login(UserFactory(team=case.team))
    assert client.get(mine).status_code == 404


def test_a_refusal_is_said_on_the_form(client, case, collector, settings):
    set_clock(settings, TEN)
    client.force_login(collector)
    without = {name: value for name, value in FORM.items() if name != "recorded"}
    page = client.post(reverse("contacts:visit", args=[case.ref]), {**without, "point": case.home.pk})
    assert "Not permitted now" in page.content.decode()
    assert "not recorded" in page.content.decode()


def test_the_case_page_leads_those_who_may_go_there(client, case, collector, settings):
    set_clock(settings, TEN)
    link, page = reverse("contacts:visit", args=[case.ref]), f"/cases/{case.ref}/"
    client.force_login(collector)
    assert link in client.get(page).content.decode()
    client.force_login(UserFactory(compliance=True))
    assert link not in client.get(page).content.decode()


def test_a_case_that_somebody_else_works_on_is_not_visited(client, case, collector, settings):
    set_clock(settings, TEN)
    other = UserFactory(team=case.team)
    worklist.take(case_id=case.pk, user=other, actor=Actor.of(other), at=TEN)
    client.force_login(collector)
    page = client.post(reverse("contacts:visit", args=[case.ref]), {**FORM, "point": case.home.pk})
    assert "is working on this case" in page.content.decode()
    assert not ContactAttempt.objects.exists()
