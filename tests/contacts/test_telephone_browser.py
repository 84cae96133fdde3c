"""A call by click in a real browser: the key rings the desk, the page follows by itself, and chooses what is known."""

import threading
from typing import Any

import pytest
from django.urls import reverse

from collections_app.shared import clock
from contacts.calls import listening
from contacts.channels import telephone_line
from tests.browsers import arrived, keys_act, window
from tests.contacts.conftest import TEN
from tests.contacts.telephone import DESK, use_telephone
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.browser


@pytest.fixture
def heard(own_database: Any, carrier: Any, settings: Any) -> Any:
    """A telephone system that is listened to, as beside a running installation."""
    use_telephone(settings, carrier)
    set_clock(settings, TEN)
    ended = threading.Event()
    listener = threading.Thread(target=listening.listen, kwargs={"now": clock.now, "ended": ended}, daemon=True)
    listener.start()
    waited = threading.Event()
    for _ in range(400):
        if telephone_line.problem(at=clock.now()) == "":
            break
        waited.wait(0.02)
    yield carrier.web.pbx
    ended.set()
    listener.join(10)


def at_the_desk(language: str = "en") -> Any:
    team, _made = TeamFactory._meta.model.objects.get_or_create(code="north", defaults={"name": "North"})
    user = UserFactory(team=team, extension=DESK, language=language)
    return user, CaseFactory(creditor=CreditorFactory(team=team), at=TEN, working=True)


def calling(chromium: Any, site: Any, heard: Any, user: Any, case: Any) -> Any:
    """Return the page of a case on which the key that calls was pressed; the line takes its time."""
    heard.pace = 0.3
    page = window(chromium, site, user)
    page.goto(site.url + reverse("cases:case", args=[case.ref]))
    keys_act(page)
    page.keyboard.press("c")
    return page


def test_one_key_calls_and_the_page_says_that_the_line_was_busy(chromium, site, heard):
    user, case = at_the_desk()
    heard.order("", "busy")
    heard.order(DESK, "answers")
    page = calling(chromium, site, heard, user, case)
    page.wait_for_selector("#call-live")
    assert "Your telephone rings" in page.inner_text("#call-live")
    page.fill("textarea[name=note]", "typed meanwhile")
    page.wait_for_selector("#call-live[data-suggests=busy]", timeout=8000)
    assert page.is_checked("input[name=outcome][value=busy]")
    assert page.input_value("textarea[name=note]") == "typed meanwhile"
    assert page.complaints == []


def test_what_the_line_says_while_the_call_is_saved_does_not_lead_back_to_its_case(chromium, site, heard):
    user, case = at_the_desk()
    later = CaseFactory(creditor=case.creditor, at=TEN, working=True)
    heard.order("", "answers")
    heard.order(DESK, "answers")
    page = calling(chromium, site, heard, user, case)
    page.locator("#call-live", has_text="Connected").wait_for()
    keys_act(page)
    saved: list[Any] = []
    page.route("**/call/log/", lambda route: saved.append((route, route.fetch())))  # recorded, and not yet told
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    arrived(page, saved)
    with page.expect_response("**/call/live/**") as said:
        pass
    assert said.value.headers["hx-refresh"] == "true"
    page.wait_for_timeout(200)  # time in which the page would be loaded again
    route, answer = saved[0]
    route.fulfill(response=answer)
    page.wait_for_url(f"**{reverse('cases:case', args=[later.ref])}")
    assert page.complaints == []
