"""The way out of e-mail: one press stops, for everybody who has the address; looking does nothing; nobody is named."""

import uuid
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from cases.models import Instruction
from contacts import dispatch, way_out
from tests.contacts.conftest import TEN
from tests.factories.cases import ContactPointFactory, PersonFactory
from tests.factories.contacts import AttemptFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_has_asked():
    try:
        cache.clear()
    except Exception:  # without a cache nobody counts
        return


@pytest.fixture
def sent():
    return AttemptFactory(sms=True, at=TEN)


def url(key):
    return f"/stop/{way_out.token_of(key)}/"


@pytest.fixture
def browser():
    return Client(enforce_csrf_checks=True)


def test_looking_shows_a_button_and_changes_nothing(browser, sent):
    page = browser.get(url(sent.key))
    assert page.status_code == 200
    assert '<form method="post">' in page.content.decode()
    assert not Instruction.objects.exists()


def test_one_press_is_in_force_at_once(browser, sent):
    page = browser.post(url(sent.key), {"List-Unsubscribe": "One-Click"})
    assert page.status_code == 200
    told = Instruction.objects.get()
    assert (told.kind, told.channel, told.contact_point_id) == ("opt_out", sent.channel, sent.contact_point_id)
    assert told.confirmed_at is not None
    assert told.evidence == f"way out of {sent.ref}"


def test_the_second_press_says_the_same_and_adds_nothing(browser, sent):
    assert [browser.post(url(sent.key)).status_code for _ in range(3)] == [200, 200, 200]
    assert Instruction.objects.count() == 1


def test_everybody_who_has_the_address_is_left_alone(browser, sent):
    ContactPointFactory(person=PersonFactory(), address=sent.address)
    browser.post(url(sent.key))
    assert Instruction.objects.count() == 2


@pytest.mark.parametrize(("pressed", "left"), [(True, 0), (False, 1)])
def test_after_a_press_the_next_message_stays(carrier, plan, now, pressed, left):
    planned = plan()
    earlier = AttemptFactory(sms=True, case=planned.case, at=TEN - timedelta(days=20))
    if pressed:
        assert way_out.take(way_out.token_of(earlier.key), at=TEN) == 1
    dispatch.run(channel="sms", now=now)
    assert len(carrier.messages()) == left


def test_a_link_names_nobody_and_cannot_be_made_up(sent):
    token = way_out.token_of(sent.key)
    assert way_out.key_in(token) == sent.key
    assert len(token) == 35
    forged = [token[:-1] + ("A" if token[-1] != "A" else "B"), token[1:], "", "x", "é", "A" * 35, token + "AAAA"]
    for wrong in forged:
        with pytest.raises(way_out.NoSuchWayOut):
            way_out.key_in(wrong)


def test_links_of_before_a_change_of_the_secret_go_on(sent, settings):
    token = way_out.token_of(sent.key)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = (
        [settings.SECRET_KEY],
        "another-secret-of-fifty-characters-or-more-indeed",
    )
    assert way_out.key_in(token) == sent.key
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(way_out.NoSuchWayOut):
        way_out.key_in(token)


def test_wrong_links_look_all_alike_and_only_so_many_are_answered(browser, sent):
    unsent = url(uuid.uuid4())  # signed, but no message has this key
    answers = [browser.get("/stop/nonsense/"), browser.post("/stop/nonsense/"), browser.post(unsent)]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({answer.content for answer in answers}) == 1
    statuses = [browser.get("/stop/nonsense/").status_code for _ in range(25)]
    try:
        cache.get("x")
    except Exception:  # without a cache nobody counts
        return
    assert statuses[-1] == 429
    assert browser.post(url(sent.key)).status_code == 200  # a right link is never counted


def test_the_page_tells_nobody_where_it_came_from(browser, sent):
    page = browser.get(url(sent.key))
    assert (page["Referrer-Policy"], page["X-Robots-Tag"]) == ("no-referrer", "noindex")
    assert "no-store" in page["Cache-Control"]
    assert sent.person.name not in page.content.decode()
    assert sent.ref not in page.content.decode()
